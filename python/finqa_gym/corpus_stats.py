"""Distributions of tables and tasks, beside those counted on published files.

What is counted is what an agent sees: the tables as importers and the generator hand them over.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "MEASURED",
    "Range",
    "TableStats",
    "TaskStats",
    "read_number",
    "table_stats",
    "task_stats",
]

HYPHENS = "-\u2013\u2212"
DASHES = frozenset(HYPHENS + "\u2014")
NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+")
AROUND = re.compile(r"(?:US|A|C|HK)?[$€£]|%|\bbps?\b|\bpts?\b|[\s()*]")
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
MARK = re.compile(r"(?<=[\d%)])\s*\(\d\)\s*$")
FOOTNOTE = re.compile(r"\((?:\d|[a-z])\)\s*$")
UNNAMED = frozenset({"item", "col_0"})
"""What importers and generator call a label column that has no name."""


def read_number(cell: str) -> tuple[float, str] | None:
    """The number that a cell shows and its digits, or None if it shows none or several.

    Example:
        >>> read_number("$ (1,234.5)")
        (-1234.5, '1,234.5')
        >>> read_number("N/A") is None
        True
    """
    cell = MARK.sub("", cell)
    found = NUMBER.findall(cell)
    if len(found) != 1:
        return None
    digits = str(found[0])
    rest = AROUND.sub("", cell.replace(digits, "", 1))
    if rest.strip(HYPHENS):
        return None
    value = float(digits.replace(",", ""))
    before = cell[: cell.index(digits)]
    negative = "(" in before or any(dash in before for dash in HYPHENS)
    return (-value if negative else value), digits


@dataclass
class TableStats:
    """What `table_stats` counted; shares are percentages.

    Attributes:
        num_tables: Tables.
        values: Figures by name, in the order in which they are shown.
        label_words: The commonest words of labels with how many labels of a thousand have them.
        dollar_patterns: Share of tables by which rows have a currency sign.
    """

    num_tables: int = 0
    values: dict[str, float] = field(default_factory=dict)
    label_words: dict[str, float] = field(default_factory=dict)
    dollar_patterns: dict[str, float] = field(default_factory=dict)


@dataclass
class TaskStats:
    """What `task_stats` counted.

    Attributes:
        num_tasks: Tasks.
        values: Figures by name.
        counts: Tasks by split, type, unit of the answer, number of gold tables and level.
    """

    num_tasks: int = 0
    values: dict[str, float] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Range:
    """Where a figure of published files lies.

    Attributes:
        tatqa: The figure of TAT-QA's development set (278 tables).
        finqa: The figure of 123 pages of FinQA's development set.
        low: Least value of a generated corpus.
        high: Greatest value of a generated corpus.
    """

    tatqa: float
    finqa: float
    low: float
    high: float


def quantile(values: Sequence[float], q: float) -> float:
    """The value below which the share `q` lies (nearest rank); 0 if there are none.

    Example:
        >>> quantile([3, 1, 2], 0.5)
        2
    """
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(int(q * len(ordered)), len(ordered) - 1)]


def _share(part: float, whole: float) -> float:
    return 100 * part / whole if whole else 0.0


def dollar_pattern(rows: Sequence[Sequence[str]]) -> str:
    """Which rows with numbers have a currency sign: none, all, first, last, first_and_last or some.

    Rows of percentages do not count.

    Example:
        >>> dollar_pattern([["a", "$1"], ["b", "2"], ["c", "$3"]])
        'first_and_last'
    """
    marks = [
        any("$" in cell for cell in row[1:])
        for row in rows
        if any(read_number(cell) and "%" not in cell for cell in row[1:])
    ]
    if not any(marks):
        return "none"
    if all(marks):
        return "all"
    inner = any(marks[1:-1])
    if marks[0] and marks[-1] and not inner:
        return "first_and_last"
    if marks[0] and not inner:
        return "first"
    if marks[0]:
        return "first_and_some"
    return "last" if marks[-1] and not inner else "some"


def table_stats(companies: Iterable[tuple[str, Sequence[dict[str, Any]]]]) -> TableStats:
    """Counts over the tables of companies.

    Args:
        companies: Name and tables of each; a table has `columns` and `rows`, lists of cells.
    """
    per_company: list[float] = []
    shape: dict[str, list[float]] = {"rows": [], "columns": []}
    numbers: list[tuple[float, str]] = []
    cells: Counter[str] = Counter()
    tables: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    label_lengths: list[float] = []
    words: Counter[str] = Counter()
    patterns: Counter[str] = Counter()
    changes: list[float] = []
    for _, listed in companies:
        per_company.append(len(listed))
        for table in listed:
            rows = [["" if c is None else str(c) for c in row] for row in table["rows"]]
            columns = [str(c) for c in table["columns"]]
            tables["all"] += 1
            shape["rows"].append(len(rows))
            shape["columns"].append(len(columns))
            patterns[dollar_pattern(rows)] += 1
            _count_header(columns, tables)
            _count_labels(rows, tables, labels, label_lengths, words)
            for row in rows:
                for cell in row[1:]:
                    _count_cell(cell, cells, numbers)
            changes.extend(_changes(columns, rows))
    stats = TableStats(num_tables=tables["all"])
    add = stats.values
    add["tables a company, median"] = quantile(per_company, 0.5)
    for name, q in (("q1", 0.25), ("median", 0.5), ("q3", 0.75), ("p95", 0.95)):
        add[f"rows, {name}"] = quantile(shape["rows"], q)
    add["columns, median"] = quantile(shape["columns"], 0.5)
    add["columns, p90"] = quantile(shape["columns"], 0.9)
    _shares(add, cells, numbers)
    for name, q in (
        ("p5", 0.05), ("p10", 0.1), ("q1", 0.25), ("median", 0.5),
        ("q3", 0.75), ("p90", 0.9), ("p95", 0.95),
    ):  # fmt: skip
        add[f"year on year, {name} %"] = 100 * quantile(changes, q)
    add["label words, median"] = quantile(label_lengths, 0.5)
    add["label words, p90"] = quantile(label_lengths, 0.9)
    for name in (
        "labels with a capital first",
        "labels with a digit",
        "labels with a footnote mark",
    ):
        whole = labels["first letters" if name.endswith("first") else "all"]
        add[f"{name} %"] = _share(labels[name], whole)
    for name in (
        "tables with headings inside",
        "tables with a repeated label",
        "tables without a name over the labels",
        "tables with two year columns",
        "tables with three year columns",
        "tables with newest year first",
    ):
        whole = tables["ordered"] if name.endswith("first") else tables["all"]
        add[f"{name} %"] = _share(tables[name], whole)
    stats.dollar_patterns = {k: _share(n, tables["all"]) for k, n in patterns.most_common()}
    stats.label_words = {
        word: 1000 * n / max(labels["all"], 1) for word, n in words.most_common(40)
    }
    return stats


def _count_header(columns: list[str], tables: Counter[str]) -> None:
    tables["tables without a name over the labels"] += columns[0].lower() in UNNAMED
    years = [int(found[-1]) for c in columns[1:] if (found := YEAR.findall(c))]
    tables["tables with two year columns"] += len(years) == 2
    tables["tables with three year columns"] += len(years) == 3
    if len(set(years)) > 1:
        tables["ordered"] += 1
        tables["tables with newest year first"] += years == sorted(years, reverse=True)


def _count_labels(
    rows: list[list[str]],
    tables: Counter[str],
    labels: Counter[str],
    lengths: list[float],
    words: Counter[str],
) -> None:
    names = [row[0] for row in rows if row[0]]
    headings = [row[0] for row in rows if row[0] and not any(row[1:])]
    tables["tables with headings inside"] += bool(headings)
    tables["tables with a repeated label"] += len(set(names)) < len(names)
    for name in names:
        parts = re.split(r"[\s_]+", name.strip())
        labels["all"] += 1
        labels["first letters"] += name[0].isalpha()
        labels["labels with a capital first"] += name[0].isupper()
        labels["labels with a digit"] += any(c.isdigit() for c in FOOTNOTE.sub("", name))
        labels["labels with a footnote mark"] += bool(FOOTNOTE.search(name))
        lengths.append(len(parts))
        words.update({w for p in parts if (w := p.lower().strip("():,.'")) and w.isalpha()})


def _count_cell(cell: str, cells: Counter[str], numbers: list[tuple[float, str]]) -> None:
    text = cell.strip()
    cells["all"] += 1
    if not text:
        cells["empty"] += 1
        return
    cells["filled"] += 1
    bare = AROUND.sub("", text)
    if bare and set(bare) <= DASHES:
        cells["dash"] += 1
        cells["long dash"] += bare[0] == "—"
        return
    number = read_number(text)
    if number is None:
        cells["text"] += 1
        return
    numbers.append(number)
    cells["zero digit"] += number[0] == 0
    cells["percent"] += "%" in text
    cells["dollar"] += "$" in text
    cells["dollar with a blank"] += bool(re.search(r"\$\s", text))
    cells["negative"] += number[0] < 0
    cells["parentheses"] += number[0] < 0 and "(" in text


def _shares(add: dict[str, float], cells: Counter[str], numbers: list[tuple[float, str]]) -> None:
    add["cells empty %"] = _share(cells["empty"], cells["all"])
    add["cells with words %"] = _share(cells["text"], cells["filled"])
    figures = len(numbers) + cells["dash"]
    add["zeros %"] = _share(cells["dash"] + cells["zero digit"], figures)
    add["zeros that are dashes %"] = _share(cells["dash"], cells["dash"] + cells["zero digit"])
    add["dashes that are — %"] = _share(cells["long dash"], cells["dash"])
    add["negative %"] = _share(cells["negative"], len(numbers))
    add["negative in parentheses %"] = _share(cells["parentheses"], cells["negative"])
    add["percentages %"] = _share(cells["percent"], len(numbers))
    add["with $ %"] = _share(cells["dollar"], len(numbers))
    add["$ and a blank, of $ %"] = _share(cells["dollar with a blank"], cells["dollar"])
    lengths = Counter(min(len(d.split(".")[0].replace(",", "")), 7) for _, d in numbers)
    for n in range(8):
        name = f"{n} digits" if n < 7 else "7 or more digits"
        add[f"{name} before the point %"] = _share(lengths[n], len(numbers))
    with_point = sum("." in digits for _, digits in numbers)
    add["with decimals %"] = _share(with_point, len(numbers))
    first = Counter(m.group() for _, d in numbers if (m := re.search(r"[1-9]", d)))
    for digit in "123456789":
        add[f"first digit {digit} %"] = _share(first[digit], sum(first.values()))


def _changes(columns: list[str], rows: list[list[str]]) -> Iterable[float]:
    """Relative changes between neighbouring years of columns that differ by nothing else."""
    years: list[tuple[int, int, str]] = []
    for at, column in enumerate(columns[1:], start=1):
        found = YEAR.findall(column)
        if found:
            # Days of a year end differ in years of 52 weeks, so digits do not tell columns apart.
            name = re.sub(r"\d+", "", column.lower())
            years.append((int(found[-1]), at, name))
    for year, new, name in years:
        for other, old, same in years:
            if year != other + 1 or name != same:
                continue
            for row in rows:
                a, b = read_number(row[new]), read_number(row[old])
                if a and b and b[0]:
                    yield (a[0] - b[0]) / abs(b[0])


def task_stats(tasks: Iterable[dict[str, Any]]) -> TaskStats:
    """Counts over tasks as `Corpus.task` returns them."""
    lengths: list[float] = []
    keys: dict[str, Callable[[dict[str, Any]], Any]] = {
        "split": lambda t: t["split"],
        "type": lambda t: t.get("question_type") or "(none)",
        "unit of the answer": lambda t: t["answer"]["unit"],
        "gold tables": lambda t: len(
            {(q["company"], q["table"]) for q in t.get("gold", {}).get("queries", [])}
        ),
        "level": lambda t: t.get("level", 0),
    }
    counts: dict[str, Counter[str]] = {name: Counter() for name in keys}
    for task in tasks:
        lengths.append(len(task["question"].split()))
        for name, key in keys.items():
            counts[name][str(key(task))] += 1
    stats = TaskStats(num_tasks=len(lengths))
    for name, q in (("p10", 0.1), ("median", 0.5), ("p90", 0.9)):
        stats.values[f"words of a question, {name}"] = quantile(lengths, q)
    stats.counts = {name: dict(counter.most_common()) for name, counter in counts.items()}
    return stats


MEASURED: dict[str, Range] = {
    "rows, q1": Range(4, 3, 3, 7),
    "rows, median": Range(6, 5, 5, 9),
    "rows, q3": Range(10, 6, 6, 13),
    "rows, p95": Range(18, 10, 10, 22),
    "columns, median": Range(4, 4, 3, 4),
    "columns, p90": Range(5, 7, 4, 7),
    "cells empty %": Range(10.9, 0.8, 0.5, 12),
    "cells with words %": Range(1.8, 1.5, 0.2, 6),
    "zeros %": Range(5.7, 4.5, 3, 7),
    "zeros that are dashes %": Range(95.4, 100, 90, 100),
    "dashes that are — %": Range(77.4, 88.0, 68, 90),
    "negative %": Range(15.4, 11.2, 8, 18),
    "negative in parentheses %": Range(96.0, 100, 92, 100),
    "percentages %": Range(8.4, 4.5, 2, 12),
    "with $ %": Range(25.8, 35.0, 18, 36),
    "$ and a blank, of $ %": Range(14.9, 0.3, 0, 25),
    "1 digits before the point %": Range(14.8, 11.2, 6, 20),
    "2 digits before the point %": Range(16.6, 22.7, 12, 26),
    "3 digits before the point %": Range(17.9, 33.3, 15, 34),
    "4 digits before the point %": Range(23.3, 17.2, 14, 30),
    "5 digits before the point %": Range(16.5, 7.3, 6, 22),
    "6 digits before the point %": Range(8.6, 4.0, 2, 14),
    "7 or more digits before the point %": Range(2.3, 3.6, 0.2, 6),
    "with decimals %": Range(27.6, 39.4, 15, 42),
    "first digit 1 %": Range(30.3, 36.1, 26, 37),
    "first digit 2 %": Range(17.1, 15.5, 14, 20),
    "first digit 3 %": Range(12.6, 11.9, 10, 15),
    "first digit 4 %": Range(10.1, 9.5, 8, 12),
    "first digit 5 %": Range(7.6, 6.4, 5.5, 10),
    "first digit 6 %": Range(6.1, 5.9, 4.5, 8.5),
    "first digit 7 %": Range(5.8, 4.8, 4, 7.5),
    "first digit 8 %": Range(5.1, 4.5, 3.5, 7),
    "first digit 9 %": Range(5.3, 5.4, 3.5, 7),
    "year on year, p5 %": Range(-98.7, -76, -110, -50),
    "year on year, p10 %": Range(-62.1, -38.2, -70, -28),
    "year on year, q1 %": Range(-13.3, -7.7, -18, -5),
    "year on year, median %": Range(2.5, 5.0, 0, 8),
    "year on year, q3 %": Range(22.6, 22.7, 14, 30),
    "year on year, p90 %": Range(84.3, 64.1, 45, 110),
    "year on year, p95 %": Range(183.3, 144.6, 90, 260),
    "label words, median": Range(3, 3, 2, 4),
    "label words, p90": Range(7, 7, 5, 8),
    "labels with a capital first %": Range(99.8, 100, 85, 100),
    "labels with a digit %": Range(6.6, 20.8, 3, 25),
    "labels with a footnote mark %": Range(4.7, 4.5, 1, 8),
    "tables with headings inside %": Range(32.0, 1.6, 1, 40),
    "tables with a repeated label %": Range(17.6, 3.3, 3, 25),
    "tables without a name over the labels %": Range(87.1, 76.4, 66, 90),
    "tables with two year columns %": Range(48.6, 16.3, 30, 60),
    "tables with three year columns %": Range(28.4, 23.6, 20, 40),
    "tables with newest year first %": Range(91.0, 72.6, 72, 97),
}
"""Figures of published files, counted by `table_stats` on the importers' tables.

TAT-QA: the development set (NExTplusplus/TAT-QA, 278 tables, commit
870accc41953dcde885aabeb963d94aabdc0fbc3). FinQA: 200 questions of the development split
(czyssrs/FinQA, 123 tables). The ranges are for tables written as filings write them: labels in
their own case, label columns without a name. The generator's default mirrors tables cleaned by a
language model and differs there by intent.
"""
