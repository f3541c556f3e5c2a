"""Carrying out the rules of maintenance: what is no longer needed, nor wanted, goes."""

from pipelines.upkeep.maintaining import Report, maintain
from pipelines.upkeep.work import Held, Work

__all__ = ["Held", "Report", "Work", "maintain"]
