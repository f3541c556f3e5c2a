"""From evidence to a stated confidence, in probability.

The evidence for a column is a sum of log-odds set by hand, not fitted. It was compared with schemas
whose truth is known (`benchmarks/propose.py`): on real companies the surest proposals were right
less often than the bare odds said, so that no more than `MOST` is ever stated.
"""

from __future__ import annotations

import math

LEAST, MOST = 0.01, 0.95
"""The least and the most that is stated."""


def stated(column_odds: float) -> float:
    """The confidence of a match.

    Args:
        column_odds: evidence for the match, in log-odds, given that the table is about the entity.
    """
    return round(min(max(1.0 / (1.0 + math.exp(-column_odds)), LEAST), MOST), 2)
