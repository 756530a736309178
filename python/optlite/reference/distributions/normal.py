"""Normal distribution with mean and standard deviation.

f(y) = exp(-z^2 / 2) / (sigma sqrt(2 pi)),  z = (y - mu) / sigma,  theta = (mu, log sigma)

Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section 2;
Gneiting and Raftery, Strictly proper scoring rules, prediction, and estimation, 2007, section 4.2.
"""

import numpy as np
from scipy import stats
from scipy.special import erf

from ..natural_gradient import diagonal


def log_score(theta, y):
    """Return -log f(y)."""
    mu, t = theta
    z = (y - mu) * np.exp(-t)
    return 0.5 * z**2 + t + 0.5 * np.log(2.0 * np.pi)


def log_gradient(theta, y):
    """Return its gradient in (mu, log sigma)."""
    mu, t = theta
    z = (y - mu) * np.exp(-t)
    return np.array([-z * np.exp(-t), 1.0 - z**2])


def log_metric(theta):
    """Return the Fisher information."""
    _, t = theta
    return diagonal(np.exp(-2.0 * t), np.full_like(t, 2.0))


def _density(z):
    return np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)


def crps(theta, y):
    """Return sigma (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi))."""
    mu, t = theta
    z = (y - mu) * np.exp(-t)
    inner = z * erf(z / np.sqrt(2.0)) + 2.0 * _density(z) - 1.0 / np.sqrt(np.pi)
    return np.exp(t) * inner


def crps_gradient(theta, y):
    """Return its gradient in (mu, log sigma)."""
    mu, t = theta
    z = (y - mu) * np.exp(-t)
    return np.array(
        [-erf(z / np.sqrt(2.0)), np.exp(t) * (2.0 * _density(z) - 1.0 / np.sqrt(np.pi))]
    )


def crps_metric(theta):
    """Return 2 int dF dF^T dx."""
    _, t = theta
    return diagonal(np.exp(-t), 0.5 * np.exp(t)) / np.sqrt(np.pi)


def frozen(theta):
    """Return SciPy's object."""
    mu, t = theta
    return stats.norm(loc=mu, scale=np.exp(t))
