"""Half the squared Euclidean norm: ridge, weight decay.

h(w) = w^2 / 2

Hoerl and Kennard, Ridge regression: biased estimation for nonorthogonal problems, 1970, eq. 2.1.
"""

import numpy as np


def value(w):
    """Return h."""
    return 0.5 * w**2


def first(w):
    """Return h'."""
    return w


def second(w):
    """Return h''."""
    return np.ones_like(w)


def prox(v, step):
    """Return the root of w + (w - v) / step = 0."""
    return v / (1.0 + step)


def subdifferential_distance(w, gradient):
    """Return the distance from -gradient to {w}."""
    return np.abs(gradient + w)


def conjugate(u):
    """Return h*(u) = u^2 / 2."""
    return 0.5 * u**2


def reach(c):
    """Return infinity: h* is finite everywhere."""
    return np.full(np.shape(c), np.inf)
