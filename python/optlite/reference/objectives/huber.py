"""Squared error up to delta, linear beyond it: robust to outliers.

l(z, y) = r^2 / 2                      if |r| <= delta,  r = z - y
          delta |r| - delta^2 / 2      otherwise

Huber, Robust estimation of a location parameter, 1964, eq. 2.
"""

import numpy as np

self_concordance = np.inf  # the second derivative jumps at |r| = delta


def value(z, y, delta=1.35):
    """Return the loss."""
    r = z - y
    clipped = np.clip(r, -delta, delta)
    return clipped * (r - 0.5 * clipped)


def first(z, y, delta=1.35):
    """Return dl/dz: the residual, clipped."""
    return np.clip(z - y, -delta, delta)


def second(z, y, delta=1.35):
    """Return d2l/dz2: 1 inside, 0 outside."""
    return np.where(np.abs(z - y) <= delta, 1.0, 0.0)


def curvature_bound(delta=1.35):
    """Return the largest second derivative."""
    return 1.0


def gap(z, y, t, delta=1.35):
    """Return l(z) + l*(t l') - t l' z, with l*(v) = v^2 / 2 + v y for |v| <= delta."""
    size = np.abs(z - y)
    clipped = np.minimum(size, delta)
    return (1.0 - t) * clipped * (size - 0.5 * (1.0 + t) * clipped)
