"""Shampoo in blocks, with the step length of a simpler rule.

L <- beta2 L + (1 - beta2) G G^T,  R <- beta2 R + (1 - beta2) G^T G     for each block
P = (L + ridge)^(-1/4) G (R + ridge)^(-1/4),  ridge = matrix_eps times the largest eigenvalue
S = P |D| / |P| + w x                           D: the step of the grafted rule
m <- beta1 m + S
x <- x - eta (beta1 m + S)                      (Nesterov; otherwise m)

Scalars, vectors, and everything before step `start`, move by the momentum of D + w x instead.

Anil et al., Scalable second order optimization for deep learning, 2020, sections 3 and 4; Agarwal
et al., Disentangling adaptive gradient methods from learning rates, 2020.
"""

import numpy as np

from ..inverse_root import inverse_root


def matrix_shape(shape, block_size, merge_dimensions):
    """Return rows and columns of the matrix that a tensor is folded into; None for a vector."""
    height, width, growing = 1, 1, True
    for extent in shape:
        growing = growing and (height == 1 or (merge_dimensions and height * extent <= block_size))
        height, width = (height * extent, width) if growing else (height, width * extent)
    return (height, width) if width > 1 else None


def cuts(extent, block_size):
    """Return the edge of the blocks of a side, and where they begin: as equal as can be."""
    count = -(-extent // block_size)
    edge = -(-extent // count)
    return edge, range(0, extent, edge)


def start(x, *, block_size, merge_dimensions, matrix_eps, graft, **hyper):
    """Return the state before the first step."""
    folded = matrix_shape(x.shape, block_size, merge_dimensions) if x.size else None
    state = {"v": np.zeros(x.shape if graft in ("adagrad", "rmsprop") else 0)}
    if folded is None:
        empty = np.zeros((0, 0, 0))
        return state | {"L": empty, "R": empty, "L_root": empty, "R_root": empty, "m": np.zeros(0)}
    (rows, down), (cols, across) = (cuts(extent, block_size) for extent in folded)
    blocks = len(down) * len(across)
    for name, edge in (("L", rows), ("R", cols)):
        state[name] = np.tile(matrix_eps * np.eye(edge), (blocks, 1, 1))
        state[f"{name}_root"] = np.tile(np.eye(edge), (blocks, 1, 1))
    return state


def grafted_step(g, state, graft, beta2, eps):
    """Return the step of the simpler rule."""
    if graft == "sqrtn":
        return np.sign(g)
    if graft in ("none", "sgd"):
        return g
    keep, fresh = (1.0, 1.0) if graft == "adagrad" else (beta2, 1.0 - beta2)
    state["v"] = keep * state["v"] + fresh * g**2
    return g / (np.sqrt(state["v"]) + eps)


def update(
    x,
    g,
    state,
    t,
    *,
    learning_rate,
    beta1,
    beta2,
    nesterov,
    graft,
    start,
    update_every,
    refresh,
    block_size,
    merge_dimensions,
    power,
    matrix_eps,
    diagonal_eps,
    weight_decay,
):
    """Return x after step t."""
    D = grafted_step(g, state, graft, beta2, diagonal_eps)
    S = D + weight_decay * x
    m = state["m_graft"] = beta1 * state["m_graft"] + S
    folded = matrix_shape(x.shape, block_size, merge_dimensions)
    if folded is not None:
        P = np.array(g).reshape(folded)
        (rows, down), (cols, across) = (cuts(extent, block_size) for extent in folded)
        corners = [(i, j) for i in down for j in across]
        for k, (i, j) in enumerate(corners):
            here = P[i : i + rows, j : j + cols]
            G = np.zeros((rows, cols))
            G[: here.shape[0], : here.shape[1]] = here
            fresh = 1.0 if beta2 == 1.0 else 1.0 - beta2
            state["L"][k] = beta2 * state["L"][k] + fresh * G @ G.T
            state["R"][k] = beta2 * state["R"][k] + fresh * G.T @ G
            if (t - 1 if refresh == "first" else t) % update_every == 0:
                for name in ("L", "R"):
                    root = inverse_root(state[name][k], power or 4, of_largest=matrix_eps)
                    state[f"{name}_root"][k] = root
            if t >= start:
                G = state["L_root"][k] @ G @ state["R_root"][k]
                here[...] = G[: here.shape[0], : here.shape[1]]
        P = P.reshape(x.shape)
        if graft != "none":
            P = P * np.linalg.norm(D) / (np.linalg.norm(P) + 1e-16)
        P = P + weight_decay * x
        state["m"] = beta1 * state["m"] + P
        if t >= start:
            m, S = state["m"], P
    return x - learning_rate * (beta1 * m + S if nesterov else m)
