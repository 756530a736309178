"""Size of a normal number with mean zero.

f(y) = sqrt(2 / pi) exp(-z^2 / 2) / sigma,  z = y / sigma,  y >= 0,  theta = (log sigma,)

Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 1, 1994, chapter 13;
Gneiting and Raftery, Strictly proper scoring rules, prediction, and estimation, 2007, equation 21.
"""

import numpy as np
from scipy import stats
from scipy.special import erf

from ..natural_gradient import diagonal


def log_score(theta, y):
    """Return -log f(y)."""
    z = y * np.exp(-theta[0])
    return 0.5 * z**2 + theta[0] + 0.5 * np.log(0.5 * np.pi)


def log_gradient(theta, y):
    """Return its derivative in log sigma."""
    return np.array([1.0 - (y * np.exp(-theta[0])) ** 2])


def log_metric(theta):
    """Return the Fisher information."""
    return diagonal(np.full_like(theta[0], 2.0))


def _density(z):
    return np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)


def crps(theta, y):
    """Return E|Y - y| - E|Y - Y'| / 2 in closed form."""
    sigma = np.exp(theta[0])
    z = y / sigma
    inner = z * (2.0 * erf(z / np.sqrt(2.0)) - 1.0) + 4.0 * _density(z) - 2.0 / np.sqrt(np.pi)
    return sigma * inner


def crps_gradient(theta, y):
    """Return its derivative in log sigma."""
    sigma = np.exp(theta[0])
    return np.array([sigma * (4.0 * _density(y / sigma) - 2.0 / np.sqrt(np.pi))])


def crps_metric(theta):
    """Return 2 int (dF / dlog sigma)^2 dx."""
    return diagonal(np.exp(theta[0]) / np.sqrt(np.pi))


def frozen(theta):
    """Return SciPy's object."""
    return stats.halfnorm(scale=np.exp(theta[0]))
