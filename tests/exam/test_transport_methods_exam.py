"""Every registered method of entropic transport solves the same problems as its twin does."""

import numpy as np
import pytest
import scipy.optimize

from optlite import ot
from optlite._params import records

METHODS = sorted(records("transport_methods"))
#: Twins compute in double throughout.
IN_DOUBLE = {"newton": {"precision": "double"}}
pytestmark = pytest.mark.parametrize("method", METHODS)


def problem(n=30, m=40, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    M = scale * ((rng.random((n, 2))[:, None] - rng.random((m, 2))[None]) ** 2).sum(axis=2)
    a, b = rng.random(n) + 0.1, rng.random(m) + 0.1
    return a / a.sum(), b / b.sum(), M


def options(method, reg):
    """Sinkhorn's iteration takes about 1 / reg iterations."""
    return {"max_iter": 1000 if method == "newton" else 20_000}


def assert_marginals(plan, a, b, tol):
    assert np.abs(plan.sum(axis=1) - a).sum() + np.abs(plan.sum(axis=0) - b).sum() <= tol
    assert (plan >= 0.0).all()


@pytest.mark.parametrize("reg", [1.0, 0.1, 0.01])
def test_the_plan_satisfies_the_optimality_conditions(method, reg):
    a, b, M = problem()
    result = ot.solve(a, b, M, reg, method, **options(method, reg))
    assert result.converged and result.marginal_error <= 1e-9
    assert_marginals(result.plan, a, b, 1.0001e-9)
    f, g = result.potentials
    assert result.plan == pytest.approx(np.exp((f[:, None] + g - M) / reg), rel=1e-10, abs=1e-300)
    # Sum of the objective's stationarity: value = <M, P> + reg sum P log P at the optimum.
    primal = (M * result.plan).sum() + reg * scipy.special.xlogy(result.plan, result.plan).sum()
    assert result.value == pytest.approx(primal, rel=1e-9, abs=1e-9)
    assert result.cost == pytest.approx((M * result.plan).sum(), rel=1e-12)


def test_core_and_twin_take_the_same_path(method):
    a, b, M = problem(12, 9)
    runs = [
        list(ot.steps(a, b, M, 0.05, method, tol=1e-6, engine=engine, **IN_DOUBLE.get(method, {})))
        for engine in ("core", "numpy")
    ]
    assert len(runs[0]) == len(runs[1]) > 3
    for core_record, twin_record in zip(*runs, strict=True):
        assert core_record.g == pytest.approx(twin_record.g, rel=1e-9, abs=1e-10)
        assert core_record.f == pytest.approx(twin_record.f, rel=1e-9, abs=1e-10)
        assert core_record.value == pytest.approx(twin_record.value, rel=1e-9)
        assert core_record.marginal_error == pytest.approx(twin_record.marginal_error, rel=1e-6)
        assert (core_record.reg, core_record.n_newton) == (twin_record.reg, twin_record.n_newton)


def test_the_certificate_contains_the_cost_of_the_linear_program(method):
    a, b, M = problem(15, 12, seed=1)
    for reg in (1.0, 0.1, 0.02):
        result = ot.solve(a, b, M, reg, method, **options(method, reg))
        lower, upper = result.certificate
        exact = linear_program(a, b, M)
        assert lower <= exact + 1e-12 and exact - 1e-12 <= upper
        # Entropy of the plan is worth at most log of its size (Cuturi, 2013).
        assert upper - lower <= 4 * reg * np.log(M.size)
        assert 0.0 <= result.gap <= 1e-7


def linear_program(a, b, M):
    n, m = M.shape
    rows = np.kron(np.eye(n), np.ones(m))
    columns = np.kron(np.ones(n), np.eye(m))
    solved = scipy.optimize.linprog(
        M.ravel(), A_eq=np.vstack([rows, columns]), b_eq=np.concatenate([a, b])
    )
    assert solved.status == 0
    return solved.fun


def test_any_number_of_threads_gives_the_same_bits(method):
    from threadpoolctl import threadpool_limits

    a, b, M = problem(400, 450)  # enough work for several parts
    found = []
    for count in (1, 2, 3):
        with threadpool_limits(count):
            result = ot.solve(a, b, M, 0.05, method, annealing=1.0, tol=3e-2)
        found.append((*result.potentials, result.plan, result.certificate))
    for other in found[1:]:
        for x, y in zip(found[0], other, strict=True):
            assert np.array_equal(x, y)


def test_layouts_and_types_of_the_costs_do_not_matter(method):
    a, b, M = problem(20, 25)
    frozen = M.copy()
    frozen.flags.writeable = False
    wide = np.zeros((40, 50))
    wide[::2, ::2] = M
    expected = ot.solve(a, b, M, 0.1, method, **options(method, 0.1))
    same = [
        frozen,
        np.asfortranarray(M),
        wide[::2, ::2],
        M[::-1][::-1],
        M.astype(">f8"),
        M.tolist(),
    ]
    for costs in same:
        result = ot.solve(a, b, costs, 0.1, method, **options(method, 0.1))
        assert np.array_equal(result.plan, expected.plan)
    single = ot.solve(a, b, M.astype(np.float32), 0.1, method, **options(method, 0.1))
    assert single.plan.dtype == np.float32 and single.marginal_error <= 1e-9
    assert single.plan == pytest.approx(expected.plan, rel=1e-5)


def test_points_give_what_their_matrix_gives(method):
    rng = np.random.default_rng(3)
    X, Y = rng.random((30, 3)), rng.random((20, 3))
    differences = X[:, None] - Y[None]
    matrices = {
        "sqeuclidean": (differences**2).sum(axis=2),
        "euclidean": np.sqrt((differences**2).sum(axis=2)),
        "cityblock": np.abs(differences).sum(axis=2),
    }
    for metric, M in matrices.items():
        expected = ot.solve(None, None, M, 0.1, method, **options(method, 0.1))
        for choice in (metric, lambda X, Y, M=M: M):
            found = ot.solve_points(
                X, Y, reg=0.1, metric=choice, method=method, **options(method, 0.1)
            )
            assert found.plan == pytest.approx(expected.plan, rel=1e-7, abs=1e-12)
            assert found.certificate == pytest.approx(expected.certificate, rel=1e-7)


def test_no_mass_stays_exactly_zero(method):
    a, b, M = problem(10, 8)
    a[[0, 4]], b[7] = 0.0, 0.0
    a, b = a / a.sum(), b / b.sum()
    # To the end: what a greedy choice makes of the last bits must not matter below.
    settings = {**options(method, 0.1), "tol": 1e-13}
    result = ot.solve(a, b, M, 0.1, method, **settings)
    assert (result.plan[[0, 4]] == 0.0).all() and (result.plan[:, 7] == 0.0).all()
    assert_marginals(result.plan, a, b, 1.0001e-9)
    f, g = result.potentials
    assert np.isneginf(f[[0, 4]]).all() and np.isneginf(g[7])
    kept = np.ix_(a > 0, b > 0)
    small = ot.solve(a[a > 0], b[b > 0], M[kept], 0.1, method, **settings)
    assert result.plan[kept] == pytest.approx(small.plan, rel=1e-11)


def test_forbidden_links_carry_nothing(method):
    a, b, M = problem(10, 10)
    a = b = np.full(10, 0.1)
    M[np.triu_indices(10, 3)] = np.inf
    result = ot.solve(a, b, M, 0.1, method, **options(method, 0.1))
    assert (result.plan[np.isinf(M)] == 0.0).all() and result.converged
    lower, _ = result.certificate
    assert lower <= linear_program(a, b, np.where(np.isinf(M), 1e6, M)) + 1e-9
    assert np.isfinite(result.cost)


def test_masses_and_costs_of_any_size(method):
    a, b, M = problem(12, 12)
    expected = ot.solve(a, b, M, 0.05, method, **options(method, 0.05))
    for mass, cost in ((1e-12, 1.0), (1e12, 1.0), (1.0, 1e-150), (1.0, 1e150), (1e9, 1e9)):
        found = ot.solve(mass * a, mass * b, cost * M, cost * 0.05, method, **options(method, 0.05))
        assert found.converged
        assert found.plan / mass == pytest.approx(expected.plan, rel=1e-6, abs=1e-12)
        assert found.cost == pytest.approx(mass * cost * expected.cost, rel=1e-6)


def test_one_source_or_one_target(method):
    one = ot.solve([1.0], [0.25, 0.75], [[3.0, 4.0]], 0.1, method)
    assert one.plan == pytest.approx(np.array([[0.25, 0.75]]), abs=1e-9)
    other = ot.solve([0.25, 0.75], [1.0], [[3.0], [4.0]], 0.1, method)
    assert other.plan == pytest.approx(np.array([[0.25], [0.75]]))
    assert ot.solve([2.0], [2.0], [[1.5]], 0.1, method).cost == pytest.approx(3.0)


def test_a_limit_of_iterations_is_said(method):
    from sklearn.exceptions import ConvergenceWarning

    a, b, M = problem()
    with pytest.warns(ConvergenceWarning, match=r"after 2 iterations.*marginal error.*max_iter"):
        result = ot.solve(a, b, M, 0.01, method, max_iter=2, annealing=1.0)
    assert not result.converged and result.status == "iteration_limit" and result.n_iter == 2
