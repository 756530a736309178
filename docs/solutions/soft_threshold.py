"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def soft_threshold(z, threshold):
    return np.sign(z) * np.maximum(np.abs(z) - threshold, 0.0)


def positive_side_only(z, threshold):
    return np.maximum(z - threshold, 0.0)


def ridge(z, threshold):
    return z / (1.0 + threshold)


def hard_threshold(z, threshold):
    return np.where(np.abs(z) > threshold, z, 0.0)


def always_at_least_a_little(z, threshold):
    return soft_threshold(z, threshold + 1e-3)


MISTAKES = {
    "minimiser": hard_threshold,
    "exact_zero": ridge,
    "odd": positive_side_only,
    "no_expansion": hard_threshold,
    "no_penalty": always_at_least_a_little,
}
