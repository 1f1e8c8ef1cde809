"""What runs come to: scores, behaviour and ways to fail, side by side, with intervals.

`summarise` makes a `Summary` of one run or several; ``finqa-gym report`` and ``finqa-gym view``
show it. NumPy is all it needs.
"""

from finqa_gym.analysis.estimates import Difference, Estimate
from finqa_gym.analysis.names import (
    CHECKS,
    DIMENSIONS,
    FAILURES,
    FLAGS,
    REASONS,
    TOOL_ERRORS,
    WRONG_ANSWERS,
    meanings,
)
from finqa_gym.analysis.runs import RunData
from finqa_gym.analysis.series import Series
from finqa_gym.analysis.summary import (
    CountRow,
    Curve,
    Headline,
    Prices,
    Row,
    Summary,
    summarise,
)
from finqa_gym.analysis.tool_errors import ToolTable

__all__ = [
    "CHECKS",
    "DIMENSIONS",
    "FAILURES",
    "FLAGS",
    "REASONS",
    "TOOL_ERRORS",
    "WRONG_ANSWERS",
    "CountRow",
    "Curve",
    "Difference",
    "Estimate",
    "Headline",
    "Prices",
    "Row",
    "RunData",
    "Series",
    "Summary",
    "ToolTable",
    "meanings",
    "summarise",
]
