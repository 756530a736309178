"""Student's t distribution with known degrees of freedom: robust to outliers.

f(y) = c (1 + z^2 / nu)^(-(nu + 1) / 2) / s,  z = (y - mu) / s,  theta = (mu, log s),
c = Gamma((nu + 1) / 2) / (Gamma(nu / 2) sqrt(nu pi))

Lange, Little and Taylor, Robust statistical modeling using the t distribution, 1989, section 2 and
appendix B.
"""

import numpy as np
from scipy import stats

from . import student_t


def _all(theta, df):
    """Return the parameters with the degrees of freedom."""
    return np.array([*theta, np.full_like(theta[0], np.log(df))])


def log_score(theta, y, df=3.0):
    """Return -log f(y)."""
    return student_t.log_score(_all(theta, df), y)


def log_gradient(theta, y, df=3.0):
    """Return its gradient in (mu, log s)."""
    return student_t.log_gradient(_all(theta, df), y)[:2]


def log_metric(theta, df=3.0):
    """Return the Fisher information."""
    return student_t.log_metric(_all(theta, df))[:2, :2]


def frozen(theta, df=3.0):
    """Return SciPy's object."""
    return stats.t(df=np.full_like(theta[0], df), loc=theta[0], scale=np.exp(theta[1]))
