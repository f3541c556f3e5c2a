"""Benchmarks that compare with an expert's own SQL, in turn, on the same version."""
