"""Replaying a run: the same actions through the engine must give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from finqa_gym import recording
from finqa_gym.data import Corpus, corpus_from_source
from finqa_gym.exceptions import DataError
from finqa_gym.replay_slot import FAULTS, Difference, ReplaySlot
from finqa_gym.rubrics import RewardConfig, RubricText
from finqa_gym.tools import UserTool
from finqa_gym.trajectories import Run
from finqa_gym.vector import VectorEnv

__all__ = ["Difference", "ReplayReport", "replay"]

SLOTS = 256
"""Episodes that are replayed at a time."""
NOT_FOR_REPLAY = (
    "num_envs",
    "num_threads",
    "group_size",
    "split",
    "seed",
    "shuffle",
    "autoreset_mode",
    "keep_messages",
    "measure_latency",
    "cache_bytes",
    "defer_record",
    "user_tools",
    "tool_names",
    "criteria",
    "reward",
    "rubrics",
)
"""Options that have no bearing on an episode, or that are made from the record in another way."""


@dataclass
class ReplayReport:
    """What came of a replay.

    Attributes:
        num_episodes: Episodes that were replayed.
        num_different: Those that came out differently.
        num_faults: Those that a fault of the machine had ended; they were replayed up to it.
        differences: What differed: the first thing of each episode.
        has_rewards: Whether rewards were compared: not if criteria in Python shaped them.
        mismatches: Versions that differ, if that was allowed.
    """

    num_episodes: int = 0
    num_different: int = 0
    num_faults: int = 0
    differences: list[Difference] = field(default_factory=list)
    has_rewards: bool = True
    mismatches: list[str] = field(default_factory=list)


def replay(
    run: Run,
    corpus: Corpus | None = None,
    *,
    limit: int | None = None,
    allow_version_mismatch: bool = False,
    progress: Callable[[int], None] | None = None,
) -> ReplayReport:
    """Plays the recorded actions again and compares what comes out, byte for byte.

    Compared are prompts, tool messages with their ids, rewards, and what the episode came to.
    Tools of the user are not run: they give their recorded results.

    Args:
        run: The run.
        corpus: Its corpus; None makes it from ``run.info["corpus"]["source"]``.
        limit: Only the first so many episodes.
        allow_version_mismatch: Replay with other versions than those that recorded; the report
            then names them.
        progress: Called with the number of episodes that are done.

    Raises:
        DataError: The run was not recorded by the engine, its corpus is not known or is another
            one, or a version differs; the text says which.

    Example:
        >>> import tempfile
        >>> import finqa_gym
        >>> folder = tempfile.mkdtemp()
        >>> with finqa_gym.VectorEnv(num_envs=2, record=folder) as env:
        ...     _ = env.reset()
        ...     _ = env.step(["FINAL ANSWER: 42", "hello"])
        >>> report = replay(finqa_gym.open_run(folder))
        >>> report.num_episodes, report.num_different
        (1, 0)
    """
    info = run.info
    if info.get("source") != "engine":
        msg = f"run {run.name!r} was made of traces from elsewhere: there is no engine to replay"
        raise DataError(msg)
    mismatches = _version_mismatches(info["versions"])
    if mismatches and not allow_version_mismatch:
        msg = (
            f"run {run.name!r} was recorded by other versions ({'; '.join(mismatches)}), so a "
            "difference would say nothing; --allow-version-mismatch replays all the same"
        )
        raise DataError(msg)
    corpus = _corpus(run, corpus)
    custom = info["env"].get("criteria") and info["env"]["reward"]["mode"] == "shaped"
    report = ReplayReport(mismatches=mismatches, has_rewards=not custom)
    with _environment(info, corpus) as env:
        if env.system_prompt != info["system_prompt"] or env.tools != info["tools"]:
            what = "system prompt" if env.system_prompt != info["system_prompt"] else "tools"
            msg = f"run {run.name!r} was recorded with another {what} than its options give now"
            raise DataError(msg)
        episodes = islice(run, limit)
        while chunk := list(islice(episodes, SLOTS)):
            _replay_chunk(env, corpus, chunk, report)
            if progress is not None:
                progress(report.num_episodes)
    return report


def _version_mismatches(recorded: dict[str, Any]) -> list[str]:
    here = recording.versions()
    found = []
    for name in dict.fromkeys([*recorded, *here]):
        old, new = recorded.get(name), here.get(name)
        if old == new:
            continue
        if isinstance(old, list) and isinstance(new, list):
            old, new = sorted(set(old) - set(new)), sorted(set(new) - set(old))
        found.append(f"{name} was {old}, is {new}")
    return found


def _corpus(run: Run, corpus: Corpus | None) -> Corpus:
    recorded = run.info["corpus"]
    if corpus is None:
        if recorded["source"] is None:
            msg = (
                f"run {run.name!r} does not say where its corpus {recorded['name']!r} comes from; "
                "give it (--corpus)"
            )
            raise DataError(msg)
        corpus = corpus_from_source(recorded["source"])
    if corpus.content_hash != recorded["content_hash"]:
        msg = (
            f"run {run.name!r} was recorded over corpus {recorded['name']!r} with hash "
            f"{recorded['content_hash'][:12]}…, this is {corpus.name!r} with "
            f"{corpus.content_hash[:12]}…"
        )
        raise DataError(msg)
    return corpus


def _environment(info: dict[str, Any], corpus: Corpus) -> VectorEnv:
    options = info["env"]
    kept = {key: value for key, value in options.items() if key not in NOT_FOR_REPLAY}
    tools = [UserTool(_never_run, **tool) for tool in options["user_tools"]]
    names = dict(options["tool_names"])
    rubrics = options.get("rubrics")
    return VectorEnv(
        corpus,
        SLOTS,
        tools=tools,
        tool_names=names,
        reward=RewardConfig(**options["reward"]),
        # As it was written: YAML read and written again would lose digits that a value keeps.
        rubrics=None if rubrics is None else RubricText(*rubrics),  # type: ignore[arg-type]
        **kept,
    )


def _never_run(calls: list[dict[str, Any]]) -> list[str]:
    """Stands in for a tool of the user, whose recorded results are handed over instead."""
    msg = f"a tool of the user was called in a replay: {calls}"
    raise AssertionError(msg)


def _replay_chunk(
    env: VectorEnv, corpus: Corpus, episodes: list[dict[str, Any]], report: ReplayReport
) -> None:
    slots: list[ReplaySlot] = []
    tasks: list[int] = []
    for episode in episodes:
        slots.append(ReplaySlot(episode, compare_reward=report.has_rewards))
        tasks.append(corpus.task_index(episode["task_id"]))
    mask = [slot < len(slots) for slot in range(SLOTS)]
    prompts, _ = env.reset(task_ids=tasks, reset_mask=mask)
    for slot, prompt in zip(slots, prompts, strict=True):
        slot.compare("prompt", slot.episode["prompt"], prompt)
    for turn in range(max(len(episode["turns"]) for episode in episodes)):
        _replay_turn(env, slots, turn)
    _replay_cuts(env, slots)
    for env_id, slot in enumerate(slots):
        slot.compare_end(env.episode(env_id))
        report.num_episodes += 1
        report.num_faults += slot.episode["truncation_reason"] in FAULTS
        if slot.difference is not None:
            report.num_different += 1
            report.differences.append(slot.difference)


def _replay_turn(env: VectorEnv, slots: list[ReplaySlot], turn: int) -> None:
    env_ids = [env_id for env_id, slot in enumerate(slots) if slot.goes_on(turn)]
    if not env_ids:
        return
    actions, reasons = zip(
        *(_action(slots[i].episode["turns"][turn]) for i in env_ids), strict=True
    )
    native = env._native
    received = native.step(list(actions), list(reasons), env_ids)
    given = dict.fromkeys(env_ids, 0)
    while True:
        (ids, _, rewards, terminated, truncated, _), turns, calls = received
        waiting = {env_id for env_id, _, _ in calls}
        for row, env_id in enumerate(ids.tolist()):
            if env_id not in waiting:
                over = bool(terminated[row] or truncated[row])
                slots[env_id].compare_turn(turn, turns.messages(row), float(rewards[row]), over)
        if not calls:
            return
        results = []
        for env_id, _, _ in calls:
            results.append((env_id, *slots[env_id].tool_result(turn, given[env_id])))
            given[env_id] += 1
        native.resume(results)
        received = native.recv(len(results))


def _replay_cuts(env: VectorEnv, slots: list[ReplaySlot]) -> None:
    """Ends the episodes that their caller had ended."""
    env_ids = [env_id for env_id, slot in enumerate(slots) if slot.is_to_be_cut()]
    (ids, _, rewards, _, _, _), _, _ = env._native.truncate(env_ids)
    for row, env_id in enumerate(ids.tolist()):
        slots[env_id].compare_cut(float(rewards[row]))


def _action(turn: dict[str, Any]) -> tuple[Any, str | None]:
    reason = "length" if turn["length_limited"] else None
    if not turn["tool_calls"]:
        return turn["action"], reason
    calls = json.loads(turn["tool_calls"])
    return {"role": "assistant", "content": turn["action"], "tool_calls": calls}, reason
