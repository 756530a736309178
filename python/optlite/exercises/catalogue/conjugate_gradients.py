"""Conjugate gradients: solve A x = b with one product a step.

For a symmetric positive definite A, from x_0 = 0, the point x_k minimises x' A x / 2 - b' x over
the span of b, A b, ..., A^(k-1) b, which two recurrences of short vectors achieve: the residuals
r_k = b - A x_k are orthogonal to each other, the directions p_k are so in the product of A.

Source: Hestenes and Stiefel, Methods of conjugate gradients for solving linear systems, 1952.
"""

import numpy as np

from .._exercise import holds
from .._problems import Counted, close, with_eigenvalues

chapter = "curvature"
difficulty = 2


def returns(multiply, b, n_steps):
    """Return x_k after k = n_steps steps, an array like b; multiply(p) returns A p."""
    return b.shape


@holds("no step leaves x at zero", "What does the loop return with n_steps = 0?")
def no_step(answer, rng):
    return not answer(lambda p: p, rng.normal(size=4), 0).any()


@holds(
    "the first step goes along b, as far as the minimum on that line",
    "Minimise t -> t^2 b' A b / 2 - t b' b.",
)
def first_step(answer, rng):
    A, b = with_eigenvalues(rng, rng.uniform(1.0, 9.0, size=5)), rng.normal(size=5)
    return close(answer(lambda p: A @ p, b, 1), b * (b @ b) / (b @ A @ b))


@holds(
    "as many steps as A has different eigenvalues solve the system",
    "The second direction is the residual plus a multiple of the first direction, so that the two "
    "are orthogonal in the product of A. Is yours? (Steepest descent takes the residual alone.)",
)
def different_eigenvalues(answer, rng):
    eigenvalues = np.repeat([1.0, 4.0, rng.uniform(8.0, 20.0)], 4)
    A, b = with_eigenvalues(rng, eigenvalues), rng.normal(size=12)
    return close(A @ answer(lambda p: A @ p, b, 3), b, 1e-8)


@holds(
    "the residual is orthogonal to b, A b, ..., A^(k-1) b",
    "This is what 'x_k minimises over the span' means. Is the residual updated with the same step "
    "length as x?",
)
def galerkin(answer, rng):
    A, b = with_eigenvalues(rng, np.geomspace(1.0, 10.0, 9)), rng.normal(size=9)
    count = int(rng.integers(2, 5))
    residual = b - A @ answer(lambda p: A @ p, b, count)
    span = [np.linalg.matrix_power(A, k) @ b for k in range(count)]
    return all(abs(residual @ s) < 1e-8 * np.linalg.norm(b) * np.linalg.norm(s) for s in span)


@holds(
    "a step costs one product with the matrix",
    "A p serves the step length and the residual: keep it. The residual needs no A x.",
)
def cost(answer, rng):
    multiply = Counted(lambda p: np.arange(1.0, 9.0) * p)
    answer(multiply, rng.normal(size=8), 5)
    return multiply.calls <= 5


@holds(
    "once the system is solved, further steps change nothing",
    "With b = 0, or A = I after one step, the residual is zero: what do you divide by then?",
)
def solved(answer, rng):
    b = rng.normal(size=4)
    nothing = answer(lambda p: 2.0 * p, np.zeros(4), 3)
    return not nothing.any() and close(answer(lambda p: 2.0 * p, b, 6), b / 2.0)
