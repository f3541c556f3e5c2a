"""Scanning: what sources hold, kept as one document for each source and version."""

from pipelines.scan.running import Scanned, scan_sources
from pipelines.scan.source import Look

__all__ = ["Look", "Scanned", "scan_sources"]
