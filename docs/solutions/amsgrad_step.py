"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def amsgrad_step(x, g, m, v, v_max, learning_rate, beta1, beta2, eps):
    m = beta1 * m + (1.0 - beta1) * g
    v = beta2 * v + (1.0 - beta2) * g**2
    v_max = np.maximum(v_max, v)
    return x - learning_rate * m / (np.sqrt(v_max) + eps), m, v, v_max


def adam(x, g, m, v, v_max, learning_rate, beta1, beta2, eps):
    m = beta1 * m + (1.0 - beta1) * g
    v = beta2 * v + (1.0 - beta2) * g**2
    return x - learning_rate * m / (np.sqrt(v) + eps), m, v, np.maximum(v_max, v)


def larger_of_the_last_two(x, g, m, v, v_max, learning_rate, beta1, beta2, eps):
    return amsgrad_step(x, g, m, v, v, learning_rate, beta1, beta2, eps)


def one_array_for_both(x, g, m, v, v_max, learning_rate, beta1, beta2, eps):
    x, m, _, v_max = amsgrad_step(x, g, m, v_max, v_max, learning_rate, beta1, beta2, eps)
    return x, m, v_max, v_max


def without_the_root(x, g, m, v, v_max, learning_rate, beta1, beta2, eps):
    _, m, v, v_max = amsgrad_step(x, g, m, v, v_max, learning_rate, beta1, beta2, eps)
    return x - learning_rate * m / (v_max + eps), m, v, v_max


MISTAKES = {
    "never_decreases": larger_of_the_last_two,
    "v_forgets": one_array_for_both,
    "remembers": adam,
    "growing": without_the_root,
    "example": adam,
}
