from typing import Any

__all__ = ["__version__", "build_info"]

__version__: str

def build_info() -> dict[str, Any]: ...
