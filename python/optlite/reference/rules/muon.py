"""Momentum whose singular values are brought near one; AdamW for scalars and vectors.

m <- mu m + (1 - mu) g
u = (1 - mu) g + mu m                         (Nesterov; otherwise u = m)
X = five Newton-Schulz steps from u / max(|u|, eps)
x <- x - eta sqrt(max(1, rows / cols)) X

A tensor of more than two dimensions is a matrix of its first dimension and the rest. The form of
optax corrects the bias in the mix, u = (1 - mu) g / (1 - mu^t) + mu m / (1 - mu^(t+1)), divides by
|u| + eps, and takes rows for inputs: sqrt(max(1, cols / rows)).

Jordan et al., Muon: an optimizer for hidden layers in neural networks, 2024; Liu et al., Muon is
scalable for LLM training, 2025, section 2.2 (match_rms_adamw), arXiv:2502.16982.
"""

import numpy as np

from ..newton_schulz import newton_schulz
from . import adam


def start(x, **hyper):
    """Return the state before the first step: matrices have no use for v."""
    return {"v": np.zeros(x.shape if x.ndim < 2 else 0)}


def rate(x, *, learning_rate, vector_learning_rate, **hyper):
    """Return the step size that weight decay goes with."""
    return vector_learning_rate if x.ndim < 2 else learning_rate


def update(
    x,
    g,
    state,
    t,
    *,
    learning_rate,
    momentum,
    nesterov,
    form,
    scale,
    ns_steps,
    a,
    b,
    c,
    eps,
    vector_learning_rate,
    beta1,
    beta2,
    vector_eps,
):
    """Return x after step t."""
    if x.ndim < 2:
        return adam.update(
            x,
            g,
            state,
            t,
            learning_rate=vector_learning_rate,
            beta1=beta1,
            beta2=beta2,
            eps=vector_eps,
        )
    m = state["m"] = momentum * state["m"] + (1.0 - momentum) * g
    if form == "optax":
        g = g / (1.0 - momentum**t)
        m = m / (1.0 - momentum ** (t + 1 if nesterov else t))
    u = (1.0 - momentum) * g + momentum * m if nesterov else m
    U = u.reshape(len(u), -1)
    norm = np.linalg.norm(U)
    U = U / (norm + eps if form == "optax" else max(norm, eps))
    X = newton_schulz(U, ns_steps, a, b, c)
    rows, cols = U.shape if form == "original" else U.shape[::-1]
    size = 0.2 * np.sqrt(max(rows, cols)) if scale != "original" else np.sqrt(max(1.0, rows / cols))
    return x - learning_rate * size * X.reshape(x.shape)
