"""Gamma distribution of a positive number, with shape and rate.

f(y) = beta^a y^(a - 1) exp(-beta y) / Gamma(a),  theta = (log a, log beta)

Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 1, 1994, chapter 17;
Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section 2.
"""

import numpy as np
from scipy import stats
from scipy.special import digamma, gammaincc, gammaln, polygamma


def log_score(theta, y):
    """Return -log f(y)."""
    a, beta = np.exp(theta)
    return gammaln(a) - a * np.log(beta * y) + beta * y + np.log(y)


def log_gradient(theta, y):
    """Return its gradient in (log a, log beta)."""
    a, beta = np.exp(theta)
    return np.array([a * (digamma(a) - np.log(beta * y)), beta * y - a])


def log_metric(theta):
    """Return the Fisher information."""
    a = np.exp(theta[0])
    return np.array([[a**2 * polygamma(1, a), -a], [-a, a]])


def _slope_in_shape(a, x):
    """Return d log Q(a, x) / d log a by differences of the sixth order: there is no closed form."""
    h = 1e-2 / np.sqrt(1.0 + a)
    log_tail = [np.log(gammaincc(a * np.exp(k * h), x)) for k in (-3, -2, -1, 1, 2, 3)]
    weights = np.array([-1.0, 9.0, -45.0, 45.0, -9.0, 1.0])
    return np.tensordot(weights, log_tail, axes=1) / (60.0 * h)


def log_score_censored(theta, y):
    """Return -log P(Y > y)."""
    return -np.log(gammaincc(np.exp(theta[0]), y * np.exp(theta[1])))


def log_gradient_censored(theta, y):
    """Return its gradient in (log a, log beta)."""
    a, x = np.exp(theta[0]), y * np.exp(theta[1])
    log_density = a * np.log(x) - x - gammaln(a)  # of log x
    return np.array([-_slope_in_shape(a, x), np.exp(log_density) / gammaincc(a, x)])


def frozen(theta):
    """Return SciPy's object."""
    return stats.gamma(a=np.exp(theta[0]), scale=np.exp(-theta[1]))
