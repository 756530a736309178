"""Gradient descent in a metric of two triangular factors, for the rows and for the columns.

L <- L / rho,  R <- rho R,  rho^2 = max diag L / max diag R
A = L hvp R^T,  B = L^-T probe R^-1
L <- L - mu E / |E| L,  E = triu(A A^T - B B^T)
R <- R - mu E / |E| R,  E = triu(A^T A - B^T B)         all this in the steps 1, 1 + k, 1 + 2 k, ...
x <- x - eta L^T L g R^T R

Scalars and vectors get a diagonal. Li, Preconditioned stochastic gradient descent, 2018;
Pooladzandi and Li, Curvature-informed SGD via general purpose Lie-group preconditioners, 2024.
"""

import numpy as np

from .. import psgd
from ..subspace import as_matrix


def start(x, *, initial, **hyper):
    """Return the state before the first step."""
    if x.ndim < 2:
        empty = np.zeros((0, 0))
        return {"L": empty, "R": empty, "q": np.full_like(x, initial)}
    L, R = (initial * np.eye(side, dtype=x.dtype) for side in as_matrix(x).shape)
    return {"L": L, "R": R, "q": np.zeros(0)}


def _fit(state, v, h, mu):
    L, R = state["L"], state["R"]
    rho = np.sqrt(np.diag(L).max() / np.diag(R).max())
    L, R = L / rho, rho * R
    A = L @ h @ R.T
    B = np.linalg.solve(R.T, np.linalg.solve(L.T, v).T).T
    state["L"] = psgd.improved(L, A @ A.T - B @ B.T, mu)
    state["R"] = psgd.improved(R, A.T @ A - B.T @ B, mu)


def update(
    x,
    g,
    state,
    t,
    *,
    probe,
    hvp,
    learning_rate,
    preconditioner_rate,
    update_period,
    initial,
):
    """Return x after step t."""
    due = psgd.is_due(t, update_period)
    if x.ndim < 2:
        if due:
            state["q"] = psgd.fit_diagonal(state["q"], probe, hvp, preconditioner_rate)
        return x - learning_rate * state["q"] ** 2 * g
    if due:
        _fit(state, as_matrix(probe), as_matrix(hvp), preconditioner_rate)
    L, R = state["L"], state["R"]
    return x - learning_rate * (L.T @ L @ as_matrix(g) @ R.T @ R).reshape(x.shape)
