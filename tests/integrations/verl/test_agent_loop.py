"""Rows through verl's own worker (`AgentLoopWorker.generate_sequences`); only the model's servers
are scripted.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("verl", reason="verl is not installed", exc_type=ImportError)

import hydra
import numpy as np
from verl.experimental.agent_loop.agent_loop import AgentLoopWorker
from verl.protocol import DataProto
from verl.workers.rollout.llm_server import LLMServerClient
from verl.workers.rollout.replica import TokenOutput

from direct_env import direct_results
from finqa_gym import RewardConfig
from finqa_gym.data import open_corpus
from finqa_gym.integrations.rows import training_rows
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.small_model import make_model, make_tokenizer
from scripted_server import scripts

pytestmark = pytest.mark.filterwarnings("default")

CORPUS = "synthetic:7:tiny"
NUM = 24
OPTIONS: dict[str, Any] = {"reward": {"mode": "shaped"}, "max_turns": 9}
LOOP = Path(__file__).resolve().parents[3] / "examples" / "verl" / "agent_loop.yaml"

Said = dict[str, list[str]]


class ScriptedClient(LLMServerClient):  # type: ignore[misc,unused-ignore]
    """Answers with the messages that a task's prompt asks for, in ids, as a server would."""

    def __init__(self, told: Said, codec: ChatCodec) -> None:
        self.told, self.codec = told, codec
        self.turns: dict[str, list[str]] = {}
        self.sampled: dict[str, list[list[int]]] = {}
        self.prompts: dict[str, list[list[int]]] = {}
        self.tasks: dict[str, str] = {}

    async def generate(
        self, request_id: str, *, prompt_ids: list[int], sampling_params: dict[str, Any], **_: Any
    ) -> TokenOutput:
        await asyncio.sleep(0)
        if request_id not in self.turns:
            text = self.codec.decode(prompt_ids)
            [prompt] = [prompt for prompt in self.told if f"{prompt}<|im_end|>" in text]
            self.turns[request_id] = list(self.told[prompt])
            self.tasks[request_id] = prompt
        ids = self.codec.message(self.turns[request_id].pop(0))[: sampling_params["max_tokens"]]
        self.sampled.setdefault(request_id, []).append(ids)
        self.prompts.setdefault(request_id, []).append(list(prompt_ids))
        return TokenOutput(
            token_ids=ids,
            log_probs=[-0.001 * i for i in ids],
            stop_reason="completed",
            num_preempted=0,
            extra_fields={"global_steps": 3},
        )


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return list(training_rows(CORPUS, "verl", max_tasks=NUM, **OPTIONS))


@pytest.fixture(scope="module")
def said(rows: list[dict[str, Any]]) -> Said:
    """Messages by task id."""
    corpus = open_corpus(CORPUS)
    ids = [row["extra_info"]["task_id"] for row in rows]
    told: Said = {}
    for first, policy in enumerate(("gold", "guess", "recovery", "random")):
        some = ids[first::4]
        told |= dict(zip(some, scripts(corpus, policy, some, max_turns=9).values(), strict=True))
    return {task: told[task] for task in ids}


@pytest.fixture(scope="module")
def model_path(
    rows: list[dict[str, Any]], said: Said, tmp_path_factory: pytest.TempPathFactory
) -> str:
    texts = [message["content"] for row in rows for message in row["prompt"]]
    texts += [message for messages in said.values() for message in messages]
    tokenizer = make_tokenizer(texts, vocab_size=2000)
    path = tmp_path_factory.mktemp("model")
    make_model(tokenizer).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return str(path)


Play = Callable[..., tuple[DataProto, ScriptedClient]]


@pytest.fixture(scope="module")
def play(rows: list[dict[str, Any]], said: Said, model_path: str) -> Play:
    told = {row["prompt"][1]["content"]: said[row["extra_info"]["task_id"]] for row in rows}

    def run(some: list[dict[str, Any]], response_length: int) -> tuple[DataProto, ScriptedClient]:
        with hydra.initialize_config_module("verl.trainer.config", version_base=None):
            config = hydra.compose(
                "ppo_trainer",
                overrides=[
                    f"actor_rollout_ref.model.path={model_path}",
                    f"+data.tokenizer={model_path}",
                    "actor_rollout_ref.rollout.name=vllm",
                    "actor_rollout_ref.rollout.prompt_length=1024",
                    f"actor_rollout_ref.rollout.response_length={response_length}",
                    "actor_rollout_ref.rollout.calculate_log_probs=true",
                    f"actor_rollout_ref.rollout.agent.agent_loop_config_path={LOOP}",
                ],
            )

        async def generate() -> tuple[DataProto, ScriptedClient]:
            worker = AgentLoopWorker(config, None)
            client = ScriptedClient(told, ChatCodec(worker.tokenizer))
            worker.llm_client = client
            columns: dict[str, Any] = {
                "agent_name": [row["agent_name"] for row in some],
                "raw_prompt": [row["prompt"] for row in some],
                "extra_info": [row["extra_info"] for row in some],
                "index": [row["extra_info"]["index"] for row in some],
            }
            batch = DataProto(
                non_tensor_batch={name: objects(values) for name, values in columns.items()},
                meta_info={"global_steps": 1},
            )
            return await worker.generate_sequences(batch), client

        return asyncio.run(generate())

    return run


def objects(values: list[Any]) -> np.ndarray[Any, Any]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


@pytest.fixture(scope="module")
def played(rows: list[dict[str, Any]], play: Play) -> tuple[DataProto, ScriptedClient]:
    return play(rows, 4096)


def scores(batch: DataProto) -> list[float]:
    found: list[float] = batch.batch["rm_scores"].sum(dim=1).tolist()
    return found


def test_rewards_are_those_of_the_direct_environment(
    rows: list[dict[str, Any]], said: Said, played: tuple[DataProto, ScriptedClient]
) -> None:
    batch, _ = played
    direct = direct_results(open_corpus(CORPUS), said, reward=RewardConfig("shaped"), max_turns=9)
    results = [direct[row["extra_info"]["task_id"]] for row in rows]
    assert len({result["reward"] for result in results}) > 2
    assert scores(batch) == pytest.approx([result["reward"] for result in results], abs=1e-6)
    columns = batch.non_tensor_batch
    assert columns["is_correct"].tolist() == [bool(result["is_correct"]) for result in results]
    assert columns["num_errors"].tolist() == [
        sum(call["error"] is not None for call in result["calls"]) for result in results
    ]
    assert "check/budget" in batch.meta_info["reward_extra_keys"]


def test_ids_in_are_ids_out(played: tuple[DataProto, ScriptedClient]) -> None:
    batch, client = played
    prompt_length = batch.batch["prompts"].shape[1]
    by_prompt = {tuple(calls[0]): key for key, calls in client.prompts.items()}
    for row in range(len(batch)):
        attention = batch.batch["attention_mask"][row].bool()
        prompt = batch.batch["prompts"][row][attention[:prompt_length]].tolist()
        key = by_prompt[tuple(prompt)]
        kept = attention[prompt_length:]
        ids = batch.batch["responses"][row][kept]
        mask = batch.batch["response_mask"][row][kept].bool()
        sampled = [i for message in client.sampled[key] for i in message]
        # What was sampled is there as it was sampled, and nothing else has mask 1.
        assert ids[mask].tolist() == sampled
        logprobs = batch.batch["rollout_log_probs"][row][kept]
        assert logprobs[mask].tolist() == pytest.approx([-0.001 * i for i in sampled])
        assert not logprobs[~mask].any()
        # Each request was the chat so far: no earlier id ever changes.
        whole = prompt + ids.tolist()
        for asked in client.prompts[key]:
            assert whole[: len(asked)] == asked


def test_what_the_model_is_shown_is_what_the_template_writes(
    rows: list[dict[str, Any]], said: Said, played: tuple[DataProto, ScriptedClient]
) -> None:
    """The ids, which were appended piece by piece, read as the whole chat rendered at once."""
    batch, client = played
    codec = client.codec
    key = next(iter(client.prompts))
    last = codec.decode(client.prompts[key][-1])
    assert last.count("<|im_start|>assistant\n") == len(client.prompts[key])
    assert last.count("<tool_response>") == len(client.prompts[key]) - 1
    assert last.endswith("<|im_end|>\n<|im_start|>assistant\n")
    assert len(batch) == len(rows) == len(said)


def test_an_episode_that_uses_its_response_up_is_truncated(
    rows: list[dict[str, Any]], said: Said, play: Play
) -> None:
    some = rows[::4][:3]
    batch, client = play(some, 160)
    assert batch.non_tensor_batch["truncated"].tolist() == [1.0] * 3
    assert batch.non_tensor_batch["is_correct"].tolist() == [0.0] * 3
    assert batch.batch["responses"].shape[1] == 160
    for row in range(3):
        kept = batch.batch["attention_mask"][row][-160:].bool()
        mask = batch.batch["response_mask"][row][kept]
        # The last id is the policy's: nobody would learn from an observation there.
        assert mask[-1] == 1
    cut = {
        row["extra_info"]["task_id"]: [
            client.codec.text(ids)
            for key, prompt in client.tasks.items()
            if prompt == row["prompt"][1]["content"]
            for ids in client.sampled[key]
        ]
        for row in some
    }
    assert any(len(messages) < len(said[task]) for task, messages in cut.items())


def test_a_row_without_a_task_fails_with_what_is_needed(
    rows: list[dict[str, Any]], play: Play
) -> None:
    broken = rows[0] | {"extra_info": {"task_id": "x", "index": 0}}
    with pytest.raises(ValueError, match="finqa-gym data rows"):
        play([broken], 512)


def test_the_world_of_a_row_is_json(rows: list[dict[str, Any]]) -> None:
    assert json.loads(rows[0]["extra_info"]["world"]) == {"corpus": CORPUS, **OPTIONS}
