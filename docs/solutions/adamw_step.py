"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def adamw_step(x, g, m, v, t, learning_rate, beta1, beta2, eps, decay):
    m = beta1 * m + (1.0 - beta1) * g
    v = beta2 * v + (1.0 - beta2) * g**2
    step = m / (1.0 - beta1**t) / (np.sqrt(v / (1.0 - beta2**t)) + eps)
    return x - learning_rate * (step + decay * x), m, v


def uncorrected(x, g, m, v, t, learning_rate, beta1, beta2, eps, decay):
    m = beta1 * m + (1.0 - beta1) * g
    v = beta2 * v + (1.0 - beta2) * g**2
    return x - learning_rate * (m / (np.sqrt(v) + eps) + decay * x), m, v


def decay_without_the_rate(x, g, m, v, t, learning_rate, beta1, beta2, eps, decay):
    after, m, v = adamw_step(x, g, m, v, t, learning_rate, beta1, beta2, eps, 0.0)
    return after - decay * x, m, v


def coupled(x, g, m, v, t, learning_rate, beta1, beta2, eps, decay):
    return adamw_step(x, g + decay * x, m, v, t, learning_rate, beta1, beta2, eps, 0.0)


def decays_the_new_point(x, g, m, v, t, learning_rate, beta1, beta2, eps, decay):
    after, m, v = adamw_step(x, g, m, v, t, learning_rate, beta1, beta2, eps, 0.0)
    return (1.0 - learning_rate * decay) * after, m, v


MISTAKES = {
    "is_adam": uncorrected,
    "shrinks": decay_without_the_rate,
    "means": coupled,
    "decoupled": coupled,
    "decays_the_old_point": decays_the_new_point,
}
