"""The package as it lies, where it is not installed."""

from __future__ import annotations

import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[3] / "packages" / "finqa-gym-verifiers"

if str(PACKAGE) not in sys.path:
    sys.path.insert(0, str(PACKAGE))
