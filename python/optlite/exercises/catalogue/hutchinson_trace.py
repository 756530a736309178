"""The trace of a matrix that can only be multiplied, and how well it is known.

For a random z with mean zero and uncorrelated entries of variance one, E z' A z is the trace of A.
So the mean over k such probes estimates it. The probes also say how good the estimate is: the
standard error of a mean is the standard deviation of what was averaged, with k - 1 in its
denominator, over sqrt k.

Source: Hutchinson, A stochastic estimator of the trace of the influence matrix for Laplacian
smoothing splines, 1990.
"""

import numpy as np

from .._exercise import holds
from .._problems import Counted, close, with_eigenvalues

chapter = "curvature"
difficulty = 1


def returns(multiply, probes):
    """Return the estimate and its standard error; multiply(z) is A z, probes (k, n), k >= 2."""
    return {"estimate": (), "error": ()}


def signs(rng, k, n):
    """Draw probes of random signs, as Hutchinson does."""
    return rng.choice([-1.0, 1.0], size=(k, n))


@holds(
    "a probe costs one product",
    "Keep A z in a variable. The trace of a million variables is not worth a million products.",
)
def cost(answer, rng):
    multiply = Counted(lambda z: 2.0 * z)
    answer(multiply, signs(rng, 7, 5))
    return multiply.calls == 7


@holds(
    "for a diagonal matrix, probes of signs make no error",
    "z_j^2 is one, so each probe has the trace, exactly. Do you divide by n somewhere?",
)
def diagonal(answer, rng):
    entries = rng.normal(size=6)
    estimate, error = answer(lambda z: entries * z, signs(rng, 4, 6))
    return close(estimate, entries.sum()) and close(error, 0.0)


@holds(
    "it is the mean of z' A z over the probes that were given",
    "Each row is a probe. Is the product with the same row on both sides?",
)
def mean(answer, rng):
    A, probes = rng.normal(size=(5, 5)), rng.normal(size=(3, 5))
    estimate, _ = answer(lambda z: A @ z, probes)
    return close(estimate, np.trace(probes @ A @ probes.T) / 3.0)


@holds(
    "over two probes the error is half the difference of the two values",
    "Work out the standard deviation of two numbers, with k - 1 = 1; NumPy's has k by default.",
)
def two_probes(answer, rng):
    A, probes = with_eigenvalues(rng, rng.normal(size=5)), rng.normal(size=(2, 5))
    one, two = (z @ A @ z for z in probes)
    return close(answer(lambda z: A @ z, probes)[1], abs(one - two) / 2.0)


@holds(
    "the error is that of the mean, as theory predicts it",
    "The variance of z' A z for random signs is 2 (|A|_F^2 - sum of the squared diagonal). A mean "
    "of k of them varies less.",
)
def theory(answer, rng):
    A, k = with_eigenvalues(rng, rng.uniform(0.5, 3.0, size=8)), 3000
    truth = np.sqrt(2.0 * (np.sum(A**2) - np.sum(np.diag(A) ** 2)) / k)
    estimate, error = answer(lambda z: A @ z, signs(rng, k, 8))
    return abs(error / truth - 1.0) < 0.15 and abs(estimate - np.trace(A)) < 6.0 * truth
