"""``finqa-gym demo``: thousands of scripted episodes, one of them in full, and the baselines."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from finqa_gym.cli.corpora import CorpusOption, LayoutOption, open_with_progress
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
from finqa_gym.policies import PolicyName, ScriptedPolicy
from finqa_gym.tools import parse_action
from finqa_gym.vector import VectorEnv

__all__ = ["PolicyResult", "demo", "play_policy"]


@dataclass
class PolicyResult:
    """What a policy came to.

    Attributes:
        name: The policy.
        episodes: Episodes played.
        correct: Those that earned 1.0.
        steps: Messages handled.
        listed_first: Episodes whose first call listed the tables.
        errors: Mistakes by code.
        elapsed_s: Wall time of reset, step and the script itself.
        wrong: Ids of tasks that were not rewarded, the first few.
        messages: Chat of one episode, on the first task.
        score: Its score.
    """

    name: str
    episodes: int = 0
    correct: int = 0
    steps: int = 0
    listed_first: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    elapsed_s: float = 0.0
    wrong: list[str] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    score: float = 0.0

    @property
    def pass_at_1(self) -> float:
        """Share of episodes that earned 1.0."""
        return self.correct / self.episodes


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
    with VectorEnv(corpus, num_envs) as env:
        policy = ScriptedPolicy(name, env)
        for played in range(rounds):
            first = played * num_envs
            chosen = [tasks[(first + slot) % len(tasks)] for slot in range(num_envs)]
            start = time.perf_counter()
            observations, infos = env.reset(task_ids=chosen)
            policy.reset(infos["env_id"], infos["task_index"])
            live = infos["env_id"]
            while len(live):
                batch = env.step(policy.act(live, observations), env_ids=live)
                result.steps += len(batch)
                live, observations = batch.running()
                advance(first + num_envs - len(live), None, None)
            result.elapsed_s += time.perf_counter() - start
            _count(result, env, chosen)
            if played == 0:
                result.messages = env.messages(0)
                result.score = (env.episode(0) or {})["score"] or 0.0
        result.errors = Counter(env.stats()["tool_errors"])
    return result


def _count(result: PolicyResult, env: VectorEnv, tasks: list[int]) -> None:
    """Looks at the finished episodes; not part of the time."""
    for slot in range(env.num_envs):
        episode = env.episode(slot)
        if episode is None:
            continue
        result.episodes += 1
        correct = (episode["score"] or 0.0) >= 1.0
        result.correct += correct
        if not correct and len(result.wrong) < 5:
            result.wrong.append(env.corpus.task(tasks[slot])["id"])
        calls = episode["calls"]
        result.listed_first += bool(calls) and calls[0]["tool"] == "list_tables"


def demo(
    corpus: CorpusOption = "builtin",
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
) -> None:
    """Play thousands of scripted episodes in parallel and compare with plain Python."""
    opened = open_with_progress(corpus, layout)
    if not len(opened):
        msg = f"corpus {corpus!r} has no tasks to play; `finqa-gym data inspect` says what was read"
        raise ValueError(msg)
    console = results()
    console.print(
        f"{opened.name} ({opened.layout}): {len(opened.companies):,} companies, "
        f"{len(opened):,} tasks; {num_envs:,} episodes at a time, {rounds} a slot",
        markup=False,
    )
    gold = [index for index, task in enumerate(opened) if "gold" in task]
    if len(gold) < len(opened):
        console.print(
            f"{len(opened) - len(gold):,} of {len(opened):,} tasks have no gold program: "
            "the gold policy plays the others"
        )
    # The first task is shown in full: one that has to be calculated says most.
    gold.sort(key=lambda index: not _calculates(opened.task(index)))
    plays: list[tuple[PolicyName, list[int]]] = [("gold", gold)] if gold else []
    everything = gold[:1] + [index for index in range(len(opened)) if gold[:1] != [index]]
    if everything:
        plays.append(("guess", everything))
    finished = []
    for name, tasks in plays:
        with progress_bar(f"{name} policy, episodes", num_envs * rounds) as advance:
            played = play_policy(
                name, opened, tasks, num_envs=num_envs, rounds=rounds, advance=advance
            )
        finished.append(played)
    _print_policies(console, finished)
    for result in finished:
        _print_transcript(console, result)
    _print_wrong_gold(console, finished)
    if baseline_seconds > 0:
        _print_baselines(console, opened, num_envs, baseline_seconds)


def _calculates(task: dict[str, Any]) -> bool:
    return "{1}" in task["gold"]["answer"].get("expression", "")


def _print_policies(console: Console, finished: list[PolicyResult]) -> None:
    table = grid(
        "policy", ">episodes", ">pass@1", ">turns", ">tool errors", ">listed first", ">steps/s",
        ">episodes/s", "most frequent error",
    )  # fmt: skip
    for result in finished:
        [(error, _)] = result.errors.most_common(1) or [("-", 0)]
        table.add_row(
            result.name,
            f"{result.episodes:,}",
            f"{result.pass_at_1:.4f}",
            f"{result.steps / result.episodes:.2f}",
            f"{sum(result.errors.values()) / result.episodes:.2f}",
            f"{result.listed_first / result.episodes:.0%}",
            f"{result.steps / result.elapsed_s:,.0f}",
            f"{result.episodes / result.elapsed_s:,.0f}",
            error,
        )
    remark = "Turns and errors per episode. Rates: wall time of reset, step and the script."
    console.print(section("Scripted policies", table, remark))


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
