"""Cauchy distribution: tails so heavy that there is no mean, and so no CRPS.

f(y) = 1 / (pi s (1 + z^2)),  z = (y - mu) / s,  theta = (mu, log s)

Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 1, 1994, chapter 16.
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


def frozen(theta):
    """Return SciPy's object."""
    return stats.cauchy(loc=theta[0], scale=np.exp(theta[1]))
