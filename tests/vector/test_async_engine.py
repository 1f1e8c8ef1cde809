"""Episodes for coroutines: the same results, in few batches, and nothing lost on the way."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

import finqa_gym
from finqa_gym import (
    AlreadyPendingCallError,
    AsyncEngine,
    AsyncEpisode,
    ClosedEnvError,
    NotFoundError,
    ResetNeededError,
    ScriptedPolicy,
    Turn,
    UserTool,
    VectorEnv,
)

T = TypeVar("T")
LIST = '<tool_call>{"name": "get_table_names", "arguments": {"company_name": "nobody"}}</tool_call>'
CORPUS = finqa_gym.synthetic()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result, which must not take for ever."""
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def scripts(policy: str, num_tasks: int) -> list[list[tuple[str, str, float]]]:
    """Per task the messages of a policy, what each brought, and its reward."""
    env = VectorEnv(CORPUS, num_tasks, num_threads=1)
    observations, infos = env.reset(task_ids=range(num_tasks))
    who = ScriptedPolicy(policy, env, seed=3)  # type: ignore[arg-type]
    who.reset(infos["env_id"], infos["task_index"])
    played: list[list[tuple[str, str, float]]] = [[] for _ in range(num_tasks)]
    env_ids = infos["env_id"]
    while len(env_ids):
        actions = who.act(env_ids, observations)
        batch = env.step(actions, env_ids=env_ids)
        for row, slot in enumerate(batch.env_ids.tolist()):
            brought = (actions[row], batch.observations[row], float(batch.rewards[row]))
            played[slot].append(brought)
        env_ids, observations = batch.running()
    return played


@pytest.mark.parametrize("policy", ["gold", "recovery", "guess"])
def test_turns_are_those_of_the_vector_env(policy: str) -> None:
    expected = scripts(policy, 40)

    async def play(engine: AsyncEngine, task: int) -> list[tuple[str, str, float]]:
        played = []
        async with await engine.start(task) as episode:
            for action, _, _ in expected[task]:
                turn = await episode.call(action)
                played.append((action, turn.observation, turn.reward))
            assert turn.over
            assert episode.over
            assert episode.result()["reward"] == turn.reward
        return played

    async def main() -> list[list[tuple[str, str, float]]]:
        # Fewer places than episodes: some wait for others.
        with AsyncEngine(CORPUS, 16) as engine:
            played = await asyncio.gather(*(play(engine, task) for task in range(40)))
            assert (engine.num_live, engine.num_waiting, engine.num_leaked) == (0, 0, 0)
            return played

    assert run(main()) == expected


def test_calls_of_one_tick_are_one_batch() -> None:
    async def main() -> list[int]:
        with AsyncEngine(CORPUS, 64) as engine:
            episodes = [await engine.start(task) for task in range(64)]
            sizes = []
            send = engine._send

            def counted(calls: list[Any]) -> None:
                sizes.append(len(calls))
                send(calls)

            engine._send = counted  # type: ignore[method-assign]
            await asyncio.gather(*(episode.call(LIST) for episode in episodes))
            for episode in episodes:
                episode.close()
            return sizes

    assert run(main()) == [64]


def test_loops_of_several_threads_share_an_engine() -> None:
    async def play(engine: AsyncEngine, task: int) -> float:
        async with await engine.start(task) as episode:
            for _ in range(5):
                assert "nobody" in (await episode.call(LIST)).observation
            return (await episode.call("FINAL ANSWER: 42")).reward

    async def many(engine: AsyncEngine) -> list[float]:
        return await asyncio.gather(*(play(engine, task) for task in range(50)))

    rewards: list[list[float]] = []
    with AsyncEngine(CORPUS, 60) as engine:
        threads = [
            threading.Thread(target=lambda: rewards.append(run(many(engine)))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert engine.stats()["steps"] == 4 * 50 * 6
        assert engine.num_live == 0
    assert len(rewards) == 4
    assert all(each == rewards[0] for each in rewards)


def test_a_call_cancelled_in_its_tick_was_never_made() -> None:
    async def main() -> tuple[int, Turn | None]:
        with AsyncEngine(CORPUS, 1) as engine:
            async with await engine.start(0) as episode:
                task = asyncio.ensure_future(episode.call(LIST))
                await asyncio.sleep(0)  # the call is made, and its tick not over
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                before = episode.last_turn
                await episode.call(LIST)
                return engine.stats()["steps"], before

    steps, before = run(main())
    assert before is None
    assert steps == 1


def slow_tool(gate: threading.Event) -> UserTool:
    def wait(calls: list[dict[str, Any]]) -> list[str]:
        gate.wait(30)
        return ["done"] * len(calls)

    return UserTool(wait, "wait", "Waits.", {"type": "object", "properties": {}})


WAIT = '<tool_call>{"name": "wait", "arguments": {}}</tool_call>'


def test_a_call_cancelled_later_still_happens_and_the_next_waits_for_it() -> None:
    gate = threading.Event()

    async def main() -> None:
        with AsyncEngine(CORPUS, 1, tools=[slow_tool(gate)]) as engine:
            async with await engine.start(0) as episode:
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(episode.call(WAIT), 0.05)
                assert episode.last_turn is None
                again = asyncio.ensure_future(episode.call(LIST))
                await asyncio.sleep(0.02)
                assert not again.done()
                # Whoever waits for the first may give up, too.
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(again, 0.02)
                gate.set()
                turn = await episode.call(LIST)
                assert "nobody" in turn.observation
                assert [message["role"] for message in episode.messages()] == [
                    *("system", "user", "assistant", "tool", "assistant", "tool")
                ]

    run(main())


def test_of_two_that_wait_for_an_abandoned_call_one_is_told_that_the_other_was_first() -> None:
    gate = threading.Event()

    async def main() -> None:
        with AsyncEngine(CORPUS, 1, tools=[slow_tool(gate)]) as engine:
            async with await engine.start(0) as episode:
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(episode.call(WAIT), 0.05)
                both = [asyncio.ensure_future(episode.call(LIST)) for _ in range(2)]
                await asyncio.sleep(0.02)
                gate.set()
                found = await asyncio.gather(*both, return_exceptions=True)
                kinds = {type(each) for each in found}
                assert kinds == {Turn, AlreadyPendingCallError}
                assert engine.stats()["steps"] == 2

    run(main())


def test_an_episode_closed_during_its_call_gives_its_slot_back_afterwards() -> None:
    gate = threading.Event()

    async def main() -> None:
        with AsyncEngine(CORPUS, 1, tools=[slow_tool(gate)]) as engine:
            episode = await engine.start(0)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(episode.call(WAIT), 0.05)
            episode.close()
            assert engine.num_live == 1
            gate.set()
            async with await engine.start(1) as other:  # the only slot there is
                assert (await other.call("FINAL ANSWER: 1")).over
            assert engine.num_live == 0

    run(main())


def test_starts_wait_for_a_place_and_one_that_is_cancelled_loses_none() -> None:
    async def main() -> None:
        with AsyncEngine(CORPUS, 1) as engine:
            first = await engine.start(0)
            given_up = asyncio.ensure_future(engine.start(1))
            patient = asyncio.ensure_future(engine.start(2))
            await asyncio.sleep(0.01)
            assert engine.num_waiting == 2
            given_up.cancel()
            await asyncio.gather(given_up, return_exceptions=True)
            first.close()
            async with await patient as episode:
                assert episode.task_id == CORPUS.task(2)["id"]
            # Cancelled while its place is made.
            begun = asyncio.ensure_future(engine.start(3))
            await asyncio.sleep(0)
            begun.cancel()
            await asyncio.gather(begun, return_exceptions=True)
            async with await engine.start(4):
                pass
            assert engine.num_live == 0

    run(main())


def test_a_forgotten_episode_is_counted_and_frees_its_slot() -> None:
    async def main() -> None:
        with AsyncEngine(CORPUS, 1) as engine:
            episode: AsyncEpisode | None = await engine.start(0)
            await asyncio.sleep(0.02)  # until the thread that made it has let it go
            with warnings.catch_warnings(record=True) as seen:
                warnings.simplefilter("always")
                episode = None
                gc.collect()
            assert [each.category for each in seen] == [ResourceWarning]
            assert "was never closed" in str(seen[0].message)
            assert episode is None
            assert engine.num_leaked == 1
            async with await engine.start(1):
                pass

    run(main())


def test_who_sends_what_is_no_action_fails_alone() -> None:
    async def main() -> None:
        with AsyncEngine(CORPUS, 3) as engine:
            episodes = [await engine.start(task) for task in range(3)]
            actions: list[Any] = [LIST, 42, LIST]
            turns = await asyncio.gather(
                *(e.call(a) for e, a in zip(episodes, actions, strict=True)), return_exceptions=True
            )
            assert isinstance(turns[1], TypeError)
            for turn in turns[::2]:
                assert isinstance(turn, Turn)
            assert not (await episodes[1].call(LIST)).over
            for episode in episodes:
                episode.close()

    run(main())


def test_tasks_come_in_the_order_of_the_seed_whatever_places_are_free() -> None:
    with VectorEnv(CORPUS, 1, split="val", seed=5) as env:
        order = [int(env.reset()[1]["task_index"][0]) for _ in range(200)]

    async def main() -> list[int]:
        with AsyncEngine(CORPUS, 8, split="val", seed=5) as engine:
            held: list[AsyncEpisode] = []
            played = []
            for number in range(200):
                if len(held) == 8:
                    held.pop(number * 5 % 8).close()
                held.append(await engine.start())
                played.append(held[-1].task_index)
            for episode in held:
                episode.close()
            return played

    assert run(main()) == order


def test_misuse_is_told() -> None:
    async def main() -> None:
        with AsyncEngine(CORPUS, 2) as engine:
            with pytest.raises(NotFoundError, match="no-such-task"):
                await engine.start("no-such-task")
            assert engine.num_live == 0
            async with await engine.start(0) as episode:
                first = asyncio.ensure_future(episode.call(LIST))
                await asyncio.sleep(0)
                with pytest.raises(AlreadyPendingCallError, match="under way; await it first"):
                    await episode.call(LIST)
                await first
                assert (await episode.call("FINAL ANSWER: 1")).over
                with pytest.raises(ResetNeededError, match=r"is over; start another"):
                    await episode.call(LIST)
            with pytest.raises(ValueError, match="is closed"):
                episode.messages()
            other = await engine.start(1)
            other.close()
            other.close()
            with pytest.raises(ValueError, match="is closed"):
                await other.call(LIST)
        with pytest.raises(ClosedEnvError):
            await engine.start(0)

    run(main())
    with pytest.raises(TypeError, match="AsyncEngine takes no group_size"):
        AsyncEngine(CORPUS, group_size=2)


def test_an_episode_can_be_truncated() -> None:
    async def main() -> dict[str, Any]:
        with AsyncEngine(CORPUS, 1) as engine:
            async with await engine.start(0) as episode:
                await episode.call(LIST)
                turn = episode.truncate()
                assert turn.truncated
                assert episode.over
                assert turn.info["turn"] == 1
                return episode.result()

    assert run(main())["truncation_reason"] == "token_limit"


def test_who_waits_when_the_engine_closes_is_told() -> None:
    gate = threading.Event()

    async def main() -> None:
        engine = AsyncEngine(CORPUS, 1, tools=[slow_tool(gate)])
        episode = await engine.start(0)
        call = asyncio.ensure_future(episode.call(WAIT))
        place = asyncio.ensure_future(engine.start(1))
        await asyncio.sleep(0.05)
        engine.close()
        gate.set()
        for waiting in (call, place):
            with pytest.raises(ClosedEnvError):
                await waiting

    run(main())


def test_a_tool_that_raises_reaches_the_coroutine_and_the_episode_goes_on() -> None:
    def broken(_: list[dict[str, Any]]) -> list[str]:
        raise RuntimeError("no database")

    tool = UserTool(broken, "wait", "Fails.", {"type": "object", "properties": {}})

    async def main() -> None:
        with AsyncEngine(CORPUS, 1, tools=[tool]) as engine:
            async with await engine.start(0) as episode:
                with pytest.raises(RuntimeError, match="no database"):
                    await episode.call(WAIT)
                assert "nobody" in (await episode.call(LIST)).observation

    run(main())


def test_what_an_abandoned_call_raised_is_not_raised_by_the_next() -> None:
    gate = threading.Event()

    def broken(_: list[dict[str, Any]]) -> list[str]:
        gate.wait(30)
        raise RuntimeError("no database")

    tool = UserTool(broken, "wait", "Fails.", {"type": "object", "properties": {}})

    async def main() -> None:
        with AsyncEngine(CORPUS, 1, tools=[tool]) as engine:
            async with await engine.start(0) as episode:
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(episode.call(WAIT), 0.05)
                again = asyncio.ensure_future(episode.call(LIST))
                await asyncio.sleep(0.02)
                gate.set()
                assert "nobody" in (await again).observation

    run(main())


def test_a_loop_that_is_gone_costs_no_slot() -> None:
    gate = threading.Event()
    with AsyncEngine(CORPUS, 1, tools=[slow_tool(gate)]) as engine:

        async def abandon() -> None:
            async with await engine.start(0) as episode:
                await asyncio.wait_for(episode.call(WAIT), 0.05)

        with pytest.raises(asyncio.TimeoutError):
            asyncio.run(abandon())
        gate.set()

        async def go_on() -> None:
            async with await engine.start(1) as episode:
                assert (await episode.call("FINAL ANSWER: 1")).over

        run(go_on())


def test_the_engine_of_a_process_is_shared() -> None:
    one = AsyncEngine.shared(CORPUS, 4, max_turns=3)
    assert AsyncEngine.shared(CORPUS, 4, max_turns=3) is one
    assert AsyncEngine.shared(CORPUS, 4, max_turns=4) is not one
    one.close()
    again = AsyncEngine.shared(CORPUS, 4, max_turns=3)
    assert again is not one
    again.close()
