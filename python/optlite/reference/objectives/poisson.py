"""Negative log-likelihood of a count whose log-mean is linear in x.

l(z, y) = exp(z) - y z,  y >= 0;  the constant log(y!) is left out.

Nelder and Wedderburn, Generalized linear models, 1972, section 1.3.
"""

import numpy as np

self_concordance = 1.0


def value(z, y):
    """Return the loss."""
    return np.exp(z) - y * z


def first(z, y):
    """Return dl/dz: mean minus count."""
    return np.exp(z) - y


def second(z, y):
    """Return d2l/dz2: the mean, which is also the variance."""
    return np.exp(z) + 0.0 * y


def curvature_bound():
    """Return infinity: the curvature grows with the mean."""
    return np.inf


def gap(z, y, t):
    """Return l(z) + l*(t l') - t l' z: the divergence of the mean t e^z + (1 - t) y from e^z."""
    mean = np.exp(z)
    change = (1.0 - t) * (y - mean)
    return (mean + change) * np.log1p(change / mean) - change
