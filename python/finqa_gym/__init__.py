"""Thousands of sandboxed financial question-answering episodes in parallel."""

from finqa_gym._native import __version__, build_info

__all__ = ["__version__", "build_info"]
