"""The sample company: a seeded telecom operator whose data lies in several dirty systems."""

from sample_data.generator import SampleReport, generate

__all__ = ["SampleReport", "generate"]
