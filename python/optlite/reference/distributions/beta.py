"""Beta distribution of a share between 0 and 1.

f(y) = Gamma(a + b) / (Gamma(a) Gamma(b)) y^(a - 1) (1 - y)^(b - 1),  theta = (log a, log b)

Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 2, 1995, chapter 25.
"""

import numpy as np
from scipy import stats
from scipy.special import betaln, digamma, polygamma


def log_score(theta, y):
    """Return -log f(y)."""
    a, b = np.exp(theta)
    return betaln(a, b) - (a - 1.0) * np.log(y) - (b - 1.0) * np.log1p(-y)


def log_gradient(theta, y):
    """Return its gradient in (log a, log b)."""
    a, b = np.exp(theta)
    total = digamma(a + b)
    return np.array([a * (digamma(a) - total - np.log(y)), b * (digamma(b) - total - np.log1p(-y))])


def log_metric(theta):
    """Return the Fisher information."""
    a, b = np.exp(theta)
    A, B, T = polygamma(1, a), polygamma(1, b), polygamma(1, a + b)
    return np.array([[a**2 * (A - T), -a * b * T], [-a * b * T, b**2 * (B - T)]])


def frozen(theta):
    """Return SciPy's object."""
    a, b = np.exp(theta)
    return stats.beta(a=a, b=b)
