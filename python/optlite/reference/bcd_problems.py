"""Smooth parts of the problems of block coordinate descent.

A problem says its value and gradient, its Hessian along a block, and a matrix H that the Hessian
does not exceed: all of it, its diagonal, sums of absolute values of its rows (or more).

The twin of ``cpp/src/block_quadratic.cpp`` and ``cpp/src/block_linear_model.cpp``.

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

import importlib

import numpy as np

EPSILON = np.finfo(np.float64).eps


class Quadratic:
    """Hold f(x) = x' H x / 2 - c' x + constant.

    Parameters
    ----------
    H : ndarray of shape (n, n)
        Symmetric.
    c : ndarray of shape (n,)
        Linear part.
    constant : float
        Added to f.
    graph : bool
        Whether H is stored sparsely, so that its graph has a meaning.
    """

    rounding = 0.0

    def __init__(self, H, c, constant, graph=False):
        self.H, self.c, self.constant, self.graph = H, c, constant, graph
        self.diagonal, self.row_sums = H.diagonal().copy(), np.abs(H).sum(axis=0)

    def value(self, x):
        """Return f(x)."""
        return 0.5 * x @ (self.H @ x) - self.c @ x + self.constant

    def gradient(self, x):
        """Return the gradient."""
        return self.H @ x - self.c

    def hessian(self, x, block):
        """Return the second derivatives along the block."""
        return self.bound(block)

    def bound(self, block):
        """Return H_bb."""
        return self.H[np.ix_(block, block)]

    def product(self, d):
        """Return H d."""
        return self.H @ d

    def change(self, x, gradient, block, d):
        """Return f(x + d) - f(x) for a step d of the block."""
        return d @ (gradient[block] + 0.5 * (self.bound(block) @ d))


class LinearModel:
    """Hold f(W) = sum of losses of the rows of X W + alpha |W|^2 / 2.

    The variables are the columns of W, one after the other.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_rows, p)
        Features; an array where Hessians are asked for.
    y : ndarray of shape (n_rows,)
        Targets, as the loss takes them.
    loss : str
        Name of an objective.
    C : ndarray of shape (K, K)
        No second derivative of the loss of a row in its K margins exceeds it.
    alpha : float
        Strength of the ridge penalty.
    """

    graph = False

    def __init__(self, X, y, loss, C, alpha):
        self.X, self.y, self.C, self.alpha = X, y, C, alpha
        self.loss = importlib.import_module(f"{__package__}.objectives.{loss}")
        size = abs(X)
        self.diagonal = np.kron(np.diag(C), (size * size).sum(axis=0)) + alpha
        sums = size.T @ size.sum(axis=1)  # no less than those of |X' X|
        self.row_sums = np.kron(np.abs(C).sum(axis=0), sums) + alpha

    def margins(self, x):
        """Return X W, one margin for each row if there is one output."""
        W = x.reshape(len(self.C), -1).T
        return (self.X @ W)[:, 0] if len(self.C) == 1 else self.X @ W

    def value(self, x):
        """Return f."""
        return self.loss.value(self.margins(x), self.y).sum() + 0.5 * self.alpha * (x @ x)

    @property
    def rounding(self):
        """By how much a change of f may be wrong."""
        return 8.0 * EPSILON * abs(self.last)

    def gradient(self, x):
        """Return the gradient."""
        z = self.margins(x)
        self.last = self.loss.value(z, self.y).sum()
        first = self.loss.first(z, self.y).reshape(len(self.y), -1)
        return (self.X.T @ first).T.ravel() + self.alpha * x

    def hessian(self, x, block):
        """Return the second derivatives along the block."""
        p, K = self.X.shape[1], len(self.C)
        second = self.loss.second(self.margins(x), self.y).reshape(-1, K, K)
        k, j = np.divmod(block, p)
        weights = second[:, k[:, None], k]  # one matrix a row
        H = np.einsum("ri,rj,rij->ij", self.X[:, j], self.X[:, j], weights)
        return H + self.alpha * np.eye(len(block))

    def bound(self, block):
        """Return H_bb of H = C (x) X' X + alpha I."""
        k, j = np.divmod(block, self.X.shape[1])
        A = self.X[:, j]
        return self.C[np.ix_(k, k)] * (A.T @ A) + self.alpha * np.eye(len(block))

    def product(self, d):
        """Return H d."""
        D = d.reshape(len(self.C), -1)
        return (self.C @ D @ self.X.T @ self.X).ravel() + self.alpha * d

    def change(self, x, gradient, block, d):
        """Return f(x + d) - f(x) for a step d of the block."""
        moved = x.copy()
        moved[block] += d
        loss = self.loss.value(self.margins(moved), self.y).sum()
        loss -= self.loss.value(self.margins(x), self.y).sum()
        return loss + self.alpha * (d @ (x[block] + 0.5 * d))
