"""How PSGD fits a preconditioner P = Q^T Q to pairs of a vector v and its product h = H v.

Steps on E[h^T P h + v^T P^-1 v], which is least for P = |H|^-1, in the group that Q is of:

diagonal    d = (q h)^2 - (v / q)^2,  q <- q - mu d / max |d| q
triangular  a = Q h, b = Q^-T v, E = triu(a a^T - b b^T),  Q <- Q - mu E / |E| Q

Li, Preconditioned stochastic gradient descent, 2018.
"""

import numpy as np


def norm_bound(A):
    """Return a lower bound of the spectral norm: a power step from the longest row or column."""
    most = np.abs(A).max(initial=0.0)
    if not most > 0.0:
        return most
    A = A / most
    columns, rows = (A**2).sum(axis=0), (A**2).sum(axis=1)
    if columns.max() > rows.max():
        x = A.T @ A[:, columns.argmax()]
        return most * np.linalg.norm(A @ x) / np.linalg.norm(x)
    x = A @ A[rows.argmax()]
    return most * np.linalg.norm(A.T @ x) / np.linalg.norm(x)


def fit_diagonal(q, v, h, mu):
    """Return the diagonal after one fit."""
    d = (q * h) ** 2 - (v / q) ** 2
    return q - mu * d / (np.abs(d).max(initial=0.0) + TINY) * q


def improved(Q, outer, mu):
    """Return a triangular factor after a step along the upper part of a matrix."""
    E = np.triu(outer)
    return Q - mu / (norm_bound(E) + TINY) * E @ Q


def is_due(t, period):
    """Return whether there is a fit in step t."""
    return (t - 1) % int(period) == 0


TINY = np.finfo(float).tiny
