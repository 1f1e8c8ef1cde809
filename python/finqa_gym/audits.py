"""What the audit of a corpus found."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from finqa_gym import _native

__all__ = ["CODES", "AuditReport"]

CODES: dict[str, tuple[str, str]] = {
    code: (kind, meaning) for code, kind, meaning in _native.AuditReport.codes
}
"""Every code of a finding: its class (failure, warning or note) and meaning."""


class AuditReport:
    """What `Corpus.audit` found. ``print(report)`` shows it as Markdown.

    Example:
        >>> import finqa_gym
        >>> report = finqa_gym.synthetic().take("val", 2).audit()
        >>> report.num_failed
        0
    """

    def __init__(self, native: _native.AuditReport) -> None:
        """Wraps a native report; use `Corpus.audit`."""
        self._native = native

    @property
    def num_tasks(self) -> int:
        """Tasks looked at."""
        return self._native.num_tasks

    @property
    def num_failed(self) -> int:
        """Tasks with a failure."""
        return self._native.num_failed

    @property
    def num_warned(self) -> int:
        """Tasks with a warning and no failure."""
        return self._native.num_warned

    def to_dict(self) -> dict[str, Any]:
        """The whole report: counts, outcomes, and each task with its findings."""
        report: dict[str, Any] = self._native.to_dict()
        return report

    def to_markdown(self) -> str:
        """Counts with their meaning, all failures, and the first warnings of each kind."""
        return self._native.to_markdown()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the report: Markdown if the name ends in ``.md``, else JSON."""
        target = Path(path)
        if target.suffix == ".md":
            text = self.to_markdown()
        else:
            text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"
        # Written beside and renamed: a report is there as a whole or not at all.
        staged = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            staged.write_text(text, encoding="utf-8")
            staged.replace(target)
        finally:
            staged.unlink(missing_ok=True)

    def __str__(self) -> str:
        """As Markdown."""
        return self.to_markdown()

    def __repr__(self) -> str:
        """The three numbers."""
        return (
            f"AuditReport(num_tasks={self.num_tasks}, num_failed={self.num_failed}, "
            f"num_warned={self.num_warned})"
        )
