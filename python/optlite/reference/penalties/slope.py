"""Sorted absolute values, each times the level of its rank; equal levels make it the lasso.

h(w) = sum_i lambda_i |w|_(i),  |w|_(1) >= |w|_(2) >= ...,  lambda_1 >= lambda_2 >= ... >= 0

`w` holds all coefficients. Ranks beyond the last level have that one; without any it is 1.

Bogdan, van den Berg, Sabatti, Su and Candès, SLOPE: adaptive variable selection via convex
optimization, 2015.
"""

import numpy as np


def value(w, *levels):
    """Return h."""
    return np.sort(np.abs(w))[::-1] @ ranked(len(w), levels)


def prox(v, step, *levels):
    """Return the descending fit to the sorted |v| less step times the levels, where positive."""
    order = np.argsort(-np.abs(v), kind="stable")
    fit = descending(np.abs(v)[order] - step * ranked(len(v), levels))
    w = np.empty_like(fit)
    w[order] = np.maximum(fit, 0.0)
    return w * np.sign(v)


def subdifferential_distance(w, gradient, *levels):
    """Return the distance from -gradient to the subdifferential at w, cluster by cluster.

    A cluster of equal |w| allows what the levels of its ranks majorise. What a descending fit
    leaves of the difference is the projection.
    """
    order, levels = np.argsort(-np.abs(w), kind="stable"), ranked(len(w), levels)
    total = 0.0
    for height in np.unique(np.abs(w)):
        ranks = np.flatnonzero(np.abs(w)[order] == height)
        cluster = order[ranks]
        pull = -gradient[cluster] * np.sign(w[cluster]) if height else np.abs(gradient[cluster])
        fit = descending(np.sort(pull)[::-1] - levels[ranks])
        total += np.sum((fit if height else np.maximum(fit, 0.0)) ** 2)
    return np.sqrt(total)


def conjugate(u, *levels):
    """Return h*(u) = 0, for u whose k largest entries sum up to the k first levels at most."""
    return 0.0


def reach(c, *levels):
    """Return the largest t at which h*(t c) is finite."""
    with np.errstate(divide="ignore"):
        sums = np.cumsum(np.sort(np.abs(c))[::-1])
        return np.min(np.cumsum(ranked(len(c), levels)) / sums) if sums[-1] > 0.0 else np.inf


def ranked(size, levels):
    """Return the levels of the first ranks."""
    levels = np.array(levels or (1.0,), dtype=float)
    return levels[np.minimum(np.arange(size), len(levels) - 1)]


def descending(x):
    """Return the nearest descending sequence: the largest means to the left, from the right."""
    sums = np.concatenate([[0.0], np.cumsum(x)])
    fit = np.empty(len(x))
    begin = 0
    while begin < len(x):
        ends = np.arange(begin + 1, len(x) + 1)
        means = (sums[ends] - sums[begin]) / (ends - begin)
        end = ends[len(means) - 1 - np.argmax(means[::-1])]
        fit[begin:end] = means[end - begin - 1]
        begin = end
    return fit
