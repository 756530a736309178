"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def squares(C, beta2):
    """Return v after each gradient of a period: its first value comes back after three steps."""
    first = (1.0 - beta2) * (C**2 + beta2 + beta2**2) / (1.0 - beta2**3)
    second = beta2 * first + 1.0 - beta2
    return first, second, beta2 * second + 1.0 - beta2


def adam_drift(C, beta2):
    first, second, third = np.sqrt(squares(C, beta2))
    return -C / first + 1.0 / second + 1.0 / third


def one_denominator(C, beta2):
    return (2.0 - C) / np.sqrt((C**2 + 2.0) / 3.0)


def divides_by_the_last_v(C, beta2):
    first, second, third = np.sqrt(squares(C, beta2))
    return -C / third + 1.0 / first + 1.0 / second


def forgets_the_last_gradient(C, beta2):
    first, second, _ = np.sqrt(squares(C, beta2))
    return -C / first + 1.0 / second


MISTAKES = {
    "all_ones": forgets_the_last_gradient,
    "no_memory": one_denominator,
    "long_run": divides_by_the_last_v,
    "theorem": divides_by_the_last_v,
    "long_memory": forgets_the_last_gradient,
}
