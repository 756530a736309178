"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def newton_decrement(g, H):
    return np.sqrt(g @ np.linalg.solve(H, g))


def multiplies(g, H):
    return np.sqrt(g @ H @ g)


def length_of_the_step(g, H):
    return np.linalg.norm(np.linalg.solve(H, g))


def squared(g, H):
    return g @ np.linalg.solve(H, g)


def with_a_ridge(g, H):
    return newton_decrement(g, H + 1e-8 * np.eye(len(g)))


MISTAKES = {
    "quadratic": multiplies,
    "coordinates": length_of_the_step,
    "units": squared,
    "nearly_singular": with_a_ridge,
}
