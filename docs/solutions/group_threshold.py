"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def group_threshold(z, threshold):
    length = np.linalg.norm(z)
    return z * (1.0 - threshold / length) if length > threshold else np.zeros_like(z)


def shrinks_twice(z, threshold):
    return group_threshold(z, 2.0 * threshold)


def stays_small(z, threshold):
    return z / (1.0 + threshold / np.linalg.norm(z))


def entry_by_entry(z, threshold):
    return np.sign(z) * np.maximum(np.abs(z) - threshold, 0.0)


def divides_by_zero(z, threshold):
    return z * np.maximum(1.0 - threshold / np.linalg.norm(z), 0.0)


MISTAKES = {
    "minimiser": shrinks_twice,
    "exact_zero": stays_small,
    "direction": entry_by_entry,
    "rotation": entry_by_entry,
    "zero": divides_by_zero,
}
