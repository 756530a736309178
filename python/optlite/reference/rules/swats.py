"""Switches from Adam to SGD, at a rate found from the steps of Adam.

p = -eta (m / (1 - beta1^t)) sqrt(1 - beta2^t) / (sqrt(v) + eps),  x <- x + p
gamma = |p|^2 / -<p, g>,  scale <- beta2 scale + (1 - beta2) gamma      (over all tensors)
sgd_rate = scale / (1 - beta2^t), once it is positive and within tolerance of gamma, t > 1

From then on: m <- beta1 m + g (from m = 0),  x <- x - (1 - beta1) sgd_rate m

Keskar and Socher, Improving generalization performance by switching from Adam to SGD, 2017,
algorithm 1, arXiv:1712.07628.
"""

import numpy as np


def _step_of_adam(m, v, t, learning_rate, beta1, beta2, eps):
    root = np.sqrt(1.0 - beta2**t)
    return learning_rate * root / (1.0 - beta1**t) * m / (np.sqrt(v) + eps)


def share(
    xs, gs, states, shared, t, *, learning_rate, beta1, beta2, eps, tolerance, closeness, **_
):
    """Change what all tensors have in common, before their steps."""
    shared.setdefault("scale", 0.0)
    shared["adam"] = "sgd_rate" not in shared
    if not shared["adam"]:
        return
    squares, product = 0.0, 0.0
    for g, state in zip(gs, states, strict=True):
        m = beta1 * state["m"] + (1.0 - beta1) * g
        v = beta2 * state["v"] + (1.0 - beta2) * g**2
        p = _step_of_adam(m, v, t, learning_rate, beta1, beta2, eps)
        squares += np.sum(p**2, dtype=float)
        product += np.sum(p * g, dtype=float)
    if product == 0.0:
        return
    gamma = squares / product
    shared["scale"] = beta2 * shared["scale"] + (1.0 - beta2) * gamma
    mean = shared["scale"] / (1.0 - beta2**t)
    unit = 1.0 if closeness == "absolute" else abs(gamma)
    if t > 1 and mean > 0.0 and abs(mean - gamma) < tolerance * unit:
        shared["sgd_rate"] = mean  # from the next step on


def update(x, g, state, t, *, shared, learning_rate, beta1, beta2, eps, **_):
    """Return x after step t."""
    if shared["adam"]:
        m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * g
        v = state["v"] = beta2 * state["v"] + (1.0 - beta2) * g**2
        return x - _step_of_adam(m, v, t, learning_rate, beta1, beta2, eps)
    first = not state.get("switched", False)
    state["switched"] = True
    m = state["m"] = g.copy() if first else beta1 * state["m"] + g
    return x - (1.0 - beta1) * shared["sgd_rate"] * m
