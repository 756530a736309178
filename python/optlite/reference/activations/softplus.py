"""A smooth rectifier: positive, with slopes from 0 to 1.

g(a) = log(1 + exp(a)),  g' = sigmoid(a),  g'' = sigmoid(a) sigmoid(-a)

Dugas, Bengio, Bélisle, Nadeau and Garcia, Incorporating second-order functional knowledge for
better option pricing, 2001, equation 5.
"""

import numpy as np

from . import sigmoid

smooth = True


def value(a):
    """Return g(a), without overflow."""
    return np.maximum(a, 0.0) + np.log1p(np.exp(-np.abs(a)))


def first(a):
    """Return g'(a)."""
    return sigmoid.value(a)


def second(a):
    """Return g''(a)."""
    return sigmoid.first(a)
