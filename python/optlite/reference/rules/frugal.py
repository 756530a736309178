"""Adam for a block of columns at a time, the sign of the gradient for the others.

J = the next columns, rho of all, m = v = 0               in the steps 1, 1 + k, 1 + 2 k, ...
x[J] <- a step of Adam, whose steps are counted since then
x[others] <- x[others] - eta sigma sign(g[others])

Scalars and vectors get Adam.

Zmushko et al., FRUGAL: memory-efficient optimization by reducing state overhead for scalable
training, 2024, algorithm 1.
"""

import numpy as np

from ..subspace import as_matrix
from . import adam


def _width(x, density):
    cols = as_matrix(x).shape[1]
    return max(min(cols, 1), round(density * cols))


def start(x, *, density, **hyper):
    """Return the state before the first step."""
    shape = x.shape if x.ndim < 2 else (len(x), _width(x, density))
    return {"m": np.zeros(shape, x.dtype), "v": np.zeros(shape, x.dtype)}


def update(
    x,
    g,
    state,
    t,
    *,
    learning_rate,
    beta1,
    beta2,
    eps,
    density,
    update_period,
    inactive_scale,
):
    """Return x after step t."""
    own = {"learning_rate": learning_rate, "beta1": beta1, "beta2": beta2, "eps": eps}
    if x.ndim < 2:
        return adam.update(x, g, state, t, **own)
    X, G, n = as_matrix(x), as_matrix(g), _width(x, density)
    block, age = divmod(t - 1, int(update_period))
    if age == 0:
        state.update(m=np.zeros_like(state["m"]), v=np.zeros_like(state["v"]))
    J = (block * n + np.arange(n)) % X.shape[1]
    new = X - learning_rate * inactive_scale * np.sign(G)
    new[:, J] = adam.update(X[:, J], G[:, J], state, age + 1, **own)
    return new.reshape(x.shape)
