"""Momentum without steps that only lengthen weights.

b <- mu b + (1 - d) g
u = b                                     (Nesterov: g + mu b)
u <- u - <x, u> x / |x|^2, w <- r w       where g is nearly orthogonal to x, by rows or as a whole
x <- (1 - eta w / (1 - mu)) x - eta u

Heo et al., AdamP: slowing down the slowdown for momentum optimizers on scale-invariant weights,
2021, algorithm 1.
"""

from ..radial_projection import project


def update(
    x,
    g,
    state,
    t,
    *,
    learning_rate,
    momentum,
    dampening,
    nesterov,
    delta,
    wd_ratio,
    eps,
    weight_decay,
):
    """Return x after step t."""
    b = state["b"] = momentum * state["b"] + (1.0 - dampening) * g
    u, projected = project(g, x, g + momentum * b if nesterov else b, delta, eps)
    w = weight_decay * (wd_ratio if projected else 1.0)
    return (1.0 - learning_rate * w / (1.0 - momentum)) * x - learning_rate * u
