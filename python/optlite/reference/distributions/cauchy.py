"""Cauchy distribution: tails so heavy that there is no mean.

f(y) = 1 / (pi s (1 + z^2)),  z = (y - mu) / s,  theta = (mu, log s)

Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 1, 1994, chapter 16;
Matheson and Winkler, Scoring rules for continuous probability distributions, 1976.
"""

import numpy as np
from scipy import stats

from ..natural_gradient import diagonal


def log_score(theta, y):
    """Return -log f(y)."""
    z = (y - theta[0]) * np.exp(-theta[1])
    return np.log1p(z**2) + theta[1] + np.log(np.pi)


def log_gradient(theta, y):
    """Return its gradient in (mu, log s)."""
    precision = np.exp(-theta[1])
    z = (y - theta[0]) * precision
    return np.array([-2.0 * z / (1.0 + z**2) * precision, 2.0 / (1.0 + z**2) - 1.0])


def log_metric(theta):
    """Return the Fisher information."""
    return diagonal(0.5 * np.exp(-2.0 * theta[1]), np.full_like(theta[1], 0.5))


def crps(theta, y):
    """Return int (F(x) - 1{y <= x})^2 dx; there is no E|Y - y| to subtract from."""
    s = np.exp(theta[1])
    z = (y - theta[0]) / s
    return 2.0 * s / np.pi * (z * np.arctan(z) + np.log(2.0) - 0.5 * np.log1p(z**2))


def crps_gradient(theta, y):
    """Return its gradient in (mu, log s)."""
    s = np.exp(theta[1])
    z = (y - theta[0]) / s
    slope = s * (np.log(2.0) - 0.5 * np.log1p(z**2))
    return 2.0 / np.pi * np.array([-np.arctan(z), slope])


def crps_metric(theta):
    """Return 2 int (dF / dtheta)(dF / dtheta)^T dx."""
    s = np.exp(theta[1])
    return diagonal(1.0 / (np.pi * s), s / np.pi)


def frozen(theta):
    """Return SciPy's object."""
    return stats.cauchy(loc=theta[0], scale=np.exp(theta[1]))
