"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def system(P, a):
    return np.diag(P.sum(axis=0)) - P.T @ (P / a[:, None])


def transport_newton_step(g, a, b, M, eps):
    z = (g - M) / eps
    P = np.exp(z - z.max(axis=1, keepdims=True))
    P *= (a / P.sum(axis=1))[:, None]
    return g + eps * np.linalg.lstsq(system(P, a), b - P.sum(axis=0))[0]


def without_eps(g, a, b, M, eps):
    return g + (transport_newton_step(g, a, b, M, eps) - g) / eps


def last_entry_zero(g, a, b, M, eps):
    d = transport_newton_step(g, a, b, M, eps) - g
    return g + d - d[-1]


def scaling(g, a, b, M, eps):
    P = np.exp((g - M) / eps)
    d = eps * np.log(b / (a @ (P / P.sum(axis=1, keepdims=True))))
    return g + d - d.mean()


def uniform(g, a, b, M, eps):
    return transport_newton_step(g, a, np.full(len(b), 1.0 / len(b)), M, eps)


def underflows(g, a, b, M, eps):
    P = np.exp((g - M) / eps)
    P = P * (a / P.sum(axis=1))[:, None]
    d = np.linalg.solve(system(P, a) + 1.0, b - P.sum(axis=0))
    return g + eps * (d - d.mean())


MISTAKES = {
    "equation": without_eps,
    "sums_to_zero": last_entry_zero,
    "squares": scaling,
    "stays": uniform,
    "large_costs": underflows,
}
