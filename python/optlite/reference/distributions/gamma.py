"""Gamma distribution of a positive number, with shape and mean.

f(y) = (a / mu)^a y^(a - 1) exp(-a y / mu) / Gamma(a),  theta = (log a, log mu); orthogonal

Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 1, 1994, chapter 17;
Cox and Reid, Parameter orthogonality and approximate conditional inference, 1987.
"""

import numpy as np
from scipy import stats
from scipy.special import digamma, gammaincc, gammaln, polygamma


def _terms(theta, y):
    """Return a and x = a y / mu, which has the gamma distribution with rate 1."""
    a = np.exp(theta[0])
    return a, a * y * np.exp(-theta[1])


def log_score(theta, y):
    """Return -log f(y)."""
    a, x = _terms(theta, y)
    return gammaln(a) - a * np.log(x) + x + np.log(y)


def log_gradient(theta, y):
    """Return its gradient in (log a, log mu)."""
    a, x = _terms(theta, y)
    return np.array([a * (digamma(a) - np.log(x)) + x - a, a - x])


def log_metric(theta):
    """Return the Fisher information."""
    a = np.exp(theta[0])
    zero = np.zeros_like(a)
    return np.array([[a**2 * polygamma(1, a) - a, zero], [zero, a]])


def _slope_in_shape(a, x):
    """Return d log Q(a, x) / d log a, x / a fixed, by differences of the sixth order."""
    h = 1e-2
    shapes = np.exp(h * np.array([-3, -2, -1, 1, 2, 3]))
    log_tail = [np.log(gammaincc(a * factor, x * factor)) for factor in shapes]
    weights = np.array([-1.0, 9.0, -45.0, 45.0, -9.0, 1.0])
    return np.tensordot(weights, log_tail, axes=1) / (60.0 * h)


def log_score_censored(theta, y):
    """Return -log P(Y > y)."""
    return -np.log(gammaincc(*_terms(theta, y)))


def log_gradient_censored(theta, y):
    """Return its gradient in (log a, log mu)."""
    a, x = _terms(theta, y)
    log_density = a * np.log(x) - x - gammaln(a)  # of log x
    return np.array([-_slope_in_shape(a, x), -np.exp(log_density) / gammaincc(a, x)])


def frozen(theta):
    """Return SciPy's object."""
    scale = np.maximum(np.exp(theta[1] - theta[0]), np.finfo(float).smallest_subnormal)
    return stats.gamma(a=np.exp(theta[0]), scale=scale)
