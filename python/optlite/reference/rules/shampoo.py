"""A preconditioner for each dimension of a tensor.

L <- L + G G^T,  R <- R + G^T G
X <- X - eta (L + eps I)^(-1/4) G (R + eps I)^(-1/4)

A tensor with k dimensions has k of them, to the power -1/(2k); G is its unfolding along one. A
dimension longer than `largest` has the diagonal alone.

Gupta, Koren and Singer, Shampoo: preconditioned stochastic tensor optimization, 2018, algorithms 1
and 2, arXiv:1802.09568.
"""

import numpy as np

from ..inverse_root import inverse_root


def start(x, *, largest, **hyper):
    """Return the state before the first step: first and last dimension, those between in a row."""
    shapes = [(d, d) if d <= largest else (d,) for d in x.shape or (1,)]
    inner = sum(int(np.prod(shape)) for shape in shapes[1:-1])
    last = shapes[-1] if len(shapes) > 1 else (0,)
    state = {"L": np.zeros(shapes[0]), "R": np.zeros(last), "inner": np.zeros(inner)}
    return state | {f"{name}_root": array.copy() for name, array in state.items()}


def parts(state, shape, largest, suffix=""):
    """Return the arrays of the dimensions in order: views into the state."""
    rest, between = state["inner" + suffix], []
    for d in shape[1:-1]:
        own = (d, d) if d <= largest else (d,)
        between.append(rest[: int(np.prod(own))].reshape(own))
        rest = rest[int(np.prod(own)) :]
    last = [state["R" + suffix]] if len(shape) > 1 else []
    return [state["L" + suffix], *between, *last]


def update(x, g, state, t, *, learning_rate, eps, update_every, largest):
    """Return x after step t."""
    shape = x.shape or (1,)
    direction = g.reshape(shape)
    sums, roots = parts(state, shape, largest), parts(state, shape, largest, "_root")
    for i, (total, root) in enumerate(zip(sums, roots, strict=True)):
        unfolded = np.moveaxis(g.reshape(shape), i, 0).reshape(shape[i], -1)
        full = total.ndim == 2
        total += unfolded @ unfolded.T if full else (unfolded**2).sum(axis=1)
        if (t - 1) % int(update_every) == 0:
            p = 2 * len(shape)
            root[...] = inverse_root(total, p, eps) if full else (total + eps) ** (-1.0 / p)
        matrix = root if full else np.diag(root)
        direction = np.moveaxis(np.tensordot(matrix, direction, axes=(1, i)), 0, i)
    return x - learning_rate * direction.reshape(x.shape)
