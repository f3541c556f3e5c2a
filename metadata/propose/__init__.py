"""Proposing: drafts of mappings and source settings, from what a scan has found."""

from metadata.propose.drafting import Known, known_of, propose
from metadata.propose.drafts import Draft, DraftColumn, DraftJoin, DraftTable, Missing, Proposal
from metadata.propose.written import Written

__all__ = [
    "Draft",
    "DraftColumn",
    "DraftJoin",
    "DraftTable",
    "Known",
    "Missing",
    "Proposal",
    "Written",
    "known_of",
    "propose",
]
