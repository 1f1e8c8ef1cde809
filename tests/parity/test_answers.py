"""Parity of ``finqa_gym.score_answer`` with the reference scorer, on near misses and on labelled
cases.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from reference.answers import score_answer

hypothesis = pytest.importorskip("hypothesis")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

QUANTITIES = ["amount", "count", "percent", "ratio", "pp", "bps", "multiple", "per_share"]
SCALES = {"": 0, "thousand": 3, "million": 6, "billion": 9}
SCALE_WORDS = {
    3: ["thousand", "k", "K", "Thousand"],
    6: ["million", "m", "mm", "mn", "M"],
    9: ["billion", "bn", "b", "Billion"],
}
UNIT_WORDS = {
    "percent": ["%", " %", " percent", "\\%"],
    "pp": ["pp", " pp", " percentage points"],
    "bps": ["bps", " bps", " basis points"],
    "times": ["x", " times"],
}
MINUS = ["-", "−", "–", "- "]  # noqa: RUF001
KEYS = [
    ["2022", "2023", "2024"],
    ["2021 to 2022", "2022 to 2023", "2023 to 2024"],
    ["United States", "Europe", "Other"],
]


@dataclass
class Case:
    """A submission, a truth and how they are to be read."""

    predicted: str
    truth: str
    question: dict[str, Any] = field(default_factory=dict)


def plain(value: Decimal) -> str:
    """A decimal with its decimals and without an exponent."""
    return format(value, "f")


def grouped(value: Decimal) -> str:
    """The same with thousands commas."""
    return format(value, ",f")


@st.composite
def truths(draw: st.DrawFn) -> Decimal:
    """A value as labels hold it: up to seven digits, up to three decimals."""
    digits = draw(st.integers(0, 3))
    scaled = draw(st.one_of(st.integers(-9_999_999, 9_999_999), st.integers(-1200, 1200)))
    return Decimal(scaled).scaleb(-digits)


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


@st.composite
def near(draw: st.DrawFn, truth: Decimal) -> Decimal:
    """A value at or just beside a boundary that some rule draws around the truth."""
    unit = Decimal(1).scaleb(-_places(truth))
    kind = draw(
        st.sampled_from(["same", "steps", "rounded", "shifted", "relative", "sign", "rule"])
    )
    if kind == "steps":
        # Half a unit is right, a hair more is wrong; whole units are wrong.
        steps = ["0.4", "-0.49", "0.5", "-0.5", "0.51", "-0.501", "1", "-1"]
        return truth + unit * Decimal(draw(st.sampled_from(steps)))
    if kind == "rounded":
        places = draw(st.integers(0, 3))
        step = Decimal(1).scaleb(-places)
        mode = draw(st.sampled_from(["ROUND_HALF_EVEN", "ROUND_HALF_UP", "ROUND_DOWN", "ROUND_UP"]))
        return truth.quantize(step, rounding=mode)
    if kind == "shifted":
        return truth.scaleb(draw(st.sampled_from([-4, -3, -2, -1, 1, 2, 3, 4])))
    if kind == "relative":
        return truth * Decimal(draw(st.sampled_from(["1.0099", "1.01", "1.0101", "0.99", "0.995"])))
    if kind == "sign":
        return -truth
    if kind == "rule":
        return truth + Decimal(
            draw(st.sampled_from(["0.001", "0.0009", "0.999", "1", "-1.0", "1.001"]))
        )
    return truth


@st.composite
def written(draw: st.DrawFn, value: Decimal) -> str:
    """One of the ways to write a number, with or without a unit."""
    negative = value < 0
    magnitude = abs(value)
    text = draw(st.sampled_from([plain, plain, grouped]))(magnitude)
    if draw(st.integers(0, 9)) == 0:
        text += draw(st.sampled_from(["0", "00"])) if "." in text else ".0"
    if magnitude and draw(st.integers(0, 14)) == 0:
        text = format(magnitude, "e").replace("e+", draw(st.sampled_from(["e", "e+", "E"])))
    currency = draw(st.sampled_from(["", "", "", "$", "€", "USD ", "\\$"]))
    words = [word for group in UNIT_WORDS.values() for word in group]
    unit = draw(st.one_of(st.just(""), st.just(""), st.sampled_from(words)))
    if not unit and draw(st.integers(0, 2)) == 0:
        power = draw(st.sampled_from([3, 6, 9]))
        unit = draw(st.sampled_from(["", " "])) + draw(st.sampled_from(SCALE_WORDS[power]))
    if not negative:
        return draw(st.sampled_from(["", "", "", "+"])) + currency + text + unit
    style = draw(st.sampled_from(["sign", "sign_after", "outside", "inside", "both", "open"]))
    sign = draw(st.sampled_from(MINUS))
    return {
        "sign": f"{sign}{currency}{text}{unit}",
        "sign_after": f"{currency}{sign}{text}{unit}",
        "outside": f"{currency}({text}){unit}",
        "inside": f"({currency}{text}{unit})",
        "both": f"-({currency}{text}){unit}",
        "open": f"({currency}{text}{unit}",
    }[style]


WRAPPERS = [
    "{}",
    "{}",
    "{}",
    "{}.",
    "about {}",
    "~{}",
    "approximately {}",
    "= {}",
    "**{}**",
    "In 2024 it was {}",
    "{} (2023)",
    "Margin - {}",
    "2024 - {}",
    "5% - {}",
    "USD {}",
    "{} in 2021",
    "FINAL ANSWER: {}",
    "I first got 35. FINAL ANSWER: {}\n\nDone with 7 tables.",
    "FINAL ANSWER: {}\n```\n99\n```",
    "\\boxed{{{}}}",
    "so \\boxed{{{}}} is it",
    "$\\boxed{{{}}}$",
    "\\boxed{{\\text{{{}}}}}",
    "\\({}\\)",
    "{} or 38",
    "5 to {}",
    "\\boxed{{36}} then \\boxed{{{}}}",
    "a decrease of {}",
    "increased by {}",
    "it fell, {}",
    "\u200b{}",
    "The answer is {}",
]
MALFORMED = [
    "12,34.5",
    "3_7",
    "1 234",
    "1,2",
    "6,28%",
    "inf",
    "nan",
    "ten",
    "1/0",
    "—",
    "",
    "N/A",
    "(77",
    "77)",
]


@st.composite
def single_cases(draw: st.DrawFn) -> Case:
    """One value: the truth and a near miss in some surface form."""
    truth = draw(truths())
    unit = draw(st.sampled_from(QUANTITIES))
    question: dict[str, Any] = {
        "unit": unit,
        "scale": draw(st.sampled_from(list(SCALES))) if unit in {"amount", "count"} else "",
        "op": draw(st.sampled_from(["exact", "derived"])),
        "multi": "",
        "signed_change": draw(st.booleans()),
        "aliases": [],
    }
    shown = draw(st.sampled_from([plain, grouped]))(truth)
    if unit == "percent":
        shown += draw(st.sampled_from(["", "%", "\\%"]))
    value = draw(near(truth))
    if question["scale"] and draw(st.integers(0, 3)) == 0:
        power = SCALES[question["scale"]] - draw(st.sampled_from([0, 3, 6, 9]))
        value = value.scaleb(power)
    text = draw(written(value)) if draw(st.integers(0, 11)) else draw(st.sampled_from(MALFORMED))
    predicted = draw(st.sampled_from(WRAPPERS)).format(text)
    return Case(predicted, f"\\boxed{{{shown}}}", question)


@st.composite
def fraction_cases(draw: st.DrawFn) -> Case:
    """Ratios written as fractions on one side or both."""
    a, b = draw(st.integers(-30, 30)), draw(st.integers(1, 30))
    places = draw(st.integers(1, 5))
    decimal = (Decimal(a) / Decimal(b)).quantize(Decimal(1).scaleb(-places))
    factor = draw(st.integers(1, 4))
    fraction = draw(st.sampled_from([f"{a}/{b}", f"{a * factor}/{b * factor}", f"{a + 1}/{b}"]))
    if a >= 0:
        fraction = draw(st.sampled_from([fraction, f"\\frac{{{a}}}{{{b}}}"]))
    sides = [fraction, draw(st.sampled_from([plain(decimal), f"{a}/{b}"]))]
    if draw(st.booleans()):
        sides.reverse()
    question = {"unit": "ratio", "op": draw(st.sampled_from(["exact", "derived"]))}
    return Case(sides[0], f"\\boxed{{{sides[1]}}}", question)


def _styled(key: str, style: str) -> str:
    if style == "upper":
        return key.upper()
    if style == "fiscal" and key.isdigit():
        return f"FY{key}"
    if style == "dash":
        return key.replace(" to ", "-")
    if style == "arrow":
        return key.replace(" to ", " -> ")
    return key


@st.composite
def multi_cases(draw: st.DrawFn) -> Case:
    """Keyed or plain lists: other orders, other keys, missing, repeated and surplus values."""
    keys = draw(st.sampled_from(KEYS))
    values = [Decimal(draw(st.integers(1, 999))).scaleb(-3) for _ in keys]
    near_values = [draw(near(v)) if draw(st.integers(0, 5)) == 0 else v for v in values]
    keyed = draw(st.booleans())
    shown = [f"{k}: {plain(v)}" if keyed else plain(v) for k, v in zip(keys, values, strict=True)]
    truth = f"\\boxed{{{', '.join(shown)}}}"
    if not keyed and draw(st.booleans()):
        truth = ", ".join(f"\\boxed{{{v}}}" for v in shown)

    parts = list(zip(keys, near_values, strict=True))
    change = draw(st.sampled_from(["none", "none", "order", "drop", "repeat", "more", "key"]))
    if change == "order":
        parts = draw(st.permutations(parts))
    elif change == "drop":
        parts = parts[1:]
    elif change == "repeat":
        parts[1] = (parts[0][0], parts[1][1])
    elif change == "more":
        parts.append(("2019", Decimal("0.5")))
    elif change == "key":
        parts[0] = ("2018", parts[0][1])
    style = draw(st.sampled_from(["as_is", "upper", "fiscal", "dash", "arrow"]))
    form = draw(st.sampled_from(["keyed", "equals", "plain", "json", "json_list", "boxes", "some"]))
    separator = draw(st.sampled_from([", ", "; ", "\n", ";"]))
    texts = [draw(st.sampled_from([plain(v), plain(v * 100) + "%"])) for _, v in parts]
    named = [_styled(k, style) for k, _ in parts]
    if form == "json":
        body = ", ".join(f'"{k}": {plain(v)}' for (_, v), k in zip(parts, named, strict=True))
        predicted = f"{{{body}}}"
    elif form == "json_list":
        predicted = f"[{', '.join(plain(v) for _, v in parts)}]"
    elif form == "boxes":
        predicted = separator.join(f"\\boxed{{{text}}}" for text in texts)
    else:
        join = {"keyed": "{}: {}", "equals": "{} = {}", "some": "{}: {}", "plain": "{1}"}[form]
        pieces = [join.format(k, t) for k, t in zip(named, texts, strict=True)]
        if form == "some":
            pieces[-1] = texts[-1]
        predicted = separator.join(pieces)
    question = {
        "unit": "ratio",
        "op": draw(st.sampled_from(["exact", "derived"])),
        "multi": "keyed" if keyed else "list",
    }
    return Case(predicted, truth, question)


LABELS = ["Operating leases", "United States", "The parent company", "net_income", "Total assets"]


@st.composite
def text_cases(draw: st.DrawFn) -> Case:
    """Labels in other case, with articles, punctuation and underscores; and other labels."""
    label = draw(st.sampled_from(LABELS))
    other = draw(st.sampled_from(LABELS))
    changes = {
        "same": label,
        "upper": label.upper(),
        "underscores": label.replace(" ", "_").lower(),
        "stop": f"{label}.",
        "quoted": f'"{label}"',
        "article": f"the {label}",
        "two": f"{label} and {other}",
        "other": other,
        "more": f"{label} total",
        "boxed": f"\\boxed{{\\text{{{label}}}}}",
        "alias": "US",
        "empty": "",
        "marker": f"It is {other}. FINAL ANSWER: {label}",
    }
    aliases = ["U.S.", "US"] if label == "United States" else []
    predicted = changes[draw(st.sampled_from(sorted(changes)))]
    return Case(predicted, f"\\boxed{{{label}}}", {"unit": "text", "aliases": aliases})


BOOLS = [
    "yes",
    "Yes.",
    "NO",
    "no, it fell",
    "yes and no",
    "Yes, it increased",
    "it did: yes",
    "maybe",
    "",
    "**Yes**",
    "\\boxed{yes}",
    "\\boxed{\\text{No}}",
    "FINAL ANSWER: no",
    "not yes",
    "1",
]


@st.composite
def other_cases(draw: st.DrawFn) -> Case:
    """Yes/no and years."""
    if draw(st.booleans()):
        truth = draw(st.sampled_from(["yes", "\\boxed{Yes}", "\\boxed{No}", "no"]))
        return Case(draw(st.sampled_from(BOOLS)), truth, {"unit": "bool"})
    year = draw(st.integers(1998, 2026))
    given_year = year + draw(st.sampled_from([0, 0, 1, -1]))
    form = draw(
        st.sampled_from(
            ["{}", "In {}", "fiscal {}", "\\boxed{{{}}}", "{} and 2020", "year", "20", "{} million"]
        )
    )
    predicted = f"{given_year:,}" if draw(st.integers(0, 5)) == 0 else form.format(given_year)
    return Case(predicted, f"\\boxed{{{year}}}", {"unit": "year", "op": "exact"})


def check(finqa_gym: Any, case: Case, mode: str) -> None:
    """Both scorers give the same score."""
    expected = score_answer(case.predicted, case.truth, **case.question, mode=mode)
    assert (
        finqa_gym.score_answer(case.predicted, case.truth, **case.question, mode=mode) == expected
    )


@given(single_cases())
def test_single_values_strict(finqa_gym: Any, case: Case) -> None:
    check(finqa_gym, case, "strict")


@given(single_cases())
def test_single_values_openenv(finqa_gym: Any, case: Case) -> None:
    check(finqa_gym, case, "openenv")


@given(fraction_cases(), st.sampled_from(["strict", "openenv"]))
def test_fractions(finqa_gym: Any, case: Case, mode: str) -> None:
    check(finqa_gym, case, mode)


@given(multi_cases())
def test_several_values_strict(finqa_gym: Any, case: Case) -> None:
    check(finqa_gym, case, "strict")


@given(text_cases(), st.sampled_from(["strict", "openenv"]))
def test_labels(finqa_gym: Any, case: Case, mode: str) -> None:
    check(finqa_gym, case, mode)


@given(other_cases(), st.sampled_from(["strict", "openenv"]))
def test_years_and_yes_no(finqa_gym: Any, case: Case, mode: str) -> None:
    check(finqa_gym, case, mode)


@given(
    st.lists(st.tuples(st.integers(2019, 2024), st.integers(1, 999)), min_size=2, max_size=4),
    st.data(),
)
def test_lists_openenv(finqa_gym: Any, rows: list[tuple[int, int]], data: st.DataObject) -> None:
    """Keys on both sides or on neither: by year where the years are the same, else by order."""
    rows = list({year: (year, value) for year, value in rows}.values())
    keyed = data.draw(st.booleans())
    mine = data.draw(st.permutations(rows))
    if data.draw(st.integers(0, 3)) == 0:
        mine = [(year + 1, value) for year, value in mine]

    def joined(pairs: list[tuple[int, int]], separator: str) -> str:
        texts = (f"{value / 1000:.3f}" for _, value in pairs)
        keys = (f"{year}: " if keyed else "" for year, _ in pairs)
        return separator.join(k + t for k, t in zip(keys, texts, strict=True))

    predicted = joined(mine, data.draw(st.sampled_from([", ", "; ", ","])))
    case = Case(predicted, f"\\boxed{{{joined(rows, ', ')}}}")
    check(finqa_gym, case, "openenv")


@given(single_cases())
def test_scores_are_zero_or_one_and_the_truth_is_right(case: Case) -> None:
    """Of the reference itself: it gives 0 or 1, and a label scores 1 against itself."""
    for mode in ("strict", "openenv"):
        assert score_answer(case.predicted, case.truth, **case.question, mode=mode) in {0.0, 1.0}
    assert score_answer(case.truth, case.truth, **case.question) == 1.0


def check_labelled(finqa_gym: Any, cases: list[dict[str, Any]]) -> None:
    """Package and reference agree with the label, in both modes."""
    assert cases
    for case in cases:
        for mode in ("strict", "openenv"):
            pair = case["predicted"], case["truth"]
            label = case[f"expected_{mode}"]
            name = case.get("id", pair)
            assert score_answer(*pair, **case["question"], mode=mode) == label, (
                name,
                mode,
                "reference",
            )
            assert finqa_gym.score_answer(*pair, **case["question"], mode=mode) == label, (
                name,
                mode,
            )


def test_shared_cases(finqa_gym: Any, shared_answer_cases: list[dict[str, Any]]) -> None:
    check_labelled(finqa_gym, shared_answer_cases)


def test_committed_cases(finqa_gym: Any, committed_answer_cases: list[dict[str, Any]]) -> None:
    check_labelled(finqa_gym, committed_answer_cases)


ABSENT_PIECES = [
    "not ", "available", "disclosed", " in the tables", "cannot be ", "determined", "N/A", "n.a.",
    " 2024", " 2022-2024", "5", "$", "%", " million", " five", ".", " ", "10-K", "Q4", "FY24",
    " the ", "no data", "don't ", "can't ", "can not ", "show", "**", "(", ")", ",", "-", "unknown",
    "NA", "\n", "1,234", "2010", " shares",
]  # fmt: skip


@given(st.lists(st.sampled_from(ABSENT_PIECES), max_size=7).map("".join))
def test_statements_that_there_is_no_answer(finqa_gym: Any, submission: str) -> None:
    verdict = finqa_gym.judge_answer(submission, "not answerable", unit="absent")
    assert verdict.score == score_answer(submission, "not answerable", unit="absent")
    # Where there is an answer, such a statement is wrong, and told apart.
    other = finqa_gym.judge_answer(submission, "Goodwill", unit="text")
    assert (other.reason == "declined") == (verdict.score == 1.0)
