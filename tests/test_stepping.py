"""optlite.optim from the outside: stepping, results, warnings, and what bad input is told."""

import inspect
import itertools
import re

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning

from optlite import objectives, optim
from optlite._params import records
from optlite.trace import Record, Trace

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X @ [1.0, -2.0, 0.5] + RNG.normal(size=40)


@pytest.fixture
def f():
    return objectives.LeastSquares(X, Y, alpha=0.1, fit_intercept=True)


def solution():
    """Ridge by the normal equations, the intercept unpenalised."""
    Z = np.column_stack([X, np.ones(40)])
    penalty = np.diag([0.1, 0.1, 0.1, 0.0])
    return np.linalg.solve(Z.T @ Z / 40 + penalty, Z.T @ Y / 40)


@pytest.mark.parametrize("engine", optim._descent.ENGINES)
@pytest.mark.parametrize("method", sorted(records("directions")))
def test_steps_yields_frozen_records_from_the_start_to_the_minimum(f, method, engine):
    run = list(optim.steps(f, method=method, engine=engine, tol=1e-12))
    assert all(isinstance(record, Record) for record in run)
    assert run[0].iteration == 0
    assert_array_equal(run[0].x, np.zeros(4))
    assert run[0].direction is None
    assert run[0].step_size == 0.0
    for before, after in itertools.pairwise(run):
        assert after.iteration == before.iteration + 1
        assert_allclose(after.x, before.x + after.step_size * after.direction, atol=1e-14)
        assert before.gradient @ after.direction < 0.0
        assert_allclose(after.gradient_norm, np.linalg.norm(after.gradient))
        assert after.n_passes > before.n_passes
        assert after.seconds >= before.seconds
    assert_allclose(run[-1].x, solution(), atol=1e-5)
    assert run[-1].certificate <= 1e-12 * run[-1].objective


def test_steps_is_lazy_and_records_do_not_change(f):
    run = optim.steps(f, method="steepest_descent")
    first = next(run)
    kept = first.x.copy()
    next(run), next(run)
    assert_array_equal(first.x, kept)
    run.close()


def test_steps_checks_its_arguments_at_once(f):
    with pytest.raises(ValueError, match="method must be one of"):
        optim.steps(f, method="magic")


def test_the_start_may_be_given(f):
    x0 = solution()
    run = list(optim.steps(f, x0, method="newton"))
    assert len(run) == 1
    assert_array_equal(run[0].x, x0)


def test_variables_of_a_matrix_keep_their_shape():
    labels = RNG.integers(0, 3, size=40)
    g = objectives.Multinomial(X, labels, alpha=0.1, fit_intercept=True)
    record = list(optim.steps(g, np.ones((3, 4)), method="lbfgs"))[-1]
    assert record.x.shape == record.gradient.shape == record.direction.shape == (3, 4)
    assert_allclose(g.gradient(record.x), record.gradient, atol=1e-14)


def test_minimize_returns_an_optimize_result(f):
    result = optim.minimize(f, trace=True, tol=1e-12)
    assert_allclose(result.x, solution(), atol=1e-5)
    assert result.success
    assert result.status == "converged"
    assert result.message == "The certificate reached the tolerance."
    assert result.fun == f.value(result.x)
    assert_array_equal(result.jac, f.gradient(result.x))
    assert 0.0 <= result.certificate <= 1e-12 * result.fun
    assert isinstance(result.trace, Trace)
    assert result.nit == len(result.trace) - 1
    assert optim.minimize(f).trace is None


def test_the_functions_named_after_methods_are_minimize(f):
    for name, record in records("directions").items():
        function = getattr(optim, name)
        assert_array_equal(function(f).x, optim.minimize(f, method=name).x)
        names = set(inspect.signature(function).parameters)
        assert {field["name"] for field in record["fields"]} <= names
        assert record["doc"] in function.__doc__


def test_callback(f):
    seen = []
    result = optim.minimize(f, callback=seen.append)
    assert [record.iteration for record in seen] == list(range(result.nit + 1))

    def stop(record):
        if record.iteration == 2:
            raise StopIteration

    result = optim.minimize(f, callback=stop)
    assert (result.nit, result.success, result.status) == (2, False, "stopped")
    with pytest.raises(TypeError, match="callback must be callable"):
        optim.minimize(f, callback=3)


def test_the_warning_names_certificate_target_and_remedy(f):
    sentence = (
        r"steepest_descent stopped after 2 iterations: The iteration limit came before the "
        r"tolerance\. Reached: certificate [0-9.e-]+; asked for: certificate <= [0-9.e-]+ "
        r"\(tol=1e-08\)\. Raise max_iter \(now 2\)"
    )
    with pytest.warns(ConvergenceWarning, match=sentence):
        result = optim.steepest_descent(f, max_iter=2)
    assert not result.success
    g = objectives.Poisson(X, np.abs(np.round(Y)))
    with pytest.warns(ConvergenceWarning, match=r"gradient norm [0-9.]+ \(no certificate\)"):
        optim.steepest_descent(g, max_iter=1)


def test_a_start_without_a_finite_value_is_reported():
    g = objectives.Poisson(X, np.abs(np.round(Y)))
    with pytest.warns(ConvergenceWarning, match="The objective is not finite at the start"):
        result = optim.minimize(g, np.full(3, 1e4))
    assert (result.status, result.success) == ("not_finite", False)


def test_the_minimum_of_logistic_regression_is_scikit_learns():
    from sklearn.linear_model import LogisticRegression

    y = np.where(Y > 0, "yes", "no")
    g = objectives.Logistic(X, y, alpha=1.0 / 40, fit_intercept=True)
    result = optim.newton(g, tol=1e-14)
    model = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(X, y)
    assert_array_equal(g.classes_, model.classes_)
    assert_allclose(result.x[:-1], model.coef_[0], atol=1e-6)
    assert_allclose(result.x[-1], model.intercept_[0], atol=1e-6)


# --- bad input ------------------------------------------------------------------------------------


def spoiled(value, row=3, column=1, as_sparse=False):
    """X with one bad entry."""
    bad = X.copy()
    bad[row, column] = value
    return sp.csr_array(bad) if as_sparse else bad


LABELS = np.where(Y > 0, 1, -1)
BAD = {
    "nan": (lambda: objectives.Huber(spoiled(np.nan), Y), ValueError, "row 3, column 1"),
    "inf": (lambda: objectives.Huber(spoiled(np.inf), Y), ValueError, "row 3, column 1"),
    "sparse nan": (
        lambda: objectives.Huber(spoiled(np.nan, as_sparse=True), Y),
        ValueError,
        "row 3, column 1",
    ),
    "overflow": (
        lambda: objectives.Huber(spoiled(1e200), Y),
        ValueError,
        "Column 1 of X overflows",
    ),
    "one dimension": (lambda: objectives.Huber(Y, Y), ValueError, r"X.reshape\(-1, 1\)"),
    "empty": (lambda: objectives.Huber(X[:0], Y[:0]), ValueError, "a row and a column at least"),
    "strings": (lambda: objectives.Huber([["a"]], [1.0]), TypeError, "X must hold real numbers"),
    "complex": (lambda: objectives.Huber(X + 1j, Y), TypeError, "X must hold real numbers"),
    "objects": (lambda: objectives.Huber([[None]], [1.0]), (TypeError, ValueError), "X"),
    "short y": (lambda: objectives.Huber(X, Y[:-1]), ValueError, "got 40 and 39"),
    "column y": (lambda: objectives.Huber(X, Y[:, None]), ValueError, r"Use y.ravel\(\)"),
    "nan y": (
        lambda: objectives.Huber(X, np.where(np.arange(40) == 5, np.nan, Y)),
        ValueError,
        r"y must be finite, got y\[5\] = nan \(Huber\)",
    ),
    "string y": (lambda: objectives.Huber(X, LABELS.astype(str)), TypeError, "y must hold numbers"),
    "negative count": (
        lambda: objectives.Poisson(X, np.r_[1.0, -2.0, np.ones(38)]),
        ValueError,
        r"y must be >= 0, got y\[1\] = -2.0 \(Poisson\)",
    ),
    "three labels": (
        lambda: objectives.Logistic(X, np.arange(40) % 3),
        ValueError,
        r"two labels, got 3: 0, 1, 2 \(Logistic\). Use Multinomial",
    ),
    "one label": (lambda: objectives.Logistic(X, np.ones(40)), ValueError, "got only 1.0"),
    "nan label": (
        lambda: objectives.Logistic(X, np.r_[np.nan, LABELS[1:]]),
        ValueError,
        r"y\[0\] = nan",
    ),
    "mixed labels": (
        lambda: objectives.Logistic(X[:2], np.array(["a", 1], dtype=object)),
        TypeError,
        "of one type",
    ),
    "alpha": (lambda: objectives.Huber(X, Y, alpha=-1), ValueError, r"alpha must be >= 0.*-1.0"),
    "alpha type": (lambda: objectives.Huber(X, Y, alpha="1"), TypeError, "alpha must be a number"),
    "intercept": (lambda: objectives.Huber(X, Y, fit_intercept=1), TypeError, "True or False"),
    "penalty": (lambda: objectives.Huber(X, Y, penalty="zeros"), ValueError, "Did you mean 'zero'"),
    "rough penalty": (
        lambda: objectives.Huber(X, Y, penalty="non_negative"),
        ValueError,
        "penalty must be smooth here",
    ),
    "delta": (
        lambda: objectives.Huber(X, Y, delta=-1),
        ValueError,
        r"delta must be > 0, got -1.0 \(Huber\)\. Residual at which .* The default is 1.35\.",
    ),
    "delta nan": (lambda: objectives.Huber(X, Y, delta=np.nan), ValueError, "delta must be > 0"),
    "unknown field": (
        lambda: objectives.Huber(X, Y, epsilon=1.0),
        TypeError,
        "Huber has no hyper-parameter 'epsilon': it has delta",
    ),
    "negative weight": (
        lambda: objectives.Huber(X, Y, sample_weight=-Y),
        ValueError,
        "sample_weight must be >= 0",
    ),
    "zero weights": (
        lambda: objectives.Huber(X, Y, sample_weight=0 * Y),
        ValueError,
        "at least one non-zero",
    ),
    "weight length": (
        lambda: objectives.Huber(X, Y, sample_weight=Y[1:] ** 2),
        ValueError,
        "sample_weight",
    ),
    "weight type": (
        lambda: objectives.Huber(X, Y, sample_weight="many"),
        TypeError,
        "sample_weight must be a vector of numbers",
    ),
    "base class": (
        lambda: objectives.GeneralizedLinearObjective(X, Y),
        TypeError,
        "is a base class",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_objectives_are_refused(name):
    make, error, pattern = BAD[name]
    with pytest.raises(error, match=pattern):
        make()


def test_bad_points_are_refused(f):
    with pytest.raises(
        ValueError, match=r"w must have shape \(4,\), the intercept last, got \(3,\)"
    ):
        f.value(np.zeros(3))
    with pytest.raises(TypeError, match="w must hold real numbers"):
        f.value(["a"] * 4)
    with pytest.raises(
        ValueError, match=re.escape("(4,) (one vector) or (n_vectors, 4) (a block)")
    ):
        f.hvp(np.zeros(4), np.zeros((4, 3)))


@pytest.mark.parametrize(
    ("options", "error", "pattern"),
    [
        (
            {"method": "bfgs"},
            ValueError,
            "method must be one of .* got 'bfgs'. Did you mean 'lbfgs'",
        ),
        ({"method": 3}, TypeError, "method must be one of"),
        ({"step_size": 0.1}, TypeError, "step_size must be one of"),
        ({"tol": -1.0}, ValueError, "tol must be >= 0"),
        ({"tol": "small"}, TypeError, "tol must be a number"),
        ({"max_iter": -1}, ValueError, "max_iter must be an integer >= 0"),
        ({"max_iter": 1.5}, TypeError, "max_iter must be an integer"),
        ({"engine": "fortran"}, ValueError, "engine must be one of"),
        ({"memory": 0, "method": "lbfgs"}, ValueError, "memory must be >= 1, got 0"),
        ({"memory": 5, "method": "newton"}, TypeError, "no hyper-parameter 'memory'"),
        ({"c": 1.0}, ValueError, r"c must be in \(0, 1\), got 1.0 \(Armijo\)"),
        ({"x0": np.zeros(7)}, ValueError, r"x0 must have shape .*the intercept last, got \(7,\)"),
        ({"x0": np.full(4, np.nan)}, ValueError, r"x0 must be finite, got nan at position \[0\]"),
        ({"x0": "zeros"}, TypeError, "x0 must hold real numbers, got dtype <U5"),
        ({"x0": [1j, 0, 0, 0]}, TypeError, "x0 must hold real numbers, got dtype complex128"),
        ({"x0": [[1.0], [2.0, 3.0]]}, ValueError, "x0 must be an array, got rows of different"),
    ],
)
@pytest.mark.parametrize("function", [optim.steps, optim.minimize])
def test_bad_options_are_refused(f, function, options, error, pattern):
    with pytest.raises(error, match=pattern):
        function(f, **options)


@pytest.mark.parametrize("function", [optim.steps, optim.minimize])
def test_only_our_objectives_are_taken(function):
    with pytest.raises(
        TypeError, match="objective must have shape and value_and_gradient, but function"
    ):
        function(lambda x: x @ x)
