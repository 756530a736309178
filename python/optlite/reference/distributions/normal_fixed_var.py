"""Normal distribution with a known variance; only the mean is fitted.

f(y) = exp(-(y - mu)^2 / (2 v)) / sqrt(2 pi v),  theta = (mu,)

Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section 2;
Gneiting and Raftery, Strictly proper scoring rules, prediction, and estimation, 2007, section 4.2.
"""

import numpy as np
from scipy import stats

from ..natural_gradient import diagonal
from . import normal


def _both(theta, variance):
    """Return the parameters of the normal distribution with its scale."""
    return np.array([theta[0], np.full_like(theta[0], 0.5 * np.log(variance))])


def log_score(theta, y, variance=1.0):
    """Return -log f(y)."""
    return normal.log_score(_both(theta, variance), y)


def log_gradient(theta, y, variance=1.0):
    """Return its derivative in mu."""
    return np.array([(theta[0] - y) / variance])


def log_metric(theta, variance=1.0):
    """Return the Fisher information."""
    return diagonal(np.full_like(theta[0], 1.0 / variance))


def crps(theta, y, variance=1.0):
    """Return the CRPS of the normal distribution."""
    return normal.crps(_both(theta, variance), y)


def crps_gradient(theta, y, variance=1.0):
    """Return its derivative in mu."""
    return normal.crps_gradient(_both(theta, variance), y)[:1]


def crps_metric(theta, variance=1.0):
    """Return 2 int (dF / dmu)^2 dx."""
    return normal.crps_metric(_both(theta, variance))[:1, :1]


def frozen(theta, variance=1.0):
    """Return SciPy's object."""
    return stats.norm(loc=theta[0], scale=np.full_like(theta[0], np.sqrt(variance)))
