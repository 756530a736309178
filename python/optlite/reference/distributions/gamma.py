"""Gamma distribution of a positive number, with shape and mean.

f(y) = (a / mu)^a y^(a - 1) exp(-a y / mu) / Gamma(a),  theta = (log a, log mu); orthogonal

Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 1, 1994, chapter 17;
Cox and Reid, Parameter orthogonality and approximate conditional inference, 1987; Scheuerer and
Moeller, Probabilistic wind speed forecasting on a grid based on ensemble model output statistics,
2015.
"""

import numpy as np
from scipy import stats
from scipy.special import beta, digamma, gammainc, gammaincc, gammaln, polygamma


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


def _in_shape(function, a):
    """Return the derivative of function(a) in log a, by differences of the sixth order."""
    h = 1e-2
    values = [function(a * np.exp(h * step)) for step in (-3, -2, -1, 1, 2, 3)]
    return np.tensordot([-1.0, 9.0, -45.0, 45.0, -9.0, 1.0], values, axes=1) / (60.0 * h)


def log_score_censored(theta, y):
    """Return -log P(Y > y)."""
    return -np.log(gammaincc(*_terms(theta, y)))


def log_gradient_censored(theta, y):
    """Return its gradient in (log a, log mu)."""
    a, x = _terms(theta, y)
    log_density = a * np.log(x) - x - gammaln(a)  # of log x
    in_shape = _in_shape(lambda b: np.log(gammaincc(b, b * (x / a))), a)
    return np.array([-in_shape, -np.exp(log_density) / gammaincc(a, x)])


def _half_difference(a):
    """Return E|Y - Y'| / 2 for the mean 1, and its derivative in log a."""
    half = 1.0 / (a * beta(0.5, a))
    return half, half * a * (digamma(a + 0.5) - digamma(a + 1.0))


def _log_density(a, t):
    """Return the logarithm of the density of t = log(y / mu), which is u f(u)."""
    return a * (np.log(a) + t - np.exp(np.minimum(t, 300.0))) - gammaln(a)


def _panels(t, step, sign, count):
    """Yield nodes from t on, and weights, of Gauss's rule in panels that double."""
    nodes, weights = (part[:, None] for part in np.polynomial.legendre.leggauss(60))
    for k in range(count):
        half = 0.5 * step * 2.0**k
        yield t + sign * (step * (2.0**k - 1.0) + half * (nodes + 1.0)), half * weights


def crps(theta, y):
    """Return E|Y - y| - E|Y - Y'| / 2."""
    a, x = _terms(theta, y)
    mean = np.exp(theta[1])
    half, _ = _half_difference(a)
    inner = y * (2.0 * gammainc(a, x) - 1.0) - mean * (2.0 * gammainc(a + 1.0, x) - 1.0)
    return inner - mean * half


def crps_gradient(theta, y):
    """Return its gradient in (log a, log mu); dF / d log a by quadrature to the nearer end."""
    a, x = _terms(theta, y)
    half, half_slope = _half_difference(a)
    front = np.exp(a * np.log(x) - x - gammaln(a + 1.0))  # P(a, x) - P(a + 1, x)
    front_slope = front * (a * (np.log(x) - digamma(a + 1.0)) + a - x)
    t = np.log(x / a)
    sign = np.where(t < 0.0, -1.0, 1.0)
    below_slope = 0.0
    for v, weights in _panels(t, 1.0 / np.sqrt(a), sign, 10):
        v = np.minimum(v, 300.0)
        pull = a * (np.expm1(v) - v + digamma(a) - np.log(a))
        below_slope = below_slope + sign * np.sum(
            weights * pull * np.exp(_log_density(a, v)), axis=0
        )
    in_shape = 2.0 * ((x / a - 1.0) * below_slope + front_slope) - half_slope
    in_mean = 1.0 - 2.0 * gammainc(a + 1.0, x) - half
    return np.exp(theta[1]) * np.array([in_shape, in_mean])


def _cdf_slopes(a, t):
    """Return F and its derivatives in log a and log mu at u = e^t, for the mean 1."""
    u = np.exp(np.minimum(t, 300.0))
    in_shape = _in_shape(lambda b: gammainc(b, b * u), a)
    return gammainc(a, a * u), np.array([in_shape, -np.exp(_log_density(a, t))])


def crps_metric(theta):
    """Return 2 int (dF / dtheta)(dF / dtheta)^T dx."""
    a = np.exp(theta[0])
    total = np.zeros((2, 2, *a.shape))
    for sign in (-1.0, 1.0):
        for t, weights in _panels(0.0 * a, 1.0 / np.sqrt(1.0 + a), sign, 9):
            _, slopes = _cdf_slopes(a, t)
            u = np.exp(np.minimum(t, 300.0))
            total += 2.0 * np.einsum("ajn,bjn,jn->abn", slopes, slopes, weights * u)
    return np.exp(theta[1]) * total


def crps_censored(theta, y):
    """Return int_0^y F(x)^2 dx, by Gauss's rule in the logarithm of x."""
    return _below(theta, y, lambda F, slopes: F**2)


def crps_gradient_censored(theta, y):
    """Return its gradient in (log a, log mu)."""
    return np.array([_below(theta, y, lambda F, slopes, k=k: 2.0 * F * slopes[k]) for k in (0, 1)])


def _below(theta, y, function):
    """Return the integral from 0 to y of a function of F and its derivatives."""
    a, total = np.exp(theta[0]), 0.0
    for t, weights in _panels(np.log(y) - theta[1], 1.0 / np.sqrt(1.0 + a), -1.0, 9):
        total = total + np.sum(weights * np.exp(t) * function(*_cdf_slopes(a, t)), axis=0)
    return np.exp(theta[1]) * total


def frozen(theta):
    """Return SciPy's object."""
    scale = np.maximum(np.exp(theta[1] - theta[0]), np.finfo(float).smallest_subnormal)
    return stats.gamma(a=np.exp(theta[0]), scale=scale)
