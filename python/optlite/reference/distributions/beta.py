"""Beta distribution of a share between 0 and 1, with mean and total of the shapes.

f(y) = Gamma(a + b) / (Gamma(a) Gamma(b)) y^(a - 1) (1 - y)^(b - 1),  a = s m, b = s (1 - m),
theta = (log(m / (1 - m)), log s)

Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 2, 1995, chapter 25;
Ferrari and Cribari-Neto, Beta regression for modelling rates and proportions, 2004, section 2.
"""

import numpy as np
from scipy import stats
from scipy.special import betaln, digamma, expit, polygamma


def _shapes(theta):
    """Return a, b and how they change with each parameter."""
    s = np.exp(theta[1])
    a, b = s * expit(theta[0]), s * expit(-theta[0])
    both = a * b / s
    return a, b, np.array([[both, -both], [a, b]])


def log_score(theta, y):
    """Return -log f(y)."""
    a, b, _ = _shapes(theta)
    return betaln(a, b) - (a - 1.0) * np.log(y) - (b - 1.0) * np.log1p(-y)


def log_gradient(theta, y):
    """Return its gradient in (logit m, log s)."""
    a, b, slopes = _shapes(theta)
    total = digamma(a + b)
    in_shapes = np.array([digamma(a) - total - np.log(y), digamma(b) - total - np.log1p(-y)])
    return np.einsum("jkn,kn->jn", slopes, in_shapes)


def log_metric(theta):
    """Return the Fisher information."""
    a, b, slopes = _shapes(theta)
    A, B, T = polygamma(1, a), polygamma(1, b), polygamma(1, a + b)
    in_shapes = np.array([[A - T, -T], [-T, B - T]])
    return np.einsum("jan,abn,kbn->jkn", slopes, in_shapes, slopes)


def frozen(theta):
    """Return SciPy's object."""
    a, b, _ = _shapes(theta)
    return stats.beta(a=a, b=b)
