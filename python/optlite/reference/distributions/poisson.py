"""Poisson distribution of counts, whose variance is their mean.

P(y) = mu^y exp(-mu) / y!,  theta = (log mu,)

Johnson, Kemp and Kotz, Univariate discrete distributions, third edition, 2005, chapter 4; Wei and
Held, Calibration tests for count data, 2014, section 2.
"""

import numpy as np
from scipy import stats
from scipy.special import gammaln, ive

from ..natural_gradient import diagonal


def log_score(theta, y):
    """Return -log P(y)."""
    return np.exp(theta[0]) - y * theta[0] + gammaln(y + 1.0)


def log_gradient(theta, y):
    """Return its derivative in log mu."""
    return np.array([np.exp(theta[0]) - y])


def log_metric(theta):
    """Return the Fisher information."""
    return diagonal(np.exp(theta[0]))


def pair(mu):
    """Return P(Y != Y') and E min(Y, Y') / mu of two counts with the same mean."""
    x = 2.0 * np.asarray(mu)
    k = np.arange(1.0, 30.0).reshape(-1, *np.ones(x.ndim, dtype=int))
    small = np.minimum(x, 1.0)
    above = np.sum(np.exp(2.0 * (k * np.log(0.5 * small) - gammaln(k + 1.0))), axis=0)  # I_0 - 1
    differ = np.where(x < 1.0, -np.expm1(-x) - np.exp(-small) * above, 1.0 - ive(0, x))
    return differ, differ - ive(1, x)


def crps(theta, y):
    """Return sum_k (F(k) - 1{y <= k})^2 = E|Y - y| - E|Y - Y'| / 2."""
    mu = np.exp(theta[0])
    smaller = pair(mu)[1]
    return np.where(y == 0.0, mu * smaller, distance(theta, y) - mu * (1.0 - smaller))


def distance(theta, y):
    """Return E|Y - y|."""
    mu, made = np.exp(theta[0]), frozen(theta)
    return (y - mu) * (2.0 * made.cdf(y) - 1.0) + 2.0 * mu * made.pmf(y)


def crps_gradient(theta, y):
    """Return its derivative in log mu; dF(k) / dmu = -P(k)."""
    mu = np.exp(theta[0])
    return np.array([mu * (pair(mu)[0] - 2.0 * frozen(theta).cdf(y - 1.0))])


def crps_metric(theta):
    """Return 2 sum_k (dF(k) / dlog mu)^2."""
    mu = np.exp(theta[0])
    return diagonal(2.0 * mu**2 * ive(0, 2.0 * mu))


def frozen(theta):
    """Return SciPy's object."""
    return stats.poisson(mu=np.exp(theta[0]))
