"""Corpora: loading, saving, looking inside."""

from finqa_gym.data.corpus import EXPORT_LAYOUTS, Corpus
from finqa_gym.data.opening import (
    LAYOUTS,
    corpus_from_source,
    is_evaluation_split,
    load,
    open_corpus,
    synthetic,
)
from finqa_gym.data.reports import ExportReport, Refusal, TaskCheck

# Corpora out of facts, and tasks out of corpora: a module of its own that needs those above.
from finqa_gym.filings import ingest, mine

__all__ = [
    "EXPORT_LAYOUTS",
    "LAYOUTS",
    "Corpus",
    "ExportReport",
    "Refusal",
    "TaskCheck",
    "corpus_from_source",
    "ingest",
    "is_evaluation_split",
    "load",
    "mine",
    "open_corpus",
    "synthetic",
]
