"""What a proximal step of a variable, or of a group, promises: scores of greedy rules with kinks.

d = prox(x_i - grad_i f / L_i) - x_i;  the model decreases by
-(grad_i f d + L_i d^2 / 2 + g_i(x_i + d) - g_i(x_i))

The twin of ``cpp/src/block_promise.cpp``.

Nutini, Schmidt, Laradji, Friedlander and Koepke, Coordinate descent converges faster with the
Gauss-Southwell rule than random selection, 2015, section 8.
"""

import numpy as np


def promises(state, block, L):
    """Return squared subgradient, squared step and decrease of a block, moved by its constant L."""
    x, gradient = state.x[block], state.gradient[block]
    s = state.g.least_subgradient(block, x, gradient)
    v = state.g.prox(block, 1.0 / L, x - gradient / L)
    d = v - x
    change = state.g.value(block, v) - state.g.value(block, x)
    model = gradient @ d + 0.5 * L * (d @ d) + change
    if not state.g.none and not state.g.grouped and x[0] * v[0] >= 0.0:
        # On one side of zero g is a line: small steps would drown in a difference of two values.
        slope = state.g.l1[block] * np.where(np.where(x == 0.0, v, x) < 0.0, -1.0, 1.0)
        model = d @ (gradient + slope + 0.5 * L * d)
    return {"subgradient": s @ s, "step": d @ d, "decrease": -model}


def most_promising(state, what):
    """Return the block with the most: a sum over its variables, or that of its group with L_b."""
    if state.g.grouped:
        L = np.where(state.lipschitz > 0.0, state.lipschitz, 1.0)
        scores = [promises(state, *each)[what] for each in zip(state.blocks, L, strict=True)]
        k = int(np.argmax(scores))
        return k, state.blocks[k], float(scores[k])
    D = np.where(state.f.diagonal > 0.0, state.f.diagonal, 1.0)
    one = [np.array([i]) for i in state.everything]
    return state.best(np.array([promises(state, i, D[i[0]])[what] for i in one]))
