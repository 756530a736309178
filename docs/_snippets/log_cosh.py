"""Logarithm of the hyperbolic cosine of the residual: a smooth Huber.

l(z, y) = log cosh r = |r| + log(1 + exp(-2 |r|)) - log 2,  r = z - y

Green, Bayesian reconstructions from emission tomography data using a modified EM algorithm, 1990.
"""

import numpy as np

self_concordance = 2.0  # |l'''| = 2 |tanh r| l''


def value(z, y):
    """Return the loss."""
    r = z - y
    size = r * np.sign(np.real(r))  # |r|, in a form through which a complex step passes
    return size + np.log1p(np.exp(-2.0 * size)) - np.log(2.0)


def first(z, y):
    """Return dl/dz."""
    return np.tanh(z - y)


def second(z, y):
    """Return d2l/dz2 = 1 / cosh(r)^2, without overflow."""
    t = np.exp(-2.0 * np.sign(np.real(z - y)) * (z - y))
    return 4.0 * t / (1.0 + t) ** 2


def curvature_bound():
    """Return the largest second derivative, at r = 0."""
    return 1.0
