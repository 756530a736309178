"""Exponential distribution of waiting times, with its mean.

f(y) = exp(-y / b) / b,  theta = (log b,);  u = y / b

Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section 2;
Avati et al., Countdown regression: sharp and calibrated survival predictions, 2019, section 3.
"""

import numpy as np
from scipy import stats

from ..natural_gradient import diagonal


def log_score(theta, y):
    """Return -log f(y)."""
    return theta[0] + y * np.exp(-theta[0])


def log_gradient(theta, y):
    """Return its derivative in log b."""
    return np.array([1.0 - y * np.exp(-theta[0])])


def log_metric(theta):
    """Return the Fisher information."""
    return diagonal(np.ones_like(theta[0]))


def log_score_censored(theta, y):
    """Return -log P(Y > y)."""
    return y * np.exp(-theta[0])


def log_gradient_censored(theta, y):
    """Return its derivative in log b."""
    return np.array([-y * np.exp(-theta[0])])


def crps(theta, y):
    """Return int (F(x) - 1{y <= x})^2 dx."""
    b = np.exp(theta[0])
    return y + 2.0 * b * np.exp(-y / b) - 1.5 * b


def crps_gradient(theta, y):
    """Return its derivative in log b."""
    b = np.exp(theta[0])
    return np.array([2.0 * np.exp(-y / b) * (b + y) - 1.5 * b])


def crps_metric(theta):
    """Return 2 int (dF / dlog b)^2 dx."""
    return diagonal(0.5 * np.exp(theta[0]))


def crps_censored(theta, y):
    """Return int_0^y F(x)^2 dx; the difference loses digits where y is far below b."""
    b = np.exp(theta[0])
    F = -np.expm1(-y / b)
    return b * (y / b - F - 0.5 * F**2)


def crps_gradient_censored(theta, y):
    """Return its derivative in log b."""
    b = np.exp(theta[0])
    return np.array([crps_censored(theta, y) - y * np.expm1(-y / b) ** 2])


def frozen(theta):
    """Return SciPy's object."""
    return stats.expon(scale=np.exp(theta[0]))
