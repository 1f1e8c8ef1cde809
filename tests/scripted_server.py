"""A chat endpoint on the loopback that answers as a script would, and misbehaves if told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from finqa_gym import Corpus, ScriptedPolicy, VectorEnv
from played_logs import structured

Message = dict[str, Any]


@dataclass
class Reply:
    """What goes over the wire instead of the script's message."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    is_normal: bool = False


@dataclass
class Asked:
    """A request: its body, who asked, when, and for which message of which task."""

    body: dict[str, Any]
    authorization: str | None
    prompt: str
    turn: int
    at: float


def scripts(corpus: Corpus, policy: str, tasks: list[str], **options: Any) -> dict[str, list[str]]:
    """The messages of a scripted policy by the prompt of the task."""
    with VectorEnv(corpus, len(tasks), **options) as env:
        script = ScriptedPolicy(policy, env, seed=3)  # type: ignore[arg-type]
        prompts, infos = env.reset(task_ids=tasks)
        script.reset(infos["env_id"], infos["task_index"])
        told: dict[str, list[str]] = {prompt: [] for prompt in prompts}
        live, seen = infos["env_id"], prompts
        while len(live):
            actions = script.act(live, seen)
            for slot, action in zip(live.tolist(), actions, strict=True):
                told[prompts[slot]].append(action)
            live, seen = env.step(actions, env_ids=live).running()
        return told


def chat_error(messages: list[Message]) -> str | None:
    """What a strict server has against a chat: results must follow the calls that they answer."""
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                return f"tool result {message['tool_call_id']!r} answers no call"
            waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            return f"no result for {waiting}"
        if message["role"] == "assistant":
            waiting = [call["id"] for call in message.get("tool_calls") or []]
    return f"no result for {waiting}" if waiting else None


class ScriptedServer:
    """Answers the chats of ``told`` (prompt -> messages), as text or with structured calls.

    ``trouble`` may return what is sent instead; ``message`` may change what the script says.
    """

    def __init__(self, told: dict[str, list[str]], *, in_structure: bool = True) -> None:
        self.told, self.in_structure = told, in_structure
        self.trouble: Callable[[Asked], Reply | None] = lambda _: None
        self.message: Callable[[Asked, Message], Message] = lambda _, message: message
        self.asked: list[Asked] = []
        self.under_way = self.most_under_way = 0
        self.lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"]))
                if len(sent) < int(self.headers["Content-Length"]):  # cut off by who asked
                    return
                body = json.loads(sent)
                with server.lock:
                    server.under_way += 1
                    server.most_under_way = max(server.most_under_way, server.under_way)
                reply = server.reply(body, self.headers["Authorization"])
                with server.lock:
                    server.under_way -= 1
                try:
                    self.send_response(reply.status)
                    for name, value in reply.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(reply.body)))
                    self.end_headers()
                    self.wfile.write(reply.body)
                except OSError:  # nobody waits for it any more
                    pass

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

        self.http = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()

    def reply(self, body: dict[str, Any], authorization: str | None) -> Reply:
        messages = body["messages"]
        turn = sum(message["role"] == "assistant" for message in messages)
        asked = Asked(body, authorization, messages[1]["content"], turn, time.monotonic())
        with self.lock:
            self.asked.append(asked)
        trouble = self.trouble(asked)
        if trouble is not None:
            time.sleep(trouble.delay_s)
            if not trouble.is_normal:
                return trouble
        problem = chat_error(messages)
        if problem is not None:
            return Reply(400, json.dumps({"error": {"message": problem}}).encode())
        return Reply(body=self.completion(asked))

    def completion(self, asked: Asked) -> bytes:
        text = self.told[asked.prompt][asked.turn]
        message: Message = {"role": "assistant", "content": text, "refusal": None}
        if self.in_structure:
            message |= structured(text, asked.body["tools"], asked.turn)
        message = self.message(asked, message)
        calls = message.get("tool_calls")
        reply = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": asked.body["model"],
            "choices": [
                {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
            ],
            "usage": {
                "prompt_tokens": 100 + asked.turn,
                "completion_tokens": 10,
                "total_tokens": 110 + asked.turn,
            },
        }
        return json.dumps(reply).encode()

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()
