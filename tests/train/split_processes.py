"""What `test_split_weights` runs in each of two processes: a training, its weights split or not."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch

from finqa_gym.train import grpo, tool_rollout
from finqa_gym.train.processes import process_state
from finqa_gym.train.run import train
from finqa_gym.train.settings import (
    EvalSettings,
    GrpoSettings,
    ModelSettings,
    SftPhase,
    SftSettings,
    TrainSettings,
)
from small_training import ENV, LEARN


def settings(model: Path, out: Path) -> TrainSettings:
    """Few steps; episodes of one process may end long before those of the other."""
    return TrainSettings(
        out=str(out),
        env=ENV,
        model=ModelSettings(str(model)),
        sft=SftSettings((SftPhase(1, {"gold": 1.0}, tasks=8),), batch_size=4, trainer=LEARN),
        grpo=GrpoSettings(
            steps=2,
            tasks_per_step=2,
            group_size=4,
            message_tokens=24,
            episode_tokens=160,
            trainer=LEARN,
        ),
        eval=EvalSettings(tasks=4, every=1, greedy=True),
        num_threads=1,
    )


def split_on_processors() -> None:
    """Accelerate splits weights over GPUs alone; torch does it over processors, too."""
    from accelerate import FullyShardedDataParallelPlugin
    from accelerate.state import AcceleratorState
    from accelerate.utils import DistributedType

    plugin = FullyShardedDataParallelPlugin(
        fsdp_version=2,
        reshard_after_forward=True,
        auto_wrap_policy="transformer_based_wrap",
        transformer_cls_names_to_wrap=["Qwen3DecoderLayer"],
        state_dict_type="FULL_STATE_DICT",
        cpu_ram_efficient_loading=False,
    )
    begin = AcceleratorState.__init__

    def began(self: Any, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        AcceleratorState._shared_state |= {
            "distributed_type": DistributedType.FSDP,
            "fsdp_plugin": plugin,
        }

    AcceleratorState.__init__ = began


def split_by_deepspeed() -> None:
    """The same for ZeRO 3, which accelerate does not use on processors either."""
    os.environ["DS_ACCELERATOR"] = "cpu"
    import deepspeed
    from accelerate.state import AcceleratorState
    from accelerate.utils import DistributedType

    # What `accelerate launch` makes of its file.
    os.environ |= {"ACCELERATE_USE_DEEPSPEED": "true", "ACCELERATE_DEEPSPEED_ZERO_STAGE": "3"}
    # Its way through shared memory would have to be compiled; gloo's need not.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    begin = AcceleratorState.__init__

    def began(self: Any, *args: Any, deepspeed_plugin: Any = None, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        shared = AcceleratorState._shared_state
        if deepspeed_plugin is not None:
            deepspeed_plugin.set_mixed_precision(self._mixed_precision)
            zero = deepspeed_plugin.deepspeed_config["zero_optimization"]
            # Else so small weights as these would stay whole.
            zero["stage3_param_persistence_threshold"] = 0
            deepspeed_plugin.select(_from_accelerator_state=True)
            shared["deepspeed_plugins"] = deepspeed_plugin
        if shared["deepspeed_plugins"] is not None:
            # The precision is DeepSpeed's affair now.
            shared |= {"distributed_type": DistributedType.DEEPSPEED, "_mixed_precision": "no"}

    AcceleratorState.__init__ = began


def reward_length() -> None:
    """Rewards that differ within a group; those of the environment are all 0 so early."""

    def length(environments: Any, **_: Any) -> list[float]:
        played = [slot.outcome[0].rollouts[slot.outcome[1]] for slot in environments]
        return [float(len(each.completion_ids)) for each in played]

    vars(grpo)["env_reward"] = length


def note_turns(out: Path) -> None:
    """Writes down how many turns each batch of this process took."""
    turns: list[int] = []
    names = vars(tool_rollout)
    play = names["rollout"]

    def noted(*args: Any, **kwargs: Any) -> Any:
        batch = play(*args, **kwargs)
        turns.append(max(each.num_turns for each in batch.rollouts))
        path = out / f"turns-{process_state().process_index}.json"
        path.write_text(json.dumps(turns))
        return batch

    names["rollout"] = noted


def main(model: Path, out: Path, how: str) -> None:
    """Trains."""
    torch.manual_seed(0)
    if how == "fsdp2":
        split_on_processors()
    if how == "zero3":
        split_by_deepspeed()
    reward_length()
    note_turns(out)
    train(settings(model, out))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
