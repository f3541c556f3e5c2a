"""The best way to give each target at most one column and each column at most one target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def assign(gains: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs of row and column whose gains add up to the most; only gains above 0 are taken.

    The Hungarian method with potentials, O(rows² · columns) for the smaller side as rows. Of
    equally good pairs those of earlier rows and columns win, so that the answer is stable.

    >>> assign(np.array([[5.0, 4.0], [4.0, 0.0]]))
    [(0, 1), (1, 0)]
    >>> assign(np.array([[-1.0, 0.0]]))
    []
    """
    if gains.size == 0:
        return []
    if gains.shape[0] > gains.shape[1]:
        return sorted((row, column) for column, row in assign(gains.T))
    useful = np.maximum(gains, 0.0)
    rows, columns = useful.shape
    tilt = np.arange(rows)[:, None] * 1e-9 + np.arange(columns)[None, :] * 1e-9
    cost = np.where(useful > 0, -useful + tilt, 0.0)
    taken = _hungarian(cost)
    return [(row, column) for row, column in taken if gains[row, column] > 0]


def _hungarian(cost: NDArray[np.float64]) -> list[tuple[int, int]]:
    """A column for every row at least cost; there are at least as many columns as rows."""
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows + 1), np.zeros(columns + 1)
    # Rows and columns count from 1 here; row 0 is the one that is being placed.
    owner = np.zeros(columns + 1, dtype=np.int64)
    for row in range(1, rows + 1):
        owner[0] = row
        here = 0
        least = np.full(columns + 1, np.inf)
        came_from = np.zeros(columns + 1, dtype=np.int64)
        seen = np.zeros(columns + 1, dtype=bool)
        while True:
            seen[here] = True
            standing = owner[here]
            reduced = cost[standing - 1] - row_price[standing] - column_price[1:]
            better = ~seen[1:] & (reduced < least[1:])
            least[1:][better] = reduced[better]
            came_from[1:][better] = here
            open_columns = np.where(~seen[1:], least[1:], np.inf)
            following = int(np.argmin(open_columns)) + 1
            step = open_columns[following - 1]
            row_price[owner[seen]] += step
            column_price[seen] -= step
            least[~seen] -= step
            here = following
            if owner[here] == 0:
                break
        while here:
            before = int(came_from[here])
            owner[here] = owner[before]
            here = before
    return sorted((int(owner[c]) - 1, c - 1) for c in range(1, columns + 1) if owner[c])
