"""Ray: `ShardedVectorEnv`, one vectorised environment over the actors of a cluster.

Needs the extra ``ray``; docs/guides/ray.md says when it pays.
"""

from importlib.util import find_spec

if find_spec("ray") is None:
    msg = "finqa_gym.integrations.ray needs Ray: pip install 'finqa-gym[ray]'"
    raise ModuleNotFoundError(msg, name="ray")

from finqa_gym.integrations.ray.pool import ShardLostError, ShardTimeoutError
from finqa_gym.integrations.ray.sharded import ShardedVectorEnv

__all__ = ["ShardLostError", "ShardTimeoutError", "ShardedVectorEnv"]
