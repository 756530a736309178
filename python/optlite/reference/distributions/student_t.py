"""Student's t distribution whose degrees of freedom are fitted, too.

f(y) = c (1 + z^2 / nu)^(-(nu + 1) / 2) / s,  z = (y - mu) / s,  theta = (mu, log s, log nu),
c = Gamma((nu + 1) / 2) / (Gamma(nu / 2) sqrt(nu pi))

Lange, Little and Taylor, Robust statistical modeling using the t distribution, 1989, section 2 and
appendix B.
"""

import numpy as np
from scipy import stats
from scipy.special import digamma, gammaln, polygamma


def _terms(theta, y):
    mu, t, k = theta
    return np.exp(-t), (y - mu) * np.exp(-t), np.exp(k)


def log_score(theta, y):
    """Return -log f(y)."""
    _, z, nu = _terms(theta, y)
    constant = gammaln(0.5 * nu) - gammaln(0.5 * (nu + 1.0)) + 0.5 * np.log(nu * np.pi)
    return 0.5 * (nu + 1.0) * np.log1p(z**2 / nu) + theta[1] + constant


def log_gradient(theta, y):
    """Return its gradient in (mu, log s, log nu)."""
    precision, z, nu = _terms(theta, y)
    inner = digamma(0.5 * (nu + 1.0)) - digamma(0.5 * nu) - 1.0 / nu
    inner += (nu + 1.0) * z**2 / (nu * (nu + z**2)) - np.log1p(z**2 / nu)
    return np.array(
        [
            -(nu + 1.0) * z / (nu + z**2) * precision,
            1.0 - (nu + 1.0) * z**2 / (nu + z**2),
            -0.5 * nu * inner,
        ]
    )


def log_metric(theta):
    """Return the Fisher information; the location is orthogonal to the other two."""
    nu = np.exp(theta[2])
    M = np.zeros((3, 3, *nu.shape))
    M[0, 0] = (nu + 1.0) / (nu + 3.0) * np.exp(-2.0 * theta[1])
    M[1, 1] = 2.0 * nu / (nu + 3.0)
    M[1, 2] = M[2, 1] = -2.0 * nu / ((nu + 1.0) * (nu + 3.0))
    curvature = 0.25 * (polygamma(1, 0.5 * nu) - polygamma(1, 0.5 * (nu + 1.0)))
    M[2, 2] = nu**2 * (curvature - (nu + 5.0) / (2.0 * nu * (nu + 1.0) * (nu + 3.0)))
    return M


def frozen(theta):
    """Return SciPy's object."""
    return stats.t(df=np.exp(theta[2]), loc=theta[0], scale=np.exp(theta[1]))
