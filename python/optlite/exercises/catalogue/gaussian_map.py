"""The optimal map between two Gaussians.

Among all maps that send N(0, S) to N(0, R), the one that moves mass the least in squared distance
is linear, x -> A x, with the symmetric positive definite matrix A for which

    A S A = R.

Many matrices satisfy L S L' = R; only one of them is symmetric and positive definite.

Source: Dowson and Landau, The Fréchet distance between multivariate normal distributions, 1982;
Peyré and Cuturi, Computational optimal transport, 2019, on Gaussians.
"""

import numpy as np

from .._exercise import holds
from .._problems import close, with_eigenvalues

chapter = "transport"
difficulty = 2


def returns(S, R):
    """Return A, a matrix like S; S and R are symmetric and positive definite."""
    return S.shape


def covariance(rng):
    """Return a random covariance matrix."""
    return with_eigenvalues(rng, np.exp(rng.uniform(-1.0, 1.0, size=4)))


@holds(
    "A S A' = R",
    "A = S^(-1/2) (S^(1/2) R S^(1/2))^(1/2) S^(-1/2). Roots of matrices are not those of their "
    "entries.",
)
def sends(answer, rng):
    S, R = covariance(rng), covariance(rng)
    A = answer(S, R)
    return close(A @ S @ A.T, R)


@holds(
    "A is symmetric",
    "Factors of Cholesky give a matrix that sends S to R, but a triangular one. Which is the root "
    "whose transpose is itself?",
)
def symmetric(answer, rng):
    A = answer(covariance(rng), covariance(rng))
    return close(A, A.T)


@holds(
    "A has positive eigenvalues",
    "An optimal map is the gradient of a convex function. Are the eigenvalues of your roots "
    "positive?",
)
def positive(answer, rng):
    A = answer(covariance(rng), covariance(rng))
    return np.linalg.eigvalsh(A + A.T).min() > 0.0


@holds(
    "matrices that commute give the root of a quotient",
    "For diagonal S and R the map stretches each axis by the ratio of the deviations, not of the "
    "variances.",
)
def commuting(answer, rng):
    s, r = np.exp(rng.normal(size=(2, 4)))
    return close(answer(np.diag(s), np.diag(r)), np.diag(np.sqrt(r / s)))


@holds(
    "the way back is the inverse",
    "Exchange S and R: what becomes of A S A = R?",
)
def inverse(answer, rng):
    S, R = covariance(rng), covariance(rng)
    return close(answer(S, R) @ answer(R, S), np.eye(4))
