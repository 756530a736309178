"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def conjugate_gradients(multiply, b, n_steps):
    x, r = np.zeros_like(b), b.copy()
    p, square = r, r @ r
    for _ in range(n_steps):
        if square <= 1e-30 * (b @ b):  # solved, to rounding
            break
        Ap = multiply(p)
        step = square / (p @ Ap)
        x, r = x + step * p, r - step * Ap
        before, square = square, r @ r
        p = r + (square / before) * p
    return x


def starts_at_b(multiply, b, n_steps):
    return b + conjugate_gradients(multiply, b - multiply(b), n_steps)


def fixed_step(multiply, b, n_steps):
    x = np.zeros_like(b)
    for _ in range(n_steps):
        x = x + 0.05 * (b - multiply(x))
    return x


def steepest_descent(multiply, b, n_steps):
    x = np.zeros_like(b)
    for _ in range(n_steps):
        r = b - multiply(x)
        x = x + (r @ r) / (r @ multiply(r)) * r
    return x


def never_stops(multiply, b, n_steps):
    x, r, p = np.zeros_like(b), b, b
    for _ in range(n_steps):
        Ap = multiply(p)
        step = (r @ r) / (p @ Ap)
        x, new = x + step * p, r - step * Ap
        r, p = new, new + (new @ new) / (r @ r) * p
    return x


MISTAKES = {
    "no_step": starts_at_b,
    "first_step": fixed_step,
    "different_eigenvalues": steepest_descent,
    "galerkin": steepest_descent,
    "cost": steepest_descent,
    "solved": never_stops,
}
