"""The Euclidean norm of a group, mixed with its absolute values.

h(w_g) = r |w_g|_1 + (1 - r) |w_g|_2

Unlike the other penalties of this folder it judges its coordinates together: `w` is a group. At
r = 0 it is the group lasso, above it the sparse group lasso.

Yuan and Lin, Model selection and estimation in regression with grouped variables, 2006; Simon,
Friedman, Hastie and Tibshirani, A sparse-group lasso, 2013.
"""

import numpy as np


def value(w, l1_ratio=0.0):
    """Return h."""
    return l1_ratio * np.abs(w).sum() + (1.0 - l1_ratio) * np.linalg.norm(w)


def prox(v, step, l1_ratio=0.0):
    """Return the soft threshold of v, shortened by ``step (1 - r)``."""
    w = v - np.clip(v, -step * l1_ratio, step * l1_ratio)
    length = np.linalg.norm(w)
    left = length - step * (1.0 - l1_ratio)
    return w * (left / length if left > 0.0 else 0.0)


def subdifferential_distance(w, gradient, l1_ratio=0.0):
    """Return the distance from -gradient to the subdifferential at w.

    It is ``r d|w|_1 + (1 - r) w / |w|``, at w = 0 the sum of a cube and a ball.
    """
    length = np.linalg.norm(w)
    g = gradient + ((1.0 - l1_ratio) * w / length if length > 0.0 else 0.0)
    left = np.where(w == 0.0, g - np.clip(g, -l1_ratio, l1_ratio), g + l1_ratio * np.sign(w))
    distance = np.linalg.norm(left)
    return distance if length > 0.0 else max(distance - (1.0 - l1_ratio), 0.0)


def conjugate(u, l1_ratio=0.0):
    """Return h*(u) = 0, for u in the sum of a cube and a ball."""
    return 0.0


def reach(c, l1_ratio=0.0):
    """Return the largest t with |soft(t c, r)| <= 1 - r, by bisection."""

    def outside(t):
        return np.linalg.norm(np.maximum(t * np.abs(c) - l1_ratio, 0.0)) > 1.0 - l1_ratio

    if not np.any(c):
        return np.inf
    low, high = 0.0, 2.0 * np.sqrt(len(c)) / np.abs(c).max()
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if outside(middle) else (middle, high)
    return low
