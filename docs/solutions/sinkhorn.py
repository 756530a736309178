"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def log_sum_exp(A, axis):
    largest = A.max(axis=axis, keepdims=True)
    return np.log(np.exp(A - largest).sum(axis=axis)) + largest.squeeze(axis)


def sinkhorn(a, b, M, eps, n_iterations):
    f, g = np.zeros(len(a)), np.zeros(len(b))
    for _ in range(n_iterations):
        f = eps * (np.log(a) - log_sum_exp((g[None, :] - M) / eps, 1))
        g = eps * (np.log(b) - log_sum_exp((f[:, None] - M) / eps, 0))
    return np.exp((f[:, None] + g[None, :] - M) / eps)


def rows_last(a, b, M, eps, n_iterations):
    return sinkhorn(b, a, M.T, eps, n_iterations).T


def sign_of_the_cost(a, b, M, eps, n_iterations):
    return sinkhorn(a, b, -M, eps, n_iterations)


def never_more_than_once(a, b, M, eps, n_iterations):
    return sinkhorn(a, b, M, eps, 1)


def forgets_the_rows(a, b, M, eps, n_iterations):
    K = np.exp(-M / eps)
    return K * b / K.sum(axis=0)


def with_exponentials(a, b, M, eps, n_iterations):
    K, v = np.exp(-M / eps), np.ones(len(b))
    for _ in range(n_iterations):
        u = a / (K @ v)
        v = b / (K.T @ u)
    return u[:, None] * K * v


MISTAKES = {
    "columns": rows_last,
    "separable": sign_of_the_cost,
    "rows": never_more_than_once,
    "independent": forgets_the_rows,
    "small_eps": with_exponentials,
}
