"""What Lanczos' tridiagonal matrix knows of a spectrum: nodes and weights.

m steps of Lanczos on a symmetric A from a start q of length one give a tridiagonal T, with alphas
on the diagonal and betas beside it. Then there are m nodes and weights with

    q' p(A) q = sum_i weight_i p(node_i)    for every polynomial p of degree at most 2 m - 1:

Gauss' quadrature for the distribution of A's eigenvalues, as q weighs them. From random q this is
the density of the whole spectrum. Return the nodes, ascending, and the weights.

Source: Golub and Welsch, Calculation of Gauss quadrature rules, 1969.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "curvature"
difficulty = 2


def returns(alphas, betas):
    """Return nodes and weights, two arrays like alphas, which has one entry more than betas."""
    return {"nodes": alphas.shape, "weights": alphas.shape}


def draw(rng, m=6):
    """Draw alphas and betas."""
    return rng.normal(size=m), rng.uniform(0.2, 1.5, size=m - 1)


@holds(
    "the weights are positive and sum to one",
    "p = 1 gives q' q = 1. Which entry of each eigenvector of T belongs to the start, and what "
    "makes the entries of an orthogonal matrix sum to one?",
)
def sum_to_one(answer, rng):
    _, weights = answer(*draw(rng))
    return bool(np.all(weights > 0.0)) and close(weights.sum(), 1.0)


@holds(
    "the nodes are the eigenvalues of T, ascending",
    "T is symmetric: both off-diagonals hold the betas.",
)
def eigenvalues(answer, rng):
    alphas, betas = draw(rng)
    T = np.diag(alphas) + np.diag(betas, 1) + np.diag(betas, -1)
    return close(answer(alphas, betas)[0], np.linalg.eigvalsh(T))


@holds(
    "all moments up to degree 2 m - 1 are those of T at the start",
    "(T^k)_11, written with the eigenvectors of T: which entries of the eigenvectors are in it, "
    "and to which power?",
)
def moments(answer, rng):
    alphas, betas = draw(rng)
    T = np.diag(alphas) + np.diag(betas, 1) + np.diag(betas, -1)
    nodes, weights = answer(alphas, betas)
    truth = [np.linalg.matrix_power(T, k)[0, 0] for k in range(12)]
    return close([weights @ nodes**k for k in range(12)], truth, 1e-10)


@holds(
    "of Legendre's recurrence it makes Gauss' formula on [-1, 1]",
    "The classical nodes and weights are a special case. Which formula for the weights has no "
    "derivative of a polynomial in it?",
)
def legendre(answer, rng):
    m = int(rng.integers(3, 12))
    j = np.arange(1.0, m)
    nodes, weights = answer(np.zeros(m), j / np.sqrt(4.0 * j**2 - 1.0))
    truth = np.polynomial.legendre.leggauss(m)
    return close(nodes, truth[0]) and close(weights, truth[1] / 2.0)


@holds(
    "one step has one node, the Rayleigh quotient, and all of the weight",
    "Does your matrix have the right shape if betas is empty?",
)
def one_step(answer, rng):
    alpha = rng.normal(size=1)
    nodes, weights = answer(alpha, np.zeros(0))
    return close(nodes, alpha) and close(weights, 1.0)
