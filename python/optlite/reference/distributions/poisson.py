"""Poisson distribution of counts, whose variance is their mean.

P(y) = mu^y exp(-mu) / y!,  theta = (log mu,)

Johnson, Kemp and Kotz, Univariate discrete distributions, third edition, 2005, chapter 4.
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


def crps_of_y(theta, y):
    """Return the CRPS, for predictions.

    Wei and Held, Calibration tests for count data, 2014, section 2.
    """
    mu = np.exp(theta[0])
    made = frozen(theta)
    bessel = ive(0, 2.0 * mu) + ive(1, 2.0 * mu)
    return (y - mu) * (2.0 * made.cdf(y) - 1.0) + mu * (2.0 * made.pmf(y) - bessel)


def frozen(theta):
    """Return SciPy's object."""
    return stats.poisson(mu=np.exp(theta[0]))
