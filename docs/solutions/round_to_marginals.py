"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def shrink(F, a, b):
    rows = F.sum(axis=1)
    F = F * np.minimum(1.0, a / np.where(rows > 0.0, rows, a))[:, None]
    columns = F.sum(axis=0)
    return F * np.minimum(1.0, b / np.where(columns > 0.0, columns, b))


def round_to_marginals(F, a, b):
    F = shrink(F, a, b)
    rows, columns = a - F.sum(axis=1), b - F.sum(axis=0)
    rows, columns = np.maximum(rows, 0.0), np.maximum(columns, 0.0)  # below is rounding
    missing = rows.sum()
    return F + np.outer(rows, columns) / missing if missing > 0.0 else F


def shrinks_only(F, a, b):
    return shrink(F, a, b)


def without_shrinking(F, a, b):
    rows, columns = a - F.sum(axis=1), b - F.sum(axis=0)
    return F + rows[:, None] / F.shape[1] + columns / F.shape[0] - rows.sum() / F.size


def divides_by_zero(F, a, b):
    F = shrink(F, a, b)
    rows, columns = a - F.sum(axis=1), b - F.sum(axis=0)
    return F + np.outer(rows, columns) / rows.sum()


def product(F, a, b):
    return np.outer(a, b)


def divides_by_rows(F, a, b):
    rows = F.sum(axis=1)
    return round_to_marginals(F * (np.minimum(rows, a) / rows)[:, None], a, b)


MISTAKES = {
    "marginals": shrinks_only,
    "nonnegative": without_shrinking,
    "feasible": divides_by_zero,
    "little_moved": product,
    "empty_row": divides_by_rows,
}
