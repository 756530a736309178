"""Newton's step for entropic optimal transport.

    minimise sum_ij P_ij M_ij + eps sum_ij P_ij log P_ij
    over P with row sums a and column sums b.

The solution is P_ij = exp((f_i + g_j - M_ij) / eps). For given g, choose f so that the row sums are
a. What is left is a concave function of g, whose gradient is b - c with the column sums c = P' 1,
and whose Hessian is -S / eps with

    S = diag(c) - P' diag(a)^-1 P.

A Newton step adds d to g, where S d = eps (b - c). S maps the vector of ones to zero, so that d is
determined up to a constant: take the d whose entries sum to zero.

Source: Brauer, Clason, Lorenz and Wirth, A Sinkhorn-Newton method for entropic optimal transport,
2017; Cuturi and Peyré, Semidual regularized optimal transport, 2018.
"""

import numpy as np

from .._exercise import holds
from .._problems import close, histograms

chapter = "transport"
difficulty = 3


def returns(g, a, b, M, eps):
    """Return g + d, an array like g; a and b are positive and sum to 1."""
    return g.shape


def plan(g, a, M, eps):
    """Return the plan whose row sums are a."""
    z = (g - M) / eps
    P = np.exp(z - z.max(axis=1, keepdims=True))
    return a[:, None] * P / P.sum(axis=1, keepdims=True)


def draw(rng):
    """Return a problem whose solution is known, and its solution."""
    a, _, M = histograms(rng, 6, 4)
    eps = rng.uniform(0.2, 0.5)
    solution = eps * rng.normal(size=4)
    return a, plan(solution, a, M, eps).sum(axis=0), M, eps, solution


def satisfies(answer, g, a, b, M, eps):
    """Whether the step satisfies Newton's equation."""
    P = plan(g, a, M, eps)
    S = np.diag(P.sum(axis=0)) - P.T @ (P / a[:, None])
    return close(S @ (answer(g, a, b, M, eps) - g) / eps, b - P.sum(axis=0), 1e-7)


@holds(
    "the step satisfies S d = eps (b - c)",
    "Fit the rows first: which f makes the row sums a? Then c and S are those of this plan, "
    "and does eps stand on the right side?",
)
def equation(answer, rng):
    a, b, M, eps, _ = draw(rng)
    return satisfies(answer, eps * rng.normal(size=4), a, b, M, eps)


@holds(
    "the entries of the step sum to zero",
    "Of all solutions of a singular system, least squares gives the shortest one. What is its "
    "component along the vector of ones?",
)
def sums_to_zero(answer, rng):
    a, b, M, eps, _ = draw(rng)
    g = eps * rng.normal(size=4)
    return close(np.sum(answer(g, a, b, M, eps) - g), 0.0)


@holds(
    "near the solution the error is squared",
    "A scaling of Sinkhorn's multiplies the error by a constant. Is the whole of S in your system?",
)
def squares(answer, rng):
    a, b, M, eps, solution = draw(rng)
    g = solution + 1e-3 * eps * rng.normal(size=4)
    errors = [
        np.abs(plan(point, a, M, eps).sum(axis=0) - b).sum()
        for point in (g, answer(g, a, b, M, eps))
    ]
    return errors[1] <= 0.01 * errors[0]


@holds(
    "at the solution it stays",
    "There the column sums are b. What is the right side of your system?",
)
def stays(answer, rng):
    a, b, M, eps, solution = draw(rng)
    return close(answer(solution, a, b, M, eps), solution)


@holds(
    "large costs do not underflow",
    "What is exp(-1000)? Subtract the largest exponent of each row before you take exponentials.",
)
def large_costs(answer, rng):
    a, b, M, eps, _ = draw(rng)
    return satisfies(answer, eps * rng.normal(size=4), a, b, M + 1000.0 * eps, eps)
