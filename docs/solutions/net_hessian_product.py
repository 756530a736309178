"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def terms(W, a, X, y, V, b, residual=1.0, second=1.0, cross=1.0):
    """Return the product; each switch takes some of its terms away."""
    hidden = np.tanh(X @ W.T)
    slope = 1.0 - hidden**2
    error = residual * (hidden @ a - y) / len(y)
    r_hidden = slope * (X @ V.T)
    r_error = (r_hidden @ a + hidden @ b) / len(y)
    r_slope = -2.0 * second * hidden * r_hidden
    r_back = (
        r_error[:, None] * a * slope
        + cross * error[:, None] * b * slope
        + error[:, None] * a * r_slope
    )
    return r_back.T @ X, r_hidden.T @ error + hidden.T @ r_error


def net_hessian_product(W, a, X, y, V, b):
    return terms(W, a, X, y, V, b)


def forgets_b_on_the_way_back(W, a, X, y, V, b):
    return terms(W, a, X, y, V, b, cross=0.0)


def slope_does_not_change(W, a, X, y, V, b):
    return terms(W, a, X, y, V, b, second=0.0)


def error_does_not_change(W, a, X, y, V, b):
    full, fit = (terms(W, a, X, y, V, b, residual=each) for each in (1.0, 0.0))
    return tuple(one - two for one, two in zip(full, fit, strict=True))


def gradient(W, a, X, y):
    hidden = np.tanh(X @ W.T)
    error = (hidden @ a - y) / len(y)
    return (error[:, None] * a * (1.0 - hidden**2)).T @ X, hidden.T @ error


def difference(W, a, X, y, V, b):
    ends = [gradient(W + r * V, a + r * b, X, y) for r in (1e-6, -1e-6)]
    return tuple((one - two) / 2e-6 for one, two in zip(*ends, strict=True))


MISTAKES = {
    "output_weights": forgets_b_on_the_way_back,
    "perfect_fit": error_does_not_change,
    "every_direction": slope_does_not_change,
    "symmetric": forgets_b_on_the_way_back,
    "linear": difference,
}
