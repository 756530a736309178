"""Weibull distribution of life times: the hazard rises or falls as a power of time.

f(y) = (k / lambda) (y / lambda)^(k - 1) exp(-w),  w = (y / lambda)^k,
theta = (log k, log lambda)

Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 1, 1994, chapter 21;
Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section 2;
Gneiting and Raftery, Strictly proper scoring rules, prediction, and estimation, 2007, equation 21.
"""

import numpy as np
from scipy import stats
from scipy.special import digamma, gamma, gammainc, polygamma


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


def _mean(theta):
    """Return the mean, and E min(Y, Y') over it."""
    power = np.exp(-theta[0])
    return np.exp(theta[1]) * gamma(1.0 + power), 2.0**-power


def crps(theta, y):
    """Return E|Y - y| - E|Y - Y'| / 2."""
    k, _, w = _terms(theta, y)
    mean, t = _mean(theta)
    return y * (1.0 - 2.0 * np.exp(-w)) + mean * (t - 2.0 * gammainc(1.0 + 1.0 / k, w))


def _in_shape(s, w):
    """Return the derivative of the regularised incomplete gamma function in s, by differences."""
    h = 5e-3 * np.minimum(s, 1.0)
    steps = np.array([-3, -2, -1, 1, 2, 3])
    values = [gammainc(s + step * h, w) for step in steps]
    return np.tensordot(np.array([-1.0, 9.0, -45.0, 45.0, -9.0, 1.0]), values, axes=1) / (60.0 * h)


def crps_gradient(theta, y):
    """Return its gradient in (log k, log lambda)."""
    k, _, w = _terms(theta, y)
    mean, t = _mean(theta)
    s = 1.0 + 1.0 / k
    P = gammainc(s, w)
    inner = digamma(s) * (P - 0.5 * t) + 0.5 * t * np.log(2.0) + _in_shape(s, w)
    return mean * np.array([2.0 / k * inner, t - 2.0 * P])


def crps_metric(theta):
    """Return 2 int (dF / dtheta)(dF / dtheta)^T dx."""
    k = np.exp(theta[0])
    mean, t = _mean(theta)
    unit = 0.5 * mean * t * (1.0 + 1.0 / k)
    d = digamma(2.0 + 1.0 / k) - np.log(2.0)
    return unit * np.array([[(d**2 + polygamma(1, 2.0 + 1.0 / k)) / k, -d], [-d, k]])


def crps_censored(theta, y):
    """Return int_0^y F(x)^2 dx, by Gauss's rule in the logarithm of w: F = 1 - exp(-w)."""
    return _below(theta, y, lambda w, log_w: np.expm1(-w) ** 2)


def crps_gradient_censored(theta, y):
    """Return its gradient in (log k, log lambda)."""
    in_shape = _below(theta, y, lambda w, log_w: -2.0 * np.expm1(-w) * np.exp(-w) * w * log_w)
    in_scale = _below(theta, y, lambda w, log_w: 2.0 * np.expm1(-w) * np.exp(-w) * w)
    return np.array([in_shape, np.exp(theta[0]) * in_scale])


def _below(theta, y, function):
    """Return the integral from 0 to y of a function of w and log w."""
    k, L, _ = _terms(theta, y)
    nodes, weights = np.polynomial.legendre.leggauss(100)
    low = np.minimum(L, 0.0) - 40.0 / (1.0 + 1.0 / k)  # the integrand falls as w^(1 + 1 / k)
    total = np.zeros_like(y)
    ends = np.array([low, np.minimum(L, -1.0), np.minimum(L, 1.0), np.minimum(L, 4.0), L])
    for a, b in zip(np.maximum(ends[:-1], low), np.maximum(ends[1:], low), strict=True):
        log_w = 0.5 * (b - a) * nodes[:, None] + 0.5 * (a + b)
        x = np.exp(theta[1] + log_w / k)  # y as a function of w
        part = weights[:, None] * function(np.exp(log_w), log_w) * x / k
        total += 0.5 * (b - a) * part.sum(axis=0)
    return total


def frozen(theta):
    """Return SciPy's object."""
    return stats.weibull_min(c=np.exp(theta[0]), scale=np.exp(theta[1]))
