"""What the columns of a table are: keys, labels, measures, periods."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, NamedTuple

__all__ = ["Column", "TableShape", "quoted", "shape_of", "words"]

MAX_CATEGORIES = 60
_NUMBER = re.compile(r"[-(]?[$€£]?\s*[-(]?\d[\d,]*(\.\d+)?\)?%?\)?")
_YEAR = re.compile(r"(?<!\d)(19[5-9]\d|20[0-4]\d)(?!\d)")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_ID = re.compile(r"(^|_)(id|key|code|uuid|guid|index|row|num|number)$|Id$|ID$", re.IGNORECASE)
_MONEY = re.compile(
    r"price|amount|cost|revenue|sales|total|income|salary|fee|tax|value|budget|gdp|balance|payment|"
    r"expense|freight|discount",
    re.IGNORECASE,
)


class Column(NamedTuple):
    """A column.

    Attributes:
        name: Its name.
        numbers: Values, if every non-empty cell is a plain number ("1,200" is not: SQL does not
            add it up).
        is_integer: Whether all of these are whole.
        shown_numbers: Share of the non-empty cells that are numbers as filings write them.
        year: The year in its name, if there is one.
        distinct: How often each non-empty value occurs, as text.
        is_id: Whether it identifies rows rather than measure them.
        dates: Share of the non-empty cells that are dates, ISO 8601.
    """

    name: str
    numbers: list[float] | None
    is_integer: bool
    shown_numbers: float
    year: int | None
    distinct: Counter[str]
    is_id: bool
    dates: float

    @property
    def is_money(self) -> bool:
        """Whether the name is one of money."""
        return bool(_MONEY.search(self.name))


class TableShape(NamedTuple):
    """A table and its columns.

    Attributes:
        company: Its company.
        name: Its name.
        columns: The columns.
        num_rows: Rows.
        rows: The rows.
    """

    company: str
    name: str
    columns: list[Column]
    num_rows: int
    rows: list[list[Any]]

    def labels(self) -> Column | None:
        """The text column that names each row: every value once, none empty."""
        for column in self.columns:
            whole = len(column.distinct) == self.num_rows
            if whole and column.numbers is None and not column.is_id and column.dates == 0:
                return column
        return None

    def years(self) -> Column | None:
        """The number column that holds a year in each row, every year once."""
        for column in self.columns:
            numbers = column.numbers
            if numbers and len(set(numbers)) == self.num_rows and _is_years(numbers):
                return column
        return None

    def categories(self) -> list[Column]:
        """Text columns with a few values that repeat."""
        return [
            column
            for column in self.columns
            if column.numbers is None
            and column.dates == 0
            and 2 <= len(column.distinct) <= MAX_CATEGORIES
            and len(column.distinct) * 2 <= sum(column.distinct.values())
        ]

    def measures(self) -> list[Column]:
        """Number columns that it makes sense to add up."""
        return [
            column
            for column in self.columns
            if column.numbers is not None
            and not column.is_id
            and column.year is None
            and len(set(column.numbers)) > 2
            and not _is_years(column.numbers)
        ]


def shape_of(company: str, table: dict[str, Any]) -> TableShape:
    """Looks at every cell once."""
    rows: list[list[Any]] = table["rows"]
    columns = [
        _column(name, [row[place] for row in rows], len(rows))
        for place, name in enumerate(table["columns"])
    ]
    return TableShape(company, table["name"], columns, len(rows), rows)


def _column(name: str, cells: list[Any], num_rows: int) -> Column:
    filled = [cell for cell in cells if cell is not None and str(cell).strip() != ""]
    texts = [str(cell).strip() for cell in filled]
    numbers = None
    if filled and all(_plain(cell) for cell in filled):
        numbers = [float(cell) for cell in filled]
    shown = sum(bool(_NUMBER.fullmatch(text)) for text in texts)
    year = _YEAR.search(name)
    # 1, 2, 3, …: a row number, whatever it is called. Years are told apart elsewhere.
    counted = (
        numbers is not None
        and len(numbers) == num_rows > 2
        and all(number == numbers[0] + place for place, number in enumerate(numbers))
        and not _is_years(numbers)
    )
    return Column(
        name=name,
        numbers=numbers,
        is_integer=numbers is not None and all(number.is_integer() for number in numbers),
        shown_numbers=shown / len(texts) if texts else 0.0,
        year=int(year[1]) if year else None,
        distinct=Counter(texts),
        is_id=bool(_ID.search(name)) or counted,
        dates=sum(bool(_DATE.match(text)) for text in texts) / len(texts) if texts else 0.0,
    )


def _plain(cell: Any) -> bool:
    if isinstance(cell, (int, float)):
        return True
    return bool(re.fullmatch(r"-?\d+(\.\d+)?", str(cell).strip()))


def _is_years(numbers: list[float]) -> bool:
    return all(number.is_integer() and 1900 <= number <= 2100 for number in numbers)


def quoted(name: str) -> str:
    """An SQL identifier.

    Example:
        >>> print(quoted("unit price"))
        "unit price"
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def words(name: str) -> str:
    """A name as words.

    Example:
        >>> words("UnitPrice"), words("total_current_assets"), words("GDP")
        ('unit price', 'total current assets', 'GDP')
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.replace("_", " "))
    parts = [part if part.isupper() and len(part) > 1 else part.lower() for part in spaced.split()]
    return " ".join(parts)
