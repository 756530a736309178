"""No penalty: maximum likelihood.

h(w) = 0

Nocedal and Wright, Numerical Optimization, 2006, chapter 1.
"""

import numpy as np


def value(w):
    """Return h."""
    return np.zeros_like(w)


def first(w):
    """Return h'."""
    return np.zeros_like(w)


def second(w):
    """Return h''."""
    return np.zeros_like(w)


def prox(v, step):
    """Return v: nothing pulls."""
    return v


def subdifferential_distance(w, gradient):
    """Return the distance from -gradient to {0}."""
    return np.abs(gradient)
