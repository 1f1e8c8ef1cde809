"""Settings of the synthetic corpus."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Literal

from finqa_gym import _native, arguments

__all__ = ["SynthConfig"]


@dataclasses.dataclass(frozen=True)
class SynthConfig:
    """Knobs of the synthetic corpus. Immutable; percentages are whole numbers from 0 to 100.

    The defaults are level 3, which mirrors what was measured on published corpora.

    Attributes:
        world: ``"filing"`` makes 10-K companies; ``"tiny"`` makes small companies with small
            numbers, for models of about a million parameters.
        level: Preset that the settings were taken from, 1 to 5; 0 for none. Stamped into tasks.
        min_tables: Fewest tables of a company, 8 to 45.
        max_tables: Most tables of a company, ``min_tables`` to 45.
        distractor_pct: Companies with neighbours by name and twins with another cut.
        custom_tag_pct: Tables under a custom tag of the company.
        header_style: ``"cleaned"`` names as in the published corpora, or as ``"filing"`` has them.
        label_style: One of ``"mixed"``, ``"original"``, ``"lower"``, ``"snake"``.
        unit_hint: Questions state their unit ``"always"`` or only ``"when_needed"``.
        unit_mismatch_pct: Tables shown in another scale than the company's.
        restated_pct: Companies with a restated prior year.
        dash_pct: Zeros written as a dash.
        repeated_label_pct: Tables with a repeated label.
        section_pct: Tables with headings inside, of those that can have them.
        paraphrase_level: Words of questions: 1 the table's labels, 2 synonyms, 3 concepts, too.
        max_operands: Most operands of a question, 2 to 5.
        max_hops: Most tables of a multi-table question, 2 to 4.
        max_years: Most years shown in a table, 2 to 5.
        decimals: Digits after the point of companies that report in millions, 0 to 2; None draws.
        missing_metadata_pct: Tables without a description.
        sql_strictness: Whose SQL guards gold queries pass: ``"both"``, ``"openenv"``, ``"rllm"``.
        unanswerable_pct: Questions of train and val that the tables cannot answer.
        multi_table_pct: Multi-table questions of train and val.
        tasks_per_company: Questions about each company of train and val, 1 to 64.
        train_companies: Companies of train; None is endless.
        val_companies: Companies of val, 1 to 100,000.
        curriculum: How many companies of levels 1 to 5, as five weights; None for one level.

    Raises:
        ValueError: A value out of range; the text names the field, the value and what is allowed.
        TypeError: A value of another type.

    Example:
        >>> SynthConfig(restated_pct=25).level
        3
        >>> SynthConfig(restated_pct=101)
        Traceback (most recent call last):
        ValueError: SynthConfig.restated_pct is 101; it must be from 0 to 100
    """

    world: Literal["filing", "tiny"] = "filing"
    level: int = 3
    min_tables: int = 20
    max_tables: int = 45
    distractor_pct: int = 60
    custom_tag_pct: int = 30
    header_style: Literal["cleaned", "filing"] = "cleaned"
    label_style: Literal["mixed", "original", "lower", "snake"] = "mixed"
    unit_hint: Literal["always", "when_needed"] = "always"
    unit_mismatch_pct: int = 4
    restated_pct: int = 10
    dash_pct: int = 95
    repeated_label_pct: int = 15
    section_pct: int = 33
    paraphrase_level: int = 3
    max_operands: int = 5
    max_hops: int = 4
    max_years: int = 5
    decimals: int | None = None
    missing_metadata_pct: int = 3
    sql_strictness: Literal["both", "openenv", "rllm"] = "both"
    unanswerable_pct: int = 5
    multi_table_pct: int = 20
    tasks_per_company: int = 16
    train_companies: int | None = None
    val_companies: int = 64
    curriculum: tuple[int, int, int, int, int] | None = None

    def __post_init__(self) -> None:
        """Checks types here and ranges in the engine."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            name = f"SynthConfig.{field.name}"
            if isinstance(field.default, str):
                arguments.text(name, value)
            elif isinstance(field.default, int):
                value = arguments.integer(name, value, below=2**32)
            elif field.name == "curriculum" and value is not None:
                value = tuple(arguments.integers(name, value))
                if len(value) != 5:
                    msg = f"{name} is {value}; five weights are needed, for levels 1 to 5"
                    raise ValueError(msg)
            elif value is not None:
                value = arguments.integer(name, value, below=2**32)
            # Plain ints of numpy's, a tuple of a list: equal settings are equal and hashable.
            object.__setattr__(self, field.name, value)
        _native.check_synth_config(self.to_json())

    @classmethod
    def preset(cls, name: int | str, **changes: Any) -> SynthConfig:
        """Level 1 to 5 (3 mirrors what was measured), or ``"tiny"``.

        Args:
            name: The level, or ``"tiny"``.
            changes: Fields to set otherwise.

        Raises:
            ValueError: There is no such preset, or a change is out of range.

        Example:
            >>> SynthConfig.preset(3) == SynthConfig()
            True
            >>> SynthConfig.preset("tiny", train_companies=100).world
            'tiny'
        """
        if not isinstance(name, str):
            name = str(arguments.integer("preset", name))
        return cls.from_json(_native.synth_preset(name), **changes)

    @classmethod
    def from_json(cls, text: str, **changes: Any) -> SynthConfig:
        """Reads what `to_json` wrote; ``changes`` are set otherwise."""
        fields = json.loads(text)
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted((set(fields) | set(changes)) - known)
        if unknown:
            msg = f"SynthConfig has no field {unknown[0]!r}; it has {', '.join(sorted(known))}"
            raise ValueError(msg)
        return cls(**{**fields, **changes})

    def to_json(self) -> str:
        """All fields as a JSON object."""
        return json.dumps(dataclasses.asdict(self))
