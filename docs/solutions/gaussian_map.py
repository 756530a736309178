"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def power(S, exponent):
    values, vectors = np.linalg.eigh(S)
    return (vectors * values**exponent) @ vectors.T


def gaussian_map(S, R):
    root, back = power(S, 0.5), power(S, -0.5)
    return back @ power(root @ R @ root, 0.5) @ back


def product_of_roots(S, R):
    A = power(R, 0.5) @ power(S, -0.5)
    return 0.5 * (A + A.T)


def cholesky(S, R):
    return np.linalg.cholesky(R) @ np.linalg.inv(np.linalg.cholesky(S))


def negative(S, R):
    return -gaussian_map(S, R)


def ratio_of_variances(S, R):
    A = gaussian_map(S, R)
    return A @ A


MISTAKES = {
    "sends": product_of_roots,
    "symmetric": cholesky,
    "positive": negative,
    "commuting": ratio_of_variances,
    "inverse": product_of_roots,
}
