"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def lasso_sweep(X, y, w, alpha):
    n, w = len(y), w.copy()
    residual = y - X @ w
    for j, column in enumerate(X.T):
        curvature = column @ column / n
        if curvature == 0.0:
            w[j] = 0.0
            continue
        z = column @ residual / n + curvature * w[j]
        new = np.sign(z) * max(abs(z) - alpha, 0.0) / curvature
        residual = residual - (new - w[j]) * column
        w[j] = new
    return w


def all_at_once(X, y, w, alpha):
    n, curvature = len(y), np.sum(X**2, axis=0) / len(y)
    z = X.T @ (y - X @ w) / n + curvature * w
    return np.sign(z) * np.maximum(np.abs(z) - alpha, 0.0) / np.maximum(curvature, 1e-300)


def penalty_without_n(X, y, w, alpha):
    return lasso_sweep(X, y, w, alpha / len(y))


def full_residual(X, y, w, alpha):
    w, n = w.copy(), len(y)
    for j, column in enumerate(X.T):
        z = column @ (y - X @ w) / n
        w[j] = np.sign(z) * max(abs(z) - alpha, 0.0) / (column @ column / n)
    return w


def divides_by_zero(X, y, w, alpha):
    w, n = w.copy(), len(y)
    for j, column in enumerate(X.T):
        z = column @ (y - X @ w + w[j] * column) / n
        w[j] = np.sign(z) * np.maximum(np.abs(z) - alpha, 0.0) / (column @ column / n)
    return w


MISTAKES = {
    "descends": full_residual,
    "last_is_optimal": penalty_without_n,
    "in_turn": all_at_once,
    "orthogonal": full_residual,
    "empty_column": divides_by_zero,
}
