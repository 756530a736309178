"""Gaussian error linear unit: a smooth rectifier that dips below 0.

g(a) = a Phi(a),  g' = Phi(a) + a phi(a),  g'' = (2 - a^2) phi(a)

with the distribution function Phi and the density phi of a standard normal.

Hendrycks and Gimpel, Gaussian error linear units (GELUs), 2016, section 2.
"""

import math

import numpy as np

smooth = True


def value(a):
    """Return g(a)."""
    return a * distribution(a)


def first(a):
    """Return g'(a)."""
    return distribution(a) + a * density(a)


def second(a):
    """Return g''(a)."""
    return (2.0 - a**2) * density(a)


def distribution(a):
    """Return Phi(a), accurate in the lower tail."""
    return 0.5 * np.vectorize(math.erfc, otypes=[float])(-a / math.sqrt(2.0))


def density(a):
    """Return phi(a)."""
    return np.exp(-0.5 * a**2) / math.sqrt(2.0 * math.pi)
