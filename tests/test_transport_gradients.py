"""Derivatives of transport against finite differences, and the divergence against its theorems."""

import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from optlite import ot


def problem(n=6, m=5, seed=0):
    rng = np.random.default_rng(seed)
    a, b = rng.random(n) + 0.2, rng.random(m) + 0.2
    return a / a.sum(), b / b.sum(), rng.random((n, m))


def along(function, direction, step=1e-5):
    """Central difference; its error is of the order of step squared."""
    return (function(step * direction) - function(-step * direction)) / (2.0 * step)


def balanced(rng, size):
    direction = rng.normal(size=size)
    return direction - direction.mean()


@pytest.mark.parametrize("of", ["value", "cost", "other"])
@pytest.mark.parametrize("reg", [0.5, 0.05])
def test_gradients_are_those_of_finite_differences(of, reg):
    a, b, M = problem()
    rng = np.random.default_rng(1)
    W = rng.normal(size=M.shape)

    def number(a, b, M):
        result = ot.solve(a, b, M, reg, tol=1e-14)
        return (result.plan * W).sum() if of == "other" else getattr(result, of)

    result = ot.solve(a, b, M, reg, tol=1e-14)
    in_a, in_b, in_M = result.gradient(W if of == "other" else of)
    for _ in range(3):
        d = balanced(rng, a.size)
        assert in_a @ d == pytest.approx(
            along(lambda s: number(a + s, b, M), d), rel=1e-5, abs=1e-7
        )
        d = balanced(rng, b.size)
        assert in_b @ d == pytest.approx(
            along(lambda s: number(a, b + s, M), d), rel=1e-5, abs=1e-7
        )
        d = rng.normal(size=M.shape)
        found = along(lambda s: number(a, b, M + s), d)
        assert (in_M * d).sum() == pytest.approx(found, rel=1e-5, abs=1e-7)


def test_masses_and_links_that_are_not_there_have_no_gradient():
    a, b, M = problem(5, 4)
    a = np.append(a, 0.0)
    M = np.vstack([M, np.ones(4)])
    M[0, 1] = np.inf
    in_a, in_b, in_M = ot.solve(a, b, M, 0.1).gradient("cost")
    assert np.isnan(in_a[5]) and np.isfinite(in_a[:5]).all() and np.isfinite(in_b).all()
    assert in_M[0, 1] == 0.0 and (in_M[5] == 0.0).all() and np.isfinite(in_M).all()
    with pytest.raises(ValueError, match="of must be"):
        ot.solve(a, b, M, 0.1).gradient("costs")
    with pytest.raises(ValueError, match=r"shape of the plan, \(6, 4\), got \(2,\)"):
        ot.solve(a, b, M, 0.1).gradient([1.0, 2.0])


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock"])
def test_gradients_in_positions(metric):
    rng = np.random.default_rng(2)
    X, Y = rng.random((7, 2)), rng.random((5, 2))
    in_X, in_Y = ot.solve_points(X, Y, reg=0.1, metric=metric).point_gradients()
    divergence = ot.sinkhorn_divergence(X, Y, reg=0.1, metric=metric)
    d, e = rng.normal(size=X.shape), rng.normal(size=Y.shape)

    def value(function, X, Y):
        return function(X, Y, reg=0.1, metric=metric, tol=1e-13).value

    for function, gradient_X, gradient_Y in (
        (ot.solve_points, in_X, in_Y),
        (ot.sinkhorn_divergence, divergence.gradient_X, divergence.gradient_Y),
    ):
        found = along(lambda s, f=function: value(f, X + s, Y), d)
        assert (gradient_X * d).sum() == pytest.approx(found, rel=1e-5, abs=1e-7)
        found = along(lambda s, f=function: value(f, X, Y + s), e)
        assert (gradient_Y * e).sum() == pytest.approx(found, rel=1e-5, abs=1e-7)


POINTS = {
    "transport": (ot.solve_points, {}),
    "unbalanced": (ot.solve_unbalanced_points, {"reg_m": 0.5}),
    "half unbalanced": (ot.solve_unbalanced_points, {"reg_m": (np.inf, 0.5)}),
    "partial": (ot.solve_partial_points, {"mass": 0.6}),
}


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock"])
@pytest.mark.parametrize("kind", POINTS)
def test_gradients_of_problems_of_points(kind, metric):
    """In masses, where they are free, and in positions, of weighted points."""
    function, more = POINTS[kind]
    rng = np.random.default_rng(5)
    a, b, _ = problem(7, 5)
    given = {"X": rng.random((7, 2)), "Y": rng.random((5, 2)), "a": a, "b": b}

    def solve(**change):
        return function(**{**given, **change}, reg=0.1, metric=metric, tol=1e-13, **more)

    result = solve()
    found = dict(zip("ab", result.gradient(), strict=False))
    found["X"], found["Y"] = result.point_gradients()
    for name, gradient in found.items():
        d = rng.normal(size=gradient.shape)
        if name in "ab" and kind == "transport":
            d -= d.mean()
        change = along(lambda s, k=name: solve(**{k: given[k] + s}).value, d)
        assert (gradient * d).sum() == pytest.approx(change, rel=1e-5, abs=1e-7), name


@pytest.mark.parametrize("of", ["cost", "other"])
def test_implicit_gradients_in_positions(of):
    """Of numbers that the plan decides: it moves with the points, too."""
    rng = np.random.default_rng(6)
    X, Y, W = rng.random((7, 2)), rng.random((5, 2)), rng.normal(size=(7, 5))

    def number(X, Y):
        result = ot.solve_points(X, Y, reg=0.1, tol=1e-14)
        return (result.plan * W).sum() if of == "other" else result.cost

    result = ot.solve_points(X, Y, reg=0.1, tol=1e-14)
    in_X, in_Y = result.point_gradients(W if of == "other" else of)
    for gradient, at, move in (
        (in_X, X, lambda s: number(X + s, Y)),
        (in_Y, Y, lambda s: number(X, Y + s)),
    ):
        d = rng.normal(size=at.shape)
        assert (gradient * d).sum() == pytest.approx(along(move, d), rel=1e-5, abs=1e-7)
    matrix = ot.solve(None, None, ((X[:, None] - Y) ** 2).sum(axis=2), 0.1)
    with pytest.raises(ValueError, match="point_gradients needs the result of points with a named"):
        matrix.point_gradients()


def test_gradients_of_exact_transport():
    """Where masses and costs are in general position the linear program has one, its dual."""
    pytest.importorskip("ot", reason="POT is a requirement of the tests")
    a, b, M = problem()
    rng = np.random.default_rng(7)
    in_a, in_b, in_M = ot.solve(a, b, M, 0).gradient()
    for gradient, at, move in (
        (in_a, a, lambda s: ot.solve(a + s, b, M, 0).cost),
        (in_b, b, lambda s: ot.solve(a, b + s, M, 0).cost),
        (in_M, M, lambda s: ot.solve(a, b, M + s, 0).cost),
    ):
        d = rng.normal(size=at.shape)
        d -= d.mean() if at.ndim == 1 else 0.0
        assert (gradient * d).sum() == pytest.approx(along(move, d), rel=1e-7)


def test_gradients_of_a_problem_in_a_batch():
    a, b, M = problem()
    batch = ot.solve_batch(a, b, np.stack([M, 2.0 * M]), 0.1, tol=1e-13)
    d = np.random.default_rng(8).normal(size=M.shape)
    change = along(lambda s: ot.solve(a, b, 2.0 * M + s, 0.1, tol=1e-13).value, d)
    assert (batch[1].gradient()[2] * d).sum() == pytest.approx(change, rel=1e-6)


def test_gradients_of_the_divergence_in_masses():
    rng = np.random.default_rng(3)
    X, Y = rng.random((6, 2)), rng.random((4, 2))
    a, b, _ = problem(6, 4)
    divergence = ot.sinkhorn_divergence(X, Y, a, b, reg=0.1)
    d, e = balanced(rng, 6), balanced(rng, 4)

    def value(a, b):
        return ot.sinkhorn_divergence(X, Y, a, b, reg=0.1, tol=1e-13).value

    assert divergence.gradient_a @ d == pytest.approx(along(lambda s: value(a + s, b), d), rel=1e-5)
    assert divergence.gradient_b @ e == pytest.approx(along(lambda s: value(a, b + s), e), rel=1e-5)


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock"])
def test_the_divergence_separates_distributions(metric):
    rng = np.random.default_rng(4)
    X, Y = rng.random((20, 2)), rng.random((25, 2))
    assert abs(ot.sinkhorn_divergence(X, X, reg=0.05, metric=metric).value) <= 1e-9
    forth = ot.sinkhorn_divergence(X, Y, reg=0.05, metric=metric)
    back = ot.sinkhorn_divergence(Y, X, reg=0.05, metric=metric)
    assert forth.value == pytest.approx(back.value, abs=1e-9) and forth.value > 1e-4
    assert repr(forth).startswith("SinkhornDivergence(value=0.")


def test_the_divergence_lies_between_transport_and_the_kernel_distance():
    """Feydy et al., 2019, theorem 1: for reg to 0 exact transport, for reg to infinity half the
    squared energy distance."""
    rng = np.random.default_rng(5)
    X, Y = rng.random((12, 1)), rng.random((12, 1)) + 0.3
    _, exact = ot.transport_on_line(X[:, 0], Y[:, 0], p=1)
    small = ot.sinkhorn_divergence(X, Y, reg=1e-4, metric="euclidean").value
    assert small == pytest.approx(exact, abs=1e-3)

    def mean(one, two):
        return np.abs(one - two.T).mean()

    energy = mean(X, Y) - 0.5 * (mean(X, X) + mean(Y, Y))
    large = ot.sinkhorn_divergence(X, Y, reg=1e4, metric="euclidean", tol=1e-13).value
    assert large == pytest.approx(energy, rel=1e-3)


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock"])
def test_gradients_in_positions_take_a_few_matrices(metric):
    """However many coordinates there are: 24 MB where all differences were held at once."""
    rng = np.random.default_rng(11)
    X, Y = rng.integers(0, 9, (2, 250, 48)) / 9.0
    Y += 0.05  # no coordinates coincide
    result = ot.solve_points(X, Y, reg=1.0, metric=metric)
    plan = result.plan
    tracemalloc.start()
    in_X, in_Y = result.point_gradients()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * plan.nbytes
    d = rng.normal(size=X.shape)
    found = along(lambda s: (plan * cdist(X + s, Y, metric)).sum(), d)
    assert (in_X * d).sum() == pytest.approx(found, rel=1e-6)
    found = along(lambda s: (plan * cdist(X, Y + s, metric)).sum(), d)
    assert (in_Y * d).sum() == pytest.approx(found, rel=1e-6)


def test_transport_on_a_line_is_the_network_simplex():
    pot = pytest.importorskip("ot", reason="POT is a requirement of the tests")
    rng = np.random.default_rng(6)
    for n, m, p in ((7, 7, 1), (5, 9, 2), (12, 3, 3), (1, 4, 1.5)):
        x, y = rng.normal(size=n).round(1), rng.normal(size=m).round(1)
        a, b, _ = problem(n, m, seed=n)
        plan, cost = ot.transport_on_line(x, y, a, b, p)
        M = np.abs(x[:, None] - y) ** p
        assert cost == pytest.approx(pot.emd2(a, b, M), rel=1e-10)
        assert cost == pytest.approx((plan.toarray() * M).sum(), rel=1e-12)
        assert plan.toarray().sum(axis=1) == pytest.approx(a, abs=1e-14)
        assert plan.toarray().sum(axis=0) == pytest.approx(b, abs=1e-14)
        assert plan.nnz <= n + m - 1
    with pytest.raises(ValueError, match="p must be >= 1"):
        ot.transport_on_line([0.0], [1.0], p=0.5)
    with pytest.raises(ValueError, match=r"x\[1\] = nan"):
        ot.transport_on_line([0.0, np.nan], [1.0])


def covariance(rng, d):
    root = rng.normal(size=(d, d))
    return root @ root.T + 0.1 * np.eye(d)


def test_bures_wasserstein_has_its_known_values():
    rng = np.random.default_rng(7)
    A, m = covariance(rng, 3), rng.normal(size=3)
    assert ot.bures_wasserstein(m, A, m, A) == pytest.approx(0.0, abs=1e-7)
    assert ot.bures_wasserstein(m, A, m + 3.0, A) == pytest.approx(3.0 * np.sqrt(3.0), rel=1e-12)
    # Commuting covariances: standard deviations along common axes.
    s, t = rng.random(3) + 0.1, rng.random(3) + 0.1
    axes = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    found = ot.bures_wasserstein(m, (axes * s**2) @ axes.T, m, (axes * t**2) @ axes.T)
    assert found == pytest.approx(np.linalg.norm(s - t), rel=1e-10)
    # The entropic cost of samples of Gaussians comes near it.
    B = covariance(rng, 2)
    X = rng.multivariate_normal([0, 0], np.eye(2), 1500)
    Y = X @ np.linalg.cholesky(B).T  # another coupling, the same marginal
    exact = ot.bures_wasserstein([0, 0], np.cov(X.T), [0, 0], np.cov(Y.T)) ** 2
    assert ot.sinkhorn_divergence(X[:500], Y[:500], reg=0.1).value == pytest.approx(exact, rel=0.3)


def test_the_gradient_of_the_bures_distance():
    rng = np.random.default_rng(8)
    A, B, m, k = covariance(rng, 3), covariance(rng, 3), rng.normal(size=3), rng.normal(size=3)
    in_mean, in_covariance = ot.bures_wasserstein_gradient(m, A, k, B)
    d, D = rng.normal(size=3), rng.normal(size=(3, 3))
    D = D + D.T
    found = along(lambda s: 0.5 * ot.bures_wasserstein(m + s, A, k, B) ** 2, d)
    assert in_mean @ d == pytest.approx(found, rel=1e-6)
    found = along(lambda s: 0.5 * ot.bures_wasserstein(m, A + s, k, B) ** 2, D)
    assert (in_covariance * D).sum() == pytest.approx(found, rel=1e-6)


def test_at_a_barycenter_the_gradients_cancel():
    rng = np.random.default_rng(9)
    means = rng.normal(size=(4, 3))
    covariances = [covariance(rng, 3) for _ in range(4)]
    weights = rng.random(4)
    mean, S = ot.bures_wasserstein_barycenter(means, covariances, weights)
    pairs = [
        ot.bures_wasserstein_gradient(mean, S, *each)
        for each in zip(means, covariances, strict=True)
    ]
    assert sum(w * g for w, (g, _) in zip(weights, pairs, strict=True)) == pytest.approx(
        0, abs=1e-12
    )
    assert sum(w * G for w, (_, G) in zip(weights, pairs, strict=True)) == pytest.approx(
        0, abs=1e-9
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([0.0], [[1.0]], [0.0, 1.0], np.eye(2)), "same dimension, got 1 and 2"),
        (([0.0], [[-1.0]], [0.0], [[1.0]]), "covariance a must be positive semi-definite"),
        (([0.0, 0.0], [[1.0, 2.0], [0.0, 1.0]], [0.0, 0.0], np.eye(2)), "must be symmetric"),
        (([0.0], [[np.nan]], [0.0], [[1.0]]), "must be finite"),
        (([0.0], np.eye(2), [0.0], [[1.0]]), r"shapes \(1,\) and \(2, 2\)"),
    ],
)
def test_bad_gaussians_are_refused_in_words(arguments, message):
    with pytest.raises(ValueError, match=message):
        ot.bures_wasserstein(*arguments)
