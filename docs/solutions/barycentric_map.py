"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def weights(X, Y, g, eps):
    z = (g - np.sum((X[:, None] - Y) ** 2, axis=2)) / eps
    return np.exp(z - z.max(axis=1, keepdims=True))


def barycentric_map(X, Y, g, eps):
    w = weights(X, Y, g, eps)
    return w @ Y / w.sum(axis=1, keepdims=True)


def not_normalised(X, Y, g, eps):
    return np.exp((g - np.sum((X[:, None] - Y) ** 2, axis=2)) / eps) @ Y / len(Y)


def forgets_the_potentials(X, Y, g, eps):
    return barycentric_map(X, Y, 0.0 * g, eps)


def hard(X, Y, g, eps):
    return Y[np.argmax(weights(X, Y, g, 1e-9), axis=1)]


def underflows(X, Y, g, eps):
    w = np.exp((g - np.sum((X[:, None] - Y) ** 2, axis=2)) / eps)
    return w @ Y / w.sum(axis=1, keepdims=True)


MISTAKES = {
    "constant": not_normalised,
    "derivative": forgets_the_potentials,
    "mean": hard,
    "nearest": underflows,
}
