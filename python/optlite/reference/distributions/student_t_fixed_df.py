"""Student's t distribution with known degrees of freedom: robust to outliers.

f(y) = c (1 + z^2 / nu)^(-(nu + 1) / 2) / s,  z = (y - mu) / s,  theta = (mu, log s),
c = Gamma((nu + 1) / 2) / (Gamma(nu / 2) sqrt(nu pi))

Lange, Little and Taylor, Robust statistical modeling using the t distribution, 1989, section 2 and
appendix B; Jordan, Krueger and Lerch, Evaluating probabilistic forecasts with scoringRules, 2019,
appendix A.
"""

import numpy as np
from scipy import stats
from scipy.special import betaln

from ..natural_gradient import diagonal
from . import cauchy, student_t


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


def _ratio(df):
    """Return B(1/2, df - 1/2) / B(1/2, df / 2)."""
    return np.exp(betaln(0.5, df - 0.5) - betaln(0.5, 0.5 * df))


def crps(theta, y, df=3.0):
    """Return int (F(x) - 1{y <= x})^2 dx, which is infinite for df <= 1/2."""
    if df <= 0.5:
        return np.full(np.shape(y), np.inf)
    if df == 1.0:
        return cauchy.crps(theta, y)
    s = np.exp(theta[1])
    z = (y - theta[0]) / s
    f = stats.t(df).pdf
    rest = (df + z**2) * f(z) - df * f(0.0) * _ratio(df)
    return s * (z * (2.0 * stats.t(df).cdf(z) - 1.0) + 2.0 * rest / (df - 1.0))


def crps_gradient(theta, y, df=3.0):
    """Return its gradient in (mu, log s)."""
    two_sided = 2.0 * stats.t(df).cdf((y - theta[0]) * np.exp(-theta[1])) - 1.0
    return np.array([-two_sided, crps(theta, y, df) - (y - theta[0]) * two_sided])


def crps_metric(theta, df=3.0):
    """Return 2 int (dF / dtheta)(dF / dtheta)^T dx."""
    s, unit = np.exp(theta[1]), stats.t(df).pdf(0.0) * _ratio(df)
    return diagonal((2.0 - 1.0 / df) * unit / s, unit * s)


def frozen(theta, df=3.0):
    """Return SciPy's object."""
    return stats.t(df=np.full_like(theta[0], df), loc=theta[0], scale=np.exp(theta[1]))
