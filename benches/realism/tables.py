"""Real and generated tables in one form: (filing, table), as importers and generator give them."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

from finqa_gym.data import load, synthetic
from finqa_gym.synth import SynthConfig

Table = dict[str, Any]
"""`name`, `columns`, `rows` (lists of cells), `description`, `scale`."""
Filed = tuple[str, Table]
"""The filing that a table comes from, and the table."""

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = {"TAT-QA": "tatqa_dataset_dev.json", "FinQA": "finqa_dev_200.json"}
AS_FILED = {"label_style": "original", "header_style": "filing"}
"""The knobs for tables as filings have them; the default mirrors tables that a model cleaned."""


def shared() -> Path:
    """The folder of published files: $FINQA_SHARED, or `shared` beside the repository."""
    return Path(os.environ.get("FINQA_SHARED", REPOSITORY.parent / "shared"))


def real() -> dict[str, list[Filed]]:
    """The published sets that are there, cleaned by the importers."""
    out = {}
    for name, file in FILES.items():
        path = shared() / "data" / file
        if not path.exists():
            print(f"skipped {name}: there is no {path} (set FINQA_SHARED)")
            continue
        corpus = load(str(path))
        out[name] = [(filing, t) for filing in corpus.companies for t in corpus.tables(filing)]
    return out


def generated(
    count: int, config: dict[str, Any] | None = None, *, seed: int = 0, split: str = "train"
) -> list[Filed]:
    """The tables of `count` companies."""
    corpus = synthetic(seed, SynthConfig(**(config or {})))
    names = corpus.company_names(split, 0, count)
    return [(name, table) for name in names for table in corpus.tables(name)]


def sample(filed: list[Filed], count: int, *, seed: int = 0) -> list[Filed]:
    """`count` tables, spread over filings."""
    chosen = random.Random(seed)
    order = list(filed)
    chosen.shuffle(order)
    rounds: dict[str, int] = {}
    ranked = []
    for filing, table in order:
        rounds[filing] = rounds.get(filing, 0) + 1
        ranked.append((rounds[filing], filing, table))
    ranked.sort(key=lambda item: item[0])
    return [(filing, table) for _, filing, table in ranked[:count]]


def by_filing(filed: list[Filed]) -> list[tuple[str, list[Table]]]:
    """Tables grouped by filing."""
    groups: dict[str, list[Table]] = {}
    for filing, table in filed:
        groups.setdefault(filing, []).append(table)
    return list(groups.items())
