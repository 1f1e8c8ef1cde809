# /// script
# requires-python = ">=3.10"
# dependencies = ["finqa-gym"]
# ///
"""Logs of an agent with tools of its own: read, mapped, scored, and what training could fix.

Run: python examples/score_logs.py
"""

import json
import tempfile
from pathlib import Path

import finqa_gym
from finqa_gym.logs import load_map, score_logs
from finqa_gym.logs.verdict import verdict
from finqa_gym.policies import run_episodes

folder = Path(tempfile.mkdtemp())
corpus = finqa_gym.synthetic(seed=0).take("train", 8)

# Somebody's agent: it guesses, and its tools are called otherwise. Its log holds OpenAI messages.
names = {"get_table_names": "catalog", "sql_query": "ask_db", "submit_answer": "hand_in"}
with finqa_gym.VectorEnv(corpus, 32, tool_names=names) as env:
    run_episodes(env, finqa_gym.ScriptedPolicy("guess", env))
    with (folder / "agent.jsonl").open("w", encoding="utf-8") as log:
        for slot in range(env.num_envs):
            episode = env.episode(slot)
            assert episode is not None
            record = {"task_id": episode["task_id"], "messages": env.messages(slot)}
            log.write(json.dumps(record) + "\n")

unmapped = score_logs(folder / "agent.jsonl", corpus=corpus)
print(f"without a map: tools that are not known {sorted(unmapped.strange_tools)}")

tools = {"list_tables": "catalog", "sql_query": "ask_db", "submit_answer": "hand_in"}
summary = score_logs(
    folder / "agent.jsonl",
    corpus=corpus,
    names=load_map({"tools": tools}),
    out=folder / "scored",
    policy="agent",
)
print(f"{summary.num_correct} of {summary.num_episodes} right, judged by {dict(summary.judged_by)}")
for check in ("listed_before_query", "inspected_before_query", "no_hallucinated_answer"):
    total, count = summary.checks[check]
    print(f"  {check}: {total / count:.0%} of {count} episodes")
for failure, count in summary.failures.most_common():
    print(f"  {failure}: {count}, for example {summary.examples[failure][0]}")
print(verdict(summary.failures))
