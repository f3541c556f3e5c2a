"""Data contracts: each mart as an Open Data Contract Standard document."""

from pipelines.contracts.contract import contract_of, contracts

__all__ = ["contract_of", "contracts"]
