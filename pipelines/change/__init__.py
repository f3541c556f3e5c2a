"""Changing the metadata of a warehouse that is in use: plan, impact, apply, undo."""

from pipelines.change.plan import ChangePlan, PlannedChange, PlannedProduct, make_plan

__all__ = ["ChangePlan", "PlannedChange", "PlannedProduct", "make_plan"]
