"""Poisson distribution of counts, or zero with a probability of its own.

P(0) = pi + (1 - pi) exp(-mu),  P(y) = (1 - pi) mu^y exp(-mu) / y!,  theta = (log mu, logit pi)

With q = pi / P(0), the probability that a zero is one of those that are always zero.

Lambert, Zero-inflated Poisson regression, with an application to defects in manufacturing, 1992,
section 2; Wei and Held, Calibration tests for count data, 2014, section 2.
"""

import numpy as np
from scipy.special import expit, ive

from ..row_distributions import ZeroInflatedPoissonRows
from . import poisson


def log_score(theta, y):
    """Return -log P(y)."""
    t, u = theta
    positive = -np.expm1(-np.exp(t)) * expit(-u)
    zero = np.logaddexp(0.0, u) - np.logaddexp(u, -np.exp(t))
    zero = np.where(positive < 0.5, -np.log1p(-np.minimum(positive, 0.5)), zero)
    return np.where(y > 0.0, np.logaddexp(0.0, u) + poisson.log_score(theta[:1], y), zero)


def log_gradient(theta, y):
    """Return its gradient in (log mu, logit pi)."""
    mu, u = np.exp(theta[0]), theta[1]
    q = expit(u + mu)
    # At zero: mu (1 - q) and pi - q = -(1 - pi) (1 - exp(-mu)) q.
    zero = np.array([mu * expit(-u - mu), expit(-u) * np.expm1(-mu) * q])
    return np.where(y > 0.0, np.array([mu - y, expit(u)]), zero)


def log_metric(theta):
    """Return the Fisher information."""
    mu, u = np.exp(theta[0]), theta[1]
    E, q, rest = np.exp(-mu), expit(u + mu), expit(-u)
    mixed = -rest * mu * E * q
    return np.array(
        [
            [rest * mu * (1.0 - mu * E * q), mixed],
            [mixed, -rest * np.expm1(-mu) * expit(u) * q],
        ]
    )


def crps(theta, y):
    """Return E|Y - y| - E|Y - Y'| / 2; both are mixtures of those of the Poisson distribution."""
    mu, pi, rest = np.exp(theta[0]), expit(theta[1]), expit(-theta[1])
    smaller = poisson.pair(mu)[1]
    own = rest * (poisson.distance(theta[:1], y) - pi * mu - rest * mu * (1.0 - smaller))
    return np.where(y == 0.0, rest**2 * mu * smaller, pi * y + own)


def crps_gradient(theta, y):
    """Return its gradient in (log mu, logit pi)."""
    mu, pi, rest = np.exp(theta[0]), expit(theta[1]), expit(-theta[1])
    differ, smaller = poisson.pair(mu)
    below = poisson.frozen(theta[:1]).cdf(y - 1.0)
    up_to = np.where(y == 0.0, 0.0, 0.5 * (mu + y - poisson.distance(theta[:1], y)))  # E min(N, y)
    return np.array(
        [
            rest * mu * (rest * differ - 2.0 * below),
            2.0 * pi * rest * (up_to - rest * mu * smaller),
        ]
    )


def crps_metric(theta):
    """Return 2 sum_k (dF(k) / dtheta)(dF(k) / dtheta)^T."""
    mu, pi, rest = np.exp(theta[0]), expit(theta[1]), expit(-theta[1])
    differ, smaller = poisson.pair(mu)
    mixed = -pi * mu * differ
    M = np.array([[2.0 * mu**2 * ive(0, 2.0 * mu), mixed], [mixed, 2.0 * pi**2 * mu * smaller]])
    return rest**2 * M


def frozen(theta):
    """Return an object with the methods of SciPy's."""
    return ZeroInflatedPoissonRows(mu=np.exp(theta[0]), logit=theta[1])
