# /// script
# requires-python = ">=3.10"
# dependencies = ["finqa-gym"]
# ///
"""Four policies are recorded on the same tasks and compared in one page.

Scripted policies stand where models or checkpoints will. docs/guides/diagnose.md reads the numbers.

Run: python examples/diagnose.py
"""

import tempfile
from pathlib import Path

import finqa_gym
from finqa_gym.analysis import summarise
from finqa_gym.policies import run_episodes
from finqa_gym.report import write_report
from finqa_gym.trajectories import Recording, open_run

corpus = finqa_gym.synthetic().take({"val": 20, "reason79": None})  # single answers and reports
names = ("guess", "spam_tables", "recovery", "gold")
folder = Path(tempfile.mkdtemp())

for name in names:
    record = Recording(folder / name, policy=name)
    with finqa_gym.VectorEnv(corpus, len(corpus), record=record, shuffle=False) as env:
        run_episodes(env, finqa_gym.ScriptedPolicy(name, env))

runs = [open_run(folder / name) for name in names]
summary = summarise(runs)
for series, line in zip(summary.series, summary.headlines, strict=True):
    right = line.pass_at_1
    print(f"{series.label:12} {right.value:6.1%} right, {line.errors:.2f} failed calls an episode")
page = write_report(runs, folder / "report.html", title="Four scripted policies")
print(f"open {page}; the runs lie beside it")
