"""Relaxed transport where conjugate gradients take too long, and where sums underflow.

The compiled core and its twin have to take the same path through the rare branches: elimination of
Newton's equations, and column sums in logarithms.
"""

import warnings

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.exceptions import ConvergenceWarning

from optlite import ot

ENGINES = ("core", "numpy")


def chain(n=130):
    """Return masses and costs of points in a row, each of which reaches its neighbours only.

    What one end lacks has to come from the other, through all links between them: conjugate
    gradients would take as many iterations as there are points.
    """
    rng = np.random.default_rng(0)
    x = np.arange(float(n))
    a, b = rng.random(n) + 0.5, rng.random(n) + 0.5
    return a / n, b / n, (x[:, None] - x - 0.4) ** 2


def assert_same_path(runs, reg):
    """The largest difference of potentials is a small part of what an exponent can see."""
    core, twin = runs
    assert len(core.trace) == len(twin.trace) and core.converged and twin.converged
    for one, two in zip(core.trace, twin.trace, strict=True):
        assert one.g == pytest.approx(two.g, abs=1e-6 * reg)
        assert one.f == pytest.approx(two.f, abs=1e-6 * reg)
        assert (one.n_newton, one.n_products) == (two.n_newton, two.n_products)
    products = np.diff([record.n_products for record in core.trace])
    newton = np.diff([record.n_newton for record in core.trace])
    return int(((products >= 50) & (newton > 0)).sum())  # steps whose equations were eliminated


@pytest.mark.parametrize("reg_m", [1e6, (np.inf, 1e6), (1e6, np.inf)])
def test_a_chain_is_eliminated_with_links_to_the_ground(reg_m):
    """The price of deviations is what holds the constant: a link of 1e-6 of the mass."""
    a, b, M = chain()
    runs = [
        ot.solve_unbalanced(a, b, M, 0.2, reg_m, annealing=1.0, engine=engine, trace=True)
        for engine in ENGINES
    ]
    assert assert_same_path(runs, 0.2) >= 2
    assert runs[0].n_newton <= 25 and runs[0].relative_gap <= 1e-8


def test_columns_at_their_bounds_are_links_to_the_ground():
    """Caps that are not reached hold their potentials at zero; the others hang on these."""
    a, b, M = chain()
    mass = 0.97 * min(a.sum(), b.sum())
    runs = [
        ot.solve_partial(a, b, M, 0.3, mass, annealing=1.0, engine=engine, trace=True)
        for engine in ENGINES
    ]
    assert assert_same_path(runs, 0.3) >= 2
    held = runs[0].potentials[1] == 0.0
    assert 0 < held.sum() < held.size
    assert runs[0].n_newton <= 20


def test_many_targets_at_bounds_are_solved_to_the_end():
    """Above 1024 targets, 500 iterations of conjugate gradients left 2e-8 of the mass for ever."""
    rng = np.random.default_rng(1100)
    M = cdist(rng.random((1100, 2)), rng.random((1100, 2)), "sqeuclidean")
    result = ot.solve_partial(None, None, M, 1e-4 * M.mean(), 0.9, max_iter=100)
    assert result.converged and result.n_cg <= 5000


@pytest.mark.parametrize("limit", [20, 10_000])
def test_products_of_a_relaxed_step_are_limited_by_what_they_are_worth(limit):
    """Where elimination is out of question, steps that were cut off and bring little get more."""
    from optlite.reference.relaxed_transport import RelaxedTransportRun, SoftMarginals

    class Patient(RelaxedTransportRun):
        direct_limit, first_patience, most_products = 0, 5, limit

    a, b, M = chain(50)
    run = Patient(M, SoftMarginals(a, b, 1e6, 1e6, True), 0.2, max_iter=60, annealing=1.0)
    most, before = 0, 0
    while run.advance():
        most, before = max(most, run.n_products - before), run.n_products
    assert 10 <= most <= limit and (run.status == "converged") == (limit > 20)


def out_of_reach(n=600, m=250):
    """Return a problem with three columns whose sums are exp(-1000) at the start: zero.

    It is large enough for several parts, in each of which another row is the nearest.
    """
    rng = np.random.default_rng(1)
    a, b, M = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m)), rng.random((n, m))
    M[:, [0, 7, 100]] += 9.0 + rng.random((n, 3))
    return a, b, M


@pytest.mark.parametrize("kind", ["balanced", "unbalanced", "partial", "barycenter"])
def test_columns_that_nothing_reaches_are_found_by_logarithms(kind):
    a, b, M = out_of_reach()
    A = np.stack([a, a[::-1]], axis=1)
    solve = {
        "balanced": lambda **o: ot.solve(a, b, M, 0.01, "sinkhorn", **o),
        "unbalanced": lambda **o: ot.solve_unbalanced(a, b, M, 0.01, 5.0, "sinkhorn", **o),
        "partial": lambda **o: ot.solve_partial(a, b, M, 0.01, 1.0, "sinkhorn", **o),
        "barycenter": lambda **o: ot.barycenter(A, M, 0.01, method="sinkhorn", **o),
    }[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # two iterations are not enough
        core, twin = (
            solve(engine=engine, trace=True, annealing=1.0, max_iter=2) for engine in ENGINES
        )
    for one, two in zip(core.trace, twin.trace, strict=True):
        assert one.g == pytest.approx(two.g, abs=1e-9)
        assert one.f == pytest.approx(two.f, abs=1e-9)
    if kind != "barycenter":
        start = core.trace[0]
        shares = np.exp((start.f[:, None] + start.g - M) / 0.01)
        assert (shares[:, [0, 7, 100]] == 0.0).all() and (shares.sum(axis=0) > 0.0).sum() == 247
