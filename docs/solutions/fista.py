"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def fista(gradient, prox, L, start, n_steps):
    x, y, t = start, start, 1.0
    for _ in range(n_steps):
        before, x = x, prox(y - gradient(y) / L)
        t, last = (1.0 + np.sqrt(1.0 + 4.0 * t * t)) / 2.0, t
        y = x + (last - 1.0) / t * (x - before)
    return x


def gradient_twice(gradient, prox, L, start, n_steps):
    return fista(lambda x: 0.5 * (gradient(x) + gradient(x)), prox, L, start, n_steps)


def forgets_L(gradient, prox, L, start, n_steps):
    return fista(gradient, prox, 1.0, start, n_steps)


def divides_by_the_old_t(gradient, prox, L, start, n_steps):
    x, y, t = start, start, 1.0
    for _ in range(n_steps):
        before, x = x, prox(y - gradient(y) / L)
        t, last = (1.0 + np.sqrt(1.0 + 4.0 * t * t)) / 2.0, t
        y = x + (last - 1.0) / last * (x - before)
    return x


def returns_y(gradient, prox, L, start, n_steps):
    x, y, t = start, start, 1.0
    for _ in range(n_steps):
        before, x = x, prox(y - gradient(y) / L)
        t, last = (1.0 + np.sqrt(1.0 + 4.0 * t * t)) / 2.0, t
        y = x + (last - 1.0) / t * (x - before)
    return y


def operator_first(gradient, prox, L, start, n_steps):
    x, y, t = start, start, 1.0
    for _ in range(n_steps):
        z = prox(y)
        before, x = x, z - gradient(z) / L
        t, last = (1.0 + np.sqrt(1.0 + 4.0 * t * t)) / 2.0, t
        y = x + (last - 1.0) / t * (x - before)
    return x


def no_momentum(gradient, prox, L, start, n_steps):
    x = start
    for _ in range(n_steps):
        x = prox(x - gradient(x) / L)
    return x


MISTAKES = {
    "cost": gradient_twice,
    "first_step": forgets_L,
    "momentum": divides_by_the_old_t,
    "ends_with_prox": returns_y,
    "bound": operator_first,
    "accelerates": no_momentum,
}
