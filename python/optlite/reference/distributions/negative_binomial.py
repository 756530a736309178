"""Negative binomial distribution of counts that vary more than Poisson's.

P(y) = Gamma(y + r) / (Gamma(r) y!) (r / (r + mu))^r (mu / (r + mu))^y,  theta = (log mu, log r);
the variance is mu + mu^2 / r.

Johnson, Kemp and Kotz, Univariate discrete distributions, third edition, 2005, chapter 5; Lawless,
Negative binomial and mixed Poisson regression, 1987, section 2.
"""

import numpy as np
from scipy import stats
from scipy.special import betainc, digamma, gammaln, xlogy

from ..natural_gradient import diagonal


def log_score(theta, y):
    """Return -log P(y)."""
    mu, r = np.exp(theta)
    ways = gammaln(y + r) - gammaln(r) - gammaln(y + 1.0)
    return -ways + r * np.log1p(mu / r) - xlogy(y, mu / (r + mu))


def log_gradient(theta, y):
    """Return its gradient in (log mu, log r)."""
    mu, r = np.exp(theta)
    share = (y - mu) / (r + mu)
    return np.array([-r * share, -r * (digamma(y + r) - digamma(r) - np.log1p(mu / r) - share)])


def log_metric(theta):
    """Return the Fisher information: that in r is a sum over j, or for large counts an integral."""
    mu, r = np.exp(theta)
    small = mu + 12.0 * np.sqrt(mu * (1.0 + mu / r)) + 40.0 * (1.0 + mu / r) < 1e3
    total = np.empty_like(mu)
    total[small] = _by_sum(mu[small], r[small])
    total[~small] = _by_integral(mu[~small], r[~small])
    return diagonal(r * mu / (r + mu), r**2 * total)


def _by_sum(mu, r):
    """Return sum_j P(Y > j) / (r + j)^2 - mu / (r (r + mu)).

    As sum_j P(Y > j) = mu, the last term goes into the sum, so that less cancels.
    """
    j = np.arange(1.0, 3000.0)[:, None]
    first = -np.expm1(-r * np.log1p(mu / r)) * mu / (r**2 * (r + mu))
    tail = betainc(j + 1.0, r, mu / (r + mu))  # P(Y > j)
    return first + (tail * (1.0 / (r + j) ** 2 - 1.0 / (r * (r + mu)))).sum(axis=0)


def _by_integral(mu, r):
    """Return int_0^inf s exp(-r s) / (1 - exp(-s)) (1 - E exp(-s Y)) ds - mu / (r (r + mu))."""
    v = np.arange(-60.0, 8.0, 0.1)[:, None]  # the logarithm of s
    s = np.exp(v)
    rest = -np.expm1(-s)
    generating = -np.expm1(-r * np.log1p(mu / r * rest))
    return 0.1 * (s**2 / rest * np.exp(-r * s) * generating).sum(axis=0) - mu / (r * (r + mu))


def frozen(theta):
    """Return SciPy's object."""
    mu, r = np.exp(theta)
    return stats.nbinom(n=r, p=r / (r + mu))
