"""Matching: which records are the same, by rules, by likeness, and by what people decided."""

from pipelines.matching.linking import Found, link
from pipelines.matching.model import LinkageModel, identity_of

__all__ = ["Found", "LinkageModel", "identity_of", "link"]
