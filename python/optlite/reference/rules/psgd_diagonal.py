"""Gradient descent in a diagonal metric that is fitted to Hessian-vector products.

a = q hvp,  b = probe / q
q <- q - mu (a^2 - b^2) / max |a^2 - b^2| q             in the steps 1, 1 + k, 1 + 2 k, ...
x <- x - eta q^2 g

Li, Preconditioned stochastic gradient descent, 2018; Pooladzandi and Li, Curvature-informed SGD via
general purpose Lie-group preconditioners, 2024.
"""

import numpy as np

from .. import psgd


def start(x, *, initial, **hyper):
    """Return the state before the first step."""
    return {"q": np.full_like(x, initial)}


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
    if psgd.is_due(t, update_period):
        state["q"] = psgd.fit_diagonal(state["q"], probe, hvp, preconditioner_rate)
    return x - learning_rate * state["q"] ** 2 * g
