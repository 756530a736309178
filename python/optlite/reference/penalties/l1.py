"""The absolute value: the lasso.

h(w) = |w|

The prox is soft thresholding. The subdifferential is {sign(w)} away from zero, [-1, 1] at zero.

Tibshirani, Regression shrinkage and selection via the lasso, 1996, eq. 1.
"""

import numpy as np


def value(w):
    """Return h."""
    return np.abs(w)


def prox(v, step):
    """Return v, moved towards zero by `step`, and not beyond it."""
    return v - np.clip(v, -step, step)


def subdifferential_distance(w, gradient):
    """Return the distance from -gradient to the subdifferential at w."""
    at_zero = np.maximum(np.abs(gradient) - 1.0, 0.0)
    return np.where(w == 0.0, at_zero, np.abs(gradient + np.sign(w)))


def conjugate(u):
    """Return h*(u) = 0, for |u| <= 1."""
    return np.zeros_like(u)


def reach(c):
    """Return the largest t with |t c| <= 1."""
    with np.errstate(divide="ignore"):
        return 1.0 / np.abs(c)
