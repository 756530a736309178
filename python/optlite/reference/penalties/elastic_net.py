"""A mixture of the absolute value and half the square.

h(w) = r |w| + (1 - r) w^2 / 2

Zou and Hastie, Regularization and variable selection via the elastic net, 2005, eq. 3.
"""

import numpy as np


def value(w, l1_ratio=0.5):
    """Return h."""
    return l1_ratio * np.abs(w) + 0.5 * (1.0 - l1_ratio) * w**2


def prox(v, step, l1_ratio=0.5):
    """Return the soft threshold of v, shrunk: the root of r s + (1 - r) w + (w - v) / step = 0."""
    threshold = step * l1_ratio
    return (v - np.clip(v, -threshold, threshold)) / (1.0 + step * (1.0 - l1_ratio))


def subdifferential_distance(w, gradient, l1_ratio=0.5):
    """Return the distance from -gradient to the subdifferential at w."""
    at_zero = np.maximum(np.abs(gradient) - l1_ratio, 0.0)
    away = np.abs(gradient + l1_ratio * np.sign(w) + (1.0 - l1_ratio) * w)
    return np.where(w == 0.0, at_zero, away)


def conjugate(u, l1_ratio=0.5):
    """Return h*(u) = (|u| - r)_+^2 / (2 (1 - r)); for r = 1 it is 0 where |u| <= 1."""
    excess = np.maximum(np.abs(u) - l1_ratio, 0.0)
    return 0.5 * excess**2 / (1.0 - l1_ratio) if l1_ratio < 1.0 else 0.0 * excess


def reach(c, l1_ratio=0.5):
    """Return the largest t at which h*(t c) is finite."""
    with np.errstate(divide="ignore"):
        return 1.0 / np.abs(c) if l1_ratio == 1.0 else np.full(np.shape(c), np.inf)
