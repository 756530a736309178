"""Rows in random order, standardised, a batch at a time."""

import numpy as np
import scipy.sparse as sp
from sklearn.utils.sparsefuncs import mean_variance_axis

from ..curvature import eigsh
from ._learnability import coefficients, explained_variance

#: A column whose standard deviation is a smaller part of its largest value is constant.
CONSTANT = 1e-10
#: Dense rows that are centred at once where all of them are needed.
ROWS_AT_ONCE = 4096


class Batches:
    """Estimates of the explained variance, each from the next rows.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n, d)
    Y : ndarray of shape (n, m)
    order, batch_size : int
        As the selector has them.
    rng : RandomState
    """

    def __init__(self, X, Y, order, batch_size, rng):
        self.X = X.tocsr() if sp.issparse(X) else X
        self.Y = _standardised(Y)
        self.rng = rng
        n, d = X.shape
        self.count = min(-(-n // batch_size), n // 2)
        # An estimate of order k needs k + 1 different rows.
        self.c = coefficients(min(order, n // self.count - 1))
        self.mean, self.factor = _moments(self.X)
        top = self._largest_eigenvalue() if self.factor.any() and d > 0 else 1.0
        self.factor = self.factor / np.sqrt(max(top, np.finfo(float).tiny))
        self.waiting = []

    def estimate(self, shares):
        """Return the explained variance and its derivatives, from the next batch."""
        if not self.waiting:
            order = self.rng.permutation(len(self.Y))
            self.waiting = np.array_split(order, self.count)
        rows = self.waiting.pop()
        X = self.X[rows]
        X = X.toarray() if sp.issparse(X) else X
        Z = (X.astype(np.float64) - self.mean) * self.factor
        return explained_variance(Z, self.Y[rows], shares, self.c)

    def _largest_eigenvalue(self):
        """Of the covariance of columns with unit variance, and not below it."""
        n, d = self.X.shape
        sparse = self.X.astype(np.float64) if sp.issparse(self.X) else None

        def multiply(v):
            v = self.factor * v
            if sparse is not None:
                z = sparse @ v - self.mean @ v
                return self.factor * (sparse.T @ z - self.mean * z.sum()) / n
            total = np.zeros(d)
            for begin in range(0, n, ROWS_AT_ONCE):
                Z = self.X[begin : begin + ROWS_AT_ONCE] - self.mean
                total += Z.T @ (Z @ v)
            return self.factor * total / n

        found = eigsh(multiply, k=1, which="LA", tol=1e-3, dim=d)
        return float(found.eigenvalues[0] + found.residual_bounds[0])


def _standardised(Y):
    """Columns of mean zero and variance one; constant ones become zero."""
    top = np.abs(Y).max(axis=0)
    Y = Y / np.where(top > 0.0, top, 1.0)  # so that no square overflows, or vanishes
    Y = Y - Y.mean(axis=0)
    deviation = np.sqrt(np.mean(Y**2, axis=0))
    varies = deviation > CONSTANT
    return Y * np.where(varies, 1.0 / np.where(varies, deviation, 1.0), 0.0)


def _moments(X):
    """Means, and one over the standard deviations: zero for constant columns."""
    if sp.issparse(X):
        mean, variance = mean_variance_axis(X, axis=0)
        mean, variance = mean.astype(np.float64), variance.astype(np.float64)
        top = np.asarray(abs(X).max(axis=0).todense()).ravel()
    else:
        mean = X.mean(axis=0, dtype=np.float64)
        variance = X.var(axis=0, dtype=np.float64)
        top = np.abs(X).max(axis=0)
    deviation = np.sqrt(variance)
    varies = deviation > CONSTANT * top
    return mean, np.where(varies, 1.0 / np.where(varies, deviation, 1.0), 0.0)
