"""Distribution of a positive number whose logarithm is normal.

f(y) = exp(-z^2 / 2) / (y sigma sqrt(2 pi)),  z = (log y - mu) / sigma,  theta = (mu, log sigma)

The CRPS is that of log y: on the scale of y itself a single long time would outweigh all others.

Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section 2;
Avati et al., Countdown regression: sharp and calibrated survival predictions, 2019, section 3.
"""

import numpy as np
from scipy import stats
from scipy.special import erfcx, log_ndtr, ndtr

from . import normal


def log_score(theta, y):
    """Return -log f(y)."""
    return normal.log_score(theta, np.log(y)) + np.log(y)


def log_gradient(theta, y):
    """Return its gradient in (mu, log sigma)."""
    return normal.log_gradient(theta, np.log(y))


log_metric = normal.log_metric


def _z(theta, y):
    return (np.log(y) - theta[0]) * np.exp(-theta[1])


def log_score_censored(theta, y):
    """Return -log P(Y > y)."""
    return -log_ndtr(-_z(theta, y))


def log_gradient_censored(theta, y):
    """Return its gradient, with the hazard phi / (1 - Phi)."""
    z = _z(theta, y)
    hazard = np.sqrt(2.0 / np.pi) / erfcx(z / np.sqrt(2.0))
    return np.array([-hazard * np.exp(-theta[1]), -z * hazard])


def crps(theta, y):
    """Return the CRPS of log y."""
    return normal.crps(theta, np.log(y))


def crps_gradient(theta, y):
    """Return its gradient in (mu, log sigma)."""
    return normal.crps_gradient(theta, np.log(y))


crps_metric = normal.crps_metric


def _slope_in_scale(z):
    """Return 2 Phi phi - Phi(sqrt(2) z) / sqrt(pi)."""
    phi = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    return 2.0 * ndtr(z) * phi - ndtr(np.sqrt(2.0) * z) / np.sqrt(np.pi)


def crps_censored(theta, y):
    """Return the integral of F^2 over x < log y."""
    z = _z(theta, y)
    return np.exp(theta[1]) * (z * ndtr(z) ** 2 + _slope_in_scale(z))


def crps_gradient_censored(theta, y):
    """Return its gradient in (mu, log sigma)."""
    z = _z(theta, y)
    return np.array([-(ndtr(z) ** 2), np.exp(theta[1]) * _slope_in_scale(z)])


def crps_of(theta):
    """Return the distribution to which the CRPS belongs, that of log y."""
    return normal.frozen(theta)


crps_target = np.log


def crps_of_y(theta, y):
    """Return the CRPS of y itself, for predictions.

    Baran and Lerch, Log-normal distribution based ensemble model output statistics, 2015, eq. 2.
    """
    mu, sigma = theta[0], np.exp(theta[1])
    z = _z(theta, y)
    mean = np.exp(mu + 0.5 * sigma**2)
    inner = ndtr(z - sigma) + ndtr(sigma / np.sqrt(2.0)) - 1.0
    return y * (2.0 * ndtr(z) - 1.0) - 2.0 * mean * inner


def frozen(theta):
    """Return SciPy's object."""
    return stats.lognorm(s=np.exp(theta[1]), scale=np.exp(theta[0]))
