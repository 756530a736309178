"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def monotone_plan(a, b):
    a, b = a.copy(), b.copy()
    P, i, j = np.zeros((len(a), len(b))), 0, 0
    while i < len(a) and j < len(b):
        P[i, j] = moved = min(a[i], b[j])
        a[i], b[j] = a[i] - moved, b[j] - moved
        # Rounding may leave crumbs in the last source or target; they end the loop.
        if a[i] <= b[j]:
            i += 1
        else:
            j += 1
    return P


def does_not_count(a, b):
    P, i, j = np.zeros((len(a), len(b))), 0, 0
    while i < len(a) and j < len(b):
        P[i, j] = min(a[i], b[j])
        i, j = (i + 1, j) if a[i] <= b[j] else (i, j + 1)
    return P


def product(a, b):
    return np.outer(a, b)


def from_the_other_end(a, b):
    return monotone_plan(a, b[::-1])[:, ::-1]


MISTAKES = {
    "marginals": does_not_count,
    "sparse": product,
    "corner": from_the_other_end,
    "cheapest": from_the_other_end,
    "area": product,
}
