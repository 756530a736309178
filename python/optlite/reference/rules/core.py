"""Continual resilient optimizer: sign agreement adapts a step for each coordinate.

beta1(t) = end + (start - end) exp(-((t - 1) / T)^2)
a <- beta1(t) a + (1 - beta1(t)) g
v <- beta2 v + (1 - beta2) g^2
s <- increase s where a keeps its sign, decrease s where it changes, between smallest and largest,
     and P is 1
P = 0 where S is among the largest, a part `frozen` of the tensor, once t > h; otherwise 1
u = P s (a / (1 - beta1(t)^t)) / (sqrt(v / (1 - beta2^t)) + eps), or P s sign(a)
S <- (1 - [t > h] / h) S + a u / h
x <- (1 - w |u|) x - u

Eckhoff and Reiher, CoRe optimizer: an all-in-one solution for machine learning, 2024, eq. 1 to 9.
"""

import numpy as np


def start(x, *, learning_rate, **_):
    """Return the state before the first step."""
    return {"s": np.full_like(x, learning_rate)}


def _plasticity(S, count):
    if count == 0:
        return 1.0
    return np.where(np.sort(S, axis=None)[-count] <= S, 0.0, 1.0)


def update(
    x,
    g,
    state,
    t,
    *,
    learning_rate,
    beta1_start,
    beta1_end,
    beta1_steps,
    beta2,
    decrease,
    increase,
    smallest,
    largest,
    eps,
    weight_decay,
    signs_only,
    score_history,
    frozen,
):
    """Return x after step t."""
    beta1 = beta1_end + (beta1_start - beta1_end) * np.exp(-(((t - 1) / beta1_steps) ** 2))
    before = state["a"]
    a = state["a"] = beta1 * before + (1.0 - beta1) * g
    v = state["v"] = beta2 * state["v"] + (1.0 - beta2) * g**2
    P = _plasticity(state["S"], int(frozen * x.size)) if t > score_history > 0 else 1.0
    agree = np.sign(a) * np.sign(before) * P
    factor = np.where(agree > 0, increase, np.where(agree < 0, decrease, 1.0))
    s = state["s"] = np.clip(state["s"] * factor, smallest, largest)
    if signs_only:
        u = P * s * np.sign(a)
    else:
        u = P * s * a / (1.0 - beta1**t) / (np.sqrt(v / (1.0 - beta2**t)) + eps)
    if score_history > 0:
        keep = 1.0 - 1.0 / score_history if t > score_history else 1.0
        state["S"] = keep * state["S"] + a * u / score_history
    return x - weight_decay * np.abs(u) * x - u
