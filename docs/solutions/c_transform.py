"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def c_transform(f, M):
    return (M - f[:, None]).min(axis=0)


def mean_of_the_column(f, M):
    return (M - f[:, None]).mean(axis=0)


def one_for_all(f, M):
    return np.full(M.shape[1], (M - f[:, None]).min())


def wrong_sign(f, M):
    return (M + f[:, None]).min(axis=0)


def halfway(f, M):
    return c_transform(f, M) - 0.1 * np.arange(M.shape[1])


MISTAKES = {
    "feasible": mean_of_the_column,
    "largest": one_for_all,
    "shift": wrong_sign,
    "third": halfway,
    "bounds": mean_of_the_column,
}
