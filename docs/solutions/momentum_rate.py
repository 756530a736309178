"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def momentum_rate(learning_rate, beta, spectrum):
    # The roots of z^2 - (1 + beta - eta lambda) z + beta = 0, for each eigenvalue.
    half = 0.5 * (1.0 + beta - learning_rate * spectrum)
    root = np.emath.sqrt(half**2 - beta)
    return np.maximum(np.abs(half + root), np.abs(half - root)).max()


def always_oscillating(learning_rate, beta, spectrum):
    return np.sqrt(beta)


def smallest_eigenvalue_only(learning_rate, beta, spectrum):
    return momentum_rate(learning_rate, beta, spectrum.min())


def mean_of_both(learning_rate, beta, spectrum):
    return (1.0 - beta) * np.abs(1.0 - learning_rate * spectrum).max() + beta


def real_parts(learning_rate, beta, spectrum):
    half = 0.5 * (1.0 + beta - learning_rate * spectrum)
    root = np.emath.sqrt(half**2 - beta)
    return np.maximum(np.abs((half + root).real), np.abs((half - root).real)).max()


def rate_of_the_objective(learning_rate, beta, spectrum):
    return momentum_rate(learning_rate, beta, spectrum) ** 2


def cut_off(learning_rate, beta, spectrum):
    return min(1.0, momentum_rate(learning_rate, beta, spectrum))


MISTAKES = {
    "no_momentum": always_oscillating,
    "predicts_a_run": mean_of_both,
    "oscillation": real_parts,
    "best_constants": rate_of_the_objective,
    "divergence": cut_off,
}
