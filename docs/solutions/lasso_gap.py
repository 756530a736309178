"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def primal(X, y, w, alpha):
    return np.sum((y - X @ w) ** 2) / (2 * len(y)) + alpha * np.abs(w).sum()


def dual(y, theta):
    return (y @ y - np.sum((y - theta) ** 2)) / (2 * len(y))


def lasso_gap(X, y, w, alpha):
    residual = y - X @ w
    most = np.abs(X.T @ residual).max()
    c = min(1.0, len(y) * alpha / most) if most > 0.0 else 1.0
    return primal(X, y, w, alpha) - dual(y, c * residual)


def infeasible(X, y, w, alpha):
    return primal(X, y, w, alpha) - dual(y, y - X @ w)


def theta_zero(X, y, w, alpha):
    return primal(X, y, w, alpha) - dual(y, 0.0 * y)


def n_forgotten(X, y, w, alpha):
    residual = y - X @ w
    c = min(1.0, alpha / max(np.abs(X.T @ residual).max(), 1e-300))
    return primal(X, y, w, alpha) - dual(y, c * residual)


def always_to_the_border(X, y, w, alpha):
    residual = y - X @ w
    c = len(y) * alpha / np.abs(X.T @ residual).max()
    return primal(X, y, w, alpha) - dual(y, c * residual)


MISTAKES = {
    "bounds": infeasible,
    "tight": n_forgotten,
    "shrinks": theta_zero,
    "large_alpha": always_to_the_border,
    "perfect_fit": always_to_the_border,
}
