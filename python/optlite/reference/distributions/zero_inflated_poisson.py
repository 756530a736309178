"""Poisson distribution of counts, or zero with a probability of its own.

P(0) = pi + (1 - pi) exp(-mu),  P(y) = (1 - pi) mu^y exp(-mu) / y!,  theta = (log mu, logit pi)

With q = pi / P(0), the probability that a zero is one of those that are always zero.

Lambert, Zero-inflated Poisson regression, with an application to defects in manufacturing, 1992,
section 2.
"""

import numpy as np
from scipy.special import expit

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


def frozen(theta):
    """Return an object with the methods of SciPy's."""
    return ZeroInflatedPoissonRows(mu=np.exp(theta[0]), logit=theta[1])
