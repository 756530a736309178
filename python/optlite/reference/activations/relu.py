"""Rectifier: the positive part.

g(a) = max(a, 0); g' is 0 at the kink, g'' is 0 wherever there is one.

Glorot, Bordes and Bengio, Deep sparse rectifier neural networks, 2011, section 3.
"""

import numpy as np

smooth = False


def value(a):
    """Return g(a)."""
    return np.where(a <= 0.0, 0.0, a)


def first(a):
    """Return g'(a)."""
    return np.where(a <= 0.0, 0.0, 1.0)


def second(a):
    """Return 0."""
    return np.zeros_like(a)
