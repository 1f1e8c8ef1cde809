"""Somebody else's logs: read, mapped to the tools of the checks, scored as episodes.

``finqa-gym score`` is the command; docs/guides/score-your-logs.md the guide.
"""

from finqa_gym.logs.map_file import load_map
from finqa_gym.logs.mapping import LogMap
from finqa_gym.logs.score import score_logs
from finqa_gym.logs.summary import LogSummary
from finqa_gym.logs.survey import propose_map, survey_logs

__all__ = ["LogMap", "LogSummary", "load_map", "propose_map", "score_logs", "survey_logs"]
