"""Block coordinate descent of float32 data: x of float32, sums of float64."""

import numpy as np
import pytest
import scipy.sparse as sp

from optlite import bcd

ENGINES = ("core", "numpy")


def rows(dtype, form=np.array):
    rng = np.random.default_rng(0)
    A = rng.normal(size=(30, 9)) * (rng.random((30, 9)) < 0.7)
    return form(A.astype(dtype)), rng.normal(size=30)


def chain(dtype):
    return (np.eye(8, k=1) + np.eye(8, k=-1)).astype(dtype)


PROBLEMS = {
    "quadratic": lambda t: bcd.Quadratic(np.diag(np.arange(1, 7) / 3).astype(t), np.ones(6)),
    "sparse quadratic": lambda t: bcd.Quadratic(
        sp.csr_array(np.diag(np.arange(1, 7) / 3).astype(t)), np.ones(6)
    ),
    "least squares": lambda t: bcd.LeastSquares(*rows(t), alpha=0.5),
    "sparse least squares": lambda t: bcd.LeastSquares(*rows(t, sp.csc_array), alpha=0.5),
    "labels": lambda t: bcd.LabelPropagation(chain(t), [0, 7], [1.0, 3.0]),
    "logistic": lambda t: bcd.Logistic(rows(t)[0], np.sign(rows(t)[1]), alpha=0.5),
    "sparse logistic": lambda t: bcd.Logistic(
        rows(t, sp.csr_array)[0], np.sign(rows(t)[1]), alpha=0.5
    ),
    "softmax": lambda t: bcd.Softmax(rows(t)[0], np.arange(30) % 3, alpha=0.5),
    "l1": lambda t: bcd.Composite(bcd.LeastSquares(*rows(t), alpha=0.5), l1=1.7),
    "bounds": lambda t: bcd.Composite(
        bcd.LeastSquares(*rows(t), alpha=0.5), lower=-0.1, upper=1.0 / 30.0
    ),
    "groups": lambda t: bcd.Composite(
        bcd.LeastSquares(*rows(t), alpha=0.5), groups=[[0, 1, 2, 3], [4, 5, 6, 7, 8]], group_l1=4.0
    ),
    "dual": lambda t: bcd.SVMDual(rows(t)[0], np.sign(rows(t)[1]), C=0.1),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", PROBLEMS)
def test_float32_data_give_a_float32_result(kind, engine):
    F, exact = PROBLEMS[kind](np.float32), PROBLEMS[kind](np.float64)
    result = bcd.solve(F, tol=1e-12, engine=engine, trace=True)
    assert result.x.dtype == np.float32 and result.converged
    assert all(record.x.dtype == np.float32 for record in result.trace)
    assert F.smooth.gradient(result.x).dtype == np.float32
    # As near as data rounded to 24 bits allow.
    reference = bcd.solve(exact, tol=1e-12, engine=engine)
    assert reference.x.dtype == np.float64
    assert result.x == pytest.approx(reference.x, rel=1e-4, abs=1e-5)
    # What is said of x holds of the x that was returned, bounds included.
    assert result.objective == F.value(result.x) < np.inf
    assert result.active_set.tolist() == np.flatnonzero(F.at_kink(result.x)).tolist()
    assert result.gradient_norm <= 1e-4 * np.linalg.norm(F.smooth.gradient(F.start()))
    if F.strong_convexity > 0.0:  # the least value that the run saw, in double precision
        least = min(record.objective for record in result.trace)
        assert result.objective - least <= result.certificate


@pytest.mark.parametrize("kind", ["least squares", "logistic"])
def test_sums_are_of_double_precision(kind):
    """Values and paths are those of the same numbers as float64, to the last digit."""
    A, b = rows(np.float32)
    make = bcd.LeastSquares if kind == "least squares" else bcd.Logistic
    F, same = (make(each, np.sign(b), alpha=0.5) for each in (A, A.astype(np.float64)))
    x = np.random.default_rng(1).uniform(size=F.dim).astype(np.float32)
    assert F.value(x) == same.value(x.astype(np.float64))
    assert np.array_equal(F.gradient(x), same.gradient(x).astype(np.float32))
    for one, other in zip(bcd.steps(F), bcd.steps(same), strict=True):
        assert one.objective == other.objective
        assert np.array_equal(one.x, other.x.astype(np.float32))


def test_one_array_of_float64_decides_nothing():
    """The type of x is that of the matrix, as it is of X in estimators."""
    A, b = rows(np.float32)
    assert bcd.solve(bcd.LeastSquares(A, b.astype(np.float32), 0.1)).x.dtype == np.float32
    assert bcd.solve(bcd.LeastSquares(A.astype(np.float64), b, 0.1)).x.dtype == np.float64
    swapped = A.astype(A.dtype.newbyteorder("S"))
    assert bcd.solve(bcd.LeastSquares(swapped, b, 0.1)).x.dtype == np.float32
    assert bcd.solve(bcd.LeastSquares(A.tolist(), b, 0.1)).x.dtype == np.float64


def test_bounds_are_those_that_float32_can_reach():
    f = bcd.Quadratic(np.eye(2, dtype=np.float32), [9.0, -9.0])
    F = bcd.Composite(f, lower=-0.1, upper=0.1)
    result = bcd.solve(F)
    assert result.x.tolist() == [np.float32(0.1), np.float32(-0.1)]
    assert np.isfinite(result.objective) and result.active_set.tolist() == [0, 1]
    far = bcd.Composite(f, lower=-1e300, upper=1e300)
    assert bcd.solve(far).x == pytest.approx([9.0, -9.0])
