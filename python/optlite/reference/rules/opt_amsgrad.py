"""Optimistic AMSGrad: a step by the gradients seen, and one by a prediction of the next.

v <- beta2 v + (1 - beta2) (g - previous)^2
v_max <- max(v_max, v)
theta <- beta1 theta + (1 - beta1) g
x_tilde <- x_tilde - eta theta / (sqrt(v_max) + eps)
x = x_tilde - eta (beta1 theta_before + (1 - beta1) prediction) / (sqrt(v_max) + eps)

The prediction of the next gradient is g. Wang et al., An optimistic acceleration of AMSGrad for
nonconvex optimization, 2021, algorithm 1.
"""

import numpy as np


def start(x, **_):
    """Return the state before the first step."""
    return {"x_tilde": x.copy()}


def update(x, g, state, t, *, learning_rate, beta1, beta2, eps):
    """Return x after step t."""
    v = state["v"] = beta2 * state["v"] + (1.0 - beta2) * (g - state["previous"]) ** 2
    v_max = state["v_max"] = np.maximum(state["v_max"], v)
    before = state["theta"]
    theta = state["theta"] = beta1 * before + (1.0 - beta1) * g
    prediction = state["previous"] = g.copy()
    scale = learning_rate / (np.sqrt(v_max) + eps)
    state["x_tilde"] = state["x_tilde"] - scale * theta
    return state["x_tilde"] - scale * (beta1 * before + (1.0 - beta1) * prediction)


def shift(by, state):
    """Move along with what weight decay adds to x."""
    state["x_tilde"] = state["x_tilde"] + by
