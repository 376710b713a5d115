"""Benchmarks: each prints a ratio of figures taken in one run."""
