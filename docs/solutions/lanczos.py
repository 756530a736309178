"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def lanczos(multiply, start, n_steps):
    Q, alphas, betas = [start / np.linalg.norm(start)], [], []
    for j in range(n_steps):
        w = multiply(Q[j])
        alphas.append(Q[j] @ w)
        for _ in range(2):  # once leaves what rounding made of a small remainder
            for q in Q:
                w = w - (q @ w) * q
        if j < n_steps - 1:
            betas.append(np.linalg.norm(w))
            Q.append(w / betas[-1])
    return np.array(alphas), np.array(betas)


def start_as_it_is(multiply, start, n_steps):
    _, betas = lanczos(multiply, start, n_steps)
    return np.full(n_steps, start @ multiply(start)), betas


def multiplies_twice(multiply, start, n_steps):
    return lanczos(lambda q: multiply(q) + 0.0 * multiply(q), start, n_steps)


def recurrence(multiply, start, n_steps):
    q, before, beta, alphas, betas = start / np.linalg.norm(start), 0.0, 0.0, [], []
    for _ in range(n_steps):
        w = multiply(q) - beta * before
        alphas.append(q @ w)
        w = w - alphas[-1] * q
        beta = np.linalg.norm(w)
        betas.append(beta)
        before, q = q, w / beta
    return np.array(alphas), np.array(betas[:-1])


def forgets_the_vector_before(multiply, start, n_steps):
    q, alphas, betas = start / np.linalg.norm(start), [], []
    for _ in range(n_steps):
        w = multiply(q)
        alphas.append(q @ w)
        w = w - alphas[-1] * q
        betas.append(np.linalg.norm(w))
        q = w / betas[-1]
    return np.array(alphas), np.array(betas[:-1])


def negative_betas(multiply, start, n_steps):
    alphas, betas = lanczos(multiply, start, n_steps)
    return alphas, -betas


MISTAKES = {
    "rayleigh": start_as_it_is,
    "cost": multiplies_twice,
    "all_eigenvalues": forgets_the_vector_before,
    "moments": negative_betas,
    "no_ghosts": recurrence,
}
