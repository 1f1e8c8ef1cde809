"""verl and what it imports warn of much that is not ours, which the settings of the tests would
make errors.
"""

from __future__ import annotations

import contextlib
import warnings

with warnings.catch_warnings(), contextlib.suppress(ImportError):
    warnings.simplefilter("ignore")
    import verl.experimental.agent_loop  # noqa: F401
