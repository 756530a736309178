"""Logistic distribution: bell-shaped, with exponential tails.

f(y) = exp(-z) / (s (1 + exp(-z))^2),  z = (y - mu) / s,  theta = (mu, log s)

Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 2, 1995, chapter 23;
Jordan, Krueger and Lerch, Evaluating probabilistic forecasts with scoringRules, 2019, appendix A.
"""

import numpy as np
from scipy import stats

from ..natural_gradient import diagonal


def _z(theta, y):
    return (y - theta[0]) * np.exp(-theta[1])


def log_score(theta, y):
    """Return -log f(y), even in z."""
    z = np.abs(_z(theta, y))
    return z + 2.0 * np.log1p(np.exp(-z)) + theta[1]


def log_gradient(theta, y):
    """Return its gradient in (mu, log s); the derivative of log(2 cosh(z / 2)) is a tanh."""
    z = _z(theta, y)
    t = np.tanh(0.5 * z)
    return np.array([-t * np.exp(-theta[1]), 1.0 - z * t])


def log_metric(theta):
    """Return the Fisher information."""
    s = np.exp(theta[1])
    return diagonal(1.0 / (3.0 * s**2), np.full_like(s, (3.0 + np.pi**2) / 9.0))


def crps(theta, y):
    """Return s (|z| + 2 log(1 + exp(-|z|)) - 1)."""
    z = np.abs(_z(theta, y))
    return np.exp(theta[1]) * (z + 2.0 * np.log1p(np.exp(-z)) - 1.0)


def crps_gradient(theta, y):
    """Return its gradient in (mu, log s)."""
    z = _z(theta, y)
    t = np.tanh(0.5 * z)
    return np.array([-t, crps(theta, y) - np.exp(theta[1]) * z * t])


def crps_metric(theta):
    """Return 2 int dF dF^T dx."""
    s = np.exp(theta[1])
    return diagonal(1.0 / (3.0 * s), (np.pi**2 - 6.0) / 9.0 * s)


def frozen(theta):
    """Return SciPy's object."""
    return stats.logistic(loc=theta[0], scale=np.exp(theta[1]))
