"""Adaptive memory: momentum whose coefficient comes from a model of two planes.

beta = clip(((1 + lambda) (|g|^2 + (r - 1) <g, d>)) / |d - g|^2 - lambda, 0, beta_max)
d <- ((beta + lambda) d + (1 - beta) g) / (1 + lambda)     (norms over all tensors; d = g first)
x <- x - eta d

r is the learning rate of the step before over that of this step. The update is the published one;
beta solves min over s of max(<g, s>, r eta <g, d> + <d, s>) + |s|^2 / (2 eta) + lambda |s + eta
d|^2 / (2 eta), our derivation of the model that the paper describes.

Topollai and Choromanska, Adaptive memory momentum via a model-based framework for deep learning
optimization, 2025.
"""

import numpy as np


def share(xs, gs, states, shared, t, *, learning_rate, beta_max, regularization):
    """Change what all tensors have in common, before their steps."""
    pairs = [(g, state["d"]) for g, state in zip(gs, states, strict=True)]
    size, product, apart = (
        sum(np.sum(f(g, d), dtype=float) for g, d in pairs)
        for f in (lambda g, d: g * g, lambda g, d: g * d, lambda g, d: (d - g) ** 2)
    )
    before = shared.get("rate", 0.0)
    growth = before / learning_rate - 1.0 if before > 0.0 and learning_rate > 0.0 else 0.0
    shared["rate"], shared["beta"] = learning_rate, 0.0
    if t > 1 and apart != 0.0:
        best = (1.0 + regularization) * (size + growth * product) / apart - regularization
        shared["beta"] = np.clip(best, 0.0, beta_max)


def update(x, g, state, t, *, shared, learning_rate, beta_max, regularization):
    """Return x after step t."""
    keep = (shared["beta"] + regularization) / (1.0 + regularization)
    d = state["d"] = g.copy() if t == 1 else keep * state["d"] + (1.0 - keep) * g
    return x - learning_rate * d
