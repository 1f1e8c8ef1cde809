"""Benchmark inputs and the baselines that the engine is compared with."""
