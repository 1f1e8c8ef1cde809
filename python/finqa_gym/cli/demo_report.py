"""The page at the end of ``finqa-gym demo``: policies recorded on the same tasks and compared."""

import shutil
from pathlib import Path

from finqa_gym.cli.screen import progress_bar, stages
from finqa_gym.data import Corpus
from finqa_gym.policies import PolicyName, ScriptedPolicy
from finqa_gym.report import write_report
from finqa_gym.trajectories import Recording, Run, open_run
from finqa_gym.vector import VectorEnv

__all__ = ["RECORDED", "record_and_report"]

RECORDED: tuple[PolicyName, ...] = ("guess", "spam_tables", "recovery", "gold")
"""What is recorded: the first is what the others are compared with."""


def record_and_report(corpus: Corpus, tasks: list[int], folder: Path) -> Path:
    """Records an episode of each policy on each task and writes the page about them.

    Runs of an earlier demo in ``folder`` are replaced.

    Args:
        corpus: The corpus.
        tasks: Positions of tasks that have a gold program.
        folder: Where the runs and the page go.

    Returns:
        The page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    runs: list[Run] = []
    for name in RECORDED:
        place = folder / name
        if (place / "run.json").is_file():
            shutil.rmtree(place)
        record = Recording(place, policy=name)
        with (
            progress_bar(f"{name} policy, recorded", len(tasks)) as advance,
            VectorEnv(corpus, len(tasks), record=record) as env,
        ):
            policy = ScriptedPolicy(name, env)
            observations, infos = env.reset(task_ids=tasks)
            policy.reset(infos["env_id"], infos["task_index"])
            live = infos["env_id"]
            while len(live):
                batch = env.step(policy.act(live, observations), env_ids=live)
                live, observations = batch.running()
                advance(len(tasks) - len(live), None, None)
        runs.append(open_run(place))
    page = folder / "report.html"
    with stages() as stage:
        stage(f"writing {page}")
        return write_report(runs, page, title="Four scripted policies on the same tasks")
