"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def gap_safe_bound(X, theta, gap):
    radius = np.sqrt(2.0 * len(theta) * gap)
    return np.abs(X.T @ theta) + radius * np.linalg.norm(X, axis=0)


def one_side(X, theta, gap):
    return X.T @ theta + np.sqrt(2.0 * len(theta) * gap) * np.linalg.norm(X, axis=0)


def no_radius(X, theta, gap):
    return np.abs(X.T @ theta)


def without_the_half(X, theta, gap):
    return gap_safe_bound(X, theta, 2.0 * gap)


def all_columns_have_length_one(X, theta, gap):
    return np.abs(X.T @ theta) + np.sqrt(2.0 * len(theta) * gap)


def never_below_the_largest(X, theta, gap):
    bounds = gap_safe_bound(X, theta, gap)
    return np.full_like(bounds, bounds.max())


MISTAKES = {
    "no_gap": one_side,
    "bounds": no_radius,
    "sharp": without_the_half,
    "scales": all_columns_have_length_one,
    "removes": never_below_the_largest,
}
