"""How exactly, and by how much computation: distances, precision, scaled plans, shared kernels."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from optlite import ot
from optlite._core import core


def costs_of(X, Y, metric):
    """Read the costs of points as the solver does: plan = exp(-cost / reg) at zero potentials."""
    cost = core.TransportCost(X, Y, metric)
    sums = np.ones(len(X))
    logs = np.log(cost.plan(sums, np.zeros(len(X)), np.zeros(len(Y)), 1.0))
    return logs[:, :1] - logs  # rows of plans are scaled to their sums


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock"])
@pytest.mark.parametrize("dimensions", [1, 7, 8, 64, 300])
@pytest.mark.parametrize("shape", [(1, 1), (33, 97), (70, 100)])
def test_distances_are_those_of_scipy(metric, dimensions, shape):
    rng = np.random.default_rng(dimensions)
    X, Y = (rng.random((count, dimensions)) / np.sqrt(dimensions) for count in shape)
    expected = cdist(X, Y, metric)
    assert costs_of(X, Y, metric) == pytest.approx(expected - expected[:, :1], abs=2e-13)


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean"])
def test_small_distances_are_relatively_correct(metric):
    """Far from the origin, near each other, and the same: |x|^2 + |y|^2 - 2 x.y would be rounded to
    1e-10 here, and a root of it to 1e-5."""
    rng = np.random.default_rng(0)
    X = 1e3 + rng.random((40, 16))
    for gap in (0.0, 1e-9, 1e-4):
        Y = X + gap * rng.standard_normal(X.shape)
        result = ot.solve_points(X, Y, reg=1.0, metric=metric)
        exact = cdist(X, Y, metric)
        f, g = result.potentials
        found = f[:, None] + g - np.log(result.plan)
        assert np.diag(found) == pytest.approx(np.diag(exact), rel=1e-12, abs=1e-11)
    cost = ot.solve_points(X, X, reg=1e-9, metric=metric).cost
    assert cost == 0.0  # each point stays: coincident points are at distance zero


def test_points_in_many_dimensions_take_no_matrix():
    """The default solve, in as many passes as with the matrix, and the same bits for any number of
    threads."""
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(1)
    X, Y = rng.random((300, 32)), rng.random((260, 32)) + 0.1
    expected = ot.solve(None, None, cdist(X, Y, "sqeuclidean"), 0.3)
    found = []
    for count in (1, 2):
        with threadpool_limits(count):
            found.append(ot.solve_points(X, Y, reg=0.3))
    assert found[0].plan == pytest.approx(expected.plan, abs=1e-11)
    assert found[0].certificate == pytest.approx(expected.certificate, rel=1e-9)
    assert np.array_equal(found[0].potentials[1], found[1].potentials[1])
    assert found[0].certificate == found[1].certificate


@pytest.mark.parametrize("method", ["newton", "sinkhorn"])
@pytest.mark.parametrize("reg", [0.1, 0.01])
def test_float32_is_solved_as_exactly_and_rounded_at_the_end(method, reg):
    rng = np.random.default_rng(2)
    M = rng.random((120, 90)).astype(np.float32)
    a, b = rng.dirichlet(np.ones(120)), rng.dirichlet(np.ones(90))
    single = ot.solve(a, b, M, reg, method, max_iter=20_000)
    double = ot.solve(a, b, M.astype(np.float64), reg, method, max_iter=20_000)
    assert single.plan.dtype == np.float32 and single.potentials[0].dtype == np.float64
    assert single.marginal_error <= 1e-9
    assert single.plan == pytest.approx(double.plan.astype(np.float32), rel=2e-7, abs=1e-30)
    plan = single.plan.astype(np.float64)
    error = np.abs(plan.sum(axis=1) - a).sum() + np.abs(plan.sum(axis=0) - b).sum()
    assert error <= 2.0 * 2.0**-24 + 1e-9
    assert single.gradient()[2].dtype == np.float32


def test_points_in_float32_have_gradients_in_float32():
    rng = np.random.default_rng(3)
    X, Y = rng.random((20, 3)).astype(np.float32), rng.random((25, 3)).astype(np.float32)
    result = ot.solve_points(X, Y, reg=0.1)
    exact = ot.solve_points(X.astype(np.float64), Y.astype(np.float64), reg=0.1)
    for found, expected in zip(result.point_gradients(), exact.point_gradients(), strict=True):
        assert found.dtype == np.float32
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-7)
    divergence = ot.sinkhorn_divergence(X, Y, reg=0.1)
    assert divergence.gradient_X.dtype == divergence.gradient_Y.dtype == np.float32


@pytest.mark.parametrize("share", [1e-2, 1e-3, 1e-4])
def test_scalings_take_exponentials_a_few_times(share):
    """Where most of a plan vanishes they were taken anew in each iteration."""
    rng = np.random.default_rng(4)
    M = ((rng.random((150, 2))[:, None] - rng.random((150, 2))) ** 2).sum(axis=2)
    with pytest.warns(ConvergenceWarning, match="iteration_limit"):
        result = ot.sinkhorn(None, None, M, share * M.mean(), tol=1e-12, max_iter=600)
    assert result.n_evaluations <= 60
    with pytest.warns(ConvergenceWarning, match="iteration_limit"):
        anew = ot.sinkhorn(
            None, None, M, share * M.mean(), tol=1e-12, max_iter=600, domain="logarithm"
        )
    assert result.potentials[1] == pytest.approx(anew.potentials[1], abs=1e-10)


def test_what_did_not_converge_says_what_is_certain():
    rng = np.random.default_rng(5)
    M = rng.random((20, 20))
    with pytest.warns(ConvergenceWarning, match=r"it lies in \[") as caught:
        result = ot.solve(None, None, M, 1e-3, max_iter=3)
    lower, upper = result.certificate
    assert f"[{lower:.9g}, {upper:.9g}]" in str(caught[0].message)


@pytest.mark.parametrize("method, debiased", [("sinkhorn", False), ("auto", True)])
def test_barycenters_take_exponentials_once_a_stage(method, debiased):
    x = np.linspace(0.0, 1.0, 60)
    A = np.exp(-0.5 * ((x[:, None] - [0.3, 0.5, 0.6]) / 0.08) ** 2)
    A[A < 1e-3] = 0.0  # some points have no mass
    A, M = A / A.sum(axis=0), (x[:, None] - x) ** 2
    result = ot.barycenter(A, M, 0.005, method=method, debiased=debiased, trace=True)
    stages = len({record.reg for record in result.trace})
    assert result.converged and result.n_evaluations <= stages < result.n_iter
    twin = ot.barycenter(A, M, 0.005, method=method, debiased=debiased, engine="numpy")
    assert result.barycenter == pytest.approx(twin.barycenter, abs=1e-8)


def test_barycenters_go_on_where_the_kernel_underflows():
    x = np.linspace(0.0, 1.0, 60)
    A = np.exp(-0.5 * ((x[:, None] - [0.3, 0.6]) / 0.05) ** 2)
    A, M = A / A.sum(axis=0), (x[:, None] - x) ** 2
    result = ot.barycenter(A, M, 3e-4, method="sinkhorn", tol=1e-3, trace=True)
    stages = len({record.reg for record in result.trace})
    assert result.converged and stages < result.n_evaluations
    twin = ot.barycenter(A, M, 3e-4, method="sinkhorn", tol=1e-3, engine="numpy")
    assert result.barycenter == pytest.approx(twin.barycenter, abs=1e-9)


@pytest.mark.parametrize("engine", ["core", "numpy"])
def test_parts_whose_links_vanish_move_apart(engine):
    """Two halves of a line with unequal masses: what has to cross between them is exp(-1000) and
    less of anything in the plan. Newton's steps saw two problems without a solution."""
    rng = np.random.default_rng(6)
    x, y = (np.sort(np.concatenate([rng.random(12), 5.0 + rng.random(12)])) for _ in range(2))
    a, b = rng.dirichlet(np.ones(24)), rng.dirichlet(np.ones(24))
    M = np.abs(x[:, None] - y)
    assert abs(a[:12].sum() - b[:12].sum()) > 1e-3
    for annealing in (4.0, 1.0):
        result = ot.solve(a, b, M, 2e-5 * M.mean(), annealing=annealing, engine=engine)
        assert result.converged and result.n_iter < 200
        lower, upper = result.certificate
        _, exact = ot.transport_on_line(x, y, a, b, p=1)
        assert lower <= exact + 1e-12 and exact - 1e-12 <= upper


def test_a_laplacian_in_two_parts():
    from optlite.reference.transport import solve_laplacian

    weights = np.zeros((4, 4))
    weights[0, 1] = weights[2, 3] = 1.0
    weights += weights.T
    y = solve_laplacian(weights, np.array([0.75, 0.25, -0.25, -0.75]))
    assert y[:2] == pytest.approx(0.5e290, rel=1e-12) and (np.abs(y[2:]) < 1.0).all()
    rounded = np.array([0.5, -0.5 + 1e-16, 0.5, -0.5])
    assert rounded[:2].sum() > 0.0
    assert solve_laplacian(weights, rounded) == pytest.approx([0.5, 0.0, 0.5, 0.0])
    weights[1, 2] = weights[2, 1] = 1e-60  # what rounding leaves does not move parts by 1e44
    assert solve_laplacian(weights, rounded) == pytest.approx([1.0, 0.5, 0.5, 0.0])


@pytest.mark.parametrize("engine", ["core", "numpy"])
def test_sparse_newton_steps_between_parts_that_hardly_touch_are_short_enough(engine):
    """Digits of 8 x 8 pixels, distances along axes, the paper's numbers: the first trial of a step
    overflowed, and its halves did."""
    images = load_digits().images
    a, b = (np.ravel(images[k] / images[k].sum()) for k in (0, 4))
    pixels = np.argwhere(np.ones((8, 8))).astype(float)
    M = cdist(pixels, pixels, "cityblock") / 14.0
    options = {"warm_up": 700, "sparsity": 22.0, "max_iter": 1000, "engine": engine}
    result = ot.sinkhorn_newton_sparse(a, b, M, 1.0 / 1200.0, tol=1e-12, **options)
    assert result.converged and result.n_newton <= 30
    assert result.certificate[0] <= (M * ot.solve(a, b, M, 1e-5).plan).sum() + 1e-6


def test_many_targets_are_solved_to_the_end_at_small_regularizations():
    """Above 1024 targets, 500 iterations of conjugate gradients left 3e-9 of the mass for ever."""
    rng = np.random.default_rng(1100)
    X, Y = rng.random((1100, 2)), rng.random((1100, 2))
    M = cdist(X, Y, "sqeuclidean")
    result = ot.solve(None, None, M, 1e-4 * M.mean(), max_iter=100)
    assert result.converged and result.marginal_error <= 1e-9 and result.n_cg <= 5000


@pytest.mark.parametrize("limit", [20, 10_000])
def test_products_of_a_step_are_limited_by_what_they_are_worth(limit):
    """Where elimination is out of question, steps that were cut off and bring little get more."""
    from optlite.reference.transport import Problem, TransportRun
    from optlite.reference.transport_methods.newton import Newton

    class Patient(Newton):
        direct_limit, first_patience = 0, 5

    rng = np.random.default_rng(7)
    M = cdist(rng.random((50, 2)), rng.random((50, 2)), "sqeuclidean")
    masses = np.full(50, 0.02)
    method = Patient(max_inner=limit)
    run = TransportRun(Problem(M, masses, masses), method, 1e-3 * M.mean(), np.zeros(50), 1e-9, 300)
    most, before = 0, 0
    while run.advance():
        most, before = max(most, run.problem.n_products - before), run.problem.n_products
    assert most <= limit and (run.status == "converged") == (limit > 20)
