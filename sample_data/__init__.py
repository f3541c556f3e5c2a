"""The sample company: a seeded telecom operator whose data lies in several dirty systems."""

from pathlib import Path

import pyarrow as pa

from sample_data.generator import SampleReport, generate
from sample_data.ledger import read_ledger
from sample_data.next_days import play


def ledger(directory: Path) -> pa.Table:
    """Every injected value of the sample in ``directory``."""
    return read_ledger(Path(directory) / "data" / "ledger.parquet")


__all__ = ["SampleReport", "generate", "ledger", "play"]
