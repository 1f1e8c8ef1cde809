"""A server that answers TRL's client as vLLM's would, with a model on a processor.

vLLM itself needs a GPU. What TRL asks over HTTP, with its own client, is answered here: completions
of token ids with their log-probabilities. Weights come over HTTP too; TRL sends them by NCCL.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import safetensors.torch
import torch

from finqa_gym.train.sampling import Sampling, TransformersSampler

__all__ = ["VllmServer", "reach_without_vllm"]


class VllmServer:
    """The server; a context manager.

    Args:
        model: Its weights are replaced by what trainers send.
        stop_ids: Ids that end a message.

    Attributes:
        url: Where it is.
        asked: Number of prompts of each request.
        num_updates: How often weights came.
    """

    def __init__(self, model: Any, stop_ids: Iterable[int]) -> None:
        self.asked: list[int] = []
        self.num_updates = 0
        self._model = model
        self._stop_ids = list(stop_ids)
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> VllmServer:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _complete(self, asked: dict[str, Any]) -> dict[str, Any]:
        prompts = asked["prompt"]
        self.asked.append(len(prompts))
        sampler = TransformersSampler(self._model, self._stop_ids, Sampling(asked["temperature"]))
        sampler.start()
        rows = range(len(prompts))
        sampled = sampler.turn(rows, prompts, [asked["max_tokens"]] * len(prompts))
        return {
            "choices": [
                {
                    "prompt_token_ids": prompt,
                    "token_ids": said.ids,
                    "logprobs": {
                        "tokens": [f"token_id:{token}" for token in said.ids],
                        "token_logprobs": said.logprobs,
                        "top_logprobs": [None] * len(said.ids),
                    },
                }
                for prompt, said in zip(prompts, sampled, strict=True)
            ]
        }

    def _update(self, body: bytes) -> None:
        weights = safetensors.torch.load(body)
        missing, unknown = self._model.load_state_dict(weights, strict=False)
        assert not unknown
        assert set(missing) <= {"lm_head.weight"}, "tied to the embedding"
        self.num_updates += 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Silent."""

            def do_GET(self) -> None:
                answers: dict[str, Any] = {
                    "/health": {},
                    "/v1/models": {"data": [{"id": "small"}]},
                    "/server_info": {
                        "vllm_config": {"model_config": {"logprobs_mode": "processed_logprobs"}}
                    },
                }
                self._answer(answers[self.path.split("?")[0]])

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with server._lock:
                    if self.path == "/v1/completions":
                        self._answer(server._complete(json.loads(body)))
                    elif self.path == "/weights":
                        server._update(body)
                        self._answer({})
                    else:
                        self._answer({})

            def _answer(self, value: Any) -> None:
                text = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        return Handler


@contextmanager
def reach_without_vllm() -> Iterator[None]:
    """TRL's client and generation as they are, but for vLLM's package and NCCL."""
    from trl.generation import vllm_client, vllm_generation
    from trl.generation.vllm_client import VLLMClient

    def send(client: Any, _metadata: Any, params: Iterable[tuple[str, torch.Tensor]]) -> None:
        # Copies: tied weights share memory, which the format refuses.
        weights = {name: param.detach().cpu().clone() for name, param in params}
        body = safetensors.torch.save(weights)
        client.session.post(f"{client.base_url}/weights", data=body).raise_for_status()

    replaced: list[tuple[Any, str, Any]] = [
        (vllm_client, "is_vllm_available", lambda *_, **__: True),
        (vllm_generation, "is_vllm_available", lambda *_, **__: True),
        (VLLMClient, "init_communicator", lambda *_, **__: None),
        (VLLMClient, "update_named_params", send),
    ]
    before = [getattr(place, name) for place, name, _ in replaced]
    for place, name, value in replaced:
        setattr(place, name, value)
    try:
        yield
    finally:
        for (place, name, _), value in zip(replaced, before, strict=True):
            setattr(place, name, value)
