"""Unbalanced transport: optimality conditions, closed forms, limits, a peer, gradients."""

import math
import pickle
import warnings

import numpy as np
import pytest
from scipy.special import logsumexp, xlogy
from sklearn.exceptions import ConvergenceWarning

from optlite import ot

PENALTIES = [0.5, (0.2, 3.0), (math.inf, 0.7), (0.7, math.inf)]


def problem(n=20, m=15, seed=0):
    rng = np.random.default_rng(seed)
    a, b = rng.random(n) + 0.1, 2.0 * (rng.random(m) + 0.1)
    M = ((rng.random((n, 2))[:, None] - rng.random((m, 2))[None]) ** 2).sum(axis=2)
    return a / n, b / m, M


def divergence(p, q):
    return (xlogy(p, p) - xlogy(p, q) - p + q).sum()


def objective(P, a, b, M, reg, reg_m, reg_type="kl"):
    """Of any plan, with infinite penalties left out."""
    rho = reg_m if isinstance(reg_m, tuple) else (reg_m, reg_m)
    R = np.outer(a, b) if reg_type == "kl" else np.ones_like(M)
    total = (M * P).sum() + reg * divergence(P, R)
    for weight, sums, masses in ((rho[0], P.sum(axis=1), a), (rho[1], P.sum(axis=0), b)):
        total += weight * divergence(sums, masses) if weight < math.inf else 0.0
    return total


@pytest.mark.parametrize("reg_type", ["kl", "entropy"])
@pytest.mark.parametrize("reg_m", PENALTIES)
@pytest.mark.parametrize("reg", [1.0, 0.05, 1e-3])
def test_the_plan_satisfies_the_optimality_conditions(reg, reg_m, reg_type):
    a, b, M = problem()
    result = ot.solve_unbalanced(a, b, M, reg, reg_m, reg_type=reg_type)  # a warning would fail
    f, g = result.potentials
    R = np.outer(a, b) if reg_type == "kl" else np.ones_like(M)
    assert result.plan == pytest.approx(R * np.exp((f[:, None] + g - M) / reg), rel=1e-9)
    rho = result.reg_m
    rows, columns = result.marginals
    assert result.plan.sum(axis=1) == pytest.approx(rows, rel=1e-12)
    assert np.abs(rows - a * np.exp(-f / rho[0])).sum() <= 1e-12 * result.mass
    assert np.abs(columns - b * np.exp(-g / rho[1])).sum() <= 1.01e-9 * result.mass
    value = objective(result.plan, a, b, M, reg, reg_m, reg_type)
    assert result.value == pytest.approx(value, rel=1e-8)
    assert result.relative_gap < 1e-8


def test_no_plan_near_by_is_better():
    """Stationarity by differences, which knows nothing of potentials."""
    a, b, M = problem(6, 5)
    for reg_m in (0.5, (0.2, 3.0)):
        P = ot.solve_unbalanced(a, b, M, 0.1, reg_m, tol=1e-12).plan
        for i, j in ((0, 0), (3, 2), (5, 4)):
            step = np.zeros_like(P)
            step[i, j] = 1e-5 * P[i, j]
            change = [objective(P + s * step, a, b, M, 0.1, reg_m) for s in (1.0, -1.0)]
            assert (change[0] - change[1]) / 2e-5 == pytest.approx(0.0, abs=1e-7 * P[i, j] + 1e-11)


@pytest.mark.parametrize("reg_type", ["kl", "entropy"])
@pytest.mark.parametrize("reg_m", PENALTIES)
def test_the_plan_is_that_of_pot(reg_m, reg_type):
    pot = pytest.importorskip("ot", reason="POT is a requirement of the tests")
    a, b, M = problem()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that ones replace the product of a and b
        theirs = pot.unbalanced.sinkhorn_unbalanced(
            a, b, M, 0.1, reg_m, reg_type=reg_type, numItermax=100_000, stopThr=1e-15
        )
    result = ot.solve_unbalanced(a, b, M, 0.1, reg_m, reg_type=reg_type, tol=1e-12)
    assert result.plan == pytest.approx(theirs, rel=1e-8, abs=1e-12)
    assert result.value == pytest.approx(objective(theirs, a, b, M, 0.1, reg_m, reg_type), rel=1e-8)


def test_one_atom_has_a_closed_form():
    """The mass p minimises c p + reg KL(p | a b) + rho (KL(p | a) + KL(p | b)): its logarithm is a
    mean of logarithms, less the cost."""
    a, b, c, reg, rho = 2.0, 0.3, 1.5, 0.25, 4.0
    log_mass = (reg * np.log(a * b) + rho * np.log(a) + rho * np.log(b) - c) / (reg + 2.0 * rho)
    result = ot.solve_unbalanced([a], [b], [[c]], reg, rho)
    assert result.mass == pytest.approx(np.exp(log_mass), rel=1e-12)
    # A source that must send all of it, and a target that adapts.
    assert ot.solve_unbalanced([a], [b], [[c]], reg, (math.inf, rho)).mass == pytest.approx(a)


def test_a_high_price_is_balanced_transport():
    a, b, M = problem()
    b *= a.sum() / b.sum()
    balanced = ot.solve(a, b, M, 0.02)
    differences = []
    for rho in (1e2, 1e4, 1e6):
        result = ot.solve_unbalanced(a, b, M, 0.02, rho)
        differences.append(np.abs(result.plan - balanced.plan).sum())
    assert differences[0] > differences[1] > differences[2] and differences[2] < 1e-5
    exact = ot.solve_unbalanced(a, b, M, 0.02, math.inf)
    assert exact.plan == pytest.approx(balanced.plan, rel=1e-11)
    assert exact.reg_m == (math.inf, math.inf)
    assert exact.value == pytest.approx(
        objective(exact.plan, a, b, M, 0.02, (math.inf, math.inf)), rel=1e-8
    )
    assert exact.gap == pytest.approx(balanced.gap, abs=1e-12)
    with pytest.raises(ValueError, match="equal sums"):
        ot.solve_unbalanced(a, 2.0 * b, M, 0.02, math.inf)


def test_invariant_scalings_do_not_wait_for_the_mass():
    """Plain scalings contract along the constants by rho^2 / (rho + reg)^2 only."""
    a, b, M = problem()
    result = ot.sinkhorn_unbalanced(a, b, M, 0.2, 1e4)
    assert result.converged and result.n_newton == 0 and result.n_iter < 60
    f, g = np.zeros(a.size), np.zeros(b.size)  # the plain ones, on potentials
    share = 1e4 / (1e4 + 0.2)
    for _ in range(300):
        f = -share * 0.2 * logsumexp((g - M) / 0.2, axis=1, b=b)
        g = -share * 0.2 * logsumexp((f[:, None] - M) / 0.2, axis=0, b=a[:, None])
    plain = np.outer(a, b) * np.exp((f[:, None] + g - M) / 0.2)
    assert np.abs(plain.sum() - result.mass) > 1e-3  # far from done


@pytest.mark.parametrize("engine", ["core", "numpy"])
@pytest.mark.parametrize("reg", [1e-2, 1e-4])
def test_small_regularizations_converge_and_the_certificate_closes(reg, engine):
    a, b, M = problem(25, 30, seed=3)
    result = ot.solve_unbalanced(a, b, M, reg * M.max(), 0.3, engine=engine)
    lower, upper = result.certificate
    assert result.converged and result.n_iter < 200
    assert lower <= upper and upper - lower <= 4.0 * reg * result.mass * np.log(M.size)
    # Without regularization this is a convex program in the plan; its dual is smooth.
    assert lower - 1e-9 <= unregularized(a, b, M, 0.3) <= upper + 1e-9


def unregularized(a, b, M, rho):
    """The dual maximum, over f with g the largest that f allows."""
    from scipy.optimize import minimize

    n, m = M.shape

    def negative(z):
        f, g = z[:n], z[n:]
        value = rho * (a @ np.expm1(-f / rho) + b @ np.expm1(-g / rho))
        return value, -np.concatenate([a * np.exp(-f / rho), b * np.exp(-g / rho)])

    A = np.hstack([np.kron(np.eye(n), np.ones((m, 1))), np.kron(np.ones((n, 1)), np.eye(m))])
    found = minimize(
        negative, np.zeros(n + m), jac=True, method="SLSQP",
        options={"maxiter": 400, "ftol": 1e-14},
        constraints={"type": "ineq", "fun": lambda z: M.ravel() - A @ z, "jac": lambda z: -A},
    )  # fmt: skip
    assert found.success
    return -found.fun


@pytest.mark.parametrize("reg_m", PENALTIES)
def test_core_and_twin_take_the_same_path(reg_m):
    a, b, M = problem(12, 9)
    runs = [
        ot.solve_unbalanced(a, b, M, 0.005, reg_m, engine=engine, trace=True)
        for engine in ("core", "numpy")
    ]
    assert len(runs[0].trace) == len(runs[1].trace) > 5 and runs[0].n_newton > 0
    for core_record, twin_record in zip(runs[0].trace, runs[1].trace, strict=True):
        assert core_record.f == pytest.approx(twin_record.f, rel=1e-7, abs=1e-8)
        assert core_record.g == pytest.approx(twin_record.g, rel=1e-7, abs=1e-8)
        assert core_record.value == pytest.approx(twin_record.value, rel=1e-9)
    assert runs[0].plan == pytest.approx(runs[1].plan, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("reg_type", ["kl", "entropy"])
@pytest.mark.parametrize("reg_m", PENALTIES)
def test_gradients_are_those_of_finite_differences(reg_m, reg_type):
    a, b, M = problem(6, 5)
    rng = np.random.default_rng(1)

    def value(a, b, M):
        return ot.solve_unbalanced(a, b, M, 0.1, reg_m, reg_type=reg_type, tol=1e-13).value

    result = ot.solve_unbalanced(a, b, M, 0.1, reg_m, reg_type=reg_type, tol=1e-13)
    in_a, in_b, in_M = result.gradient()
    for k, (found, at) in enumerate(zip((in_a, in_b, in_M), (a, b, M), strict=True)):
        d = 1e-5 * rng.normal(size=at.shape)
        ends = [
            value(*(x + s * d if i == k else x for i, x in enumerate((a, b, M)))) for s in (1, -1)
        ]
        assert (found * d).sum() == pytest.approx((ends[0] - ends[1]) / 2.0, rel=1e-6, abs=1e-13)


def test_gradients_of_infinite_penalties_are_for_balanced_changes():
    a, b, M = problem(6, 5)
    b *= a.sum() / b.sum()
    exact = ot.solve_unbalanced(a, b, M, 0.1, math.inf, tol=1e-13).gradient()[0]
    d = np.random.default_rng(2).normal(size=6)
    d = 1e-5 * (d - d.mean())
    ends = [ot.solve_unbalanced(a + s * d, b, M, 0.1, math.inf, tol=1e-13).value for s in (1, -1)]
    assert exact @ d == pytest.approx((ends[0] - ends[1]) / 2.0, rel=1e-5)
    assert exact.mean() == pytest.approx(0.0, abs=1e-14)


@pytest.mark.parametrize("reg_m", [0.3, math.inf])
def test_points_give_what_their_matrix_gives(reg_m):
    rng = np.random.default_rng(3)
    X, Y = rng.random((30, 3)), rng.random((20, 3))
    for metric, M in (
        ("sqeuclidean", ((X[:, None] - Y) ** 2).sum(axis=2)),
        ("cityblock", np.abs(X[:, None] - Y).sum(axis=2)),
    ):
        expected = ot.solve_unbalanced(None, None, M, 0.01, reg_m)
        for choice in (metric, lambda X, Y, M=M: M):
            found = ot.solve_unbalanced_points(X, Y, reg=0.01, reg_m=reg_m, metric=choice)
            assert found.plan == pytest.approx(expected.plan, rel=1e-6, abs=1e-12)
            assert found.certificate == pytest.approx(expected.certificate, rel=1e-7)


def test_threads_and_layouts_change_no_bit(n_threads):
    a, b, M = problem(350, 400)  # enough work for several parts
    result = ot.solve_unbalanced(a, b, np.asfortranarray(M), 0.05, 0.5, tol=1e-5)
    expected = EXPECTED.setdefault("all", result)
    assert np.array_equal(result.plan, expected.plan)
    assert result.certificate == expected.certificate and result.gap == expected.gap


EXPECTED = {}


def test_costs_in_single_precision_give_such_a_plan():
    a, b, M = problem()
    single = ot.solve_unbalanced(a, b, M.astype(np.float32), 0.01, 0.5)
    assert single.plan.dtype == np.float32 and single.relative_gap < 1e-8
    assert single.plan == pytest.approx(ot.solve_unbalanced(a, b, M, 0.01, 0.5).plan, rel=1e-4)


def test_no_mass_stays_exactly_zero_and_forbidden_links_carry_nothing():
    a, b, M = problem(10, 8)
    a[[0, 4]], b[7] = 0.0, 0.0
    M[1, 2] = np.inf
    result = ot.solve_unbalanced(a, b, M, 0.05, 0.5)
    assert (result.plan[[0, 4]] == 0.0).all() and (result.plan[:, 7] == 0.0).all()
    assert result.plan[1, 2] == 0.0 and np.isfinite(result.cost) and result.relative_gap < 1e-8
    assert np.isneginf(result.potentials[0][[0, 4]]).all()
    assert result.marginals[0][0] == 0.0 and np.isnan(result.gradient()[1][7])
    small = ot.solve_unbalanced(a[a > 0], b[:7], M[a > 0, :7], 0.05, 0.5)
    assert result.plan[np.ix_(a > 0, b > 0)] == pytest.approx(small.plan, rel=1e-11)


def test_a_price_far_above_the_regularization():
    """Potentials are then some thousand times the costs, and only their sum makes the plan."""
    rng = np.random.default_rng(2)
    for reg_m in (1e4, (math.inf, 5e3), (5e3, math.inf)):
        a, b, M = rng.exponential(size=4), rng.exponential(size=11), rng.random((4, 11))
        result = ot.solve_unbalanced(a, b, M, 1e-4, reg_m)
        assert result.converged and result.marginal_error <= 1e-9 * result.mass
        assert np.abs(result.potentials[0]).max() > 100.0 and result.relative_gap < 1e-9
        plan = result.plan.sum(axis=0)
        assert plan == pytest.approx(result.marginals[1], rel=1e-7)


def test_masses_and_costs_of_any_size():
    a, b, M = problem()
    expected = ot.solve_unbalanced(a, b, M, 0.01, 0.3, reg_type="entropy")
    for cost in (1e-150, 1e150):
        found = ot.solve_unbalanced(a, b, cost * M, 0.01 * cost, 0.3 * cost, reg_type="entropy")
        assert found.converged and found.plan == pytest.approx(expected.plan, rel=1e-6)
    destroyed = ot.solve_unbalanced(a, b, M + 1e6, 0.01, 0.3)
    assert destroyed.converged and destroyed.mass < 1e-300
    assert destroyed.value == pytest.approx(
        0.01 * a.sum() * b.sum() + 0.3 * (a.sum() + b.sum()), rel=1e-12
    )


def test_a_callback_a_trace_and_an_early_end():
    a, b, M = problem()

    def stop(record):
        if record.iteration == 2:
            raise StopIteration

    result = ot.solve_unbalanced(a, b, M, 1e-3, 0.3, callback=stop)
    assert result.status == "stopped" and result.n_iter == 2 and result.trace is None
    # What it says is about the regularization that was asked for, and true.
    assert result.value <= objective(result.plan, a, b, M, 1e-3, 0.3) and result.gap > 0.0
    with pytest.warns(
        ConvergenceWarning, match=r"after 2 iterations \(iteration_limit\).*max_iter"
    ):
        ot.solve_unbalanced(a, b, M, 1e-3, 0.3, max_iter=2)
    traced = ot.solve_unbalanced(a, b, M, 1e-3, 0.3, trace=True)
    assert [record.iteration for record in traced.trace] == list(range(traced.n_iter + 1))
    assert traced.trace[0].reg > traced.trace[-1].reg == 1e-3
    copy = pickle.loads(pickle.dumps(traced))
    assert np.array_equal(copy.plan, traced.plan) and repr(copy).startswith("UnbalancedResult(20 x")


GOOD = {"a": [0.5, 0.5], "b": [0.5, 0.7], "M": [[0.0, 1.0], [1.0, 0.0]], "reg": 0.1, "reg_m": 1.0}
BAD = [
    ({"a": [0.5, -0.5]}, ValueError, r"a must be finite and >= 0, got a\[1\] = -0.5"),
    ({"b": [0.0, 0.0]}, ValueError, "b must have a positive sum"),
    ({"a": [1.0]}, ValueError, r"a must have shape \(2,\) to fit the costs"),
    ({"M": [[0.0, np.nan], [1.0, 0.0]]}, ValueError, r"M must not hold NaN, got M\[0, 1\]"),
    ({"M": [[np.inf, np.inf], [1.0, 0.0]]}, ValueError, "row 0 has none"),
    ({"reg": 0.0}, ValueError, "reg must be > 0 and finite, got 0.0"),
    ({"reg": "x"}, TypeError, "reg must be a number"),
    ({"reg_m": 0.0}, ValueError, "reg_m must be > 0, got 0.0.*no mass would move"),
    ({"reg_m": -1}, ValueError, "reg_m must be > 0, got -1"),
    ({"reg_m": np.nan}, ValueError, "reg_m must be > 0, got nan"),
    ({"reg_m": (1.0, np.nan)}, ValueError, r"reg_m must be > 0, got \(1.0, nan\)"),
    (
        {"start": [0.0, 0.0]},
        TypeError,
        "solve_unbalanced has no option 'start'. Options are: method",
    ),
    ({"reg_m": (1, 2, 3)}, ValueError, "reg_m must be a number or a pair"),
    ({"reg_m": "x"}, TypeError, "reg_m must be a number"),
    ({"reg_type": "l2"}, ValueError, 'reg_type must be "kl" or "entropy"'),
    ({"method": "lbfgs"}, ValueError, "method must be one of"),
    ({"tol": 0.0}, ValueError, "tol must be > 0"),
    ({"max_iter": 1.5}, ValueError, "max_iter must be an integer"),
    ({"annealing": 0.5}, ValueError, "annealing must be >= 1"),
    ({"engine": "gpu"}, ValueError, "engine must be one of"),
    ({"callback": 3}, TypeError, "callback must be callable"),
]


@pytest.mark.parametrize("change, error, message", BAD)
def test_bad_input_is_refused_in_words(change, error, message):
    with pytest.raises(error, match=message):
        ot.solve_unbalanced(**{**GOOD, **change})


def test_the_gap_of_no_number_is_no_number():
    """It was said to be zero."""
    M = 1e308 * np.array([[0.0, 1.0], [1.0, 0.5]])
    for solve in (
        lambda: ot.solve_unbalanced(None, None, M, 0.1, 1.0),
        lambda: ot.solve_partial(None, None, M, 0.1, 0.5),
    ):
        with pytest.warns(ConvergenceWarning, match="not_finite"):
            result = solve()
        assert np.isnan(result.value) and np.isnan(result.gap) and np.isnan(result.relative_gap)
