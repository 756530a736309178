"""Batches of transport problems: the numbers of single problems, for any number of threads."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from optlite import ot


def problems(count=7, n=12, m=9, seed=0):
    rng = np.random.default_rng(seed)
    return (
        rng.dirichlet(np.ones(n), count),
        rng.dirichlet(np.ones(m), count),
        rng.random((count, n, m)),
    )


def assert_same(batch, k, single):
    one = batch[k]
    assert np.array_equal(batch.plan[k], single.plan)
    assert all(
        np.array_equal(x[k], y) for x, y in zip(batch.potentials, single.potentials, strict=True)
    )
    assert (one.value, one.marginal_error, one.n_iter, one.status) == (
        single.value, single.marginal_error, single.n_iter, single.status,
    )  # fmt: skip
    assert tuple(batch.certificate[k]) == single.certificate
    assert (batch.gap[k], batch.cost[k]) == (single.gap, single.cost)


@pytest.mark.parametrize("method", ["auto", "sinkhorn", "anderson"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_batch_has_the_numbers_of_its_problems(method, dtype):
    a, b, M = problems()
    M, reg = M.astype(dtype), np.linspace(0.05, 0.5, 7)
    batch = ot.solve_batch(a, b, M, reg, method)
    assert len(batch) == 7 and batch.converged.all() and batch.plan.dtype == dtype
    for k in range(7):
        assert_same(batch, k, ot.solve(a[k], b[k], M[k], float(reg[k]), method))


def test_what_is_shared_is_shared():
    a, b, M = problems()
    for given in (
        (a, b[0], M[0]),
        (a[0], b, M[0]),
        (None, None, M),
        (a[0], b[0], M),
        (a, [], M[0]),
    ):
        batch = ot.solve_batch(*given, 0.1)
        assert len(batch) == 7
        pick = [x[2] if np.ndim(x) == size else x for x, size in zip(given, (2, 2, 3), strict=True)]
        assert_same(batch, 2, ot.solve(*pick, 0.1))
    several = ot.solve_batch(a[0], b[0], M[0], [0.1, 0.2])
    assert_same(several, 1, ot.solve(a[0], b[0], M[0], 0.2))


def test_small_and_large_problems_together(n_threads):
    """Large ones are solved by all threads, small ones by one each."""
    a, b, M = problems(3, 40, 700)  # large by its targets
    small = problems(5, 60, 50)
    found = [ot.solve_batch(a, b, M, 0.05), ot.solve_batch(*small, 0.02)]
    for batch, first in zip(found, EXPECTED or found, strict=True):
        assert np.array_equal(batch.plan, first.plan)
        assert np.array_equal(batch.certificate, first.certificate)
    EXPECTED[:] = EXPECTED or found
    assert_same(found[0], 1, ot.solve(a[1], b[1], M[1], 0.05))
    assert_same(found[1], 4, ot.solve(*(x[4] for x in small), 0.02))


EXPECTED = []


def test_atoms_without_mass_differ_from_problem_to_problem():
    a, b, M = problems()
    a[0, 3], a[2, [0, 5]], b[4, 1] = 0.0, 0.0, 0.0
    a, b = a / a.sum(axis=1, keepdims=True), b / b.sum(axis=1, keepdims=True)
    batch = ot.solve_batch(a, b, M, 0.1)
    for k in (0, 1, 2, 4):
        assert_same(batch, k, ot.solve(a[k], b[k], M[k], 0.1))
    assert (batch.plan[2][[0, 5]] == 0.0).all()


def test_the_twins_solve_the_same_batch():
    a, b, M = problems(3)
    core, twin = (
        ot.solve_batch(a, b, M, 0.1, engine=engine, precision="double")
        for engine in ("core", "numpy")
    )
    assert core.plan == pytest.approx(twin.plan, abs=1e-11)
    assert np.array_equal(core.n_iter, twin.n_iter)


def test_problems_that_did_not_converge_are_counted():
    a, b, M = problems()
    with pytest.warns(ConvergenceWarning, match=r"[1-7] of 7 transport problems .* problem \d"):
        batch = ot.solve_batch(a, b, M, [1e-3] * 6 + [5.0], max_iter=8)
    assert not batch.converged[:6].any() and batch.converged[6]
    assert batch.status[0] == "iteration_limit"
    assert repr(batch).startswith("BatchResult(7 x 12 x 9, converged=1, marginal_error<=")


@pytest.mark.parametrize(
    "change, error, message",
    [
        ({"M": np.ones((2, 3, 4, 5))}, ValueError, "M must have three dimensions"),
        ({"M": np.ones((0, 3, 4))}, ValueError, "no empty one, got shape"),
        (
            {"a": np.ones((5, 12)) / 12},
            ValueError,
            "as many problems as each other.*7 in M, 5 in a",
        ),
        ({"reg": [0.1, 0.2]}, ValueError, "7 in M, 2 in reg"),
        ({"reg": []}, ValueError, "reg must be a number or have one dimension and not be empty"),
        ({"reg": [[0.1]]}, ValueError, "reg must be a number or have one dimension"),
        (
            {"reg": [0.1] * 6 + [-1.0]},
            ValueError,
            "Problem 6: reg must be > 0 and finite, got -1.0",
        ),
        ({"a": np.ones((1, 1, 12))}, ValueError, "a must have two dimensions"),
        ({"a": np.full(12, 0.5)}, ValueError, "Problem 0: a and b must have equal sums"),
        ({"method": "newtn"}, ValueError, "Did you mean 'newton'"),
        ({"tol": -1.0}, ValueError, "tol must be > 0"),
        ({"engine": "gpu"}, ValueError, "engine must be one of"),
        ({"relaxation": 1.5}, TypeError, "Newton has no hyper-parameter 'relaxation'"),
    ],
)
def test_bad_input_is_refused_in_words(change, error, message):
    a, b, M = problems()
    with pytest.raises(error, match=message):
        ot.solve_batch(**{"a": a, "b": b, "M": M, "reg": 0.1, **change})


def test_the_problem_whose_costs_are_wrong_is_named():
    a, b, M = problems()
    M[3, 1, 2] = np.nan
    with pytest.raises(ValueError, match=r"Problem 3: M must not hold NaN, got M\[1, 2\] = nan"):
        ot.solve_batch(a, b, M, 0.1)


EXTREME = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
import warnings
import numpy as np
from optlite import ot
warnings.simplefilter("ignore")
M = np.random.default_rng(0).random((6, 5))
A = np.random.default_rng(1).dirichlet(np.ones(6), 2).T
cases = (1.7e308, 1e307, 4), (1, 1e-320, 4), (1e150, 1e-170, 4), (1, 1e-3, 1 + 1e-12)
for f, reg, steps in cases:
    options = {"annealing": float(steps), "max_iter": 40}
    with np.errstate(all="ignore"):
        for result in (
            ot.solve_unbalanced(None, None, M * f, reg, 0.3 * f, **options),
            ot.solve_partial(None, None, M * f, reg, 0.7, **options),
            ot.barycenter(A, M * f, reg, **options),
        ):
            print(type(result).__name__, *(np.array(result.certificate) / f))
"""


def test_extreme_numbers_end_and_make_no_bound_false():
    done = subprocess.run(
        [sys.executable, "-c", EXTREME], capture_output=True, text=True, timeout=60, check=True
    )
    M = np.random.default_rng(0).random((6, 5))
    A = np.random.default_rng(1).dirichlet(np.ones(6), 2).T
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        best = {
            "UnbalancedResult": ot.solve_unbalanced(None, None, M, 1e-5, 0.3).certificate,
            "PartialResult": ot.solve_partial(None, None, M, 1e-5, 0.7).certificate,
            "BarycenterResult": ot.barycenter(A, M, 1e-5).certificate,
        }
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) == 12
    for name, lower, upper in lines:
        assert float(lower) <= best[name][1] + 1e-12 and best[name][0] <= float(upper) + 1e-12
