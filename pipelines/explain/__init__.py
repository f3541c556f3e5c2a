"""Explain a figure: its definition, its fact rows, the rows they came from, and those left out.

>>> from cubes import Cell                                   # doctest: +SKIP
>>> from pipelines.explain import explain                    # doctest: +SKIP
>>> cell = Cell("sales", "revenue", members={"customer.country": "Germany"})  # doctest: +SKIP
>>> explain(load_workspace("demo"), cell).holds              # doctest: +SKIP
True
"""

from pipelines.explain.explaining import explain
from pipelines.explain.values import Explanation

__all__ = ["Explanation", "explain"]
