"""Adaptive memory with Adam's scaling.

v <- beta2 v + (1 - beta2) g^2
P = (1 - beta_max product) (sqrt(v / (1 - beta2^t)) + eps),  M = 1 / (P (1 + lambda P))
beta = clip(((1 + eta w) r <g, d / P + w x> - <d - g, M (g + lambda P d) + w x>)
            / <d - g, M (d - g)>, 0, beta_max)             (beta_max in the first step)
product <- beta product
d <- ((beta + lambda P) d + (1 - beta) g) / (1 + lambda P)
x <- (1 - eta w) x - eta d / P

All products are over one tensor; r is the learning rate of the step before over that of this step.
beta solves a model of two planes as in am_mgd, with distances measured by P: our derivation.

Topollai and Choromanska, Adaptive memory momentum via a model-based framework for deep learning
optimization, 2025.
"""

import numpy as np


def _weight(x, g, d, P, growth, learning_rate, regularization, weight_decay):
    """Return where the dual of the model is maximal."""
    M = 1.0 / (P * (1.0 + regularization * P))
    decayed = weight_decay * x
    gap = (1.0 + learning_rate * weight_decay) * growth * np.sum(g * (d / P + decayed))
    slope = np.sum((d - g) * (M * (g + regularization * P * d) + decayed))
    apart = np.sum((d - g) ** 2 * M)
    return (gap - slope) / apart if apart != 0.0 else 0.0


def update(x, g, state, t, *, learning_rate, beta_max, beta2, eps, regularization, weight_decay):
    """Return x after step t."""
    before, product = state.get("rate", 0.0), state.get("product", 1.0)
    growth = before / learning_rate if before > 0.0 and learning_rate > 0.0 else 1.0
    d, v = state["d"], beta2 * state["v"] + (1.0 - beta2) * g**2
    P = (1.0 - beta_max * product) * (np.sqrt(v / (1.0 - beta2**t)) + eps)
    best = _weight(x, g, d, P, growth, learning_rate, regularization, weight_decay)
    beta = beta_max if t == 1 else np.clip(best, 0.0, beta_max)
    d = ((beta + regularization * P) * d + (1.0 - beta) * g) / (1.0 + regularization * P)
    state.update(d=d, v=v, beta=beta, product=beta * product, rate=learning_rate)
    return (1.0 - learning_rate * weight_decay) * x - learning_rate * d / P
