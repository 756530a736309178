"""The constraint that every coordinate is at least zero.

h(w) = 0 if w >= 0, infinity otherwise

The prox is the projection. The subdifferential is {0} inside and (-inf, 0] at w = 0.

Lawson and Hanson, Solving Least Squares Problems, 1974, chapter 23.
"""

import numpy as np


def value(w):
    """Return h."""
    return np.where(w >= 0.0, 0.0, np.inf)


def prox(v, step):
    """Return the nearest non-negative number."""
    return np.maximum(v, 0.0)


def subdifferential_distance(w, gradient):
    """Return the distance from -gradient to the normal cone at w."""
    at_bound = np.maximum(-gradient, 0.0)
    return np.where(w > 0.0, np.abs(gradient), np.where(w < 0.0, np.inf, at_bound))
