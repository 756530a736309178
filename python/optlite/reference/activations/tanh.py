"""Hyperbolic tangent: odd, from -1 to 1.

g(a) = tanh a,  g' = 1 / cosh(a)^2,  g'' = -2 g g'

LeCun, Bottou, Orr and Müller, Efficient BackProp, 1998, section 4.4.
"""

import numpy as np

smooth = True


def value(a):
    """Return g(a)."""
    return np.tanh(a)


def first(a):
    """Return g'(a), without overflow: 1 / cosh^2 = 4 t / (1 + t)^2 with t = exp(-2 |a|)."""
    t = np.exp(-2.0 * np.abs(a))
    return 4.0 * t / (1.0 + t) ** 2


def second(a):
    """Return g''(a)."""
    return -2.0 * value(a) * first(a)
