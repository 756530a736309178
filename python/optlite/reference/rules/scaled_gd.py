"""Gradient descent on the factors of X = L R^T, each scaled by the other.

L <- L - eta gL (R^T R + lambda I)^-1
R <- R - eta gR (L^T L + lambda I)^-1          (L and R as they were before the step)

Tensors 1 and 2, 3 and 4, ... are such a pair if they are matrices with the same number of columns;
everything else gets plain gradient descent.

Tong, Ma and Chi, Accelerating ill-conditioned low-rank matrix estimation via scaled gradient
descent, 2021, eq. 3; Xu et al., The power of preconditioning in overparameterized low-rank matrix
sensing, 2023, for lambda.
"""

import numpy as np


def share(xs, gs, states, shared, t, *, damping, **_):
    """Change what all tensors have in common, before their steps."""
    for state in states:
        state["metric"] = None
    pairs = list(zip(xs, states, strict=True))
    for (L, left), (R, right) in zip(pairs[::2], pairs[1::2], strict=False):
        if L.ndim == R.ndim == 2 and L.shape[1] == R.shape[1]:
            unit = damping * np.eye(L.shape[1])
            left["metric"], right["metric"] = R.T @ R + unit, L.T @ L + unit


def update(x, g, state, t, *, shared, learning_rate, damping):
    """Return x after step t."""
    if state["metric"] is not None:
        g = np.linalg.solve(state["metric"], g.T).T
    return x - learning_rate * g
