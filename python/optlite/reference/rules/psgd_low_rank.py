"""Gradient descent in a metric that is a diagonal and a few directions: Q = (I + U V^T) diag(d).

a = Q hvp,  b = Q^-T probe,  p = Q^T a hvp - probe Q^-1 b          (in the steps 1, 1 + k, ...)
d <- d - mu p / max |p| d
U <- U - mu (a a^T V - b b^T V) (I + V^T U) / (|a| |V V^T a| + |b| |V V^T b|)     or, in turns,
V <- V - mu (I + V U^T) (a a^T - b b^T) U / (|a| |U U^T a| + |b| |U U^T b|)
x <- x - eta Q^T Q g

Pooladzandi and Li, Curvature-informed SGD via general purpose Lie-group preconditioners, 2024.
"""

import numpy as np

from .. import psgd


def start(x, *, rank, initial, initial_directions, **hyper):
    """Return the state before the first step."""
    thin = initial_directions * np.eye(x.size, int(min(rank, x.size)), dtype=x.dtype)
    return {"U": thin, "V": thin.copy(), "d": np.full_like(x, initial)}


def _fit(state, v, h, mu, turn_of_u):
    U, V, d = state["U"], state["V"], state["d"].ravel()
    Q = np.diag(d) + U @ (V.T * d)
    a, b = Q @ h, np.linalg.solve(Q.T, v)
    p = (Q.T @ a) * h - v * np.linalg.solve(Q, b)
    state["d"] = (d - mu * p / (np.abs(p).max(initial=0.0) + psgd.TINY) * d).reshape(
        state["d"].shape
    )
    other = V if turn_of_u else U
    of_a, of_b = other.T @ a, other.T @ b
    norm = np.linalg.norm
    bound = norm(a) * norm(other @ of_a) + norm(b) * norm(other @ of_b) + psgd.TINY
    if turn_of_u:
        change = (np.outer(a, of_a) - np.outer(b, of_b)) @ (np.eye(V.shape[1]) + V.T @ U)
        state["U"] = U - mu / bound * change
    else:
        change = np.outer(a + V @ of_a, of_a) - np.outer(b + V @ of_b, of_b)
        state["V"] = V - mu / bound * change


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
    rank,
    update_period,
    initial,
    initial_directions,
):
    """Return x after step t."""
    if psgd.is_due(t, update_period):
        turn_of_u = (t - 1) // int(update_period) % 2 == 0
        _fit(state, probe.ravel(), hvp.ravel(), preconditioner_rate, turn_of_u)
    U, V, d = state["U"], state["V"], state["d"].ravel()
    z = d * g.ravel()
    z = z + U @ (V.T @ z)
    z = d * (z + V @ (U.T @ z))
    return x - learning_rate * z.reshape(x.shape)
