"""Both ways into TRL's own GRPOTrainer, with rewards that are those of a VectorEnv."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl", reason="the extra train is not installed")

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast
from transformers.utils import get_json_schema
from trl import GRPOConfig, GRPOTrainer
from trl.chat_template_utils import qwen3_template

from finqa_gym import Corpus, VectorEnv, open_run
from finqa_gym.integrations.trl import (
    Slot,
    ToolEnvs,
    ToolRollout,
    answer_reward,
    env_reward,
    task_dataset,
)
from finqa_gym.replay import replay
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.rollout import RolloutBatch
from finqa_gym.train.small_model import FRAMES

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

SMALL: dict[str, Any] = {
    "tool_profile": "compact",
    "task_prompt": "{question}",
    "system_prompt": "",
    "max_turns": 4,
}


@pytest.fixture(autouse=True)
def _silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")


def arguments(out: Path, **changes: Any) -> GRPOConfig:
    options: dict[str, Any] = {
        "output_dir": str(out),
        "per_device_train_batch_size": 8,
        "num_generations": 4,
        "max_completion_length": 96,
        "max_steps": 2,
        "learning_rate": 1e-3,
        "temperature": 1.0,
        "shuffle_dataset": False,
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": None,
        "report_to": "none",
        "save_strategy": "no",
        "logging_steps": 1,
        "disable_tqdm": True,
    }
    return GRPOConfig(**(options | changes))


def played_again(corpus: Corpus, chats: list[tuple[str, list[dict[str, Any]]]]) -> list[float]:
    """Rewards of a VectorEnv for the same messages; what has no answer is truncated."""
    rewards = []
    for task_id, messages in chats:
        with VectorEnv(corpus, 1, **SMALL) as env:
            env.reset(task_ids=[task_id])
            over = False
            for message in messages:
                if message["role"] == "assistant" and not over:
                    action = message if message.get("tool_calls") else message["content"]
                    batch = env.step([action])
                    over = bool(batch.terminated[0] or batch.truncated[0])
            rewards.append(float(batch.rewards[0]) if over else 0.0)
    return rewards


def test_the_fast_way_trains_and_its_episodes_replay(
    corpus: Corpus, talker: Any, tokenizer: Any, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    batches: list[RolloutBatch] = []
    rollouts = ToolRollout(
        corpus,
        message_tokens=24,
        record=tmp_path / "run",
        on_batch=lambda batch, _: batches.append(batch),
        split="train",
        **SMALL,
    )
    before = copy.deepcopy(talker.state_dict())
    trainer = GRPOTrainer(
        talker,
        env_reward,
        arguments(tmp_path),
        task_dataset(corpus, "train", 8, **SMALL),
        processing_class=tokenizer,
        environment_factory=Slot,
        rollout_func=rollouts,
    )
    trainer.train()
    rollouts.close()
    run = open_run(tmp_path / "run")
    assert run.num_episodes == 16
    report = replay(run, corpus)
    assert report.num_episodes == 16
    assert not report.differences
    logged = [log for log in trainer.state.log_history if "reward" in log]
    for log, batch in zip(logged, batches, strict=True):
        assert log["reward"] == pytest.approx(batch.rewards.mean(), abs=1e-6)
        groups = [[each.task_index for each in batch.rollouts][i : i + 4] for i in (0, 4)]
        assert [len(set(group)) for group in groups] == [1, 1]
    assert "behaviour/listed" in logged[0]
    changed = any(not torch.equal(before[k], v) for k, v in talker.state_dict().items())
    assert changed == any(log["reward_std"] > 0 for log in logged)


@pytest.fixture(scope="module")
def parted(tokenizer: Any) -> Any:
    """A tokenizer whose tokens end where messages do, which TRL's own loop relies on."""
    made = json.loads(tokenizer.backend_tokenizer.to_str())
    made["added_tokens"] = [each for each in made["added_tokens"] if each["content"] not in FRAMES]
    backend = Tokenizer.from_str(json.dumps(made))
    parted = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token=tokenizer.eos_token,
        pad_token=tokenizer.pad_token,
        padding_side="left",
    )
    parted.chat_template = tokenizer.chat_template
    parted.response_template = qwen3_template
    return parted


def test_the_simple_way_calls_tools_and_earns_what_the_vector_env_pays(
    corpus: Corpus, talker_of: Callable[[Any, Any], Any], parted: Any, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    talker = talker_of(ChatCodec(parted), parted)
    seen: list[tuple[str, list[dict[str, Any]]]] = []
    rewards: list[float | None] = []

    def reward(**columns: Any) -> list[float | None]:
        for task_id, completion in zip(columns["task_id"], columns["completions"], strict=True):
            seen.append((task_id, completion))
        rewards.extend(answer_reward(**columns))
        return rewards[-len(columns["task_id"]) :]

    trainer = GRPOTrainer(
        talker,
        reward,
        arguments(tmp_path, max_tool_calling_iterations=6, max_completion_length=200),
        task_dataset(corpus, "train", 8, **SMALL),
        processing_class=parted,
        environment_factory=ToolEnvs(corpus, **SMALL),
    )
    trainer.train()
    assert len(seen) == 16
    roles = [[message["role"] for message in completion] for _, completion in seen]
    assert max(each.count("tool") for each in roles) > 1, "tools were called"
    assert any(message["role"] == "tool" and "Error" not in message["content"]
               for _, completion in seen for message in completion)  # fmt: skip
    assert rewards == played_again(corpus, seen)
    logged = [log for log in trainer.state.log_history if "reward" in log]
    assert logged[0]["behaviour/submitted"] >= 0


@pytest.mark.parametrize("profile", ["rllm", "openenv", "compact"])
def test_methods_say_what_the_environment_says(profile: str) -> None:
    env = ToolEnvs("synthetic", tool_profile=profile)()
    methods = {
        name: method
        for name, method in inspect.getmembers(type(env), inspect.isfunction)
        if not name.startswith("_") and name != "reset"
    }
    with VectorEnv(num_envs=1, tool_profile=profile) as direct:  # type: ignore[arg-type]
        tools = {tool["function"]["name"]: tool for tool in direct.tools}
    assert methods.keys() == tools.keys()
    for name, method in methods.items():
        wanted = copy.deepcopy(tools[name])
        # A method has no way to say this.
        del wanted["function"]["parameters"]["additionalProperties"]
        if not wanted["function"]["parameters"]["required"]:
            del wanted["function"]["parameters"]["required"]
        made = get_json_schema(method)
        made["function"].pop("return", None)
        assert made == wanted


def test_a_rollout_by_hand_earns_its_reward() -> None:
    factory = pickle.loads(pickle.dumps(ToolEnvs("synthetic", tool_profile="openenv")))
    env, other = factory(), factory()
    corpus = VectorEnv(num_envs=1).corpus
    task = corpus.task(0)
    env.reset(task_id=task["id"], prompt="unused column")
    other.reset(task_id=task["id"])
    company = task["companies"][0]
    assert env.get_descriptions(company).startswith("[")
    assert "Error" in env.get_table_info(company_name=company, table_name="no such table")
    with pytest.raises(TypeError, match="missing a required argument"):
        env.sql_query(company)
    env.submit_answer(task["truth"])
    with pytest.raises(RuntimeError, match="The episode is over"):
        env.get_descriptions(company)
    rewards = answer_reward(completions=[[], []], environments=[env, other])
    assert rewards == [1.0, 0.0]


def test_places_are_used_again() -> None:
    factory = ToolEnvs("synthetic:7")
    env = factory()
    place = (id(env._env), env._slot)
    del env
    again = factory()
    assert (id(again._env), again._slot) == place


def test_rows_are_those_of_the_order_and_repeat(corpus: Corpus) -> None:
    rows = task_dataset(corpus, "val", 5, seed=3, **SMALL)
    assert rows["task_id"] == task_dataset(corpus, "val", 5, seed=3, **SMALL)["task_id"]
    assert rows["task_id"] != task_dataset(corpus, "val", 5, seed=4, **SMALL)["task_id"]
    chosen = task_dataset(corpus, task_ids=rows["task_id"][:2], **SMALL)
    assert chosen["prompt"] == rows["prompt"][:2]


def test_sampling_that_only_vllm_knows_is_refused(
    corpus: Corpus, talker: Any, tokenizer: Any, tmp_path: Path
) -> None:
    trainer = GRPOTrainer(
        talker,
        env_reward,
        arguments(tmp_path, top_k=5),
        task_dataset(corpus, "train", 8, **SMALL),
        processing_class=tokenizer,
        environment_factory=Slot,
        rollout_func=ToolRollout(corpus, split="train", **SMALL),
    )
    with pytest.raises(ValueError, match="top_k is 5 in the trainer's arguments, which only vLLM"):
        trainer.train()
