"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def adam_step(x, g, m, v, t, learning_rate, beta1, beta2, eps):
    m = beta1 * m + (1.0 - beta1) * g
    v = beta2 * v + (1.0 - beta2) * g**2
    m_hat = m / (1.0 - beta1**t)
    v_hat = v / (1.0 - beta2**t)
    return x - learning_rate * m_hat / (np.sqrt(v_hat) + eps), m, v


def uncorrected(x, g, m, v, t, learning_rate, beta1, beta2, eps):
    m = beta1 * m + (1.0 - beta1) * g
    v = beta2 * v + (1.0 - beta2) * g**2
    return x - learning_rate * m / (np.sqrt(v) + eps), m, v


def corrected_as_in_the_first_step(x, g, m, v, t, learning_rate, beta1, beta2, eps):
    return adam_step(x, g, m, v, 1, learning_rate, beta1, beta2, eps)


def keeps_the_corrected(x, g, m, v, t, learning_rate, beta1, beta2, eps):
    x, m, v = adam_step(x, g, m, v, t, learning_rate, beta1, beta2, eps)
    return x, m / (1.0 - beta1**t), v / (1.0 - beta2**t)


def eps_below_the_root(x, g, m, v, t, learning_rate, beta1, beta2, eps):
    m = beta1 * m + (1.0 - beta1) * g
    v = beta2 * v + (1.0 - beta2) * g**2
    scale = np.sqrt(v / (1.0 - beta2**t) + eps)
    return x - learning_rate * m / (1.0 - beta1**t) / scale, m, v


MISTAKES = {
    "first_step": uncorrected,
    "equal_steps": corrected_as_in_the_first_step,
    "raw_state": keeps_the_corrected,
    "small_gradients": eps_below_the_root,
}
