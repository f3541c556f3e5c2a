"""Extraction: what is new in a source becomes an immutable batch in the landing zone."""

from pipelines.extract.sources import extract_source
from pipelines.extract.table import Extracted

__all__ = ["Extracted", "extract_source"]
