"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def lasso_alpha_max(X, y):
    return np.abs(X.T @ y).max() / len(y)


def mean_pull(X, y):
    return np.abs(X.T @ y).mean() / len(y)


def sum_over_rows(X, y):
    return np.abs(X.T @ y).max()


def one_side(X, y):
    return max((X.T @ y).max() / len(y), 1e-3)


def bound_by_lengths(X, y):
    return np.linalg.norm(X, axis=0).max() * np.linalg.norm(y) / len(y)


MISTAKES = {
    "zero_is_optimal": mean_pull,
    "smallest": bound_by_lengths,
    "sign": one_side,
    "mean": sum_over_rows,
}
