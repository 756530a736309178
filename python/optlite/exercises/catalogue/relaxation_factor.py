"""How far Sinkhorn's iteration should overshoot.

Sinkhorn's iteration fits the rows of a plan, then its columns. Near the solution P, with row sums a
and column sums b, each iteration multiplies the error of the potentials g of the columns by

    B = diag(b)^-1 P' diag(a)^-1 P,

whose largest eigenvalue is 1, for a constant that may be added to g; its second largest one,
theta, is the rate. Both half steps can go omega times as far as their sums ask for. The rate of the
relaxed iteration is least, and equal to omega - 1, for

    omega = 2 / (1 + sqrt(1 - theta)).

Source: Young, Iterative methods for solving partial difference equations of elliptic type, 1954;
for Sinkhorn's iteration: Thibault, Chizat, Dossal and Papadakis, Overrelaxed Sinkhorn-Knopp
algorithm for regularized optimal transport, 2021.
"""

import numpy as np

from .._exercise import holds
from .._problems import histograms

chapter = "transport"
difficulty = 2


def returns(P):
    """Return omega, a number; P is the plan at the solution, a matrix of positive numbers."""
    return ()


def draw(rng):
    """Return a plan with more rows than columns."""
    a, b, M = histograms(rng, 7, 4)
    return a[:, None] * b * np.exp(-M / rng.uniform(0.05, 0.2))


def rate_of(omega, P):
    """Return the rate of the relaxed iteration, without the constant."""
    n, m = P.shape
    down, up = P / P.sum(axis=1, keepdims=True), P.T / P.sum(axis=0)[:, None]
    rows = np.block([[(1.0 - omega) * np.eye(n), -omega * down], [np.zeros((m, n)), np.eye(m)]])
    columns = np.block([[np.eye(n), np.zeros((n, m))], [-omega * up, (1.0 - omega) * np.eye(m)]])
    return np.sort(np.abs(np.linalg.eigvals(columns @ rows)))[-2]


@holds(
    "for a product of marginals it is 1",
    "Then one iteration ends at the solution. Which eigenvalue of B belongs to the constant, and "
    "which one is the rate?",
)
def product(answer, rng):
    a, b, _ = histograms(rng, 6, 4)
    return abs(answer(np.outer(a, b)) - 1.0) < 1e-6


@holds(
    "it is right for a matching that leaks",
    "For P = ((1 - d) I + d 1 1' / n) / n the second eigenvalue of B is (1 - d)^2. Mass is sent to "
    "the other side and back.",
)
def matching(answer, rng):
    n, leak = int(rng.integers(3, 8)), rng.uniform(0.05, 0.6)
    P = ((1.0 - leak) * np.eye(n) + leak / n) / n
    return abs(answer(P) - 2.0 / (1.0 + np.sqrt(1.0 - (1.0 - leak) ** 2))) < 1e-8


@holds(
    "the relaxed iteration has the rate omega - 1, and is slower with other factors",
    "Compute omega from theta as the statement says; is theta an eigenvalue, or its root?",
)
def rate(answer, rng):
    P = draw(rng)
    omega = answer(P)
    others = [rate_of(1.0 + share * (omega - 1.0), P) for share in (0.9, 1.1)]
    return abs(rate_of(omega, P) - (omega - 1.0)) < 1e-4 and min(others) > omega - 1.0


@holds(
    "rows and columns may change their roles",
    "B of the transposed plan has the same eigenvalues but for zeros: did you divide by both "
    "marginals?",
)
def transposed(answer, rng):
    P = draw(rng)
    return abs(answer(P) - answer(P.T.copy())) < 1e-8


@holds(
    "the unit of mass does not matter",
    "The marginals of P need not sum to 1: take them from P itself.",
)
def unit(answer, rng):
    P = draw(rng)
    return abs(answer(P) - answer(100.0 * P)) < 1e-8
