"""Lanczos' method: a large symmetric matrix becomes a small tridiagonal one.

From q_1 = start / |start|, with one product A q_j a step, build orthonormal q_1, q_2, ... with

    A q_j = beta_(j-1) q_(j-1) + alpha_j q_j + beta_j q_(j+1),   beta_j > 0.

The tridiagonal matrix T of the alphas and betas is A in the basis of the q: its eigenvalues, the
Ritz values, approximate those of A, the outermost first. In floating point the recurrence alone
loses the orthogonality, and finds eigenvalues again that it has already found; making each new
vector orthogonal to all before it prevents that.

Source: C. Lanczos, An iteration method for the solution of the eigenvalue problem of linear
differential and integral operators, 1950; the loss: Paige, The computation of eigenvalues and
eigenvectors of very large sparse matrices, 1971.
"""

import numpy as np

from .._exercise import holds
from .._problems import Counted, close, with_eigenvalues

chapter = "curvature"
difficulty = 3


def returns(multiply, start, n_steps):
    """Return alpha_1 ... alpha_n and beta_1 ... beta_(n-1), two arrays; multiply(q) returns A q."""
    return {"alphas": (n_steps,), "betas": (n_steps - 1,)}


def ritz(alphas, betas):
    """Return the eigenvalues of T."""
    return np.linalg.eigvalsh(np.diag(alphas) + np.diag(betas, 1) + np.diag(betas, -1))


@holds(
    "after one step alpha is the Rayleigh quotient of the start",
    "Multiply the first equation by q_1'. Has q_1 length one?",
)
def rayleigh(answer, rng):
    A, start = with_eigenvalues(rng, rng.normal(size=5)), rng.normal(size=5)
    (alpha,), _ = answer(lambda q: A @ q, start, 1)
    return close(alpha, start @ A @ start / (start @ start))


@holds(
    "a step costs one product with the matrix",
    "Keep A q_j in a variable.",
)
def cost(answer, rng):
    multiply = Counted(lambda q: np.arange(1.0, 9.0) * q)
    answer(multiply, rng.normal(size=8), 5)
    return multiply.calls == 5


@holds(
    "as many steps as A has rows find all eigenvalues",
    "Check the recurrence: from A q_j both its part along q_j and its part along q_(j-1) are taken "
    "away. Which beta belongs to which?",
)
def all_eigenvalues(answer, rng):
    eigenvalues = np.linspace(-2.0, 3.0, 7) + rng.uniform(-0.2, 0.2, size=7)
    A = with_eigenvalues(rng, eigenvalues)
    found = ritz(*answer(lambda q: A @ q, rng.normal(size=7), 7))
    return close(found, np.sort(eigenvalues), 1e-8)


@holds(
    "the betas are positive, and T reproduces the first moments start' A^k start",
    "beta_j is the length of what is left of A q_j, before it is divided to become q_(j+1).",
)
def moments(answer, rng):
    A, start = with_eigenvalues(rng, rng.uniform(-1.0, 1.0, size=9)), rng.normal(size=9)
    start /= np.linalg.norm(start)
    alphas, betas = answer(lambda q: A @ q, start, 4)
    T = np.diag(alphas) + np.diag(betas, 1) + np.diag(betas, -1)
    powers = [np.linalg.matrix_power(T, k)[0, 0] for k in range(8)]
    truth = [start @ np.linalg.matrix_power(A, k) @ start for k in range(8)]
    return np.all(betas > 0.0) and close(powers, truth)


@holds(
    "no eigenvalue is found twice, where some are far from the others",
    "Print Q' Q of all vectors, for a matrix of 30 rows. When does it cease to be the identity?",
)
def no_ghosts(answer, rng):
    eigenvalues = np.geomspace(1.0, 1e6, 30)
    A = with_eigenvalues(rng, eigenvalues)
    found = ritz(*answer(lambda q: A @ q, rng.normal(size=30), 30))
    return bool(np.all(np.abs(found - eigenvalues) < 1e-3 * eigenvalues + 1e-5))
