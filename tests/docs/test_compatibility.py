"""The page of versions names those that are pinned."""

from __future__ import annotations

import re

import pytest

from conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "compatibility.md").read_text(encoding="utf-8")
TRAINING, _, ADAPTERS = PAGE.partition("## Adapters")
FOLDER = REPOSITORY / "requirements"
FILES = [REPOSITORY / "requirements-train.txt", *sorted(FOLDER.glob("*.txt"))]
PINS = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
ADAPTER_NAMES = sorted({path.stem.removesuffix("-no-deps") for path in FOLDER.glob("*.txt")})


def row(table: str, name: str) -> str:
    """What stands in the second column."""
    pattern = rf"^\| {name}(?:-gym|, [^|]*)? \| ([^|]+) \|"
    [version] = re.findall(pattern, table, re.MULTILINE)
    return str(version)


def pinned(name: str) -> set[str]:
    return set(re.findall(rf"^{name}(?:-gym)?==([^;\s]+)", PINS, re.MULTILINE))


@pytest.mark.parametrize("name", ["torch", "transformers", "trl", "peft"])
def test_versions_for_training_are_those_that_are_installed(name: str) -> None:
    assert row(TRAINING, name) in pinned(name)


@pytest.mark.parametrize("name", ["trl", *ADAPTER_NAMES])
def test_every_adapter_is_in_the_table_with_its_version(name: str) -> None:
    version = row(ADAPTERS, name)
    if version == "not on PyPI":
        assert not pinned(name)
    else:
        assert version in pinned(name)
