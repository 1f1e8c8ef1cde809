r"""Reference for ``score_answer``: exact fractions and regular expressions.

Mode ``strict`` follows the ten rules of the answer specification (one reading for every submission,
decimal arithmetic). Mode ``openenv`` lives in :mod:`reference.answers_openenv`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction

from reference.answers_openenv import compute_reward

RATES = {"percent", "ratio", "pp", "bps", "multiple"}
SCALED = {"amount", "count"}
SCALE_FACTORS = {"": 1, "thousand": 10**3, "million": 10**6, "billion": 10**9}

ARTICLES = {"a", "an", "the"}
WORDS_UP = {
    "gain", "gained", "grew", "grow", "grown", "growth", "higher", "increase", "increased",
    "increases", "increasing", "rise", "risen", "rises", "rising", "rose", "up",
}  # fmt: skip
WORDS_DOWN = {
    "decline", "declined", "declines", "declining", "decrease", "decreased", "decreases",
    "decreasing", "down", "drop", "dropped", "drops", "fall", "fallen", "falling", "falls", "fell",
    "lower", "reduced", "reduction", "shrank",
}  # fmt: skip

_ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f"))
_SCALE_WORDS = {
    **dict.fromkeys(["thousand", "thousands", "k"], 3),
    **dict.fromkeys(["million", "millions", "mm", "mn", "mln", "m"], 6),
    **dict.fromkeys(["billion", "billions", "bn", "b"], 9),
}
_UNIT_WORDS = {
    **dict.fromkeys(["%", "percent", "per cent"], "percent"),
    **dict.fromkeys(["pp", "ppt", "ppts", "percentage point", "percentage points"], "pp"),
    **dict.fromkeys(["bp", "bps", "basis point", "basis points"], "bps"),
    **dict.fromkeys(["x", "times"], "times"),
}


def _alternatives(words: list[str]) -> str:
    """One alternative a word, the longest first; a blank inside stands for any run of blanks."""
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in ordered)


_CURRENCY = r"(?:us\s?\$|[$€£¥]|usd|eur|gbp)"
_WORDS = _alternatives([word for word in [*_SCALE_WORDS, *_UNIT_WORDS] if word != "%"])
_AFTER = rf"\s*(?:%|(?:{_WORDS})(?![a-z]))"
_DIGITS = r"(?:\d(?:[\d_]|[.,](?=[\d_]))*|\.\d(?:[\d_]|[.,](?=[\d_]))*)(?:e[+-]?\d+(?!\d))?"
_NUMBER = re.compile(
    rf"""
    (?:(?P<fy>\bfy\s?)|(?<![a-z_])) (?P<sign>(?<![\w)])[+-]\s*)?
    (?P<currency>{_CURRENCY}\s*)?
    (?P<opening>\(\s*)?
    (?P<sign_after>(?<![\w)])[+-]\s*)?
    (?P<currency_after>{_CURRENCY}\s*)?
    (?P<sign_inside>(?<![\w)])[+-]\s*)?
    (?P<digits>{_DIGITS}) (?:\s*/\s*(?P<denominator>{_DIGITS}))?
    (?P<inside>{_AFTER})?
    (?P<closing>\s*\))?
    (?P<outside>{_AFTER})?
    (?P<mark>\s*(?:us\s)?(?:dollars?|euros?|pounds?|yen|usd|eur|gbp|shares?)(?![a-z]))?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PLAIN_DECIMAL = re.compile(
    r"(?P<whole>\d{1,3}(?:,\d{3})+|\d*)(?:\.(?P<decimals>\d*))?(?:e(?P<exponent>[+-]?\d{1,4}))?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_CURRENCY_WORDS = {
    "usd",
    "eur",
    "gbp",
    "dollar",
    "dollars",
    "euro",
    "euros",
    "pound",
    "pounds",
    "yen",
}
_LOOSE_DASH = re.compile(r"([^\W\d_]+|[%)])\s+[+-]\s+")
_RANGE = re.compile(
    rf"(?<![\w.,])(?P<low>\d[\d.,]*)(?:\s*[+-]\s+|[+-])(?:{_CURRENCY}\s*)?(?P<high>[\d.,]*\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Quantity:
    """A number as written, before it is read in a question's unit.

    ``decimals`` is ``None`` for a fraction, which is exact; ``digits`` counts significant digits.
    """

    value: Fraction
    decimals: int | None
    digits: int
    unit: str | None = None
    scale: int | None = None
    currency: bool = False
    full: bool = False
    bare: str = ""


@dataclass(frozen=True)
class Part:
    """One value of a submission with its key, if it has one."""

    key: str | None
    text: str


class UnreadableError(Exception):
    """The text is no value under the rules."""


# --- rule 1: extraction ---------------------------------------------------------------------------


def boxed_parts(text: str) -> list[str]:
    r"""Contents of all outermost ``\boxed{…}`` with balanced braces."""
    parts = []
    position = 0
    while (start := text.find("\\boxed{", position)) >= 0:
        begin = start + len("\\boxed{")
        depth = 1
        for offset, char in enumerate(text[begin:]):
            depth += {"{": 1, "}": -1}.get(char, 0)
            if depth == 0:
                parts.append(text[begin : begin + offset])
                position = begin + offset + 1
                break
        else:
            position = begin
    return parts


def extract(text: str) -> list[str]:
    """What of a submission counts: the boxes, the text behind the last marker, or everything."""
    boxes = boxed_parts(text)
    if boxes:
        return boxes
    tails = re.split(r"final answer\s*(?:\*\*)?\s*:", text, flags=re.IGNORECASE)
    if len(tails) == 1:
        return [text]
    return [re.split(r"\n[^\S\n]*\n|```", tails[-1].lstrip())[0]]


# --- rule 2: normalisation ------------------------------------------------------------------------


def normalise(text: str) -> str:
    """Folds the ways of writing that carry no meaning."""
    # A raised digit is no digit of the number before it; a vulgar fraction is a fraction.
    text = re.sub(r"[⁰¹²³⁴-⁹₀-₉]", "_", text)
    text = re.sub(r"[¼-¾⅐-⅞]", lambda m: f" {unicodedata.normalize('NFKC', m[0])}", text)
    text = unicodedata.normalize("NFKC", text).translate(_ZERO_WIDTH).replace("\u2044", "/")
    text = re.sub(r"\\d?t?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r" \1/\2 ", text)
    for _ in range(3):
        text = re.sub(r"\\(?:text|textbf|textit|mathrm|mathbf|mbox)\s*\{([^{}]*)\}", r"\1", text)
    text = text.replace("{,}", ",").replace("\\%", "%").replace("\\$", "$")
    text = re.sub(r"\\(?:quad|qquad)\b|\\[ ,;:!]", " ", text)
    text = re.sub(r"\\[()\[\]]", " ", text)
    dashes = (char for char in set(text) if char == "\u2212" or unicodedata.category(char) == "Pd")
    text = text.translate(dict.fromkeys(map(ord, dashes), "-")).replace("**", "").strip()
    while True:
        before = text
        text = re.sub(r"^(?:about\b|approximately\b|~)\s*", "", text, flags=re.IGNORECASE)
        text = re.sub(r"\$(?=\S)([^$]*)(?<=\S)\$(?!\d)", r"\1", text).strip()
        if text == before:
            break
    return text.removesuffix(".").strip()


# --- rules 3 and 4: exactly one number ------------------------------------------------------------


def _decimal(text: str) -> tuple[Fraction, int, int]:
    """Value, decimals and significant digits of an unsigned decimal."""
    match = _PLAIN_DECIMAL.fullmatch(text)
    if match is None or not (match["whole"] or match["decimals"]):
        raise UnreadableError(f"{text!r} is no number")
    whole, decimals = match["whole"].replace(",", ""), match["decimals"] or ""
    exponent = int(match["exponent"] or 0)
    value = Fraction(int((whole + decimals) or "0")) * Fraction(10) ** (exponent - len(decimals))
    return value, len(decimals) - exponent, len((whole + decimals).lstrip("0"))


def _quantity(match: re.Match[str]) -> Quantity:
    """Reads one occurrence of the number pattern."""
    signs = [s.strip() for s in (match["sign"], match["sign_after"], match["sign_inside"]) if s]
    opened, closed = bool(match["opening"]), bool(match["closing"])
    units = [u.strip().lower() for u in (match["inside"], match["outside"]) if u]
    digits = match["digits"]
    bare_year = _YEAR.fullmatch(digits) and not signs and not units and not match["denominator"]
    if opened != closed and not bare_year:
        raise UnreadableError("unbalanced parenthesis")
    if len(signs) > 1 or (signs and opened):
        raise UnreadableError("more than one sign")
    value, decimals, significant = _decimal(digits)
    exact = False
    if match["denominator"]:
        denominator, _, _ = _decimal(match["denominator"])
        if denominator == 0:
            raise UnreadableError("division by zero")
        value, exact = value / denominator, True
    unit: str | None = None
    scale: int | None = None
    for word in (re.sub(r"\s+", " ", u) for u in units):
        if word in _UNIT_WORDS and unit is None and scale is None:
            unit = _UNIT_WORDS[word]
        elif word in _SCALE_WORDS and unit is None and scale is None:
            scale = _SCALE_WORDS[word]
        else:
            raise UnreadableError("two units")
    mark = (match["mark"] or "").strip().lower()
    currency = bool(match["currency"] or match["currency_after"]) or bool(
        mark and "share" not in mark
    )
    plain = bare_year and not currency and not mark
    return Quantity(
        value=-value if "-" in signs or (opened and closed and not plain) else value,
        decimals=None if exact else decimals,
        digits=significant,
        unit=unit,
        scale=scale,
        currency=currency,
        full=currency or mark.startswith("share"),
        bare=digits if plain else "",
    )


def _without_dashes(text: str) -> str:
    """A dash that is no sign: between blanks behind a word it is punctuation ("net loss - 5"),
    behind a number it makes a range, which only years may.
    """
    for match in _RANGE.finditer(text):
        if not (_YEAR.fullmatch(match["low"]) and _YEAR.fullmatch(match["high"])):
            raise UnreadableError("a range")
    return _LOOSE_DASH.sub(
        lambda m: m[0] if m[1].casefold() in _CURRENCY_WORDS else f"{m[1]}  ", text
    )


def find_quantity(text: str, unit: str) -> Quantity:
    """The one number of a text; years beside it are passed over."""
    text = _without_dashes(text)
    matches = list(_NUMBER.finditer(text))
    rest = _NUMBER.sub(" ", text)
    glued = any(
        text[m.end() : m.end() + 1].isalpha() or text[m.end() :][:1] == "_" for m in matches
    )
    if glued or re.search(r"\d|\\[A-Za-z]", rest):
        raise UnreadableError("letters glued to digits, or a command that is not known")
    found = [_quantity(match) for match in matches]
    scales = re.findall(r"\b(?:thousands?|millions?|billions?)\b", rest, re.IGNORECASE)
    if len(scales) == 1 and unit in SCALED:
        # "In thousands: 3,210" is as explicit as "3,210 thousand".
        power = _SCALE_WORDS[scales[0].lower()]
        found = [q if q.scale or q.unit or q.bare else replace(q, scale=power) for q in found]
    if unit == "year":
        years = [q for q in found if q.bare]
        if len(found) != 1 or len(years) != 1:
            raise UnreadableError("not exactly one year")
        return years[0]
    if len(found) > 1:
        found = [q for q in found if not q.bare]
    if len(found) != 1:
        raise UnreadableError(f"{len(found)} numbers")
    return found[0]


# --- rules 5 to 7: units, value, direction --------------------------------------------------------


def _shift(quantity: Quantity, power: int) -> tuple[Fraction, int | None]:
    """Value and decimals after multiplication by a power of ten."""
    decimals = None if quantity.decimals is None else quantity.decimals - power
    return quantity.value * Fraction(10) ** power, decimals


def readings(quantity: Quantity, unit: str, scale: str) -> list[tuple[Fraction, int | None]]:
    """What a quantity can mean in the question's unit; a marked full amount is the only one with
    two readings.
    """
    if quantity.currency and unit in RATES:
        return []
    if quantity.scale is not None:
        if unit not in SCALED:
            return []
        table = len(str(SCALE_FACTORS[scale])) - 1
        return [_shift(quantity, quantity.scale - table)]
    powers: dict[tuple[str, str | None], int] = {
        ("percent", "percent"): 0,
        ("ratio", "percent"): -2,
        ("ratio", "times"): 0,
        ("multiple", "times"): 0,
        ("pp", "percent"): 0,
        ("pp", "pp"): 0,
        ("pp", "bps"): -2,
        ("bps", "percent"): 2,
        ("bps", "pp"): 2,
        ("bps", "bps"): 0,
    }
    if quantity.unit is not None:
        power = powers.get((unit, quantity.unit))
        return [] if power is None else [_shift(quantity, power)]
    meanings = [_shift(quantity, 0)]
    if unit in SCALED and quantity.full and scale and abs(quantity.value) >= SCALE_FACTORS[scale]:
        meanings.append(_shift(quantity, 1 - len(str(SCALE_FACTORS[scale]))))
    return meanings


def _half_unit(decimals: int | None) -> Fraction:
    return Fraction(0) if decimals is None else Fraction(1, 2) * Fraction(10) ** -decimals


def values_agree(
    predicted: tuple[Fraction, int | None], digits: int, truth: tuple[Fraction, int | None], op: str
) -> bool:
    """Rule 6: equal, or for derived values a correct rounding."""
    (p, dp), (t, dt) = predicted, truth
    if p == t:
        return True
    if op == "exact" or p * t < 0:
        return False
    at_least_as_fine = dp is None or (dt is not None and dp >= dt)
    if at_least_as_fine:
        return abs(p - t) <= _half_unit(dt)
    return digits >= 3 and abs(p - t) <= _half_unit(dp) + _half_unit(dt)


def _directed(quantity: Quantity, text: str, signed_change: bool) -> Quantity:
    """Rule 7."""
    words = set(re.findall(r"[a-z]+", text.casefold()))
    if signed_change and quantity.value > 0 and words & WORDS_DOWN and not words & WORDS_UP:
        return replace(quantity, value=-quantity.value)
    return quantity


# --- rule 9: text and yes/no ----------------------------------------------------------------------


def fold_text(text: str) -> str:
    """A label without case, articles, punctuation and underscores."""
    text = normalise(text).casefold().replace("_", " ")
    text = re.sub(r"(?<=\d)\.(?=\d)", "\0", text)
    kept = "".join(char for char in text if not unicodedata.category(char).startswith("P"))
    # Without blanks: "U.S." and "u s" are the same label.
    return "".join(word for word in kept.split() if word not in ARTICLES)


def read_bool(text: str) -> str:
    """``yes`` or ``no``: the first word decides, and the other one must not be there."""
    words = re.findall(r"[^\W\d_]+", normalise(text).casefold())
    if not words or words[0] not in {"yes", "no"} or {"yes", "no"} <= set(words):
        raise UnreadableError("neither yes nor no")
    return str(words[0])


# --- rule 8: several values -----------------------------------------------------------------------


def fold_key(key: str) -> str:
    """A key for comparison; years compare by their digits, spans of years by their ends."""
    key = normalise(key).casefold().strip(" \"'")
    tokens = re.findall(r"[^\W\d_]+|\d+|[^\w\s]", re.sub(r"->|→", " to ", key))
    fillers = {"fy", "fiscal", "year", "to", "-", "_"}
    if any(_YEAR.fullmatch(t) for t in tokens) and all(
        _YEAR.fullmatch(t) or t in fillers for t in tokens
    ):
        return " ".join(t for t in tokens if t not in fillers)
    words = re.sub(r"[_\s]+", " ", key).split()
    return " ".join(word for word in words if word not in ARTICLES)


def _json_parts(text: str) -> list[Part] | None:
    """Parts of a JSON object or list; ``None`` if the text is neither."""
    if text[:1] not in {"{", "["}:
        return None
    try:
        data = json.loads(text, object_pairs_hook=list, parse_float=str, parse_int=str)
    except ValueError:
        return None
    is_object = text[0] == "{"
    pairs = data if is_object else [(None, value) for value in data]
    if not all(isinstance(value, str) for _, value in pairs):
        raise UnreadableError("a JSON value that is neither number nor text")
    return [Part(key, value) for key, value in pairs]


def split_parts(chunks: list[str]) -> list[Part]:
    """Splits a submission of several values into its parts."""
    parts: list[Part] = []
    for chunk in chunks:
        text = normalise(chunk)
        as_json = _json_parts(text)
        if as_json is not None:
            parts.extend(as_json)
            continue
        # Grouping commas are set aside, the others separate.
        text = re.sub(
            r"(?<![\d.])\d{1,3}(?:,\d{3})+(?!\d)", lambda m: m[0].replace(",", "\0"), text
        )
        for piece in (p.replace("\0", ",") for p in re.split(r"[;\n,]", text)):
            match = re.fullmatch(r"\s*(?P<key>[^:=]*[^\s:=])\s*[:=](?P<value>.*)", piece, re.DOTALL)
            parts.append(Part(match["key"], match["value"]) if match else Part(None, piece))
    return parts


def _match_parts(predicted: list[Part], truth: list[Part]) -> list[tuple[str, str]]:
    """Pairs of values by key, or by order where the submission has no key."""
    if len(predicted) != len(truth):
        raise UnreadableError("another number of values")
    if all(part.key is None for part in predicted):
        return [(p.text, t.text) for p, t in zip(predicted, truth, strict=True)]
    if any(part.key is None for part in [*predicted, *truth]):
        raise UnreadableError("some values have no key")
    by_key = {fold_key(part.key or ""): part.text for part in predicted}
    wanted = {fold_key(part.key or ""): part.text for part in truth}
    if len(by_key) != len(predicted) or by_key.keys() != wanted.keys():
        raise UnreadableError("keys differ or repeat")
    return [(by_key[key], wanted[key]) for key in wanted]


# --- all together ---------------------------------------------------------------------------------


def _value_right(
    predicted: str,
    truth: str,
    unit: str,
    scale: str,
    op: str,
    signed_change: bool,
    aliases: list[str],
) -> bool:
    if unit == "text":
        label = fold_text(predicted)
        return bool(label) and label in {fold_text(t) for t in [truth, *aliases]}
    if unit == "bool":
        return read_bool(predicted) == read_bool(truth)
    quantity = _directed(find_quantity(normalise(predicted), unit), predicted, signed_change)
    gold = _directed(find_quantity(normalise(truth), unit), truth, signed_change)
    wanted = readings(gold, unit, scale)[:1]
    return any(
        values_agree(reading, quantity.digits, target, op)
        for reading in readings(quantity, unit, scale)
        for target in wanted
    )


_ABSENT = re.compile(
    r"""\b(?:
        un(?:answerable|available|disclosed)
      | not\ (?:answerable|determinable|available|disclosed|reported|provided|stated|given|shown
              |included|contained|found|present|in\ the\ tables?)
      | cannot\ (?:answer|determine|be\ (?:answered|determined|calculated|computed|derived))
      | not\ (?:hold|contain|disclose|report|show|state|give|provide|include)
      | no\ (?:such\ )?data | (?:insufficient|not\ enough)\ (?:data|information)
    )\b""",
    re.VERBOSE,
)
_NUMBER_WORD = (
    r"(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty"
    r"|sixty|seventy|eighty|ninety|hundred|half)"
)
_UNIT_WORD = r"(?:thousand|million|billion|trillion|percent|dollars?|euros?|usd|bps|cents?)"


def says_absent(text: str) -> bool:
    """Whether a text says that the tables hold no answer, and claims no number."""
    text = normalise(text).lower().replace("’", "'")  # noqa: RUF001
    text = re.sub(r"\bcan(?:'t| not)\b", "cannot", text)
    text = re.sub(r"\b(do|does|did|is|are)n't\b", r"\1 not", text)
    plain = re.sub(r"\b(?:fy|cy|q|h)\d{1,4}(?![\d\w]|[.,]\d)", " ", text)
    plain = re.sub(r"(?<!\w)(?<!\d[.,])(?:10|8|20|40|6)-[kqf]\b", " ", plain)
    if re.search(r"[$€£¥]\s*\d", text):
        return False
    year = r"(?<!\w)(?<!\d[.,])(?:19|20)\d\d"
    plain = re.sub(rf"{year}(?![\d\w]|\s*%|[.,]\d|\s*{_UNIT_WORD}\b)", " ", plain)
    if re.search(r"\d", plain) or re.search(rf"\b{_NUMBER_WORD}\W+{_UNIT_WORD}\b", plain):
        return False
    words = re.findall(r"[^\W_]+", text)
    if len(words) > 40:
        return False
    spaced = " ".join(words)
    return spaced in ("na", "n a") or bool(_ABSENT.search(spaced)) or " n a " in f" {spaced} "


def score_answer(
    predicted: str,
    truth: str,
    *,
    unit: str = "amount",
    scale: str = "",
    op: str = "derived",
    multi: str = "",
    signed_change: bool = False,
    aliases: list[str] | None = None,
    mode: str = "strict",
) -> float:
    """Scores a submission: 1.0 right, 0.0 wrong.

    Args:
        predicted: What the agent submitted.
        truth: The label as a benchmark writes it.
        unit: amount, count, percent, ratio, pp, bps, multiple, per_share, year, text, bool or
            absent.
        scale: Scale of the table for amounts and counts: "", thousand, million or billion.
        op: exact or derived.
        multi: "" for one value, "list" or "keyed" for several.
        signed_change: Whether a word of decrease gives the sign.
        aliases: Further right labels (unit text).
        mode: strict or openenv.
    """
    if mode == "openenv":
        return compute_reward(predicted, truth)
    if unit == "absent":
        mine, gold = extract(predicted), extract(truth)
        both = len(mine) == 1 and len(gold) == 1
        return float(both and says_absent(mine[0]) and says_absent(gold[0]))
    try:
        mine, gold = extract(predicted), extract(truth)
        if multi:
            pairs = _match_parts(split_parts(mine), split_parts(gold))
        elif len(mine) == 1 and len(gold) == 1:
            pairs = [(mine[0], gold[0])]
        else:
            pairs = []  # several boxes for one value
        right = bool(pairs) and all(
            _value_right(p, t, unit, scale, op, signed_change, aliases or []) for p, t in pairs
        )
    except UnreadableError:
        right = False
    return 1.0 if right else 0.0
