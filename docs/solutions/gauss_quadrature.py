"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def gauss_quadrature(alphas, betas):
    T = np.diag(alphas) + np.diag(betas, 1) + np.diag(betas, -1)
    nodes, vectors = np.linalg.eigh(T)
    return nodes, vectors[0] ** 2


def squares_all_entries(alphas, betas):
    T = np.diag(alphas) + np.diag(betas, 1) + np.diag(betas, -1)
    nodes, vectors = np.linalg.eigh(T)
    return nodes, np.sum(vectors**2, axis=0)


def one_diagonal(alphas, betas):
    _, weights = gauss_quadrature(alphas, betas)
    return np.linalg.eigvals(np.diag(alphas) + np.diag(betas, 1)), weights


def column(alphas, betas):
    T = np.diag(alphas) + np.diag(betas, 1) + np.diag(betas, -1)
    nodes, vectors = np.linalg.eigh(T)
    return nodes, vectors[:, 0] ** 2


def equal_weights(alphas, betas):
    nodes, weights = gauss_quadrature(alphas, betas)
    return nodes, np.full_like(weights, 1.0 / len(weights))


def at_least_two(alphas, betas):
    T = np.diag(alphas) + np.diag(np.append(betas, betas[-1])[: len(alphas) - 1], 1)
    nodes, vectors = np.linalg.eigh(T, UPLO="U")
    return nodes, vectors[0] ** 2


MISTAKES = {
    "sum_to_one": squares_all_entries,
    "eigenvalues": one_diagonal,
    "moments": column,
    "legendre": equal_weights,
    "one_step": at_least_two,
}
