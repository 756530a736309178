"""Logistic sigmoid: from 0 to 1.

g(a) = 1 / (1 + exp(-a)),  g' = g(a) g(-a),  g'' = g' (g(-a) - g(a))

Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, 1986,
equation 2.
"""

import numpy as np

smooth = True


def value(a):
    """Return g(a), accurate in both tails."""
    t = np.exp(-np.abs(a))
    return np.where(a < 0.0, t, 1.0) / (1.0 + t)


def first(a):
    """Return g'(a)."""
    return value(a) * value(-a)


def second(a):
    """Return g''(a)."""
    return first(a) * (value(-a) - value(a))
