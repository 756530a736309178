"""What the solver promises, over families of problems: bounds, closed forms, zeros, same bits."""

import math

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from optlite import ot

pot = pytest.importorskip("ot", reason="POT is a requirement of the tests")


def squared(X, Y):
    return ((X[:, None] - Y) ** 2).sum(axis=2)


def grid_of_images(rng, cost):
    """Return two images of 6 x 6 pixels, some of them black, and distances of their pixels."""
    places = np.argwhere(np.ones((6, 6))) / 5.0
    a, b = (rng.random(36) * (rng.random(36) < 0.7) for _ in range(2))
    return a / a.sum(), b / b.sum(), cost(places[:, None] - places)


def family(name):
    """Return masses and costs: each family is hard in its own way."""
    rng = np.random.default_rng(0)
    a, b = rng.dirichlet(np.ones(30)), rng.dirichlet(np.ones(25))
    X, Y = rng.random((30, 2)), rng.random((25, 2))
    far_X, far_Y = (Z + 9.0 * (w > 0.03)[:, None] for Z, w in ((X, a), (Y, b)))
    return {
        "random": lambda: (a, b, rng.random((30, 25))),
        "assignment": lambda: (None, None, rng.random((25, 25))),
        "points": lambda: (a, b, squared(X, Y)),
        "far clusters": lambda: (
            a,
            b,
            squared(far_X, far_Y),
        ),
        "ties": lambda: (a, b, rng.integers(0, 3, (30, 25)).astype(float)),
        "images, squared": lambda: grid_of_images(rng, lambda d: (d**2).sum(axis=2)),
        "images, cityblock": lambda: grid_of_images(rng, lambda d: np.abs(d).sum(axis=2)),
        "negative": lambda: (a, b, -squared(X, Y)),
        "every plan costs the same": lambda: (a, b, X[:, :1] + Y[:, 0]),
        "one size beside another": lambda: (a, b, 10.0 ** rng.uniform(-6.0, 0.0, (30, 25))),
        "skewed masses": lambda: (a**8 / (a**8).sum(), b**8 / (b**8).sum(), squared(X, Y)),
    }[name]()


FAMILIES = [
    "random",
    "assignment",
    "points",
    "far clusters",
    "ties",
    "images, squared",
    "images, cityblock",
    "negative",
    "every plan costs the same",
    "one size beside another",
    "skewed masses",
]


@pytest.mark.parametrize("name", FAMILIES)
def test_the_certificate_contains_the_cost_of_the_linear_program(name):
    """At any regularization, of a solution and of a run that was ended early."""
    a, b, M = family(name)
    exact = pot.emd2([] if a is None else a, [] if b is None else b, M)
    scale = np.abs(M).mean()
    widths = []
    for share in (1.0, 1e-1, 1e-2, 1e-3, 1e-4):
        result = ot.solve(a, b, M, share * scale)  # a warning would be an error
        lower, upper = result.certificate
        assert lower <= exact + 1e-12 * scale and exact - 1e-12 * scale <= upper, share
        # The plan is the cheapest where entropy, at most log n, is paid by reg a unit.
        assert upper - lower <= 2.0 * share * scale * np.log(M.size) + 1e-8 * scale
        assert result.cost - exact <= share * scale * np.log(M.size) + 1e-8 * scale
        widths.append(upper - lower)
        if result.n_iter > 2:
            with pytest.warns(ConvergenceWarning):
                early = ot.solve(a, b, M, share * scale, max_iter=2)
            lower, upper = early.certificate
            assert lower <= exact + 1e-12 * scale and exact - 1e-12 * scale <= upper, share
    assert widths[-1] <= 1e-3 * scale


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("method", ["newton", "sinkhorn"])
def test_the_plan_is_that_of_pot_at_moderate_regularization(name, method):
    a, b, M = family(name)
    reg = 0.1 * np.abs(M).mean()
    masses = [np.full(k, 1 / k) if w is None else w for w, k in zip((a, b), M.shape, strict=True)]
    options = {"numItermax": 20_000, "stopThr": 1e-13, "warn": False}
    with np.errstate(divide="ignore"):  # it takes the logarithms of masses that are zero
        theirs = pot.sinkhorn(*masses, M, reg, "sinkhorn_log", **options)
    ours = ot.solve(a, b, M, reg, method, tol=1e-11, max_iter=20_000)
    assert ours.plan == pytest.approx(theirs, rel=1e-8, abs=1e-11)


@pytest.mark.parametrize("reg", [0.05, 0.5, 5.0])
def test_different_gaussians_on_a_grid_have_their_closed_form(reg):
    """The plan between N(0, s^2) and N(m, t^2) is Gaussian, its covariance c solves
    c^2 + reg / 2 c = s^2 t^2 (the precision of exp(2 x y / reg)), and the entropy of a Gaussian is
    known (Mallasto, Gerolin and Minh, Entropy-regularized 2-Wasserstein distance between Gaussian
    measures, 2022; here derived)."""
    s, t, m = 1.0, 0.6, 1.5
    x = np.linspace(-7.0, 7.0, 500)
    h = x[1] - x[0]
    a, b = np.exp(-0.5 * (x / s) ** 2), np.exp(-0.5 * ((x - m) / t) ** 2)
    result = ot.solve_points(x[:, None], x[:, None], a / a.sum(), b / b.sum(), reg=reg)
    c = np.sqrt((s * t) ** 2 + reg**2 / 16) - reg / 4
    cost = m**2 + s**2 + t**2 - 2 * c
    assert result.cost == pytest.approx(cost, rel=1e-6)
    entropy = 1.0 + np.log(2.0 * np.pi) + 0.5 * np.log((s * t) ** 2 - c**2) - 2.0 * np.log(h)
    assert result.value == pytest.approx(cost - reg * entropy, rel=1e-6, abs=1e-6)
    exact = ot.bures_wasserstein([0.0], [[s**2]], [m], [[t**2]]) ** 2
    lower, upper = result.certificate
    assert lower <= exact + 1e-5 and exact - 1e-5 <= upper


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock"])
@pytest.mark.parametrize("reg", [1.0, 0.05, 0.002])
def test_no_distribution_is_away_from_itself(metric, reg):
    """Whatever the order of its points, and the points without mass beside it."""
    rng = np.random.default_rng(1)
    X, a = rng.random((25, 2)), rng.dirichlet(np.ones(25))
    order = rng.permutation(27)
    same = np.vstack([X, [[5.0, 5.0], [0.5, 0.5]]])[order]
    masses = np.append(a, [0.0, 0.0])[order]
    assert abs(ot.sinkhorn_divergence(X, X, a, a, reg, metric).value) <= 1e-9
    assert abs(ot.sinkhorn_divergence(X, same, a, masses, reg, metric).value) <= 1e-9


@pytest.mark.parametrize("n, m", [(1, 1), (3, 200), (200, 150), (500, 500)])
def test_rounded_plans_have_the_sums_asked_for(n, m):
    """To 1e-15 of the mass, all errors together; sums are taken without rounding."""
    rng = np.random.default_rng(2)
    a, b = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
    b *= math.fsum(a) / math.fsum(b)
    rough = a[:, None] * b * rng.lognormal(0.0, 0.5, (n, m))
    for plan in (rough, np.zeros((n, m)), ot.solve(a, b, rng.random((n, m)), 0.1).plan):
        exact = ot.round_to_marginals(plan, a, b)
        error = sum(abs(math.fsum(row) - mass) for row, mass in zip(exact, a, strict=True))
        error += sum(abs(math.fsum(column) - mass) for column, mass in zip(exact.T, b, strict=True))
        assert error <= 1e-15 and exact.min() >= 0.0


def test_points_without_mass_are_exactly_left_out():
    """Even where their costs are infinite, and in float32 and in one-sided problems."""
    rng = np.random.default_rng(3)
    X, Y = rng.random((12, 2)), rng.random((9, 2))
    a, b = rng.random(12) * (np.arange(12) % 3 > 0), rng.random(9) * (np.arange(9) % 4 > 0)
    a, b = a / a.sum(), b / b.sum()
    kept = np.ix_(a > 0.0, b > 0.0)
    small = ot.solve_points(X[a > 0.0], Y[b > 0.0], a[a > 0.0], b[b > 0.0], reg=0.05, tol=1e-12)
    M = squared(X, Y)
    M[a == 0.0] = np.inf
    M[:, b == 0.0] = np.inf
    for result in (
        ot.solve_points(X, Y, a, b, reg=0.05, tol=1e-12),
        ot.solve(a, b, M, 0.05, tol=1e-12),
    ):
        plan = np.array(result.plan)
        assert plan[kept] == pytest.approx(small.plan, rel=1e-9)
        assert result.certificate == pytest.approx(small.certificate, rel=1e-9)
        plan[kept] = 0.0
        assert (plan == 0.0).all() and not np.signbit(plan).any()
    single = ot.solve(a, b, M.astype(np.float32), 0.05)
    assert single.plan.dtype == np.float32 and (single.plan[a == 0.0] == 0.0).all()


def test_gradients_in_positions_of_weighted_points():
    rng = np.random.default_rng(4)
    X, Y = rng.random((6, 2)), rng.random((5, 2)) + 0.2
    a, b = rng.dirichlet(np.ones(6)), rng.dirichlet(np.ones(5))
    options = {"reg": 0.1, "tol": 1e-13}
    transport, divergence = ot.solve_points, ot.sinkhorn_divergence
    found = transport(X, Y, a, b, **options).point_gradients()
    other = divergence(X, Y, a, b, **options)
    pairs = ((transport, found), (divergence, (other.gradient_X, other.gradient_Y)))
    for function, (in_X, in_Y) in pairs:
        for k, d in np.ndindex(2, 2):
            step = np.zeros((6, 2))
            step[k, d] = 1e-5
            ends = [function(X + s, Y, a, b, **options).value for s in (step, -step)]
            assert in_X[k, d] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-8)
            ends = [function(X, Y + s, a, b, **options).value for s in (step[:5], -step[:5])]
            assert in_Y[k, d] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-8)


def test_any_number_of_threads_gives_the_same_bits_of_all_that_is_derived():
    """Newton's steps on a plan that is sparse and on one that is not kept; gradients; the map."""
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(5)
    X, Y = rng.random((200, 2)), rng.random((260, 2))
    M = squared(X, Y)
    found = []
    for count in (1, 2, 3):
        with threadpool_limits(count):
            sharp = ot.solve(None, None, M, 1e-4)
            points = ot.solve_points(X, Y, reg=0.02)
            model = ot.TransportMap(reg=0.02).fit(X, target=Y)
            found.append(
                (
                    *sharp.potentials,
                    sharp.plan,
                    sharp.certificate,
                    *points.potentials,
                    points.certificate,
                    *points.point_gradients(),
                    model.transform(X),
                )
            )
    assert (found[0][2] > 1e-9 / M.size).mean() < 0.15  # so that products were sparse
    for other in found[1:]:
        for x, y in zip(found[0], other, strict=True):
            assert np.array_equal(x, y)


X = [[0.0], [1.0]]
BAD = [
    (lambda: ot.solve(None, None, np.eye(2), -0.0 - 1e-9), ValueError, "reg must be > 0"),
    (lambda: ot.solve(None, None, np.eye(2), np.full(2, 0.1)), TypeError, "reg must be a number"),
    (lambda: ot.solve_points(X, X, reg=-1.0), ValueError, "reg must be > 0 and finite, got -1.0"),
    (lambda: ot.solve([1.0, 1.0], [0.5, 0.5], np.eye(2), 0.1), ValueError, "equal sums"),
    (lambda: ot.solve([np.inf, 1.0], None, np.eye(2), 0.1), ValueError, r"a\[0\] = inf"),
    (lambda: ot.solve(None, None, np.eye(2), 0.1, tol=np.nan), ValueError, "tol must be > 0"),
    (lambda: ot.solve(None, None, np.eye(2), 0.1, tol=-1.0), ValueError, "tol must be > 0"),
    (lambda: ot.solve(None, None, np.eye(2), 0.1, max_iter=-1), ValueError, "max_iter must be"),
    (lambda: ot.solve(None, None, np.eye(2), 0.1, max_iter=True), ValueError, "max_iter must be"),
    (lambda: ot.solve(None, None, np.eye(2), 0.1, annealing=np.inf), ValueError, "annealing must"),
    (lambda: ot.solve(None, None, np.eye(2), 0.1, start=[0.0, np.nan]), ValueError, "start must"),
    (lambda: ot.solve(None, None, np.full((2, 2), np.inf), 0.1), ValueError, "nowhere to go"),
    (lambda: ot.solve_points(X, [[np.inf]]), ValueError, r"Y must be finite, got Y\[0, 0\] = inf"),
    (lambda: ot.solve_points([0.0], X), ValueError, "X must have two dimensions"),
    (lambda: ot.solve_points(np.zeros((0, 1)), X), ValueError, "X must have two dimensions"),
    (lambda: ot.solve_points([["a"]], X), TypeError, "X must hold real numbers"),
    (lambda: ot.solve_points(X, X, [0.5, -0.5]), ValueError, r"a must be finite and >= 0"),
    (lambda: ot.solve_points(X, X, [1.0]), ValueError, r"a must have shape \(2,\)"),
    (lambda: ot.sinkhorn_divergence(X, X, metric="cosine"), ValueError, "metric must be"),
    (lambda: ot.round_to_marginals([[1.0, -1.0]]), ValueError, r"got plan\[0, 1\] = -1.0"),
    (lambda: ot.round_to_marginals([[np.nan]]), ValueError, r"got plan\[0, 0\] = nan"),
    (lambda: ot.round_to_marginals([1.0]), ValueError, "plan must have two dimensions"),
    (lambda: ot.round_to_marginals(np.eye(2), [1.0, 1.0], [1.0, 2.0]), ValueError, "equal sums"),
    (lambda: ot.transport_on_line([[0.0]], [0.0]), ValueError, "x must be a vector of positions"),
    (lambda: ot.transport_on_line([0.0], [0.0], [1.0], [-1.0]), ValueError, "b must be finite"),
    (
        lambda: ot.bures_wasserstein_barycenter([[0.0]], [[[1.0]]], [-1.0]),
        ValueError,
        "weights must hold 1 finite numbers >= 0",
    ),
]


@pytest.mark.parametrize("call, error, message", BAD)
def test_bad_input_of_every_function_is_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()
