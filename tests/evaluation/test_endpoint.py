"""The policy at an endpoint, against a real server on the loopback that plays scripts."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)

from finqa_gym import ScriptedPolicy, VectorEnv
from finqa_gym.analysis import Prices
from finqa_gym.trajectories import open_run
from scripted_server import Asked, Reply, chat_error

if TYPE_CHECKING:
    from scripted_server import ScriptedServer

    Serve = Callable[..., ScriptedServer]
    Make = Callable[..., Any]

SECRET = "sk-very-secret-0123456789"
SAME = ("reward", "is_correct", "num_turns", "num_calls", "num_errors", "submission", "failure")


def outcomes(run: Any) -> dict[str, list[tuple[Any, ...]]]:
    """What the episodes of each task came to."""
    columns = run.columns(["task_id", *SAME])
    told: dict[str, list[tuple[Any, ...]]] = {}
    for task, *rest in zip(columns["task_id"], *(columns[name] for name in SAME), strict=True):
        told.setdefault(task, []).append(tuple(rest))
    return told


def direct(corpus: Any, tasks: list[str], policy: str, **options: Any) -> dict[str, Any]:
    """Rewards and turns of the same script in the environment itself."""
    with VectorEnv(corpus, len(tasks), **options) as env:
        script = ScriptedPolicy(policy, env, seed=3)  # type: ignore[arg-type]
        seen, infos = env.reset(task_ids=tasks)
        script.reset(infos["env_id"], infos["task_index"])
        live = infos["env_id"]
        while len(live):
            live, seen = env.step(script.act(live, seen), env_ids=live).running()
        told = {}
        for slot, task in enumerate(tasks):
            episode = env.episode(slot)
            assert episode is not None
            told[task] = (episode["reward"], bool(episode["is_correct"]), episode["turn"])
        return told


@pytest.mark.parametrize("profile", ["rllm", "openenv", "compact"])
@pytest.mark.parametrize("in_structure", [True, False], ids=["structured", "text"])
@pytest.mark.parametrize("policy", ["gold", "recovery", "guess", "random"])
def test_an_endpoint_comes_to_what_the_same_actions_come_to(
    corpus: Any, tasks: list[str], serve: Serve, endpoint: Make, play: Make, policy: str,
    in_structure: bool, profile: str,
) -> None:  # fmt: skip
    server = serve(policy, in_structure=in_structure, tool_profile=profile)
    found = play(endpoint(server), tool_profile=profile)
    expected = direct(corpus, tasks, policy, tool_profile=profile)
    assert found.num_left_out == found.num_missing == 0
    assert {t: (e[0][0], e[0][1], e[0][2]) for t, e in outcomes(found.run).items()} == expected
    assert not any(chat_error(asked.body["messages"]) for asked in server.asked)


@pytest.mark.parametrize("in_structure", [True, False], ids=["structured", "text"])
def test_what_an_endpoint_played_can_be_replayed(
    corpus: Any, serve: Serve, endpoint: Make, play: Make, in_structure: bool
) -> None:
    from finqa_gym.replay import replay

    found = play(endpoint(serve("recovery", in_structure=in_structure)))
    report = replay(found.run, corpus)
    assert report.num_episodes == found.run.num_episodes
    assert report.num_different == 0


def test_concurrency_changes_nothing_but_the_time(serve: Serve, endpoint: Make, play: Make) -> None:
    server = serve("recovery")
    one = play(endpoint(server, concurrency=1), "one", attempts=2)
    assert server.most_under_way == 1
    server.trouble = lambda _: Reply(delay_s=0.02, is_normal=True)
    many = play(endpoint(server, concurrency=16), "many", attempts=2)
    assert 1 < server.most_under_way <= 16
    assert outcomes(one.run) == outcomes(many.run)
    assert one.pass_at == many.pass_at
    assert one.usage.prompt_tokens == many.usage.prompt_tokens


def test_troubles_that_pass_cost_time_and_nothing_else(
    serve: Serve, endpoint: Make, play: Make
) -> None:
    server = serve("recovery")
    tried: dict[tuple[str, int], int] = {}
    kinds = [
        Reply(429, b"slow down", {"Retry-After": "0"}),
        Reply(429, b"{}", {"Retry-After": "Thu, 01 Jan 2015 00:00:00 GMT"}),
        Reply(500, b"oops"),
        Reply(503, b""),
        Reply(200, b"not json"),
        Reply(200, b'{"error": {"message": "overloaded"}}'),
        Reply(200, b'{"choices": []}'),
        Reply(200, b"", delay_s=1.0),
    ]

    def trouble(asked: Asked) -> Reply | None:
        key = (asked.prompt, asked.turn)
        with server.lock:
            count = tried[key] = tried.get(key, 0) + 1
            which = (len(tried) + 3 * count) % (len(kinds) * 2)
        # At most two of them for the same message.
        return kinds[which] if count <= 2 and which < len(kinds) else None

    quiet = play(endpoint(server), "quiet")
    server.trouble = trouble
    found = play(endpoint(server, timeout_s=0.5), "troubled")
    assert found.usage.retries > len(kinds)
    assert found.usage.requests == quiet.usage.requests + found.usage.retries
    assert found.num_left_out == 0
    assert outcomes(found.run) == outcomes(quiet.run)
    assert not found.usage.faults


def test_a_server_is_asked_again_when_it_says(serve: Serve, endpoint: Make, play: Make) -> None:
    server = serve()
    server.trouble = lambda _: (
        Reply(429, b"", {"Retry-After": "1"}) if len(server.asked) == 1 else None
    )
    found = play(endpoint(server, backoff_s=30.0), max_tasks=1)
    assert found.usage.retries == 1
    first, second = (asked.at for asked in server.asked[:2])
    assert 0.9 < second - first < 10


def test_what_fails_for_good_is_left_out_and_its_siblings_go_on(
    tasks: list[str], serve: Serve, endpoint: Make, play: Make
) -> None:
    server = serve()
    prompts = list(server.told)
    broken = {prompts[2]: 500, prompts[5]: 422}

    def trouble(asked: Asked) -> Reply | None:
        status = broken.get(asked.prompt) if asked.turn == 1 else None
        return None if status is None else Reply(status, b'{"error": {"message": "so it is"}}')

    server.trouble = trouble
    policy = endpoint(server, max_retries=2)
    found = play(policy)
    assert found.num_left_out == found.num_missing == 2
    assert found.usage.faults == {"http_500": 1, "http_422": 1}
    assert found.usage.last_fault in ("http_500: so it is", "http_422: so it is")
    assert found.usage.retries == 2, "what cannot pass is not asked again"
    assert found.pass_at_1.value == 1.0
    assert found.run.num_episodes == len(tasks) - 2
    assert not {tasks[2], tasks[5]} & set(outcomes(found.run))
    # Once the server is well again, only these two are played.
    server.trouble = lambda _: None
    server.asked.clear()
    again = play(policy)
    assert (again.num_played, again.num_missing) == (2, 0)
    assert {asked.prompt for asked in server.asked} == set(broken)
    assert again.run.num_episodes == len(tasks)


def test_a_refused_key_stops_everything_and_is_never_shown(
    serve: Serve, endpoint: Make, play: Make
) -> None:
    server = serve()
    echo = json.dumps({"error": {"message": f"no such key: {SECRET}"}}).encode()
    server.trouble = lambda _: Reply(401, echo)
    with pytest.raises(ConnectionError, match="refuses every request") as raised:
        play(endpoint(server, api_key=SECRET, concurrency=2))
    assert SECRET not in str(raised.value)
    assert "no such key: ***" in str(raised.value)
    assert len(server.asked) <= 4
    assert {asked.authorization for asked in server.asked} == {f"Bearer {SECRET}"}


def test_the_key_stands_in_nothing_that_is_written(
    serve: Serve, endpoint: Make, play: Make
) -> None:
    server = serve()
    server.trouble = lambda asked: (
        Reply(200, f"you sent {SECRET}".encode())
        if asked.prompt == next(iter(server.told))
        else None
    )
    policy = endpoint(server, api_key=SECRET, max_retries=0)
    found = play(policy)
    told = f"{found.to_dict()}{found!r}{policy!r}{policy.settings}{found.usage}"
    assert "unreadable" in told
    assert SECRET not in told
    for path in found.run.path.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes()


def test_an_endpoint_that_dies_ends_the_evaluation_and_loses_nothing(
    tasks: list[str], serve: Serve, endpoint: Make, play: Make, tmp_path: Path
) -> None:
    server = serve()
    late = list(server.told)[6]
    seen: set[str] = set()

    def dies(asked: Asked) -> Reply | None:
        seen.add(asked.prompt)
        return Reply(502, b"gone") if late in seen else None

    server.trouble = dies
    policy = endpoint(server, concurrency=2, max_retries=0)
    with pytest.raises(ConnectionError, match="16 episodes in a row") as raised:
        play(policy, attempts=4)
    assert "http_502: gone" in str(raised.value)
    kept = open_run(tmp_path / "run").num_episodes
    assert kept in (5, 6)
    server.trouble = lambda _: None
    found = play(policy, attempts=4)
    assert found.run.num_episodes == 4 * len(tasks)
    assert found.num_played == 4 * len(tasks) - kept
    assert found.k == 4


def test_nobody_there_is_said_after_three_episodes(
    endpoint: Make, play: Make, serve: Serve
) -> None:
    server = serve()
    policy = endpoint(server, max_retries=1)
    server.http.server_close()
    with pytest.raises(ConnectionError, match="no answer to 3 episodes in a row"):
        play(policy)


TOO_LONG = {
    "error": {
        "message": "This model's maximum context length is 4096 tokens.",
        "type": "invalid_request_error",
        "code": "context_length_exceeded",
    }
}


def test_a_chat_that_outgrows_the_context_is_the_models_own_failure(
    tasks: list[str], serve: Serve, endpoint: Make, play: Make
) -> None:
    server = serve()
    long = list(server.told)[3]
    server.trouble = lambda asked: (
        Reply(400, json.dumps(TOO_LONG).encode())
        if asked.prompt == long and asked.turn == 2
        else None
    )
    found = play(endpoint(server))
    assert found.num_left_out == 0
    assert not found.usage.faults
    columns = found.run.columns(["task_id", "status", "truncation_reason", "is_correct"])
    rows = dict(zip(columns["task_id"], columns["truncation_reason"], strict=True))
    assert rows == {task: "token_limit" if task == tasks[3] else "" for task in tasks}
    assert found.pass_at_1.value == pytest.approx(1 - 1 / len(tasks))


def test_a_prompt_that_does_not_fit_is_no_failure_of_the_model(
    serve: Serve, endpoint: Make, play: Make
) -> None:
    server = serve()
    server.trouble = lambda asked: (
        Reply(400, json.dumps(TOO_LONG).encode()) if asked.turn == 0 else None
    )
    with pytest.raises(ConnectionError, match="context_length_exceeded"):
        play(endpoint(server))


def test_tokens_are_recorded_and_priced(
    tasks: list[str], serve: Serve, endpoint: Make, play: Make
) -> None:
    server = serve()
    found = play(endpoint(server), prices=Prices(prompt=2.0, completion=10.0))
    turns = [len(texts) for texts in server.told.values()]
    prompt = sum(100 * n + n * (n - 1) // 2 for n in turns)
    assert (found.usage.prompt_tokens, found.usage.sampled_tokens) == (prompt, 10 * sum(turns))
    assert found.usage.requests == len(found.usage.latencies) == sum(turns)
    cost = (prompt * 2 + sum(turns) * 100) / 1e6
    assert found.cost == pytest.approx(cost)
    assert found.usage.cost(Prices(2.0, 10.0)) == pytest.approx(cost)
    assert found.headline.cost_per_right == pytest.approx(cost / len(tasks))
    assert found.usage.wait_s >= sum(found.usage.latencies) * 0.99


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": "many"}, {"prompt_tokens": -1}, 5])
def test_a_server_that_does_not_count_tokens_leaves_the_cost_unknown(
    serve: Serve, endpoint: Make, play: Make, usage: Any
) -> None:
    server = serve()
    whole = server.completion

    def without(asked: Asked) -> bytes:
        return json.dumps(json.loads(whole(asked)) | {"usage": usage}).encode()

    server.completion = without  # type: ignore[method-assign]
    found = play(endpoint(server), max_tasks=2, prices=Prices(1.0, 1.0))
    assert found.pass_at_1.value == 1.0
    assert found.cost != found.cost
    assert found.to_dict()["cost"]["total"] is None


def test_nobody_waits_for_the_slowest(serve: Serve, endpoint: Make, play: Make) -> None:
    server = serve()
    slow = next(iter(server.told))
    last = {prompt: len(texts) - 1 for prompt, texts in server.told.items() if prompt != slow}
    others_ended = threading.Event()
    came_first: list[bool] = []

    def trouble(asked: Asked) -> Reply | None:
        """The second message of one task comes when all the others are at their ends."""
        if asked.prompt == slow and asked.turn == 1:
            came_first.append(others_ended.wait(15))
        elif last.get(asked.prompt) == asked.turn:
            del last[asked.prompt]
            if not last:
                others_ended.set()
        return None

    server.trouble = trouble
    found = play(endpoint(server, concurrency=4))
    assert found.pass_at_1.value == 1.0
    assert came_first == [True]


def test_ctrl_c_does_not_wait_for_requests(serve: Serve, endpoint: Make, play: Make) -> None:
    server = serve()
    quick = next(iter(server.told))
    server.trouble = lambda asked: (
        None if asked.prompt == quick else Reply(delay_s=8.0, is_normal=True)
    )

    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        play(endpoint(server), progress=interrupt)
    assert time.monotonic() - began < 4
    server.trouble = lambda _: None
    again = play(endpoint(server))
    assert again.num_played == again.run.num_episodes - 1


def call(name: str, arguments: Any, own_id: Any = "c") -> dict[str, Any]:
    return {
        "id": own_id, "type": "function", "function": {"name": name, "arguments": arguments}
    }  # fmt: skip


ODD: dict[str, dict[str, Any]] = {
    "bad arguments": {"content": None, "tool_calls": [call("sql_query", "{broken")]},
    "unknown tool": {"content": "", "tool_calls": [call("nope", "{}")]},
    "one good, one bad": {
        "content": None,
        "tool_calls": [call("calculator", '{"expression": "1+1"}', "x"), call("nope", "", "y")],
    },
    "more calls than may run": {
        "content": None,
        "tool_calls": [call("calculator", '{"expression": "1+1"}', f"n{i}") for i in range(12)],
    },
    "parts of a text": {"content": [{"type": "text", "text": "I think"}]},
    "nothing": {"content": None},
    "empty": {"content": "", "tool_calls": []},
    "reasoning only": {"content": None, "reasoning_content": "Let me see."},
}


@pytest.mark.parametrize("name", ODD)
def test_odd_messages_are_observations_and_the_chat_stays_one_that_servers_take(
    serve: Serve, endpoint: Make, play: Make, name: str
) -> None:
    server = serve()

    def odd(asked: Asked, message: dict[str, Any]) -> dict[str, Any]:
        return {"role": "assistant", **ODD[name]} if asked.turn == 0 else message

    for texts in server.told.values():
        texts.insert(0, "")
    server.message = odd
    found = play(endpoint(server), max_tasks=3)
    assert found.num_left_out == 0
    assert found.pass_at_1.value == 1.0
    assert found.headline.errors >= (0 if name == "parts of a text" else 1)
    later = [asked for asked in server.asked if asked.turn == 1]
    assert later
    for asked in later:
        assert asked.body["messages"][2] == {"role": "assistant", **ODD[name]}, "kept verbatim"


def test_a_call_without_an_id_is_answered_under_one(
    serve: Serve, endpoint: Make, play: Make
) -> None:
    server = serve()

    def without_ids(_: Asked, message: dict[str, Any]) -> dict[str, Any]:
        calls = [
            {key: value for key, value in made.items() if key != "id"}
            for made in message.get("tool_calls", [])
        ]
        return message | ({"tool_calls": calls} if calls else {})

    server.message = without_ids
    seen: list[list[dict[str, Any]]] = []

    def look(asked: Asked) -> Reply | None:
        seen.append(asked.body["messages"])
        return Reply(body=server.completion(asked))

    server.trouble = look
    found = play(endpoint(server), max_tasks=1)
    assert found.pass_at_1.value == 1.0
    ids = [m["tool_call_id"] for m in seen[-1] if m["role"] == "tool"]
    assert len(ids) == len(set(ids)) > 1


def test_a_message_cut_by_its_limit_is_told_to_the_environment(
    serve: Serve, endpoint: Make, play: Make
) -> None:
    server = serve(in_structure=False)
    whole = server.completion

    def cut(asked: Asked) -> bytes:
        reply = json.loads(whole(asked))
        if asked.turn == 0:
            choice = reply["choices"][0]
            choice["finish_reason"] = "length"
            choice["message"]["content"] = '<tool_call>{"name": "get_table_na'
        return json.dumps(reply).encode()

    server.completion = cut  # type: ignore[method-assign]
    found = play(endpoint(server), max_tasks=1)
    [episode] = found.run
    assert episode["turns"][0]["length_limited"]
    assert episode["calls"][0]["error"] == "truncated_action"


def test_results_of_calls_in_the_text_take_the_role_that_is_asked_for(
    serve: Serve, endpoint: Make, play: Make
) -> None:
    server = serve(in_structure=False)
    play(endpoint(server), "user", max_tasks=1)
    assert {m["role"] for m in server.asked[-1].body["messages"][3::2]} == {"user"}
    server.trouble = lambda asked: Reply(body=server.completion(asked))
    play(endpoint(server, text_results="tool"), "tool", max_tasks=1)
    assert {m["role"] for m in server.asked[-1].body["messages"][3::2]} == {"tool"}


def test_a_request_holds_what_was_asked_for(serve: Serve, endpoint: Make, play: Make) -> None:
    server = serve()
    extra = {"top_p": 0.9, "chat_template_kwargs": {"enable_thinking": False}}
    play(endpoint(server, temperature=0.7, max_tokens=99, extra_body=extra), "a", max_tasks=1)
    body = server.asked[0].body
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("a-model", 0.7, 99)
    assert body["top_p"] == 0.9
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert body["tools"][0]["function"]["name"] == "get_table_names"
    server.asked.clear()
    play(endpoint(server, temperature=None, max_tokens=None), "b", max_tasks=1)
    assert not {"temperature", "max_tokens", "top_p"} & set(server.asked[0].body)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"extra_body": {"messages": []}}, "extra_body holds 'messages'"),
        ({"text_results": "system"}, "text_results is 'system'"),
        ({"concurrency": 0}, "concurrency is 0; it must be at least 1"),
        ({"backoff_s": -1}, "backoff_s is -1"),
        ({"temperature": "hot"}, "temperature is 'hot'"),
        ({"timeout_s": 0}, "timeout_s is 0"),
        ({"api_key": f"{SECRET}\n{SECRET}"}, "control characters"),
    ],
)
def test_options_that_cannot_work_are_refused_by_name(
    options: dict[str, Any], problem: str
) -> None:
    from finqa_gym.evaluation import EndpointPolicy

    with pytest.raises((ValueError, TypeError), match=problem) as raised:
        EndpointPolicy("http://127.0.0.1:1/v1", "m", **options)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("url", [f"http://me:{SECRET}@host/v1", f"https://host/v1?key={SECRET}"])
def test_a_secret_in_the_address_is_refused_and_not_shown(url: str) -> None:
    from finqa_gym.evaluation import EndpointPolicy

    with pytest.raises(ValueError, match="api_key is where a key belongs") as raised:
        EndpointPolicy(url, "m")
    assert SECRET not in str(raised.value)
