"""Barycenters of histograms: known ones, a peer's, optimality, small regularizations."""

import pickle

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from optlite import ot

GRID = np.linspace(-4.0, 4.0, 81)
SQUARES = (GRID[:, None] - GRID) ** 2


def bells(means, deviations):
    A = np.exp(-0.5 * ((GRID[:, None] - np.asarray(means)) / np.asarray(deviations)) ** 2)
    return A / A.sum(axis=0)


def moments(x):
    mean = GRID @ x
    return mean, np.sqrt((GRID - mean) ** 2 @ x)


def problem(n=15, m=12, count=3, seed=0):
    rng = np.random.default_rng(seed)
    M = ((rng.random((n, 2))[:, None] - rng.random((m, 2))[None]) ** 2).sum(axis=2)
    return rng.dirichlet(np.ones(n), count).T, M, rng.dirichlet(np.ones(count))


@pytest.mark.parametrize("method", ["auto", "sinkhorn"])
@pytest.mark.parametrize("reg", [1.0, 0.1, 0.01])
def test_transport_to_each_histogram_has_the_same_gradient(method, reg):
    """At the best x, the weighted sum of the gradients in x of transport to the histograms, which
    another solver computes, is a constant."""
    A, M, w = problem()
    result = ot.barycenter(A, M, reg, w, method, tol=1e-11, max_iter=20_000)
    x = result.barycenter
    singles = [ot.solve(A[:, k], x, M, reg, tol=1e-13) for k in range(3)]
    gradient = sum(share * single.gradient()[1] for share, single in zip(w, singles, strict=True))
    assert gradient == pytest.approx(0.0, abs=1e-7)
    value = sum(share * single.value for share, single in zip(w, singles, strict=True))
    assert result.value == pytest.approx(value, rel=1e-8, abs=1e-10)
    assert result.gap <= 1e-8 and w @ result.potentials == pytest.approx(0.0, abs=1e-12)
    assert x.sum() == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("weights", [None, [0.2, 0.5, 0.3]])
def test_the_barycenter_is_that_of_pot(weights):
    pot = pytest.importorskip("ot", reason="POT is a requirement of the tests")
    A = bells([-1.5, 0.0, 1.0], [0.4, 0.6, 0.5])
    w = None if weights is None else np.array(weights)
    # POT's default method starts from potentials whose weighted sum is zero for equal weights only,
    # and keeps that sum: with others it ends elsewhere than its method in logarithms.
    theirs = pot.barycenter(
        A, SQUARES, 0.5, weights=w, method="sinkhorn_log", numItermax=500, stopThr=1e-15,
        warn=False,
    )  # fmt: skip
    assert ot.barycenter(A, SQUARES, 0.5, w, tol=1e-12).barycenter == pytest.approx(
        theirs, rel=1e-8, abs=1e-12
    )
    theirs = pot.bregman.barycenter_debiased(
        A, SQUARES, 0.5, weights=w, numItermax=4000, stopThr=1e-15, warn=False
    )
    ours = ot.barycenter(A, SQUARES, 0.5, w, debiased=True, tol=1e-11)
    # The problem is ill-conditioned: POT's two methods differ by 1e-8 from each other.
    assert ours.barycenter == pytest.approx(theirs, abs=5e-8)


def test_between_two_gaussians_lies_one():
    """Debiased, of the mean of means and of deviations; entropy alone adds reg / 2 to the variance
    (Janati, Cuturi and Gramfort, 2020; how much is measured here)."""
    A = bells([-1.0, 1.0], [0.5, 0.5])
    for reg in (0.05, 0.2):
        mean, deviation = moments(ot.barycenter(A, SQUARES, reg, debiased=True).barycenter)
        assert mean == pytest.approx(0.0, abs=1e-8) and deviation == pytest.approx(0.5, abs=1e-6)
        blurred = moments(ot.barycenter(A, SQUARES, reg).barycenter)[1]
        assert blurred**2 == pytest.approx(0.25 + reg / 2, abs=1e-3)
    unequal = bells([-1.0, 1.0], [0.3, 0.7])
    x = ot.barycenter(unequal, SQUARES, 0.05, [0.25, 0.75], debiased=True).barycenter
    assert moments(x)[0] == pytest.approx(0.5, abs=1e-4)
    assert moments(x)[1] == pytest.approx(0.6, abs=5e-3)


def test_all_weight_on_one_histogram_returns_it():
    A = bells([-1.0, 1.0], [0.5, 0.3])
    debiased = ot.barycenter(A, SQUARES, 0.1, [0.0, 1.0], debiased=True)
    assert debiased.barycenter == pytest.approx(A[:, 1], abs=1e-7)
    blurred = ot.barycenter(A, SQUARES, 0.1, [1.0, 0.0])
    kernel = np.exp(-SQUARES / 0.1)
    assert blurred.barycenter == pytest.approx(A[:, 0] @ (kernel / kernel.sum(axis=1)[:, None]))
    assert (blurred.potentials == 0.0).all()


@pytest.mark.parametrize("reg", [1e-2, 1e-3, 1e-4])
def test_small_regularizations_converge(reg):
    A = bells([-1.5, 0.5, 1.0], [0.4, 0.6, 0.5])
    result = ot.barycenter(A, SQUARES, reg * SQUARES.max())  # a warning would be an error
    assert result.converged and result.n_iter < 300
    assert 0.0 <= result.gap <= 1e-7
    lower, upper = result.certificate
    # On a line, quantile functions are averaged, so that variances of Gaussians are known.
    exact = sum((np.array([0.4, 0.6, 0.5]) - 0.5) ** 2 + np.array([1.5, 0.5, 1.0]) ** 2) / 3
    assert lower - 1e-3 <= exact <= upper + 1e-3 and upper - lower <= 8 * reg * SQUARES.max()


def test_the_certificate_contains_the_linear_program():
    from scipy.optimize import linprog

    A, M, w = problem(6, 5, 2)
    n, m = M.shape
    rows, columns = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    no_rows, no_columns, no_x = np.zeros_like(rows), np.zeros_like(columns), np.zeros((n, m))
    equal = np.block(
        [
            [rows, no_rows, no_x],
            [no_rows, rows, no_x],
            [columns, no_columns, -np.eye(m)],
            [no_columns, columns, -np.eye(m)],
        ]
    )
    costs = np.concatenate([w[0] * M.ravel(), w[1] * M.ravel(), np.zeros(m)])
    right = np.concatenate([A[:, 0], A[:, 1], np.zeros(2 * m)])
    exact = linprog(costs, A_eq=equal, b_eq=right).fun
    for reg in (1.0, 0.1, 0.01, 0.001):
        lower, upper = ot.barycenter(A, M, reg, w).certificate
        assert lower - 1e-10 <= exact <= upper + 1e-10
    assert upper - lower < 1e-2 * exact


@pytest.mark.parametrize("debiased", [False, True])
def test_core_and_twin_take_the_same_path(debiased):
    A = bells([-1.0, 1.0], [0.5, 0.3])[::4]
    A, M = A / A.sum(axis=0), SQUARES[::4, ::4]
    runs = [
        ot.barycenter(A, M, 0.1, debiased=debiased, tol=1e-7, engine=engine, trace=True)
        for engine in ("core", "numpy")
    ]
    assert len(runs[0].trace) == len(runs[1].trace) > 5
    assert (runs[0].n_newton > 0) != debiased
    for core_record, twin_record in zip(runs[0].trace, runs[1].trace, strict=True):
        assert core_record.f == pytest.approx(twin_record.f, abs=1e-9)
        assert core_record.g == pytest.approx(twin_record.g, abs=1e-7)
        assert core_record.value == pytest.approx(twin_record.value, rel=1e-8)


def test_types_layouts_and_threads_do_not_matter(n_threads):
    rng = np.random.default_rng(1)
    A = rng.dirichlet(np.ones(300), 3).T
    M = (np.linspace(0, 1, 300)[:, None] - np.linspace(0, 1, 250)) ** 2
    expected = EXPECTED.setdefault("all", ot.barycenter(A, M, 0.01))
    result = ot.barycenter(np.asfortranarray(A), np.asfortranarray(M), 0.01)
    assert np.array_equal(result.barycenter, expected.barycenter)
    assert (result.certificate, result.gap) == (expected.certificate, expected.gap)
    single = ot.barycenter(A.astype(np.float32), M.astype(np.float32), 0.01)
    assert single.barycenter.dtype == np.float32 and single.marginal_error <= 1e-9
    assert single.barycenter == pytest.approx(expected.barycenter, rel=1e-4, abs=1e-8)


EXPECTED = {}


def test_points_without_mass_and_forbidden_links():
    A, M, w = problem()
    A[3, 0] = A[5, :] = 0.0
    A /= A.sum(axis=0)
    M[2, 4] = np.inf
    result = ot.barycenter(A, M, 0.05, w)
    assert result.converged and np.isfinite(result.certificate[0])
    less = np.delete(np.arange(15), 5)
    small = ot.barycenter(A[less], M[less], 0.05, w)
    assert result.barycenter == pytest.approx(small.barycenter, rel=1e-7)


def test_an_early_end_is_said_and_a_result_pickles():
    A, M, w = problem()
    with pytest.warns(ConvergenceWarning, match=r"The barycenter stopped after 3 iterations"):
        result = ot.barycenter(A, M, 0.001, w, max_iter=3)
    assert result.gap > 0.0 and result.barycenter.sum() == pytest.approx(1.0)
    copy = pickle.loads(pickle.dumps(result))
    assert np.array_equal(copy.barycenter, result.barycenter)
    assert repr(copy).startswith("BarycenterResult(12 points of 3 histograms, reg=0.001")


GOOD = {"A": np.eye(2), "M": [[0.0, 1.0], [1.0, 0.0]], "reg": 0.1}
BAD = [
    ({"A": [0.5, 0.5]}, ValueError, "A must have two dimensions, points by histograms"),
    ({"A": np.eye(3)}, ValueError, r"as M has rows, 2, got shape \(3, 3\)"),
    ({"A": [[1.0, -0.1], [0.0, 1.1]]}, ValueError, r"A must be finite and >= 0, got A\[0, 1\]"),
    ({"A": [[1.0, 1.0], [0.0, 1.0]]}, ValueError, r"column 1 sums to 2. Divide A by A.sum\(axis=0"),
    ({"weights": [1.0]}, ValueError, "weights must hold 2 finite numbers >= 0"),
    ({"weights": [1.0, -1.0]}, ValueError, "weights must hold 2 finite numbers >= 0"),
    ({"reg": -1.0}, ValueError, "reg must be > 0"),
    ({"debiased": 1}, TypeError, "debiased must be True or False, got 1"),
    ({"debiased": True, "M": [[0.0, 1.0], [2.0, 0.0]]}, ValueError, r"symmetric .* got M\[0, 1\]"),
    ({"debiased": True, "M": np.ones((2, 3))}, ValueError, "M must be square where debiased=True"),
    ({"M": [[np.inf, np.inf], [0.0, 1.0]]}, ValueError, "row 0 has none"),
    (
        {"M": [[0.0, np.inf], [1.0, 0.0]]},
        ValueError,
        "no mass of histogram 0 can reach point 1 of the barycenter",
    ),
    (
        {"debiased": True, "M": np.full((2, 2), np.inf)},
        ValueError,
        "row 0 has none",
    ),
    ({"method": "lp"}, ValueError, "method must be one of"),
    ({"tol": 0}, ValueError, "tol must be > 0"),
]


@pytest.mark.parametrize("change, error, message", BAD)
def test_bad_input_is_refused_in_words(change, error, message):
    with pytest.raises(error, match=message):
        ot.barycenter(**{**GOOD, **change})
