"""Steps scaled by the diagonal of the Hessian, with a step size from the change of the gradient.

D <- beta2 D + (1 - beta2) hessian_diag        (D = hessian_diag in the first step)
D_hat = max(|D|, alpha)
adaptive, from the second step on:
    rate <- min(sqrt(1 + growth) rate, |moved|_D_hat / (2 |g - previous|_(1 / D_hat)))
    growth <- rate / (rate before)             (infinity in the first step; norms over all tensors)
x <- x - rate g / D_hat

Jahani et al., Doubly adaptive scaled algorithm for machine learning using second-order information,
2022, algorithm 1.
"""

import numpy as np


def share(xs, gs, states, shared, t, *, hessian_diag, learning_rate, beta2, alpha, adaptive):
    """Change what all tensors have in common, before their steps."""
    step, change = 0.0, 0.0
    for g, h, state in zip(gs, hessian_diag, states, strict=True):
        state["D"] = h.copy() if t == 1 else beta2 * state["D"] + (1.0 - beta2) * h
        D_hat = np.maximum(np.abs(state["D"]), alpha)
        step += np.sum(state["moved"] ** 2 * D_hat, dtype=float)
        change += np.sum((g - state["previous"]) ** 2 / D_hat, dtype=float)
        state["moved"] = np.zeros_like(g)
    if t == 1 or not adaptive:
        shared["rate"], shared["growth"] = learning_rate, np.inf
        return
    before = shared["rate"]
    rate = np.sqrt(1.0 + shared["growth"]) * before
    if step != 0.0 and change != 0.0:
        rate = min(rate, 0.5 * np.sqrt(step) / np.sqrt(change))
    shared["rate"] = before if np.isinf(rate) else rate
    shared["growth"] = 1.0 if shared["rate"] == before else shared["rate"] / before


def update(x, g, state, t, *, shared, alpha, **_):
    """Return x after step t."""
    state["previous"] = g
    step = shared["rate"] * g / np.maximum(np.abs(state["D"]), alpha)
    state["moved"] = state["moved"] - step
    return x - step


def shift(by, state):
    """Count what weight decay adds to x as part of the step."""
    state["moved"] = state["moved"] + by
