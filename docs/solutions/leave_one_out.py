"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def leave_one_out(X, y, alpha):
    inverse = np.linalg.inv(X.T @ X + alpha * np.eye(X.shape[1]))
    residual = y - X @ (inverse @ (X.T @ y))
    leverage = np.sum(X @ inverse * X, axis=1)
    return residual / (1.0 - leverage)


def residuals(X, y, alpha):
    return y - X @ np.linalg.solve(X.T @ X + alpha * np.eye(X.shape[1]), X.T @ y)


def multiplies(X, y, alpha):
    return residuals(X, y, alpha) ** 2 / leave_one_out(X, y, alpha)


def mean_leverage(X, y, alpha):
    ratio = residuals(X, y, alpha) / leave_one_out(X, y, alpha)
    return residuals(X, y, alpha) / ratio.mean()


def leverage_without_alpha(X, y, alpha):
    leverage = np.sum(X @ np.linalg.pinv(X.T @ X) * X, axis=1)
    return residuals(X, y, alpha) / (1.0 - 0.999 * leverage)


def forgets_alpha(X, y, alpha):
    return leave_one_out(X, y, 1e-3)


MISTAKES = {
    "refits": mean_leverage,
    "larger_than_residuals": multiplies,
    "empty_row": mean_leverage,
    "leverage": residuals,
    "large_alpha": forgets_alpha,
    "wide": leverage_without_alpha,
}
