"""Weibull distribution of life times: the hazard rises or falls as a power of time.

f(y) = (k / lambda) (y / lambda)^(k - 1) exp(-w),  w = (y / lambda)^k,
theta = (log k, log lambda)

Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 1, 1994, chapter 21;
Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section 2.
"""

import numpy as np
from scipy import stats


def _terms(theta, y):
    """Return k, L = k log(y / lambda) and w."""
    k = np.exp(theta[0])
    L = k * (np.log(y) - theta[1])
    return k, L, np.exp(L)


def log_score(theta, y):
    """Return -log f(y)."""
    _, L, w = _terms(theta, y)
    return w - L + np.log(y) - theta[0]


def log_gradient(theta, y):
    """Return its gradient in (log k, log lambda)."""
    k, L, w = _terms(theta, y)
    return np.array([-1.0 - L * (1.0 - w), k * (1.0 - w)])


def log_metric(theta):
    """Return the Fisher information; w is exponential, and E log w = -gamma."""
    k, g = np.exp(theta[0]), np.euler_gamma
    shape = np.full_like(k, np.pi**2 / 6.0 + (1.0 - g) ** 2)
    return np.array([[shape, -k * (1.0 - g)], [-k * (1.0 - g), k**2]])


def log_score_censored(theta, y):
    """Return -log P(Y > y) = w."""
    return _terms(theta, y)[2]


def log_gradient_censored(theta, y):
    """Return its gradient in (log k, log lambda)."""
    k, L, w = _terms(theta, y)
    return np.array([L * w, -k * w])


def frozen(theta):
    """Return SciPy's object."""
    return stats.weibull_min(c=np.exp(theta[0]), scale=np.exp(theta[1]))
