"""Slow, clear Python implementations of the rules: the oracles of the parity tests.

Nothing in the package imports this; it is written from the specifications with other algorithms
than the Rust core uses (``Fraction`` instead of scaled integers, regular expressions and ``ast``
instead of scanners).
"""
