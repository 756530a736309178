"""Partial transport and pooling: bounds kept, the linear program, a peer, gradients."""

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.special import xlogy
from sklearn.exceptions import ConvergenceWarning

from optlite import ot


def problem(n=20, m=15, seed=0):
    rng = np.random.default_rng(seed)
    a, b = rng.random(n) + 0.1, 1.5 * (rng.random(m) + 0.1)
    M = ((rng.random((n, 2))[:, None] - rng.random((m, 2))[None]) ** 2).sum(axis=2)
    return a / n, b / m, M


def linear_program(a, b, M, mass):
    n, m = M.shape
    sums = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    solved = linprog(M.ravel(), sums, np.concatenate([a, b]), np.ones((1, n * m)), np.array([mass]))
    assert solved.status == 0
    return solved.fun


@pytest.mark.parametrize("share", [0.1, 0.6, 0.99, 1.0])
@pytest.mark.parametrize("reg", [1.0, 0.05, 1e-3])
def test_the_plan_satisfies_the_optimality_conditions(reg, share):
    a, b, M = problem()
    mass = share * min(a.sum(), b.sum())
    result = ot.solve_partial(a, b, M, reg, mass)  # a warning would be an error
    P, (f, g), t = result.plan, result.potentials, result.multiplier
    expected = np.exp((f[:, None] + g + t - M) / reg)
    assert result.plan == pytest.approx(expected, rel=1e-9, abs=1e-300)
    assert P.sum() == pytest.approx(mass, rel=1e-11)
    assert (P.sum(axis=1) <= a * (1 + 1e-12)).all()
    assert np.maximum(P.sum(axis=0) - b, 0.0).sum() <= 1.01e-9 * mass
    assert (f <= 0.0).all() and (g <= 0.0).all()
    # Complementary slackness: a potential below zero, or room, not both.
    assert np.abs(f * (a - P.sum(axis=1))).max() <= 1e-12
    assert np.abs(g * (b - P.sum(axis=0))).sum() <= 1e-8
    value = (M * P).sum() + reg * xlogy(P, P).sum()
    assert result.value == pytest.approx(value, rel=1e-7, abs=1e-9)
    assert result.gap <= 1e-8


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_the_plan_is_that_of_pot(share):
    pot = pytest.importorskip("ot", reason="POT is a requirement of the tests")
    a, b, M = problem()
    mass = share * min(a.sum(), b.sum())
    theirs = pot.partial.entropic_partial_wasserstein(a, b, M, 0.1, mass, numItermax=2000)
    result = ot.solve_partial(a, b, M, 0.1, mass, tol=1e-12)
    assert result.plan == pytest.approx(theirs, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("share", [0.2, 0.7, 1.0])
def test_the_certificate_closes_on_the_linear_program(share):
    a, b, M = problem(seed=1)
    mass = share * min(a.sum(), b.sum())
    exact, widths = linear_program(a, b, M, mass), []
    for reg in (1e-1, 1e-2, 1e-3, 1e-4):
        result = ot.solve_partial(a, b, M, reg, mass)
        lower, upper = result.certificate
        assert lower - 1e-10 <= exact <= upper + 1e-10
        widths.append(upper - lower)
        # What entropy can be worth.
        assert upper - lower <= 2.0 * reg * mass * np.log(M.size)
    assert widths == sorted(widths, reverse=True)
    assert result.cost == pytest.approx(exact, abs=1e-4 * mass)


def test_a_cap_that_is_not_reached_has_no_potential():
    """A stage at a larger regularization leaves one there; a column that gets nothing does not
    show it in any sum, but in the gap."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b, M = 2.0 * rng.exponential(size=11), 2.0 * rng.exponential(size=3), rng.random((11, 3))
        result = ot.solve_partial(a, b, M, 5e-4, 0.2 * min(a.sum(), b.sum()))
        assert result.gap <= 1e-8
        slack = b - result.marginals[1]
        assert np.abs(result.potentials[1] * slack).sum() <= 1e-8


def test_all_of_the_mass_is_balanced_transport():
    a, b, M = problem()
    b *= a.sum() / b.sum()
    result, balanced = ot.solve_partial(a, b, M, 0.02), ot.solve(a, b, M, 0.02)
    assert result.plan == pytest.approx(balanced.plan, rel=1e-6, abs=1e-11)
    assert result.value == pytest.approx(balanced.value, rel=1e-8)


def test_little_mass_is_spread_as_without_caps():
    """No cap is reached: the plan is proportional to exp(-M / reg)."""
    a, b, M = problem()
    result = ot.solve_partial(a, b, M, 1.0, 1e-4)
    assert result.plan == pytest.approx(1e-4 * np.exp(-M) / np.exp(-M).sum(), rel=1e-10)
    assert (result.potentials[0] == 0.0).all() and (result.potentials[1] == 0.0).all()


@pytest.mark.parametrize("share", [0.6, 0.9])
def test_core_and_twin_take_the_same_path(share):
    a, b, M = problem(12, 9)
    mass = share * min(a.sum(), b.sum())
    runs = [
        ot.solve_partial(a, b, M, 0.002, mass, engine=engine, trace=True)
        for engine in ("core", "numpy")
    ]
    assert len(runs[0].trace) == len(runs[1].trace) > 5 and runs[0].n_newton > 0
    for core_record, twin_record in zip(runs[0].trace, runs[1].trace, strict=True):
        assert core_record.f == pytest.approx(twin_record.f, rel=1e-7, abs=1e-8)
        assert core_record.g == pytest.approx(twin_record.g, rel=1e-7, abs=1e-8)
        assert core_record.value == pytest.approx(twin_record.value, rel=1e-9)


def test_scalings_alone_find_the_same_plan():
    a, b, M = problem()
    scaled = ot.solve_partial(a, b, M, 0.05, 0.4, method="sinkhorn", max_iter=20_000)
    assert scaled.n_newton == 0
    assert scaled.plan == pytest.approx(ot.solve_partial(a, b, M, 0.05, 0.4).plan, abs=1e-9)


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_gradients_are_those_of_finite_differences(share):
    a, b, M = problem(6, 5)
    mass = share * min(a.sum(), b.sum())
    rng = np.random.default_rng(1)
    given = a, b, M, mass

    def value(a, b, M, mass):
        return ot.solve_partial(a, b, M, 0.1, mass, tol=1e-13).value

    found = ot.solve_partial(a, b, M, 0.1, mass, tol=1e-13).gradient()
    for k, at in enumerate(given):
        d = 1e-5 * rng.normal(size=np.shape(at))
        ends = [
            value(*(x + s * d if i == k else x for i, x in enumerate(given))) for s in (1.0, -1.0)
        ]
        change = np.sum(found[k] * d)
        assert change == pytest.approx((ends[0] - ends[1]) / 2.0, rel=1e-5, abs=1e-12)


def test_points_give_what_their_matrix_gives():
    rng = np.random.default_rng(3)
    X, Y = rng.random((30, 3)), rng.random((20, 3))
    M = np.sqrt(((X[:, None] - Y) ** 2).sum(axis=2))
    expected = ot.solve_partial(None, None, M, 0.01, 0.5)
    for metric in ("euclidean", lambda X, Y: M):
        found = ot.solve_partial_points(X, Y, reg=0.01, mass=0.5, metric=metric)
        assert found.plan == pytest.approx(expected.plan, rel=1e-6, abs=1e-12)
        assert found.certificate == pytest.approx(expected.certificate, rel=1e-7)


def test_threads_and_layouts_change_no_bit(n_threads):
    a, b, M = problem(350, 400)  # enough work for several parts
    result = ot.solve_partial(a, b, np.asfortranarray(M), 0.05, 0.5, tol=1e-5)
    expected = EXPECTED.setdefault("all", result)
    assert np.array_equal(result.plan, expected.plan)
    assert result.certificate == expected.certificate and result.gap == expected.gap


EXPECTED = {}


def test_costs_in_single_precision_give_such_a_plan():
    a, b, M = problem()
    single = ot.solve_partial(a, b, M.astype(np.float32), 0.01, 0.4)
    assert single.plan.dtype == np.float32
    expected = ot.solve_partial(a, b, M, 0.01, 0.4).plan
    assert single.plan == pytest.approx(expected, rel=1e-4, abs=1e-12)


def test_no_mass_stays_exactly_zero_and_forbidden_links_carry_nothing():
    a, b, M = problem(10, 8)
    a[[0, 4]], b[7] = 0.0, 0.0
    M[1, 2] = np.inf
    result = ot.solve_partial(a, b, M, 0.05, 0.2)
    assert (result.plan[[0, 4]] == 0.0).all() and (result.plan[:, 7] == 0.0).all()
    assert result.plan[1, 2] == 0.0 and result.converged and np.isfinite(result.cost)
    assert np.isneginf(result.potentials[0][[0, 4]]).all()


def test_an_early_end_is_said():
    a, b, M = problem()
    with pytest.warns(ConvergenceWarning, match=r"Partial transport stopped after 2 iterations"):
        result = ot.solve_partial(a, b, M, 1e-3, 0.4, max_iter=2)
    assert result.gap > 0.0 and result.certificate[0] <= linear_program(a, b, M, 0.4) + 1e-10
    assert repr(result).startswith("PartialResult(20 x 15, reg=0.001")


@pytest.mark.parametrize(
    "mass, error, message",
    [
        (0.0, ValueError, "mass must be > 0 and at most the smaller"),
        (2.0, ValueError, r"sum\(a\) = 1 and sum\(b\) = 1, got 2.0"),
        (np.nan, ValueError, "mass must be > 0"),
        ("x", TypeError, "mass must be a number"),
    ],
)
def test_bad_masses_are_refused_in_words(mass, error, message):
    with pytest.raises(error, match=message):
        ot.solve_partial(None, None, np.eye(2), 0.1, mass)


def pooling_problem():
    rng = np.random.default_rng(5)
    return rng.random((12, 4)), rng.dirichlet(np.ones(12))


@pytest.mark.parametrize("reg", [1.0, 0.05, 1e-3, 1e-5])
@pytest.mark.parametrize("mass", [1e-6, 0.3, 1.0 - 1e-6])
def test_pooling_satisfies_its_optimality_conditions(reg, mass):
    """P_ij = exp((u_i + t - M_ij) / reg) and r_i = exp(u_i / reg)."""
    M, a = pooling_problem()
    result = ot.pooling_weights(M, reg, mass, a)
    P, r = result.plan, result.residual
    assert abs(result.mass_error) <= 1e-13 and P.sum() == pytest.approx(mass, rel=1e-9)
    assert P.sum(axis=1) + r == pytest.approx(a, rel=1e-12)
    assert result.weights.sum() == pytest.approx(1.0, rel=1e-9)
    seen = (P > 1e-200) & (r > 1e-200)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        multipliers = reg * (np.log(P) - np.log(r)[:, None]) + M
    assert multipliers[seen] == pytest.approx(result.multiplier, abs=1e-11 + 1e-9 * reg)
    value = (M * P).sum() + reg * (xlogy(P, P).sum() - P.sum() + xlogy(r, r).sum() - r.sum())
    assert result.value == pytest.approx(value, rel=1e-9)


def test_pooling_is_what_its_paper_iterates_to():
    M, a = pooling_problem()
    a = np.full(12, 1 / 12)
    kernel, scale = np.exp(-M / 0.2).sum(axis=1), 0.4
    for _ in range(500):
        scale = 0.4 / (a / (1.0 + scale * kernel) * kernel).sum()
    expected = a * scale * kernel / (1.0 + scale * kernel) / 0.4
    assert ot.pooling_weights(M, 0.2, 0.4).weights == pytest.approx(expected, rel=1e-10)
    twin = ot.pooling_weights(M, 0.2, 0.4, engine="numpy")
    assert twin.weights == pytest.approx(expected, rel=1e-10)
    # Almost all of the mass: the mean.
    assert ot.pooling_weights(M, 0.2, 1.0 - 1e-9).weights == pytest.approx(a, rel=1e-7)


def test_pooling_for_a_small_regularization_takes_the_nearest_features():
    M = np.array([[0.3], [0.1], [0.2], [0.4]])
    weights = ot.pooling_weights(M, 1e-4, 0.5 + 1e-9).weights
    assert weights == pytest.approx([0.0, 0.5, 0.5, 0.0], abs=1e-6)
    single = ot.pooling_weights(M.astype(np.float32), 0.1, 0.5)
    assert single.plan.dtype == np.float32
    assert single.weights == pytest.approx(ot.pooling_weights(M, 0.1, 0.5).weights, rel=1e-5)


def test_the_gradient_of_pooling():
    M, a = pooling_problem()
    rng = np.random.default_rng(6)
    upstream, d = rng.normal(size=12), 1e-6 * rng.normal(size=M.shape)
    gradient = ot.pooling_weights(M, 0.1, 0.4, a).gradient(upstream)
    ends = [upstream @ ot.pooling_weights(M + s * d, 0.1, 0.4, a).weights for s in (1, -1)]
    assert (gradient * d).sum() == pytest.approx((ends[0] - ends[1]) / 2.0, rel=1e-6)
    with pytest.raises(ValueError, match=r"upstream must have shape \(12,\)"):
        ot.pooling_weights(M, 0.1, 0.4, a).gradient([1.0])


def test_bad_input_of_pooling_is_refused_in_words():
    for mass in (0.0, 1.0, -0.5, np.nan):
        with pytest.raises(ValueError, match="mass must be > 0 and less than the sum of a, 1"):
            ot.pooling_weights(np.eye(2), 0.1, mass)
    with pytest.raises(ValueError, match="reg must be > 0"):
        ot.pooling_weights(np.eye(2), 0.0, 0.5)
    with pytest.raises(ValueError, match="M must not hold NaN"):
        ot.pooling_weights([[np.nan]], 0.1, 0.5)
    for M, reg in (([[0.0], [1.0]], 1e-320), ([[1e308], [-1e308]], 0.1)):  # it returned NaN
        for engine in ("core", "numpy"):
            with pytest.raises(ValueError, match="M / reg must not overflow"):
                ot.pooling_weights(M, reg, 0.5, engine=engine)
    zero = ot.pooling_weights([[0.0], [0.1], [0.2]], 0.1, 0.5, a=[0.5, 0.0, 0.5])
    assert zero.weights[1] == 0.0 and zero.residual[1] == 0.0 and (zero.gradient([1, 2, 3])[1] == 0)
