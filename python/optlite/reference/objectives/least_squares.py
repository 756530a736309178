"""Half the squared error of a linear prediction.

l(z, y) = (z - y)^2 / 2

Legendre, Nouvelles méthodes pour la détermination des orbites des comètes, 1805, appendix.
"""

import numpy as np

self_concordance = 0.0


def value(z, y):
    """Return the loss."""
    return 0.5 * (z - y) ** 2


def first(z, y):
    """Return dl/dz, the residual."""
    return z - y


def second(z, y):
    """Return d2l/dz2."""
    return np.ones_like(z - y)


def curvature_bound():
    """Return the largest second derivative."""
    return 1.0


def gap(z, y, t):
    """Return l(z) + l*(t l') - t l' z, with the conjugate l*: the cost of a shorter derivative."""
    return 0.5 * (1.0 - t) ** 2 * (z - y) ** 2
