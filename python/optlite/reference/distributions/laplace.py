"""Double exponential distribution: its location is the median.

f(y) = exp(-|y - mu| / b) / (2 b),  theta = (mu, log b)

Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section 2;
Jordan, Krueger and Lerch, Evaluating probabilistic forecasts with scoringRules, 2019, appendix A.
"""

import numpy as np
from scipy import stats

from ..natural_gradient import diagonal


def log_score(theta, y):
    """Return -log f(y)."""
    mu, t = theta
    return np.abs(y - mu) * np.exp(-t) + t + np.log(2.0)


def log_gradient(theta, y):
    """Return its gradient in (mu, log b); at y = mu the one with the size zero."""
    mu, t = theta
    return np.array([np.sign(mu - y) * np.exp(-t), 1.0 - np.abs(y - mu) * np.exp(-t)])


def log_metric(theta):
    """Return the Fisher information."""
    return diagonal(np.exp(-2.0 * theta[1]), np.ones_like(theta[1]))


def crps(theta, y):
    """Return D + b exp(-D / b) - 3 b / 4 with D = |y - mu|."""
    b, D = np.exp(theta[1]), np.abs(y - theta[0])
    return D + b * np.exp(-D / b) - 0.75 * b


def crps_gradient(theta, y):
    """Return its gradient in (mu, log b)."""
    b, D = np.exp(theta[1]), np.abs(y - theta[0])
    return np.array(
        [-np.sign(theta[0] - y) * np.expm1(-D / b), np.exp(-D / b) * (b + D) - 0.75 * b]
    )


def crps_metric(theta):
    """Return 2 int dF dF^T dx."""
    b = np.exp(theta[1])
    return diagonal(0.5 / b, 0.25 * b)


def frozen(theta):
    """Return SciPy's object."""
    return stats.laplace(loc=theta[0], scale=np.exp(theta[1]))
