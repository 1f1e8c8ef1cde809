"""Episodes over the wire, by OpenEnv's own clients: the same as those of `VectorEnv`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("openenv", reason="the extra openenv is not installed")

from openenv import GenericEnvClient
from openenv.core.env_server.mcp_types import CallToolAction
from openenv.core.mcp_client import MCPToolClient

from finqa_gym import ScriptedPolicy, VectorEnv
from finqa_gym.policies import PolicyName
from finqa_gym.tools import parse_action
from integrations.openenv.served import Served, call, eventually, served
from small_corpus import small_corpus

SPLIT = "train"


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served(small_corpus(), split=SPLIT) as running:
        yield running


def direct(task_id: str, policy: PolicyName, **options: Any) -> list[dict[str, Any]]:
    """Calls of a scripted policy in a `VectorEnv`, with what each brought."""
    env = VectorEnv(small_corpus(), 1, tool_profile="openenv", **options)
    script = ScriptedPolicy(policy, env)
    observations, infos = env.reset(task_ids=[task_id])
    script.reset(infos["env_id"], infos["task_index"])
    turns = []
    over = False
    while not over:
        [text] = script.act([0], observations)
        batch = env.step([text])
        observations, over = batch.observations, bool((batch.terminated | batch.truncated)[0])
        [attempt] = parse_action(text, "openenv").attempts
        assert attempt.name is not None
        turns.append(
            {
                "action": call(attempt.name, **(attempt.arguments or {})),
                "text": observations[0],
                "reward": float(batch.rewards[0]),
                "over": over,
                "result": env.episode(0) if over else None,
            }
        )
    return turns


def text_of(observation: dict[str, Any]) -> str:
    result, error = observation["result"], observation["error"]
    return str(error["message"] if error else result["data"])


async def play(client: Any, task_id: str, turns: list[dict[str, Any]]) -> float:
    """Plays the calls of `direct` and compares every turn; the reward."""
    seen = await client.reset(task_id=task_id)
    assert seen.observation["task_id"] == task_id
    for turn in turns:
        step = await client.step(turn["action"])
        assert text_of(step.observation) == turn["text"]
        assert step.done == turn["over"]
        if not step.done:
            assert step.reward == 0.0
    assert step.reward == turns[-1]["reward"]
    result, outcome = turns[-1]["result"], step.observation["outcome"]
    assert {key: result[key] for key in outcome} == outcome
    return float(step.reward)


@pytest.mark.parametrize("policy", ["gold", "guess", "recovery", "immediate"])
def test_episodes_are_those_of_the_vector_environment(server: Served, policy: PolicyName) -> None:
    async def main() -> list[float]:
        async with GenericEnvClient(base_url=server.url) as client:
            return [
                await play(client, task_id, direct(task_id, policy))
                for task_id in small_corpus().task_ids(SPLIT, 12)
            ]

    rewards = asyncio.run(main())
    right = sum(reward == 1.0 for reward in rewards)
    assert right == 12 if policy in ("gold", "recovery") else right < 3


def test_a_shaped_reward_is_the_engines() -> None:
    task_id = small_corpus().task_ids(SPLIT, 1)[0]
    turns = direct(task_id, "guess", reward="shaped")
    with served(small_corpus(), split=SPLIT, reward="shaped") as shaped:

        async def main() -> float:
            async with GenericEnvClient(base_url=shaped.url) as client:
                return await play(client, task_id, turns)

        assert 0 < asyncio.run(main()) < 1


def test_the_generic_client_sees_the_task_and_the_tools(server: Served) -> None:
    async def main() -> None:
        async with GenericEnvClient(base_url=server.url) as client:
            seen = await client.reset(seed=5, episode_id="mine")
            task = small_corpus().task(seen.observation["task_id"])
            assert seen.observation["question"] == task["question"]
            assert seen.observation["companies"] == task["companies"]
            assert seen.observation["company"] == task["companies"][0]
            assert task["question"] in seen.observation["prompt"]
            assert not seen.done
            listed = (await client.step({"type": "list_tools"})).observation["tools"]
            names = [tool["name"] for tool in listed]
            assert names == ["get_descriptions", "get_table_info", "sql_query", "submit_answer"]
            assert names == seen.observation["available_tools"]
            assert listed[2]["input_schema"]["required"] == ["company_name", "table_name", "query"]
            listing = call("get_descriptions", company_name=task["companies"][0])
            assert (await client.step(listing)).observation["turn"] == 1
            state = await client.state()
            assert state["episode_id"] == "mine"
            assert state["step_count"] == 2  # the list of tools was a step, but no turn
            assert state["task_id"] == task["id"]
            assert state["done"] is False

    asyncio.run(main())


def test_the_tool_client_plays_over_json_rpc(server: Served) -> None:
    task_id = small_corpus().task_ids(SPLIT, 1)[0]
    turns = direct(task_id, "gold")

    async def main() -> Any:
        async with MCPToolClient(base_url=server.url) as client:
            seen = await client.reset(task_id=task_id)
            assert seen.observation.question
            assert len(await client.list_tools()) == 4
            *before, last = turns
            for turn in before:
                action = turn["action"]
                text = await client.call_tool(action["tool_name"], **action["arguments"])
                assert text == turn["text"]
            assert (await client.state()).step_count == 1 + len(before)
            action = last["action"]
            return await client.call_tool(action["tool_name"], **action["arguments"])

    told = asyncio.run(main())
    assert (told["done"], told["reward"]) == (True, 1.0)
    assert told["outcome"]["is_correct"] is True


def test_the_tool_clients_step_brings_reward_and_done(server: Served) -> None:
    async def main() -> Any:
        async with MCPToolClient(base_url=server.url) as client:
            await client.reset()
            action = CallToolAction(tool_name="submit_answer", arguments={"answer": "none of it"})
            return await client.step(action)

    seen = asyncio.run(main())
    assert (seen.done, seen.reward) == (True, 0.0)


def test_a_seed_is_a_task(server: Served) -> None:
    async def task_ids(seeds: list[int]) -> list[str]:
        async with GenericEnvClient(base_url=server.url) as client:
            return [(await client.reset(seed=s)).observation["task_id"] for s in seeds]

    first = asyncio.run(task_ids([1, 2, 3, 4, 1]))
    assert first[0] == first[-1]
    assert len(set(first)) > 1
    assert asyncio.run(task_ids([4, 3, 2, 1])) == first[3::-1]
    env = VectorEnv(small_corpus(), 1, split=SPLIT)
    drawn = [int(env.reset(seed=s)[1]["task_index"][0]) for s in (1, 2, 3, 4)]
    assert first[:4] == [small_corpus().task(index)["id"] for index in drawn]


def test_without_a_seed_tasks_come_in_order_to_all_sessions() -> None:
    corpus = small_corpus()
    in_split = len(corpus.task_ids(SPLIT))
    with served(corpus, split=SPLIT) as running:

        async def main() -> list[str]:
            async with (
                GenericEnvClient(base_url=running.url) as one,
                GenericEnvClient(base_url=running.url) as other,
            ):
                clients = [one, other] * (in_split // 2)
                return [(await each.reset()).observation["task_id"] for each in clients]

        assert sorted(asyncio.run(main())) == sorted(corpus.task_ids(SPLIT))


def test_a_task_that_is_not_there_is_an_error_and_the_session_lives_on(server: Served) -> None:
    async def main() -> None:
        async with GenericEnvClient(base_url=server.url) as client:
            for wrong in ("no-such-task", 10**9, 1.5, True):
                with pytest.raises(RuntimeError, match=r"task|int is needed"):
                    await client.reset(task_id=wrong)
            with pytest.raises(RuntimeError, match=r"seed is 'x'"):
                await client.reset(seed="x")
            assert (await client.reset(task_id=0)).observation["task_id"]

    asyncio.run(main())


def test_mistakes_are_observations_and_counted(server: Served) -> None:
    async def main() -> None:
        async with GenericEnvClient(base_url=server.url) as client:
            company = (await client.reset()).observation["company"]
            unknown = (await client.step(call("drop_tables"))).observation
            assert unknown["error"]["error_type"] == "tool_not_found"
            assert "sql_query" in unknown["error"]["message"]
            wrong = (await client.step(call("sql_query", company_name=company))).observation
            assert wrong["error"]["error_type"] == "invalid_args"
            assert "missing table_name, query" in wrong["error"]["message"]
            nan = await client.step(call("submit_answer", answer=float("nan")))
            assert nan.observation["error"]["error_type"] == "invalid_args"
            assert not nan.done
            action = call("get_table_info", company_name=company, table_name="nope")
            table = (await client.step(action)).observation
            assert table["error"] is None
            assert table["result"]["is_error"] is True
            assert table["error_code"] == "unknown_table"
            ended = await client.step(call("submit_answer", answer="1"))
            assert ended.observation["outcome"]["flags"]["had_error"] is True
            assert ended.observation["turn"] == 5

    asyncio.run(main())


def test_calls_without_an_episode_bring_an_error_and_no_reward(server: Served) -> None:
    async def main() -> None:
        async with GenericEnvClient(base_url=server.url) as client:
            early = await client.step(call("submit_answer", answer=""))
            assert early.observation["error"]["message"] == "no episode runs; call reset first"
            assert (early.reward, early.done) == (None, False)
            task_id = small_corpus().task_ids(SPLIT, 1)[0]
            await play(client, task_id, direct(task_id, "gold"))
            for _ in range(2):
                late = await client.step(call("submit_answer", answer="1"))
                assert "the episode is over" in late.observation["error"]["message"]
                assert (late.reward, late.done) == (None, True)
            assert (await client.state())["step_count"] == len(direct(task_id, "gold")) + 2

    asyncio.run(main())


def test_too_many_turns_truncate() -> None:
    with served(small_corpus(), max_turns=3) as running:

        async def main() -> Any:
            async with GenericEnvClient(base_url=running.url) as client:
                await client.reset()
                return [await client.step(call("nope")) for _ in range(4)]

        *_, last, after = asyncio.run(main())
    assert (last.done, last.reward) == (True, 0.0)
    assert last.observation["truncated"] is True
    assert last.observation["truncation_reason"] == "max_turns"
    assert after.reward is None


@pytest.mark.parametrize("reveals", [False, True])
def test_the_truth_stays_until_the_end(reveals: bool) -> None:
    corpus = small_corpus()
    with served(corpus, split=SPLIT, reveal_truth=reveals) as running:

        async def main(task: dict[str, Any]) -> tuple[list[Any], Any]:
            seen: list[Any] = []
            async with GenericEnvClient(base_url=running.url) as client:
                reset = await client.reset(task_id=task["id"])
                seen += [reset.observation, await client.state()]
                seen.append((await client.step({"type": "list_tools"})).observation)
                action = call("get_descriptions", company_name=task["companies"][0])
                seen += [(await client.step(action)).observation, await client.state()]
                end = (await client.step(call("submit_answer", answer="no idea"))).observation
                seen.append(await client.state())
            return seen, end

        for task in list(corpus.tasks(SPLIT))[:10]:
            seen, end = asyncio.run(main(task))
            told = json.dumps(seen)
            assert json.dumps(task["truth"]) not in told
            for secret in ("truth", "gold", "known_wrong", "operands"):
                assert f'"{secret}' not in told
            for query in task["gold"]["queries"]:
                assert json.dumps(query["sql"])[1:-1] not in told
            assert end["ground_truth"] == (task["truth"] if reveals else None)


def test_sixty_four_sessions_at_once_on_one_engine(server: Served) -> None:
    task_ids = small_corpus().task_ids(SPLIT)
    turns = {task_id: direct(task_id, "gold") for task_id in task_ids}
    assert len(task_ids) == 64

    async def main() -> list[float]:
        begun = 0
        everybody = asyncio.Event()

        async def session(task_id: str) -> float:
            nonlocal begun
            async with GenericEnvClient(base_url=server.url) as client:
                await client.reset()
                begun += 1
                if begun == 64:
                    assert server.num_sessions == server.engine.num_live == 64
                    everybody.set()
                await everybody.wait()
                return await play(client, task_id, turns[task_id])

        return await asyncio.gather(*map(session, task_ids))

    assert asyncio.run(main()) == [1.0] * 64


def test_nothing_is_left_when_all_have_gone(server: Served) -> None:
    eventually(lambda: server.num_sessions == 0)
    eventually(lambda: server.engine.num_live == 0)
    assert server.engine.num_leaked == 0
