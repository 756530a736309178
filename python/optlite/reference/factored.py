"""A matrix of positive numbers, remembered by the means of its rows and columns.

V = R C^T / mean(R), exact where V has rank one; a stack of matrices where there are more than two
dimensions.

Shazeer and Stern, Adafactor: adaptive learning rates with sublinear memory cost, 2018, section 3.
"""

import numpy as np


def start(x, rows, cols):
    """Return the means before the first step, under these names."""
    if x.ndim < 2:
        return {rows: np.zeros(0), cols: np.zeros(0)}
    return {rows: np.zeros(x.shape[:-1]), cols: np.zeros((*x.shape[:-2], x.shape[-1]))}


def take(state, rows, cols, values, keep):
    """Let the means follow those of `values`."""
    state[rows] = keep * state[rows] + (1.0 - keep) * values.mean(axis=-1)
    state[cols] = keep * state[cols] + (1.0 - keep) * values.mean(axis=-2)


def root(state, rows, cols, least_mean=0.0):
    """Return the square root of V; the factors apart neither overflow nor vanish."""
    R, C = state[rows][..., :, None], state[cols][..., None, :]
    return np.sqrt(R / np.maximum(R.mean(axis=-2, keepdims=True), least_mean)) * np.sqrt(C)
