"""Gradient descent in a dense metric that is fitted to Hessian-vector products.

a = Q hvp,  b = Q^-T probe,  E = triu(a a^T - b b^T)
Q <- Q - mu E / |E| Q                                   in the steps 1, 1 + k, 1 + 2 k, ...
x <- x - eta Q^T Q g

Large tensors get a diagonal Q. Li, Preconditioned stochastic gradient descent, 2018,
arXiv:1512.04202; Pooladzandi and Li, Curvature-informed SGD via general purpose Lie-group
preconditioners, 2024.
"""

import numpy as np

from .. import psgd


def start(x, *, initial, max_size, **hyper):
    """Return the state before the first step."""
    if x.size > max_size:
        return {"Q": np.zeros((0, 0)), "q": np.full_like(x, initial)}
    return {"Q": initial * np.eye(x.size, dtype=x.dtype), "q": np.zeros(0)}


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
    max_size,
):
    """Return x after step t."""
    due = psgd.is_due(t, update_period)
    if x.size > max_size:
        if due:
            state["q"] = psgd.fit_diagonal(state["q"], probe, hvp, preconditioner_rate)
        return x - learning_rate * state["q"] ** 2 * g
    if due:
        Q = state["Q"]
        a, b = Q @ hvp.ravel(), np.linalg.solve(Q.T, probe.ravel())
        state["Q"] = psgd.improved(Q, np.outer(a, a) - np.outer(b, b), preconditioner_rate)
    Q = state["Q"]
    return x - learning_rate * (Q.T @ (Q @ g.ravel())).reshape(x.shape)
