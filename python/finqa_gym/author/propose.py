"""Drafts from a schema: what one could ask of tables that nobody described.

Two shapes are known: tables whose rows have names and whose columns are periods or figures (as in a
filing), and records (sales, employees), which are counted, added up and compared by category. The
wording is plain on purpose: the author rewrites it, the program stays.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator

from finqa_gym.author.drafts import Draft
from finqa_gym.author.schema import Column, TableShape, literal, quoted, shape_of, words
from finqa_gym.data import Corpus

__all__ = ["propose"]

MIN_LEAD = 1.02
"""How far the winner of "which … most" is ahead at least: else a rounding decides."""
_ATTEMPTS = 40


def propose(corpus: Corpus, num_drafts: int = 50, seed: int = 0) -> list[Draft]:
    r"""Draws drafts evenly over tables and kinds of questions; `verify` them next.

    Args:
        corpus: The tables; tasks are not needed.
        num_drafts: At most so many; fewer if the tables give no more.
        seed: Another seed, other drafts.

    Example:
        >>> import pathlib, tempfile, finqa_gym
        >>> folder = pathlib.Path(tempfile.mkdtemp()) / "acme"
        >>> folder.mkdir()
        >>> _ = (folder / "sales.csv").write_text("region,2024,2023\nnorth,13,12\nsouth,9,7\n")
        >>> for draft in propose(finqa_gym.load(folder), 2):
        ...     assert draft.tables == ("sales",)
    """
    rng = random.Random(seed)
    shapes = [
        shape_of(company, table) for company in corpus.companies for table in corpus.tables(company)
    ]
    several = len(corpus.companies) > 1
    makers: dict[str, list[Iterator[Draft]]] = defaultdict(list)
    for shape in shapes:
        if not shape.num_rows > 1:
            continue
        for kind in _KINDS:
            makers[kind.__name__].append(_stream(kind, shape, several, rng))
    out: dict[str, Draft] = {}
    while makers and len(out) < num_drafts:
        for kind_name in list(makers):
            streams = makers[kind_name]
            # One draft a kind and round; the next round takes the next table.
            draft = None
            while streams and draft is None:
                stream = streams.pop(0)
                draft = next(stream, None)
                if draft is not None:
                    streams.append(stream)
            if draft is None:
                del makers[kind_name]
            elif len(out) < num_drafts:
                out.setdefault(draft.question, draft)
    return list(out.values())


Maker = Callable[[TableShape, random.Random], "Draft | None"]


def _stream(
    kind: Maker, shape: TableShape, name_company: bool, rng: random.Random
) -> Iterator[Draft]:
    """Different drafts of one kind about one table, until it gives no more."""
    seen: set[str] = set()
    misses = 0
    while misses < _ATTEMPTS:
        draft = kind(shape, rng)
        if draft is None or draft.question in seen:
            misses += 1
            continue
        misses = 0
        seen.add(draft.question)
        yield Draft(**{**vars(draft), "company": shape.company}) if name_company else draft


def lookup(shape: TableShape, rng: random.Random) -> Draft | None:
    """A figure of a named row."""
    labels = shape.labels()
    figures = [c for c in shape.columns if c.shown_numbers == 1 and not c.is_id and c is not labels]
    if labels is None or not figures:
        return None
    label, column = rng.choice(list(labels.distinct)), rng.choice(figures)
    period = f"in {column.year}" if column.year else f"({words(column.name)})"
    return Draft(
        question=f"What was {label} {period}, according to {words(shape.name)}?",
        tables=(shape.name,),
        gold_sql=(_cells(shape, labels, label, [column]),),
        unit=_unit(column),
        unit_hint=_hint(column),
        question_type="Lookup",
    )


def growth(shape: TableShape, rng: random.Random) -> Draft | None:
    """Growth of a named row between two years that are columns."""
    labels = shape.labels()
    years = sorted(
        (c for c in shape.columns if c.year and c.shown_numbers > 0.5), key=lambda c: c.year or 0
    )
    if labels is None or len(years) < 2:
        return None
    old, new = sorted(rng.sample(range(len(years)), 2))
    label = rng.choice(list(labels.distinct))
    place = list(labels.distinct).index(label)
    base = _figure(shape.rows[place][shape.columns.index(years[old])])
    if base is None or base <= 0:
        return None
    return Draft(
        question=(
            f"By what percentage did {label} change from {years[old].year} to {years[new].year}, "
            f"according to {words(shape.name)}?"
        ),
        tables=(shape.name,),
        gold_sql=(_cells(shape, labels, label, [years[new], years[old]]),),
        gold_expression="({0.0.0} - {0.0.1}) / {0.0.1} * 100",
        unit="percent",
        unit_hint="Answer in percent with two decimals; a decrease is negative.",
        question_type="Growth - YoY",
    )


def growth_of_series(shape: TableShape, rng: random.Random) -> Draft | None:
    """Growth of a figure between two years that are rows."""
    years, measures = shape.years(), shape.measures()
    if years is None or not measures:
        return None
    measure = rng.choice(measures)
    old, new = sorted(rng.sample([int(float(year)) for year in years.distinct], 2))
    base = next(
        row[shape.columns.index(measure)]
        for row in shape.rows
        if float(row[shape.columns.index(years)]) == old
    )
    if (_figure(base) or 0) <= 0:
        return None
    name, year = quoted(measure.name), quoted(years.name)
    queries = [
        f"SELECT {name} FROM {quoted(shape.name)} WHERE {year} = {when}" for when in (new, old)
    ]
    return Draft(
        question=(
            f"By what percentage did {words(measure.name)} change from {old} to {new}, according "
            f"to {words(shape.name)}?"
        ),
        tables=(shape.name,),
        gold_sql=tuple(queries),
        gold_expression="({0} - {1}) / {1} * 100",
        unit="percent",
        unit_hint="Answer in percent with two decimals; a decrease is negative.",
        question_type="Growth - YoY",
    )


def total_of_category(shape: TableShape, rng: random.Random) -> Draft | None:
    """A measure added up over a category."""
    found = _category_and_measure(shape, rng)
    if found is None:
        return None
    category, value, measure = found
    what = f"SUM({quoted(measure.name)})"
    return Draft(
        question=(
            f"What is the total {words(measure.name)} of {words(shape.name)} records whose "
            f"{words(category.name)} is {value}?"
        ),
        tables=(shape.name,),
        gold_sql=(_aggregate(shape, _rounded(what, measure), category, value),),
        unit=_unit(measure),
        unit_hint=_hint(measure, rounded=not measure.is_integer),
        question_type="Sum",
    )


def count_of_category(shape: TableShape, rng: random.Random) -> Draft | None:
    """How many records a category has."""
    categories = shape.categories()
    if not categories:
        return None
    category = rng.choice(categories)
    value = rng.choice(list(category.distinct))
    return Draft(
        question=f"How many {words(shape.name)} records have {words(category.name)} {value}?",
        tables=(shape.name,),
        gold_sql=(_aggregate(shape, "COUNT(*)", category, value),),
        unit="count",
        unit_hint="Answer with a whole number.",
        question_type="Count",
    )


def average_of_category(shape: TableShape, rng: random.Random) -> Draft | None:
    """The mean of a measure over a category."""
    found = _category_and_measure(shape, rng)
    if found is None:
        return None
    category, value, measure = found
    what = f"SUM({quoted(measure.name)}), COUNT({quoted(measure.name)})"
    return Draft(
        question=(
            f"What is the average {words(measure.name)} of {words(shape.name)} records whose "
            f"{words(category.name)} is {value}?"
        ),
        tables=(shape.name,),
        gold_sql=(_aggregate(shape, what, category, value),),
        gold_expression="{0.0.0} / {0.0.1}",
        unit=_unit(measure),
        unit_hint="Round to two decimals.",
        question_type="Average",
    )


def share_of_category(shape: TableShape, rng: random.Random) -> Draft | None:
    """A category's share of the whole."""
    found = _category_and_measure(shape, rng)
    if found is None or min(found[2].numbers or [0]) < 0:
        return None
    category, value, measure = found
    name = quoted(measure.name)
    part = f"SUM(CASE WHEN {quoted(category.name)} = {literal(value)} THEN {name} ELSE 0 END)"
    return Draft(
        question=(
            f"What percentage of the total {words(measure.name)} in {words(shape.name)} comes from "
            f"{words(category.name)} {value}?"
        ),
        tables=(shape.name,),
        gold_sql=(
            f"SELECT {part}, SUM({name}) FROM {quoted(shape.name)} WHERE {name} IS NOT NULL",
        ),
        gold_expression="{0.0.0} / {0.0.1} * 100",
        unit="percent",
        unit_hint="Answer in percent with two decimals.",
        question_type="Contribution Share",
    )


def ratio_of_categories(shape: TableShape, rng: random.Random) -> Draft | None:
    """How many times one category is another."""
    found = _category_and_measure(shape, rng)
    if found is None or min(found[2].numbers or [0]) < 0:
        return None
    category, value, measure = found
    others = [other for other in category.distinct if other != value]
    other = rng.choice(others)
    what = f"SUM({quoted(measure.name)})"
    return Draft(
        question=(
            f"By {words(category.name)}, what is the ratio of the total {words(measure.name)} of "
            f"{value} to that of {other} in {words(shape.name)}?"
        ),
        tables=(shape.name,),
        gold_sql=(
            _aggregate(shape, what, category, value),
            _aggregate(shape, what, category, other),
        ),
        gold_expression="{0} / {1}",
        unit="ratio",
        decimals=3,
        unit_hint="Answer as a decimal with three places.",
        question_type="Financial Ratio - Composition",
    )


def largest_category(shape: TableShape, rng: random.Random) -> Draft | None:
    """The category with the largest total, if it leads clearly."""
    found = _category_and_measure(shape, rng)
    if found is None:
        return None
    category, _, measure = found
    places = (shape.columns.index(category), shape.columns.index(measure))
    totals: dict[str, float] = defaultdict(float)
    for row in shape.rows:
        label, figure = row[places[0]], _figure(row[places[1]])
        if label is not None and str(label).strip() and figure is not None:
            totals[str(label).strip()] += figure
    best = sorted(totals.values(), reverse=True)
    if len(best) < 2 or best[1] <= 0 or best[0] < best[1] * MIN_LEAD:
        return None
    name = quoted(category.name)
    return Draft(
        question=(
            f"Which {words(category.name)} has the largest total {words(measure.name)} in "
            f"{words(shape.name)}?"
        ),
        tables=(shape.name,),
        gold_sql=(
            f"SELECT {name} FROM {quoted(shape.name)} WHERE {name} IS NOT NULL AND {name} <> '' "
            f"GROUP BY {name} ORDER BY SUM({quoted(measure.name)}) DESC LIMIT 1",
        ),
        unit="text",
        question_type="Max",
    )


_KINDS: tuple[Maker, ...] = (
    lookup,
    growth,
    growth_of_series,
    total_of_category,
    count_of_category,
    average_of_category,
    share_of_category,
    ratio_of_categories,
    largest_category,
)


def _category_and_measure(
    shape: TableShape, rng: random.Random
) -> tuple[Column, str, Column] | None:
    categories, measures = shape.categories(), shape.measures()
    if not categories or not measures:
        return None
    category, measure = rng.choice(categories), rng.choice(measures)
    return category, rng.choice(list(category.distinct)), measure


def _aggregate(shape: TableShape, what: str, category: Column, value: str) -> str:
    return (
        f"SELECT {what} FROM {quoted(shape.name)} WHERE {quoted(category.name)} = {literal(value)}"
    )


def _cells(shape: TableShape, labels: Column, label: str, columns: list[Column]) -> str:
    shown = ", ".join(quoted(column.name) for column in columns)
    return (
        f"SELECT {shown} FROM {quoted(shape.name)} WHERE {quoted(labels.name)} = {literal(label)}"
    )


def _rounded(what: str, measure: Column) -> str:
    """Sums of fractions are rounded in SQL: their last binary digits follow from the order."""
    return what if measure.is_integer else f"ROUND({what}, 2)"


def _unit(column: Column) -> str:
    return "amount" if column.is_money or not column.is_integer else "count"


def _hint(column: Column, *, rounded: bool = False) -> str:
    if rounded:
        return "Round to two decimals."
    return "Answer in the unit of the table." if _unit(column) == "amount" else ""


def _figure(cell: object) -> float | None:
    """A figure as filings write it; only to choose, never to score."""
    text = str(cell).strip().replace(",", "").replace("$", "").strip()
    negative = text.startswith("(") and text.endswith(")")
    try:
        value = float(text.strip("()% "))
    except ValueError:
        return None
    return -value if negative else value
