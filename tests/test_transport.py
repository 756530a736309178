"""Optimal transport: known answers, a peer's, bad input."""

import itertools
import pickle
import re
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from optlite import ot

pot = pytest.importorskip("ot", reason="POT is a requirement of the tests")


def points(n, seed=0):
    """Uniform points and a cluster, as in the measurements of the reference."""
    rng = np.random.default_rng(seed)
    X = rng.random((n, 2))
    Y = 0.5 * rng.standard_normal((n, 2)) * [0.5, 0.2] + [0.7, 0.4]
    M = ((X[:, None] - Y[None]) ** 2).sum(axis=2)
    return M / M.max()


@pytest.mark.parametrize("reg", [0.05, 0.01, 0.002])
def test_the_plan_is_that_of_pot(reg):
    M = points(60)
    a = np.full(60, 1 / 60)
    theirs = pot.sinkhorn(a, a, M, reg, numItermax=200_000, stopThr=1e-13)
    assert ot.solve(a, a, M, reg, tol=1e-12).plan == pytest.approx(theirs, rel=1e-8, abs=1e-11)


def test_the_certificate_closes_on_the_exact_cost():
    M = points(80, seed=1)
    exact = pot.emd2([], [], M)
    widths = []
    for reg in (1e-2, 1e-3, 1e-4, 1e-5):
        lower, upper = ot.solve(None, None, M, reg).certificate
        assert lower <= exact + 1e-12 and exact <= upper + 1e-12
        widths.append(upper - lower)
    assert widths == sorted(widths, reverse=True) and widths[-1] < 1e-4 * exact


def test_exact_transport_is_left_to_pot():
    M = points(30)
    result = ot.solve(None, None, M, 0)
    assert np.array_equal(result.plan, pot.emd([], [], M))
    assert result.converged and result.cost == pytest.approx(pot.emd2([], [], M))
    assert result.certificate == pytest.approx((result.cost, result.cost), rel=1e-9)


@pytest.mark.parametrize(
    "options, named",
    [
        ({"method": "sinkhorn"}, "method='sinkhorn'"),
        ({"max_iter": 10}, "max_iter=10"),
        ({"relaxation": 1.5}, "relaxation=1.5"),
    ],
)
def test_exact_transport_takes_no_options(options, named):
    """They were dropped without a word."""
    with pytest.raises(ValueError, match=f"reg=0 asks for exact .* takes no {named}"):
        ot.solve(None, None, points(5), 0, **options)


def test_without_pot_exact_transport_is_refused_with_advice(monkeypatch):
    monkeypatch.setitem(sys.modules, "ot", None)
    with pytest.raises(ValueError, match=r"reg must be > 0, got 0.0: .* POT .*certificate"):
        ot.solve(None, None, [[0.0, 1.0]], 0)


@pytest.mark.parametrize("kind", ["assignment", "points"])
@pytest.mark.parametrize("reg", [1e-1, 1e-2, 1e-3, 1e-4])
def test_the_default_converges_at_any_regularization(kind, reg):
    M = np.random.default_rng(2).random((150, 150)) if kind == "assignment" else points(150)
    reg = reg * M.mean()
    result = ot.solve(None, None, M, reg)  # a warning would be an error
    assert result.converged and result.marginal_error <= 1e-9
    assert result.gap <= 1e-8


def test_newton_needs_few_steps():
    """As many as the reference measured for a random assignment of 500 at eta = 1200, or fewer."""
    M = np.random.default_rng(500).random((500, 500))
    M /= M.max()
    result = ot.solve(None, None, M, 1 / 1200)
    assert result.converged and result.n_newton <= 15 and result.n_cg <= 400
    hard = ot.solve(None, None, points(300), 1e-3 * points(300).mean())
    assert hard.converged and hard.n_newton <= 20


def test_sparse_newton_steps_hang_on_the_number_of_entries_kept():
    """With the paper's 2 / n the convergence is linear on a random assignment, with a few more
    entries quadratic; where the plan is not sparse, it stalls."""
    M = np.random.default_rng(500).random((500, 500))
    few, more = (
        ot.sinkhorn_newton_sparse(None, None, M, M.max() / 1200, sparsity=kept) for kept in (2, 5)
    )
    assert few.converged and more.converged and more.n_newton <= 10 <= few.n_newton
    spread = points(200)
    with pytest.warns(ConvergenceWarning):
        stalled = ot.sinkhorn_newton_sparse(None, None, spread, 0.01 * spread.mean(), max_iter=150)
    assert stalled.marginal_error > 1e-3
    assert ot.sinkhorn_newton(None, None, spread, 0.01 * spread.mean()).n_iter < 30


def test_gaussians_on_a_grid_have_the_closed_form():
    """Between N(0, s^2) and itself with squared distances, the plan is Gaussian with covariance c:
    c = sqrt(s^4 + reg^2 / 16) - reg / 4 (Janati, Muzellec, Peyre and Cuturi, Entropic optimal
    transport between unbalanced Gaussian measures has a closed form, 2020, theorem 1, whose
    regularization is reg / 2)."""
    x = np.linspace(-6.0, 6.0, 400)
    a = np.exp(-0.5 * x**2)
    a /= a.sum()
    for reg in (0.2, 1.0, 3.0):
        plan = ot.solve(a, a, (x[:, None] - x) ** 2, reg).plan
        covariance = x @ plan @ x
        assert covariance == pytest.approx(np.sqrt(1.0 + reg**2 / 16) - reg / 4, abs=1e-5)


def test_a_sparse_plan_solves_as_a_dense_one_does():
    """Entries that are too small to matter are left out of products, not of the solution."""
    M = points(200)
    result = ot.solve(None, None, M, 1e-4)
    density = (result.plan > 1e-9 / 200**2).mean()
    assert density < 0.2  # so that products were sparse
    twin = ot.solve(None, None, M, 1e-4, engine="numpy")
    assert result.plan == pytest.approx(twin.plan, abs=1e-10)
    assert abs(result.n_newton - twin.n_newton) <= 1


@settings(max_examples=30)
@given(
    st.integers(1, 12),
    st.integers(1, 12),
    st.floats(-3.0, 0.5),
    st.integers(0, 10**6),
    st.booleans(),
)
def test_any_problem_is_solved(n, m, log_reg, seed, ties):
    rng = np.random.default_rng(seed)
    M = rng.integers(0, 3, (n, m)).astype(float) if ties else rng.normal(size=(n, m))
    a, b = rng.exponential(size=n), rng.exponential(size=m)
    a, b = a / a.sum(), b / b.sum()
    result = ot.solve(a, b, M, 10.0**log_reg)
    plan = result.plan
    assert np.abs(plan.sum(axis=1) - a).sum() + np.abs(plan.sum(axis=0) - b).sum() <= 1.01e-9
    lower, upper = result.certificate
    assert lower <= pot.emd2(a, b, M) + 1e-9 and pot.emd2(a, b, M) <= upper + 1e-9


@settings(max_examples=30)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 10**6))
def test_rounding_is_exact_and_moves_no_more_than_it_must(n, m, seed):
    rng = np.random.default_rng(seed)
    plan = rng.exponential(size=(n, m)) * (rng.random((n, m)) < 0.7)
    a, b = rng.random(n), rng.random(m)
    a, b = a / a.sum(), b / b.sum()
    exact = ot.round_to_marginals(plan, a, b)
    assert exact.min() >= 0.0
    assert exact.sum(axis=1) == pytest.approx(a, abs=2e-15)
    assert exact.sum(axis=0) == pytest.approx(b, abs=2e-15)
    error = np.abs(plan.sum(axis=1) - a).sum() + np.abs(plan.sum(axis=0) - b).sum()
    assert np.abs(exact - plan).sum() <= 2.0 * error + 1e-12


def test_overrelaxation_saves_iterations():
    """With the factor that theory gives for the contraction rate of the plain iteration."""
    M = points(100)
    plain = ot.sinkhorn(None, None, M, 0.01)
    plan = plain.plan * 100.0
    second = np.linalg.svd(plan, compute_uv=False)[1] ** 2
    best = 2.0 / (1.0 + np.sqrt(1.0 - second))
    fast = ot.sinkhorn(None, None, M, 0.01, relaxation=best)
    assert fast.converged and fast.n_iter < 0.5 * plain.n_iter
    assert fast.plan == pytest.approx(plain.plan, abs=1e-9)


def test_both_domains_of_sinkhorn_are_the_same_iteration():
    M = points(40)
    pairs = zip(
        ot.steps(None, None, M, 0.02, "sinkhorn", annealing=1.0),
        ot.steps(None, None, M, 0.02, "sinkhorn", annealing=1.0, domain="logarithm"),
        strict=True,
    )
    for scaled, logarithms in pairs:
        assert scaled.g == pytest.approx(logarithms.g, abs=1e-11)
        assert scaled.f == pytest.approx(logarithms.f, abs=1e-11)


def test_stepping_stopping_and_starting_again():
    M = points(50)
    seen = []
    whole = ot.solve(None, None, M, 1e-3, trace=True, callback=seen.append)
    assert list(whole.trace) == seen and seen[-1].marginal_error == whole.marginal_error
    assert [record.iteration for record in seen] == list(range(whole.n_iter + 1))
    assert max(record.reg for record in seen) > seen[-1].reg == 1e-3
    again = ot.solve(None, None, M, 1e-3, annealing=1.0, start=whole.potentials[1])
    assert again.n_iter == 0 and again.converged
    assert ot.solve(None, None, M, 1e-3, start=whole.potentials[1]).n_iter == 0  # no stages, either
    stepped = list(ot.steps(None, None, M, 1e-3))
    assert np.array_equal(stepped[-1].g, whole.potentials[1])


def test_a_result_pickles_and_prints():
    result = ot.solve(None, None, points(20), 0.01)
    copy = pickle.loads(pickle.dumps(result))
    assert np.array_equal(copy.plan, result.plan) and copy.certificate == result.certificate
    assert re.fullmatch(r"TransportResult\(20 x 20, reg=0.01, value=.*converged\)", repr(result))
    sparse = result.plan_sparse(1e-6)
    assert np.array_equal(sparse.toarray(), np.where(result.plan > 1e-6, result.plan, 0.0))


GOOD = {"a": [0.5, 0.5], "b": [0.5, 0.5], "M": [[0.0, 1.0], [1.0, 0.0]], "reg": 0.1}
BAD = [
    ({"a": [0.5, -0.5]}, ValueError, r"a must be finite and >= 0, got a\[1\] = -0.5"),
    ({"b": [np.nan, 1.0]}, ValueError, r"b must be finite and >= 0, got b\[0\] = nan"),
    ({"a": [0.5, 0.6]}, ValueError, r"equal sums, got sum\(a\) = 1.1 and sum\(b\) = 1"),
    ({"a": [0.0, 0.0], "b": [0.0, 0.0]}, ValueError, "positive sum"),
    ({"a": [1.0]}, ValueError, r"a must have shape \(2,\) to fit the costs, got \(1,\)"),
    ({"b": [[0.5, 0.5]]}, ValueError, r"b must have shape \(2,\)"),
    ({"a": ["x", "y"]}, TypeError, "a must hold real numbers"),
    ({"M": [[0.0, np.nan], [1.0, 0.0]]}, ValueError, r"M must not hold NaN, got M\[0, 1\] = nan"),
    ({"M": [[0.0, -np.inf], [1.0, 0.0]]}, ValueError, r"got M\[0, 1\] = -inf"),
    ({"M": [[np.inf, np.inf], [1.0, 0.0]]}, ValueError, "row 0 has none"),
    ({"M": [[np.inf, 1.0], [np.inf, 0.0]]}, ValueError, "column 0 has none"),
    ({"M": [0.0, 1.0]}, ValueError, "M must have two dimensions"),
    ({"M": np.zeros((0, 2))}, ValueError, "M must have two dimensions"),
    ({"M": [[1j, 0], [0, 0]]}, TypeError, "M must hold real numbers"),
    ({"reg": -1.0}, ValueError, "reg must be > 0 and finite, got -1.0"),
    ({"reg": np.inf}, ValueError, "reg must be > 0"),
    ({"reg": np.nan}, ValueError, "reg must be > 0"),
    ({"reg": "x"}, TypeError, "reg must be a number"),
    ({"method": "newtn"}, ValueError, "Did you mean 'newton'"),
    ({"tol": 0.0}, ValueError, "tol must be > 0"),
    ({"max_iter": 1.5}, ValueError, "max_iter must be an integer"),
    ({"annealing": 0.5}, ValueError, "annealing must be >= 1"),
    ({"engine": "gpu"}, ValueError, "engine must be one of"),
    ({"start": [0.0]}, ValueError, r"start must be finite and have shape \(2,\)"),
    ({"relaxation": 1.5}, TypeError, "Newton has no hyper-parameter 'relaxation'"),
    ({"method": "sinkhorn", "relaxation": 2.0}, ValueError, "relaxation must be in"),
]


@pytest.mark.parametrize("change, error, message", BAD)
def test_bad_input_is_refused_in_words(change, error, message):
    with pytest.raises(error, match=message):
        ot.solve(**{**GOOD, **change})


def test_bad_points_are_refused_in_words():
    with pytest.raises(ValueError, match=r"X must be finite, got X\[1, 0\] = nan"):
        ot.solve_points([[0.0], [np.nan]], [[1.0]])
    with pytest.raises(ValueError, match="same number of columns, got 1 and 2"):
        ot.solve_points([[0.0]], [[1.0, 2.0]])
    with pytest.raises(ValueError, match="metric must be one of"):
        ot.solve_points([[0.0]], [[1.0]], metric="cosine")


def test_the_callers_arrays_are_left_alone():
    a, b, M = np.array([1.0, 0.0]), np.array([0.3, 0.7]), np.array([[0.0, 1.0], [1.0, 0.0]])
    before = a.copy(), b.copy(), M.copy()
    ot.solve(a, b, M, 0.1)
    ot.round_to_marginals(M, a, b)
    assert all(np.array_equal(x, y) for x, y in zip(before, (a, b, M), strict=True))


def test_core_and_twin_relax_alike():
    M = points(30)
    pairs = zip(
        ot.steps(None, None, M, 0.05, "sinkhorn", annealing=1.0, relaxation=1.4, max_iter=30),
        ot.steps(
            None,
            None,
            M,
            0.05,
            "sinkhorn",
            annealing=1.0,
            relaxation=1.4,
            max_iter=30,
            engine="numpy",
        ),
        strict=True,
    )
    for core_record, twin_record in pairs:
        assert core_record.f == pytest.approx(twin_record.f, abs=1e-10)
        assert core_record.g == pytest.approx(twin_record.g, abs=1e-10)


def test_core_and_twin_move_parts_that_hardly_touch_alike():
    """Two pairs, far apart, of unequal mass: a part has to move by many times reg at once."""
    M = np.array(
        [[0.0, 0.1, 9.0, 9.0], [0.1, 0.0, 9.0, 9.0], [9.0, 9.0, 0.0, 0.1], [9.0, 9.0, 0.1, 0.0]]
    )
    a, b = [0.3, 0.3, 0.2, 0.2], [0.25, 0.25, 0.25, 0.25]
    runs = [
        list(ot.steps(a, b, M, 0.1, annealing=1.0, engine=engine, precision="double"))
        for engine in ("core", "numpy")
    ]
    assert len(runs[0]) == len(runs[1])
    assert min(record.step_size for record in runs[0]) < 1.0
    for core_record, twin_record in zip(*runs, strict=True):
        assert core_record.step_size == pytest.approx(twin_record.step_size, rel=1e-6)
        assert core_record.value == pytest.approx(twin_record.value, rel=1e-9)
    assert runs[0][-1].marginal_error <= 1e-9


def test_a_step_that_keeps_paying_is_doubled():
    """Potentials of the two parts have to move apart by some 90 times reg: the first trial moves
    them by 20 times reg, and each longer one twice as far."""
    M = np.array([[0.0, 0.1, 9.0], [0.1, 0.0, 9.0], [9.0, 9.0, 0.0]])
    run = list(ot.steps([0.3, 0.3, 0.4], [0.25, 0.25, 0.5], M, 0.1, annealing=1.0))
    moves = [
        np.ptp(new.g - old.g) / 0.1
        for old, new in itertools.pairwise(run)
        if new.n_newton > old.n_newton and new.step_size < 1.0
    ]
    doublings = np.log2(np.array(moves) / 20.0)
    assert doublings == pytest.approx(np.round(doublings), abs=1e-6) and doublings.max() >= 1.0
    assert run[-1].marginal_error <= 1e-9
