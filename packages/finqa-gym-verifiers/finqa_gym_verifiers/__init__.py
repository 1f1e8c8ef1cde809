"""finqa-gym for verifiers: `FinqaTaskset`, and the `FinqaHarness` that plays its tasks in process.

verifiers finds both by this list, which is why it holds nothing else.
"""

from finqa_gym_verifiers.harness import FinqaHarness
from finqa_gym_verifiers.taskset import FinqaTaskset

__all__ = ["FinqaHarness", "FinqaTaskset"]
