"""The elastic net, with the constraint that coordinates are at least zero.

h(w) = r w + (1 - r) w^2 / 2 if w >= 0, infinity otherwise

At w = 0 the subdifferential is (-inf, r].

Efron, Hastie, Johnstone and Tibshirani, Least angle regression, 2004, section 3.4.
"""

import numpy as np


def value(w, l1_ratio=0.5):
    """Return h."""
    return np.where(w < 0.0, np.inf, l1_ratio * w + 0.5 * (1.0 - l1_ratio) * w**2)


def prox(v, step, l1_ratio=0.5):
    """Return the minimiser of h(w) + (w - v)^2 / (2 step) over w >= 0."""
    return np.maximum(v - step * l1_ratio, 0.0) / (1.0 + step * (1.0 - l1_ratio))


def subdifferential_distance(w, gradient, l1_ratio=0.5):
    """Return the distance from -gradient to the subdifferential at w."""
    at_zero = np.maximum(-gradient - l1_ratio, 0.0)
    inside = np.abs(gradient + l1_ratio + (1.0 - l1_ratio) * w)
    return np.where(w < 0.0, np.inf, np.where(w == 0.0, at_zero, inside))


def conjugate(u, l1_ratio=0.5):
    """Return h*(u) = (u - r)_+^2 / (2 (1 - r)); for r = 1 it is 0 where u <= 1."""
    excess = np.maximum(u - l1_ratio, 0.0)
    return 0.5 * excess**2 / (1.0 - l1_ratio) if l1_ratio < 1.0 else 0.0 * excess


def reach(c, l1_ratio=0.5):
    """Return the largest t at which h*(t c) is finite."""
    with np.errstate(divide="ignore"):
        bound = np.where(c > 0.0, 1.0 / np.abs(c), np.inf)
    return bound if l1_ratio == 1.0 else np.full(np.shape(c), np.inf)
