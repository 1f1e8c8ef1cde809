"""Tools of the user: run in Python, batched over slots, in order with the built-in ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

np = pytest.importorskip("numpy")

MakeEnv = Callable[..., Any]
Call = Callable[..., str]
Calls = list[dict[str, Any]]
NUMBER = {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}


class Recorder:
    """A function of a tool that remembers how it was called."""

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        self.answer = answer
        self.rounds: list[Calls] = []

    def __call__(self, calls: Calls) -> Sequence[Any]:
        self.rounds.append(calls)
        return [self.answer(arguments["n"]) for arguments in calls]


@pytest.fixture
def double() -> Recorder:
    return Recorder(lambda n: str(n * 2))


@pytest.fixture
def tool(finqa_gym: Any) -> Callable[..., Any]:
    """A tool with one number as its argument."""

    def build(function: Any, name: str = "double") -> Any:
        return finqa_gym.UserTool(function, name=name, description="For tests.", parameters=NUMBER)

    return build


@pytest.mark.parametrize("num_envs", [1, 2, 9])
def test_one_function_call_for_all_slots(
    make: MakeEnv, call: Call, tool: Any, double: Recorder, num_envs: int
) -> None:
    env = make(num_envs, tools=[tool(double)])
    assert env.tools[-1]["function"] == {
        "name": "double",
        "description": "For tests.",
        "parameters": NUMBER,
    }
    env.reset()
    batch = env.step([call("double", n=slot) for slot in range(num_envs)])
    assert len(double.rounds) == 1
    assert sorted(c["n"] for c in double.rounds[0]) == list(range(num_envs))
    assert batch.env_ids.tolist() == list(range(num_envs))
    assert batch.observations == [str(2 * slot) for slot in range(num_envs)]
    assert batch.infos["num_calls"].tolist() == [1] * num_envs
    assert batch.infos["env_id"].tolist() == list(range(num_envs))
    assert env.stats()["tools"]["user_tool"]["calls"] == num_envs
    assert [m["name"] for m in env.messages(0) if m["role"] == "tool"] == ["double"]


def test_slots_without_a_user_call_are_not_touched(
    make: MakeEnv, call: Call, tool: Any, double: Recorder
) -> None:
    env = make(6, tools=[tool(double)])
    env.reset()
    plain = call("calculator", expression="7")
    batch = env.step([plain if slot % 2 else call("double", n=slot) for slot in range(6)])
    assert batch.observations == ["0", "7", "4", "7", "8", "7"]
    assert [m[0]["content"] for m in batch.messages] == batch.observations
    assert [m[0]["name"] for m in batch.messages] == ["double", "calculator"] * 3
    assert batch.infos["turn"].tolist() == [1] * 6


def test_two_tools_and_several_calls_in_one_message(make: MakeEnv, call: Call, tool: Any) -> None:
    double, square = Recorder(lambda n: str(n * 2)), Recorder(lambda n: str(n * n))
    env = make(3, tools=[tool(double), tool(square, "square")])
    env.reset()
    mixed = [
        call("double", n=5) + call("calculator", expression="1") + call("square", n=3),
        call("square", n=4) + call("double", n=1) + call("double", n=2),
        call("calculator", expression="9"),
    ]
    batch = env.step(mixed)
    assert batch.observations == ["10\n1\n9", "16\n2\n4", "9"]
    assert batch.infos["num_calls"].tolist() == [3, 3, 1]
    # A round holds the first waiting call of every slot: what stands before it is done by then.
    assert double.rounds == [[{"n": 5}], [{"n": 1}], [{"n": 2}]]
    assert square.rounds == [[{"n": 4}], [{"n": 3}]]
    assert env.episode(1)["turn"] == 1


def test_calls_behind_a_submission_do_not_reach_the_function(
    make: MakeEnv, call: Call, tool: Any, double: Recorder
) -> None:
    env = make(1, tools=[tool(double)])
    env.reset()
    batch = env.step(
        [call("double", n=1) + call("submit_answer", answer="1") + call("double", n=2)]
    )
    assert double.rounds == [[{"n": 1}]]
    assert batch.terminated[0]
    assert env.error_codes[batch.infos["error_code"][0]] == "already_submitted"


def test_arguments_are_checked_before_the_function(
    make: MakeEnv, call: Call, tool: Any, double: Recorder
) -> None:
    env = make(3, tools=[tool(double)])
    env.reset()
    batch = env.step([call("double"), call("double", n="many"), call("double", n=1.5)])
    codes = batch.infos["error_code"].tolist()
    bad = env.error_codes.index("bad_arguments")
    assert codes == [bad, bad, -1]
    assert double.rounds == [[{"n": 1.5}]]


def test_a_refusal_is_an_observation(finqa_gym: Any, make: MakeEnv, call: Call, tool: Any) -> None:
    refuse = Recorder(lambda n: finqa_gym.ToolCallError(f"no {n}, please") if n < 0 else str(n))
    env = make(3, tools=[tool(refuse)])
    env.reset()
    batch = env.step([call("double", n=n) for n in (1, -2, 3)])
    assert batch.observations == ["1", "Error: no -2, please", "3"]
    assert batch.infos["num_errors"].tolist() == [0, 1, 0]
    assert env.error_codes[batch.infos["error_code"][1]] == "user_tool_failed"
    assert env.stats()["tool_errors"] == {"user_tool_failed": 1}
    assert batch.messages[1][0]["name"] == "double"


def test_results_are_cut_and_made_utf8(make: MakeEnv, call: Call, tool: Any) -> None:
    results = {0: "x" * 1000, 1: "a\ud800b", 2: None, 3: ""}
    env = make(4, tools=[tool(Recorder(results.__getitem__))], max_observation_chars=200)
    env.reset()
    texts = env.step([call("double", n=n) for n in range(4)]).observations
    assert len(texts[0]) == 200
    assert texts[1:] == ["a?b", "None", ""]


class Boom(Exception):
    """Planted."""


def raising(calls: Calls) -> list[str]:
    del calls
    raise Boom("planted")


def interrupted(calls: Calls) -> list[str]:
    del calls
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        (raising, Boom, "planted"),
        (interrupted, KeyboardInterrupt, ""),
        (lambda calls: ["1"] * (len(calls) + 1), ValueError, "returned 3 results for 2 calls"),
        (lambda _calls: [], ValueError, "returned 0 results for 2 calls"),
        (lambda _calls: "12", TypeError, "one str"),
        (lambda _calls: None, TypeError, ""),
    ],
)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_a_function_raises_comes_out_and_the_env_stays_usable(
    make: MakeEnv, call: Call, tool: Any, function: Any, error: Any, text: str, asynchronous: bool
) -> None:
    double = Recorder(lambda n: str(n * 2))
    env = make(4, tools=[tool(function, "bad"), tool(double)])
    env.reset()
    # The second message goes on to another call behind the failed one: it must not be left waiting.
    actions = [
        call("bad", n=1),
        call("bad", n=1) + call("double", n=3) + call("bad", n=2),
        call("calculator", expression="1"),
        call("double", n=1),
    ]
    if asynchronous:
        env.send(actions)
    with pytest.raises(error, match=text or None):
        env.recv(4) if asynchronous else env.step(actions)
    assert env.num_pending == 0
    assert [env.episode(slot)["turn"] for slot in range(4)] == [1, 1, 1, 1]
    batch = env.step([call("double", n=slot) for slot in range(4)])
    assert batch.observations == ["0", "2", "4", "6"]
    env.reset()


def test_send_and_recv_with_user_tools(make: MakeEnv, call: Call, tool: Any) -> None:
    # While slots wait for the function, others finish: their rows must not be lost or mixed up.
    double = Recorder(lambda n: str(n * 2))
    env = make(32, tools=[tool(double)])
    env.reset()
    for turn in range(1, 4):
        actions = [
            call("double", n=slot) + call("double", n=slot + 1)
            if slot % 2
            else call("calculator", expression=str(slot))
            for slot in range(32)
        ]
        env.send(actions)
        seen: dict[int, str] = {}
        for size in (1, 3, 5, 7, 16):
            batch = env.recv(size)
            assert len(batch) == size
            assert batch.infos["turn"].tolist() == [turn] * size
            for slot, text, messages in zip(
                batch.env_ids.tolist(), batch.observations, batch.messages, strict=True
            ):
                assert slot not in seen
                seen[slot] = text
                assert "\n".join(m["content"] for m in messages) == text
        assert env.num_pending == 0
        assert seen == {
            slot: f"{2 * slot}\n{2 * slot + 2}" if slot % 2 else str(slot) for slot in range(32)
        }


@pytest.mark.parametrize("mode", ["next_step", "same_step"])
def test_user_tools_with_autoreset(
    make: MakeEnv, call: Call, tool: Any, double: Recorder, mode: str
) -> None:
    env = make(4, tools=[tool(double)], autoreset_mode=mode)
    env.reset()
    submit = call("submit_answer", answer="1")
    actions = [call("double", n=1) + submit, submit, call("double", n=2), "hm"]
    batch = env.step(actions)
    assert batch.env_ids.tolist() == [0, 1, 2, 3]
    assert batch.terminated.tolist() == [True, True, False, False]
    assert batch.observations[2] == "4"
    if mode == "same_step":
        assert batch.infos["final_obs"][0].startswith("2\nAnswer submitted")
        assert batch.infos["final_obs"][2:] == [None, None]
        assert batch.infos["final_info"]["turn"].tolist() == [1, 1, 1, 1]
        assert batch.infos["turn"].tolist() == [0, 0, 1, 1]
    batch = env.step(actions)
    assert batch.infos["was_reset"].tolist() == [True, True, False, False]
    assert batch.observations[0].startswith("For company")


def test_the_last_turn_may_use_a_user_tool(
    make: MakeEnv, call: Call, tool: Any, double: Recorder
) -> None:
    env = make(1, tools=[tool(double)], max_turns=1)
    env.reset()
    batch = env.step([call("double", n=1)])
    assert batch.observations == ["2"]
    assert batch.truncated[0]


def test_the_function_runs_on_the_calling_thread(make: MakeEnv, call: Call, tool: Any) -> None:
    threads = []

    def note(calls: Calls) -> list[str]:
        threads.append(threading.current_thread())
        return [""] * len(calls)

    env = make(8, tools=[tool(note)])
    env.reset()
    env.step([call("double", n=1)] * 8)
    assert threads == [threading.current_thread()]


@pytest.mark.parametrize("name", ["sql_query", "a b", ""])
def test_names_must_be_free_and_plain(make: MakeEnv, tool: Any, name: str) -> None:
    with pytest.raises(ValueError, match=name or "tool name"):
        make(1, tools=[tool(raising, name)])
