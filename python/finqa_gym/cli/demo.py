"""``finqa-gym demo``: thousands of scripted episodes, one of them in full, and the baselines."""

import itertools
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from finqa_gym.cli.corpora import CorpusOption, LayoutOption, ReviewedOption, open_with_progress
from finqa_gym.cli.demo_report import record_and_report
from finqa_gym.cli.screen import (
    Advance,
    grid,
    notices,
    progress_bar,
    results,
    section,
    shorten,
    stages,
)
from finqa_gym.data import Corpus
from finqa_gym.policies import POLICIES, PolicyName, ScriptedPolicy
from finqa_gym.tools import parse_action
from finqa_gym.vector import VectorEnv

__all__ = ["PolicyResult", "Score", "demo", "play_policy"]


SHOWN_SPLITS = 3
"""Splits with columns of their own; "all" has one in any case."""
RECORDED_TASKS = 400
"""Tasks that are recorded for the report, if one is wanted."""
SHOWN_EPISODES: tuple[PolicyName, ...] = ("gold", "guess")
"""Policies of which an episode is shown in full."""


@dataclass
class Score:
    """Episodes of one split.

    Attributes:
        episodes: Episodes played.
        correct: Those that earned 1.0.
        reward: Sum of their rewards.
    """

    episodes: int = 0
    correct: int = 0
    reward: float = 0.0

    @property
    def pass_at_1(self) -> float:
        """Share of episodes that earned 1.0."""
        return self.correct / self.episodes

    @property
    def mean_reward(self) -> float:
        """Mean reward of an episode; reports earn a part of 1.0 for what is right in them."""
        return self.reward / self.episodes


@dataclass
class PolicyResult:
    """What a policy came to.

    Attributes:
        name: The policy.
        by_split: Episodes and rewards of each split, and of "all".
        steps: Messages handled.
        observed: Episodes whose calls were looked at: those of the first round.
        listed_first: Of these, the ones whose first call listed the tables.
        inspected_first: Of these, the ones that read a schema before their first query.
        errors: Mistakes by code.
        elapsed_s: Wall time of reset, step and the script itself.
        wrong: Ids of tasks that were not rewarded, the first few.
        messages: Chat of one episode, on the first task.
        score: Its score.
    """

    name: str
    by_split: dict[str, Score] = field(default_factory=lambda: {"all": Score()})
    steps: int = 0
    observed: int = 0
    listed_first: int = 0
    inspected_first: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    elapsed_s: float = 0.0
    wrong: list[str] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    score: float = 0.0

    @property
    def episodes(self) -> int:
        """Episodes played."""
        return self.by_split["all"].episodes


def play_policy(
    name: PolicyName,
    corpus: Corpus,
    tasks: list[int],
    *,
    num_envs: int,
    rounds: int,
    advance: Advance = lambda *_: None,
) -> PolicyResult:
    """Play ``rounds`` episodes in each of ``num_envs`` slots, going through ``tasks`` in order.

    Args:
        name: The policy.
        corpus: The corpus.
        tasks: Positions of the tasks; begun again when there are fewer than episodes.
        num_envs: Slots.
        rounds: Episodes a slot.
        advance: Told the number of finished episodes.
    """
    result = PolicyResult(name)
    split_of = {index: corpus.task(index)["split"] for index in tasks[: num_envs * rounds]}
    with VectorEnv(corpus, num_envs) as env:
        policy = ScriptedPolicy(name, env)
        for played in range(rounds):
            first = played * num_envs
            chosen = [tasks[(first + slot) % len(tasks)] for slot in range(num_envs)]
            rewards = np.zeros(num_envs)
            start = time.perf_counter()
            observations, infos = env.reset(task_ids=chosen)
            policy.reset(infos["env_id"], infos["task_index"])
            live = infos["env_id"]
            while len(live):
                batch = env.step(policy.act(live, observations), env_ids=live)
                result.steps += len(batch)
                rewards[batch.env_ids] += batch.rewards
                live, observations = batch.running()
                advance(first + num_envs - len(live), None, None)
            result.elapsed_s += time.perf_counter() - start
            for task, reward in zip(chosen, rewards.tolist(), strict=True):
                _count(result, corpus, task, split_of[task], reward)
            if played == 0:
                _observe(result, env)
                result.messages = env.messages(0)
                result.score = (env.episode(0) or {})["score"] or 0.0
        result.errors = Counter(env.stats()["tool_errors"])
    return result


def _count(result: PolicyResult, corpus: Corpus, task: int, split: str, reward: float) -> None:
    for name in (split, "all"):
        score = result.by_split.setdefault(name, Score())
        score.episodes += 1
        score.correct += reward >= 1.0
        score.reward += reward
    if reward < 1.0 and len(result.wrong) < 5:
        result.wrong.append(corpus.task(task)["id"])


def _observe(result: PolicyResult, env: VectorEnv) -> None:
    """Looks at the calls of the finished episodes; not part of the time."""
    for slot in range(env.num_envs):
        episode = env.episode(slot)
        if episode is None:
            continue
        tools = [call["tool"] for call in episode["calls"]]
        before = itertools.takewhile(lambda tool: tool != "sql_query", tools)
        result.observed += 1
        result.listed_first += tools[:1] == ["list_tables"]
        result.inspected_first += "table_info" in before


def demo(
    corpus: CorpusOption = "synthetic",
    layout: LayoutOption = None,
    num_envs: Annotated[int, typer.Option("--num-envs", min=1, help="Parallel episodes.")] = 4096,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="Episodes each slot plays, one after another.")
    ] = 4,
    baseline_seconds: Annotated[
        float,
        typer.Option(
            "--baseline-seconds", min=0.0, help="Time for each of engine and baselines; 0 is none."
        ),
    ] = 3.0,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Record some episodes into this folder and write a report."),
    ] = None,
    reviewed_only: ReviewedOption = False,
) -> None:
    """Play thousands of scripted episodes in parallel and compare with plain Python."""
    start = time.perf_counter()
    opened = open_with_progress(corpus, layout, reviewed_only=reviewed_only)
    if opened.is_endless:
        opened = _finite_splits(opened)
    if not len(opened):
        msg = f"corpus {corpus!r} has no tasks to play; `finqa-gym data inspect` says what was read"
        raise ValueError(msg)
    console = results()
    console.print(
        f"{opened.name} ({opened.layout}): {len(opened.companies):,} companies, "
        f"{len(opened):,} tasks; {num_envs:,} episodes at a time, {rounds} a slot",
        markup=False,
    )
    # In one order for all: few episodes then come from every split, too.
    mixed = random.Random(0).sample(range(len(opened)), len(opened))
    gold = [index for index in mixed if "gold" in opened.task(index)]
    if len(gold) < len(opened):
        console.print(
            f"{len(opened) - len(gold):,} of {len(opened):,} tasks have no gold program: "
            "the policies that follow one play the others"
        )
    # The first task is shown in full: one that has to be calculated says most.
    gold.sort(key=lambda index: not _calculates(opened.task(index)))
    everything = gold[:1] + [index for index in mixed if gold[:1] != [index]]
    finished = []
    for name in POLICIES:
        tasks = gold if name in ("gold", "recovery") else everything
        if not tasks:
            continue
        with progress_bar(f"{name} policy, episodes", num_envs * rounds) as advance:
            played = play_policy(
                name, opened, tasks, num_envs=num_envs, rounds=rounds, advance=advance
            )
        finished.append(played)
    _print_scores(console, opened, finished)
    _print_behaviour(console, finished)
    for result in finished:
        if result.name in SHOWN_EPISODES:
            _print_transcript(console, result)
    _print_wrong_gold(console, finished)
    if baseline_seconds > 0:
        _print_baselines(console, opened, num_envs, baseline_seconds)
    if out is not None and gold:
        page = record_and_report(opened, gold[:RECORDED_TASKS], out)
        console.print(f"\nWhat each policy did, turn by turn: open {page}", markup=False)
        console.print(f"The same in the terminal: finqa-gym view {out}/guess {out}/gold")
    console.print(f"\n{time.perf_counter() - start:.0f} s in all")


def _finite_splits(corpus: Corpus) -> Corpus:
    """What can be played as a whole: of the synthetic corpus val, eval290 and reason79."""
    picks: dict[str, int | None] = {
        name: None for name, size in corpus.splits().items() if size is not None
    }
    with stages() as stage:
        stage(f"making {', '.join(picks)} of {corpus.name}")
        return corpus.take(picks)


def _calculates(task: dict[str, Any]) -> bool:
    answer: dict[str, Any] = task["gold"]["answer"]
    return "{1}" in answer.get("expression", "")


def _print_scores(console: Console, corpus: Corpus, finished: list[PolicyResult]) -> None:
    sizes = corpus.splits()
    splits = list(sizes)[:SHOWN_SPLITS] if len(sizes) > 1 else []
    table = grid("policy", ">episodes", ">all", *(f">{split}" for split in splits))
    for result in finished:
        cells = [_score_text(result.by_split.get(split)) for split in ("all", *splits)]
        table.add_row(result.name, f"{result.episodes:,}", *cells)
    told = ", ".join(f"{name} {size:,}" for name, size in sizes.items())
    console.print(
        section(
            "Scripted policies: pass@1 / mean reward",
            table,
            f"Tasks by split: {told}. A report earns a part of 1.0 for what is right in it.",
        )
    )


def _score_text(score: Score | None) -> str:
    return "-" if score is None else f"{score.pass_at_1:.3f} / {score.mean_reward:.3f}"


def _print_behaviour(console: Console, finished: list[PolicyResult]) -> None:
    table = grid(
        "policy", ">turns", ">tool errors", ">listed first", ">read schema first", ">steps/s",
        ">episodes/s", "most frequent error",
    )  # fmt: skip
    for result in finished:
        [(error, _)] = result.errors.most_common(1) or [("-", 0)]
        table.add_row(
            result.name,
            f"{result.steps / result.episodes:.2f}",
            f"{sum(result.errors.values()) / result.episodes:.2f}",
            f"{result.listed_first / result.observed:.0%}",
            f"{result.inspected_first / result.observed:.0%}",
            f"{result.steps / result.elapsed_s:,.0f}",
            f"{result.episodes / result.elapsed_s:,.0f}",
            error,
        )
    remark = "Turns and errors per episode. Rates: wall time of reset, step and the script."
    console.print(section("How they work", table, remark))


def _print_transcript(console: Console, result: PolicyResult) -> None:
    console.print()
    console.rule(f"one episode of the {result.name} policy", align="left")
    styles = {"user": "bold", "assistant": "cyan", "tool": "dim"}
    for message in result.messages:
        role = message["role"]
        if role == "system":
            continue
        text = message["content"]
        if role == "assistant":
            text = _call_text(text)
        elif role == "tool":
            text = shorten(" ".join(text.split()), 240)
        row = Table.grid(padding=(0, 1))
        row.add_column(width=10)
        row.add_column(overflow="fold")
        row.add_row(role, Text(text, style=styles.get(role, "")))
        console.print(row)
    style = "bold green" if result.score >= 1 else "bold red"
    console.print(f"{'reward':10} {result.score}", style=style)


def _call_text(message: str) -> str:
    """Tool calls as ``name(argument=…)``; a message without one as it is."""
    calls = [
        f"{attempt.name}({', '.join(f'{k}={v}' for k, v in (attempt.arguments or {}).items())})"
        for attempt in parse_action(message).attempts
    ]
    return "\n".join(calls) or message


def _print_wrong_gold(console: Console, finished: list[PolicyResult]) -> None:
    for result in finished:
        if result.name == "gold" and result.wrong:
            console.print(
                f"gold episodes were not rewarded, for example on {', '.join(result.wrong)}; "
                "`finqa-gym data validate` says why",
                markup=False,
                style="red",
            )


def _print_baselines(console: Console, corpus: Corpus, num_envs: int, seconds: float) -> None:
    from finqa_gym.bench.compare import compare
    from finqa_gym.bench.engine import make_workload
    from finqa_gym.cli.bench import comparison_table

    with stages() as stage:
        stage("writing the workload")
        workload = make_workload(corpus, num_envs=num_envs)
        compared = compare(workload, seconds=seconds, on_stage=stage)
    console.print(comparison_table(compared))
    if compared.plain is None:
        notices().print(
            "The plain Python environment was not measured: it needs pandas "
            "(pip install 'finqa-gym[bench]').",
            markup=False,
            style="yellow",
        )
