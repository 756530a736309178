"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def barycenter_step(V, A, M, eps, weights):
    K = np.exp(-M / eps)
    columns = K.T @ (A / (K @ V))
    x = np.exp(np.log(V * columns) @ weights)
    return x[:, None] / columns, x


def arithmetic_mean(V, A, M, eps, weights):
    K = np.exp(-M / eps)
    columns = K.T @ (A / (K @ V))
    x = (V * columns) @ weights
    return x[:, None] / columns, x


def one_denominator(V, A, M, eps, weights):
    new, x = barycenter_step(V, A, M, eps, weights)
    return np.repeat(new[:, :1], V.shape[1], axis=1), x


def normalises(V, A, M, eps, weights):
    new, x = barycenter_step(V, A, M, eps, weights)
    return new / x.sum(), x / x.sum()


def equal_weights(V, A, M, eps, weights):
    return barycenter_step(V, A, M, eps, np.full(len(weights), 1.0 / len(weights)))


def keeps_the_old(V, A, M, eps, weights):
    return V, barycenter_step(V, A, M, eps, weights)[1]


MISTAKES = {
    "geometric": arithmetic_mean,
    "common": one_denominator,
    "alone": normalises,
    "one_weight": equal_weights,
    "converges": keeps_the_old,
}
