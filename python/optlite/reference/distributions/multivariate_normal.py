"""Normal distribution of d numbers with any covariance.

f(y) = prod_i L_ii / (2 pi)^(d / 2) exp(-|L (y - mu)|^2 / 2), the precision being L^T L;
theta = (mu, then each row of the upper triangular L from its diagonal on, the diagonal as a
logarithm)

O'Malley, Sykulski, Lumpkin and Schuler, Multivariate probabilistic regression with natural gradient
boosting, 2021, section 3.
"""

import numpy as np
from scipy import stats

from ..row_distributions import MultivariateNormalRows


def unpack(theta, d):
    """Return mu of shape (n, d) and L of shape (n, d, d)."""
    n = theta.shape[1]
    L = np.zeros((n, d, d))
    L[(slice(None), *np.triu_indices(d))] = theta[d:].T
    i = np.arange(d)
    L[:, i, i] = np.exp(L[:, i, i])
    return theta[:d].T, L


def _terms(theta, y, d):
    mu, L = unpack(theta, d)
    r = y.T - mu
    return L, r, np.einsum("nij,nj->ni", L, r)


def log_score(theta, y, d=2.0):
    """Return -log f(y); y has shape (d, n)."""
    L, _, u = _terms(theta, y, int(d))
    logs = np.log(np.einsum("nii->ni", L)).sum(axis=1)
    return 0.5 * np.sum(u**2, axis=1) - logs + 0.5 * d * np.log(2.0 * np.pi)


def log_gradient(theta, y, d=2.0):
    """Return its gradient, shape (p, n)."""
    d = int(d)
    L, r, u = _terms(theta, y, d)
    slope = u[:, :, None] * r[:, None, :]  # in L
    i = np.arange(d)
    slope[:, i, i] = slope[:, i, i] * L[:, i, i] - 1.0
    return np.vstack([-np.einsum("nij,ni->jn", L, u), slope[(slice(None), *np.triu_indices(d))].T])


def log_metric(theta, d=2.0):
    """Return the Fisher information: blocks of mu and of each row of L."""
    d = int(d)
    _, L = unpack(theta, d)
    inverse = np.linalg.inv(L)
    covariance = inverse @ inverse.transpose(0, 2, 1)
    p = len(theta)
    M = np.zeros((p, p, theta.shape[1]))
    M[:d, :d] = np.moveaxis(L.transpose(0, 2, 1) @ L, 0, -1)
    begin = d
    for i in range(d):
        block = covariance[:, i:, i:].copy()
        block[:, 0, :] *= L[:, i, i, None]
        block[:, :, 0] *= L[:, i, i, None]
        block[:, 0, 0] += 1.0
        M[begin : begin + d - i, begin : begin + d - i] = np.moveaxis(block, 0, -1)
        begin += d - i
    return M


def frozen(theta, d=2.0):
    """Return an object with the methods of SciPy's."""
    mu, L = unpack(theta, int(d))
    if int(d) == 1:
        return stats.norm(loc=mu[:, 0], scale=1.0 / L[:, 0, 0])
    return MultivariateNormalRows(mean=mu, upper=L)
