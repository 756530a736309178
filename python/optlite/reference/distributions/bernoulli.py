"""Probability of the second of two classes.

P(y = 1) = p = 1 / (1 + exp(-logit)),  theta = (logit,);  the CRPS is (p - y)^2, the Brier score.

Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section 2;
Brier, Verification of forecasts expressed in terms of probability, 1950, eq. 2.
"""

import numpy as np
from scipy import stats
from scipy.special import expit

from ..natural_gradient import diagonal


def _miss(theta, y):
    """Return the sign of p - y, and its size: the probability of the class that did not come."""
    sign = 1.0 - 2.0 * y
    return sign, expit(sign * theta[0])


def log_score(theta, y):
    """Return -log P(y)."""
    return np.logaddexp(0.0, (1.0 - 2.0 * y) * theta[0])


def log_gradient(theta, y):
    """Return p - y."""
    sign, miss = _miss(theta, y)
    return np.array([sign * miss])


def log_metric(theta):
    """Return p (1 - p)."""
    return diagonal(expit(theta[0]) * expit(-theta[0]))


def crps(theta, y):
    """Return (p - y)^2."""
    _, miss = _miss(theta, y)
    return miss**2


def crps_gradient(theta, y):
    """Return 2 (p - y) p (1 - p)."""
    sign, miss = _miss(theta, y)
    return np.array([2.0 * sign * miss * expit(theta[0]) * expit(-theta[0])])


def crps_metric(theta):
    """Return 2 (dp / dlogit)^2: F differs between 0 and 1 only."""
    return diagonal(2.0 * (expit(theta[0]) * expit(-theta[0])) ** 2)


def frozen(theta):
    """Return SciPy's object."""
    return stats.bernoulli(p=expit(theta[0]))
