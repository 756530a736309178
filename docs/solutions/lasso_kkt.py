"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def lasso_kkt(X, y, w, alpha):
    c = X.T @ (y - X @ w) / len(y)
    return np.where(w != 0.0, np.abs(c - alpha * np.sign(w)), np.maximum(np.abs(c) - alpha, 0.0))


def without_n(X, y, w, alpha):
    return lasso_kkt(X, len(y) * y, len(y) * w, alpha)


def as_if_all_were_zero(X, y, w, alpha):
    c = X.T @ (y - X @ w) / len(y)
    return np.maximum(np.abs(c) - alpha, 0.0)


def gradient_alone(X, y, w, alpha):
    return np.abs(X.T @ (y - X @ w)) / len(y)


def negative(X, y, w, alpha):
    c = X.T @ (y - X @ w) / len(y)
    return np.where(w != 0.0, np.abs(c - alpha * np.sign(w)), np.abs(c) - alpha)


def forgets_the_sign(X, y, w, alpha):
    c = X.T @ (y - X @ w) / len(y)
    return np.where(w != 0.0, np.abs(np.abs(c) - alpha), np.maximum(np.abs(c) - alpha, 0.0))


MISTAKES = {
    "nothing_at_the_solution": without_n,
    "slope_off_the_kink": as_if_all_were_zero,
    "slope_at_the_kink": gradient_alone,
    "none_is_negative": negative,
    "wrong_sign": forgets_the_sign,
}
