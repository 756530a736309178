"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def singular_values(P):
    # diag(a)^-1/2 P diag(b)^-1/2: their squares are the eigenvalues of B.
    rows, columns = P.sum(axis=1), P.sum(axis=0)
    return np.linalg.svd(P / np.sqrt(np.outer(rows, columns)), compute_uv=False)


def factor(theta):
    return 2.0 / (1.0 + np.sqrt(1.0 - theta))


def relaxation_factor(P):
    return factor(singular_values(P)[1] ** 2)


def of_the_constant(P):
    return factor(min(1.0, singular_values(P)[0] ** 2))


def root_of_theta(P):
    return factor(singular_values(P)[1])


def linear_in_theta(P):
    return 1.0 + singular_values(P)[1] ** 2


def divides_by_rows(P):
    return factor(np.linalg.svd(P / P.sum(axis=1, keepdims=True), compute_uv=False)[1] ** 2)


def uniform_marginals(P):
    return factor(P.size * np.linalg.svd(P, compute_uv=False)[1] ** 2)


MISTAKES = {
    "product": of_the_constant,
    "matching": root_of_theta,
    "rate": linear_in_theta,
    "transposed": divides_by_rows,
    "unit": uniform_marginals,
}
