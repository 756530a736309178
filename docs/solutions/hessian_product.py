"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np

CUBE_ROOT = np.finfo(float).eps ** (1 / 3)


def hessian_product(gradient, x, v):
    length = np.linalg.norm(v)
    if length == 0.0:
        return np.zeros_like(v)
    r = CUBE_ROOT * (1.0 + np.linalg.norm(x)) / length
    return (gradient(x + r * v) - gradient(x - r * v)) / (2.0 * r)


def column_by_column(gradient, x, v):
    unit = np.eye(len(x))
    return sum(vi * hessian_product(gradient, x, e) for vi, e in zip(v, unit, strict=True))


def forgets_the_two(gradient, x, v):
    return 2.0 * hessian_product(gradient, x, v)


def ten_percent_forward(gradient, x, v):
    return (gradient(x + 0.1 * v) - gradient(x)) / 0.1


def forward(gradient, x, v):
    r = 1e-7 / np.linalg.norm(v)
    return (gradient(x + r * v) - gradient(x)) / r


def fixed_r(gradient, x, v):
    return (gradient(x + 1e-5 * v) - gradient(x - 1e-5 * v)) / 2e-5


def divides_by_length(gradient, x, v):
    r = CUBE_ROOT / np.linalg.norm(v)
    return (gradient(x + r * v) - gradient(x - r * v)) / (2.0 * r)


MISTAKES = {
    "cost": column_by_column,
    "quadratic": forgets_the_two,
    "symmetric": ten_percent_forward,
    "accurate": forward,
    "any_length": fixed_r,
    "zero": divides_by_length,
}
