"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def best_split(codes, targets, min_leaf):
    G = np.cumsum(np.bincount(codes, weights=targets))  # of all bins up to each cut
    n = np.cumsum(np.bincount(codes))
    allowed = (n >= min_leaf) & (n[-1] - n >= min_leaf)
    others = np.maximum(n[-1] - n, 1)
    gain = G**2 / np.maximum(n, 1) + (G[-1] - G) ** 2 / others - G[-1] ** 2 / n[-1]
    cut = int(np.argmax(np.where(allowed, gain, -np.inf)))
    return cut, gain[cut]


def mean_instead_of_sum(codes, targets, min_leaf):
    cut, gain = best_split(codes, targets, min_leaf)
    return cut, gain / len(targets)


def first_allowed(codes, targets, min_leaf):
    n = np.cumsum(np.bincount(codes))
    cut = int(np.argmax(n >= min_leaf))
    left = codes <= cut
    errors = [np.sum((t - t.mean()) ** 2) for t in (targets, targets[left], targets[~left])]
    return cut, errors[0] - errors[1] - errors[2]


def any_side(codes, targets, min_leaf):
    return best_split(codes, targets, 1)


def without_the_parent(codes, targets, min_leaf):
    cut, gain = best_split(codes, targets, min_leaf)
    return cut, gain + targets.sum() ** 2 / len(targets)


def as_if_sorted(codes, targets, min_leaf):
    return best_split(np.sort(codes), targets, min_leaf)


MISTAKES = {
    "right_gain": mean_instead_of_sum,
    "no_better": first_allowed,
    "enough_rows": any_side,
    "shift": without_the_parent,
    "order": as_if_sorted,
}
