"""A solution, and mistakes: for each property a wrong answer that it catches."""

import math

import numpy as np


def conformal_width(errors, level):
    k = math.ceil((len(errors) + 1) * (1.0 - level))
    return np.sort(errors)[k - 1]


def interpolated(errors, level):
    return np.quantile(errors, 1.0 - level)


def rounds_down(errors, level):
    k = math.floor(len(errors) * (1.0 - level))
    return np.sort(errors)[k - 1]


def largest(errors, level):
    return errors.max()


def not_sorted(errors, level):
    k = math.ceil((len(errors) + 1) * (1.0 - level))
    return errors[k - 1]


MISTAKES = {
    "one_of_them": interpolated,
    "covers": rounds_down,
    "not_too_wide": largest,
    "order": not_sorted,
}
