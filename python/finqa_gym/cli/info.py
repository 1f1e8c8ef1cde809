"""``finqa-gym info``: versions, for bug reports."""

import json
import sys
from importlib import metadata
from typing import Annotated, Any

import typer

from finqa_gym.cli.screen import results

__all__ = ["info"]

PACKAGES = ("numpy", "rich", "typer", "pandas", "pyarrow", "gymnasium", "torch", "transformers")


def info(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print versions, build and machine, for bug reports."""
    from finqa_gym.bench.machine import machine

    facts: dict[str, Any] = {**machine(), "packages": _versions()}
    if as_json:
        sys.stdout.write(json.dumps(facts, indent=2) + "\n")
        return
    console = results()
    build = facts.pop("build")
    packages = facts.pop("packages")
    build["sqlite_options"] = f"{len(build['sqlite_options'])} (--json lists them)"
    for name, value in {**build, **facts}.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        console.print(f"{name:16} {'-' if shown in (None, '') else shown}", markup=False)
    installed = [f"{name} {version}" for name, version in packages.items() if version]
    console.print(f"{'packages':16} {', '.join(installed)}", markup=False)


def _versions() -> dict[str, str | None]:
    return {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
