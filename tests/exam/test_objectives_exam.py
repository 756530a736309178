"""What every objective must satisfy: twin parity, derivatives, convexity, storage, weights."""

import inspect
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize

from optlite import objectives, reference
from optlite._core import core
from optlite._params import records

NAMES = sorted(records("objectives"))


def assert_close(actual, desired, rtol=1e-12):
    """Compare relative to the largest entry: sums of rows cannot promise more for small ones."""
    assert_allclose(actual, desired, rtol=0, atol=rtol * max(np.max(np.abs(desired)), 1e-300))


def slope(function, h=1e-3):
    """Differentiate at 0 by central differences, extrapolated twice to an error of order h^6."""
    raw = [(function(step) - function(-step)) / (2 * step) for step in (h, h / 2, h / 4)]
    once = [(4 * raw[1] - raw[0]) / 3, (4 * raw[2] - raw[1]) / 3]
    return (16 * once[1] - once[0]) / 15


# --- twin parity ----------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.0, 0.3])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_value_gradient_and_hessian_match_the_twin(problem, alpha, fit_intercept, weighted):
    weight = problem.weight if weighted else None
    f = problem.make(alpha=alpha, fit_intercept=fit_intercept, sample_weight=weight)
    w, V = problem.point(f), problem.rng.normal(size=(3, f.dim))
    twin = f.twin()
    at = twin.evaluate(w.ravel())
    value, gradient = f.value_and_gradient(w)
    assert_close(value, at.value)
    assert_close(gradient.ravel(), at.gradient)
    assert f.value(w) == value
    assert_array_equal(f.gradient(w), gradient)
    assert_close(f.hvp(w, V), twin.hessian_product(at, V))
    assert_close(f.hessian(w), twin.hessian(at))
    assert_close(f.duality_gap(w), twin.certificate(at), rtol=1e-10)


def test_hyper_parameters_reach_the_core_and_the_twin(problem):
    """A value other than the default changes both in the same way."""
    for field in problem.record["fields"]:
        value = 0.5 * field["default"] if field["default"] else 0.5
        f = problem.make(**{field["name"]: value})
        w = problem.point(f)
        assert_close(f.value(w), f.twin().evaluate(w.ravel()).value)
        assert f.value(w) != problem.make().value(w)


def test_twin_declares_the_same_constants_and_defaults(problem):
    assert problem.twin.curvature_bound() == problem.record["curvature_bound"]
    assert problem.twin.self_concordance == problem.record["self_concordance"]
    for function in ("value", "first", "second"):
        parameters = list(inspect.signature(getattr(problem.twin, function)).parameters.values())
        own = {p.name: p.default for p in parameters[2:]}
        assert own == {field["name"]: field["default"] for field in problem.record["fields"]}


# --- derivatives ----------------------------------------------------------------------------------


def margins_and_targets(problem):
    """Margins for the twin's functions, and a direction in which to differentiate."""
    f = problem.make()
    shape = (len(problem.y), *f.shape[:-1])
    return 2.0 * problem.rng.normal(size=shape), problem.rng.normal(size=shape)


def test_twin_derivatives_match_differences(problem):
    z, d = margins_and_targets(problem)
    twin, y = problem.twin, problem.y
    first, second = twin.first(z, y), twin.second(z, y)
    many = z.ndim == 2
    along = np.einsum("nk,nk->n", first, d) if many else first * d
    curve = np.einsum("nab,nb->na", second, d) if many else second * d
    assert_close(slope(lambda t: twin.value(z + t * d, y)), along, rtol=1e-9)
    assert_close(slope(lambda t: twin.first(z + t * d, y)), curve, rtol=1e-9)


@pytest.mark.parametrize("t", [1e-3, 0.4, 0.99, 1.0])
def test_gap_of_shortened_derivatives(problem, t):
    """l(z) + l*(t l') - t l' z, with the conjugate from a search for its maximum."""
    z, _ = margins_and_targets(problem)
    twin, y = problem.twin, problem.y
    if not hasattr(twin, "gap"):
        with pytest.raises(ValueError, match="no conjugate"):
            core.objective_gap(problem.record["name"], z.T, y, t)
        return
    gaps = twin.gap(z, y, t)
    assert_allclose(core.objective_gap(problem.record["name"], z.T, y, t), gaps.sum(), rtol=1e-11)
    for i in range(12):
        v, own = t * twin.first(z[i : i + 1], y[i : i + 1]), y[i : i + 1]

        def falls(u, v=v, own=own):
            u = np.reshape(u, v.shape)
            return float(twin.value(u, own)[0] - np.sum(u * v)), (twin.first(u, own) - v).ravel()

        found = minimize(falls, z[i : i + 1].ravel(), jac=True, method="BFGS", tol=1e-10)
        direct = twin.value(z[i : i + 1], own)[0] - found.fun - np.sum(v * z[i : i + 1])
        assert_allclose(gaps[i], direct, rtol=1e-6, atol=1e-9)
        assert gaps[i] >= -1e-15


def test_gradient_and_hvp_match_differences(problem):
    f = problem.usual()
    w, v = problem.point(f), problem.rng.normal(size=f.shape)
    gradient = f.gradient(w)
    assert_close(slope(lambda t: f.value(w + t * v)), np.sum(gradient * v), rtol=1e-8)
    # Between kinks of the first derivative (Huber) differences need a short step.
    assert_close(slope(lambda t: f.gradient(w + t * v), h=1e-5), f.hvp(w, v), rtol=1e-8)


def test_hessian_is_symmetric_and_agrees_with_products(problem):
    f = problem.usual()
    w, V = problem.point(f), problem.rng.normal(size=(4, f.dim))
    H = f.hessian(w)
    assert_array_equal(H, H.T)
    assert_close(f.hvp(w, V), V @ H)
    single = f.hvp(w, V[0].reshape(f.shape))
    assert single.shape == f.shape
    assert_close(single.ravel(), V[0] @ H)
    assert_array_equal(f.hvp(w, V.reshape(4, *f.shape)).reshape(4, -1), f.hvp(w, V))
    assert f.hvp(w, np.zeros((0, f.dim))).shape == (0, f.dim)


def test_convex(problem):
    f = problem.usual()
    for _ in range(5):
        a, b = problem.point(f), problem.point(f)
        eigenvalues = np.linalg.eigvalsh(f.hessian(a))
        assert eigenvalues[0] >= -1e-14 * eigenvalues[-1]
        middle = 0.5 * (f.value(a) + f.value(b))
        assert f.value(0.5 * (a + b)) <= middle * (1 + 1e-14)


def test_curvature_bound_and_self_concordance_hold(problem):
    z, d = margins_and_targets(problem)
    twin, y = problem.twin, problem.y
    bound, c = twin.curvature_bound(), twin.self_concordance
    for scale in (0.0, 0.1, 1.0, 5.0):
        second = twin.second(scale * z, y)
        top = np.linalg.eigvalsh(second)[:, -1] if z.ndim == 2 else second
        assert np.all(second == second)
        assert np.all(top <= bound * (1 + 1e-12))
        if np.isfinite(c):
            unit = d / np.abs(d).max(axis=1, keepdims=True) if z.ndim == 2 else np.sign(d)
            third = slope(lambda t, s=scale, u=unit: twin.second(s * z + t * u, y))
            gap = c * second - np.abs(third) if z.ndim == 1 else c * second - third
            lowest = np.linalg.eigvalsh(gap)[:, 0] if z.ndim == 2 else gap
            assert np.all(lowest >= -1e-8 * (1 + np.abs(third).max()))


def test_lipschitz_bounds_the_hessian(problem):
    f = problem.usual()
    bound, exact = f.lipschitz(), f.twin().lipschitz()
    assert bound >= np.linalg.eigvalsh(f.hessian(problem.point(f))).max()
    assert bound >= exact * (1 - 1e-9)
    if np.isfinite(exact):
        assert bound <= 1.01 * exact


def test_lipschitz_does_not_depend_on_the_start_of_the_power_method(problem):
    """Columns that sum to zero: a vector of ones is orthogonal to the top eigenvector."""
    X = problem.X[:, :1] * np.array([[1.0, -1.0]])
    f = problem.make(X=X)
    assert f.lipschitz() >= f.twin().lipschitz() * (1 - 1e-9)


@pytest.mark.parametrize("size", [40.0, 800.0])
def test_extreme_margins_are_computed_without_losing_digits(problem, size):
    f = problem.make(X=np.eye(len(problem.y)))
    sign = np.where(np.arange(f.dim) % 2 == 0, size, -size).reshape(f.shape)
    at = f.twin().evaluate(sign.ravel())
    value, gradient = f.value_and_gradient(sign)
    if np.isfinite(at.value):
        assert_close(value, at.value)
        assert_close(gradient.ravel(), at.gradient)
    else:
        assert value == np.inf


# --- the intercept --------------------------------------------------------------------------------


def test_intercept_is_a_column_of_ones_without_penalty(problem):
    f = problem.make(fit_intercept=True)
    ones = problem.make(X=np.column_stack([problem.X, np.ones(len(problem.y))]))
    w = problem.point(f)
    assert_close(f.value(w), ones.value(w))
    assert_close(f.gradient(w), ones.gradient(w))
    assert_close(f.hessian(w), ones.hessian(w))


def test_intercept_is_not_penalised(problem):
    plain = problem.make(fit_intercept=True)
    w = problem.point(plain)
    penalised = problem.make(fit_intercept=True, alpha=7.0)
    difference = penalised.gradient(w) - plain.gradient(w)
    assert_close(difference[..., :-1], 7.0 * w[..., :-1])
    assert_array_equal(difference[..., -1], 0.0 * w[..., -1])
    assert_close(penalised.value(w) - plain.value(w), 3.5 * np.sum(w[..., :-1] ** 2), rtol=1e-11)


# --- storage --------------------------------------------------------------------------------------


def read_only(X):
    """A copy that must not be written."""
    X = X.copy()
    X.setflags(write=False)
    return X


def every_other(X):
    """X as a view of a larger array, with no axis contiguous."""
    wide = np.zeros((2 * X.shape[0], 3 * X.shape[1]))
    wide[::2, ::3] = X
    return wide[::2, ::3]


def duplicated(X):
    """CSR with each entry stored twice, half each, columns not sorted."""
    n, d = X.shape
    indices = np.tile(np.r_[np.arange(d)[::-1], np.arange(d)], n)
    data = 0.5 * np.hstack([X[:, ::-1], X]).ravel()
    return sp.csr_matrix((data, indices, np.arange(0, 2 * n * d + 1, 2 * d)), shape=(n, d))


def wide_indices(X):
    """CSR with 64-bit indices."""
    X = sp.csr_array(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


STORAGE = {
    "fortran": np.asfortranarray,
    "row slice": lambda X: np.vstack([X, X])[: len(X)],
    "every other row": lambda X: np.repeat(X, 2, axis=0)[::2],
    "reversed": lambda X: X[::-1].copy()[::-1],
    "no contiguous axis": every_other,
    "read-only": read_only,
    "big-endian": lambda X: X.astype(">f8"),
    "list": lambda X: X.tolist(),
    "csr matrix": sp.csr_matrix,
    "csr array": sp.csr_array,
    "csr int64": wide_indices,
    "csr duplicates": duplicated,
    "csc": sp.csc_array,
    "coo": sp.coo_array,
}


@pytest.mark.parametrize("name", STORAGE)
def test_storage_does_not_matter(problem, name):
    problem.X[np.abs(problem.X) < 0.5] = 0.0
    f = problem.usual()
    g = problem.make(
        X=STORAGE[name](problem.X), alpha=0.1, sample_weight=problem.weight, fit_intercept=True
    )
    w = problem.point(f)
    assert_close(g.value(w), f.value(w))
    assert_close(g.gradient(w), f.gradient(w))
    assert_close(g.hvp(w, w), f.hvp(w, w))
    assert_close(g.hessian(w), f.hessian(w))


@pytest.mark.parametrize("storage", [np.asarray, np.asfortranarray, sp.csr_array])
def test_float32_is_read_as_it_is_and_summed_in_double(problem, storage):
    X = problem.X.astype(np.float32)
    f, exact = problem.make(X=storage(X), alpha=0.1), problem.make(X=X.astype(float), alpha=0.1)
    w = problem.point(f)
    value, gradient = f.value_and_gradient(w)
    assert_close(value, exact.value(w))
    for ours, full in (
        (gradient, exact.gradient(w)),
        (f.hvp(w, w), exact.hvp(w, w)),
        (f.hessian(w), exact.hessian(w)),
    ):
        assert ours.dtype == np.float32
        assert_close(ours, full, rtol=1e-7)


def test_integers_become_float64(problem):
    X = np.round(2 * problem.X).astype(np.int64)
    f, g = problem.make(X=X), problem.make(X=X.astype(float))
    w = problem.point(f)
    assert_array_equal(f.gradient(w), g.gradient(w))
    assert f.gradient(w).dtype == np.float64


def test_flat_and_shaped_variables_are_the_same(problem):
    f = problem.usual()
    w = problem.point(f)
    assert_array_equal(f.gradient(w.ravel()), f.gradient(w).ravel())
    assert f.value(w.tolist()) == f.value(w)


def test_callers_arrays_are_not_written(problem):
    X, y, weight = (array.copy() for array in (problem.X, problem.y, problem.weight))
    f = problem.usual()
    w = problem.point(f)
    V = problem.rng.normal(size=(2, f.dim))
    kept = w.copy(), V.copy()
    f.value_and_gradient(w), f.hvp(w, V), f.hessian(w), f.lipschitz(), f.duality_gap(w)
    assert_array_equal(X, problem.X)
    assert_array_equal(y, problem.y)
    assert_array_equal(weight, problem.weight)
    assert_array_equal(kept[0], w)
    assert_array_equal(kept[1], V)


@pytest.mark.parametrize("name", NAMES)
@given(n=st.integers(6, 40), d=st.integers(1, 11), order=st.sampled_from("CF"), data=st.data())
def test_any_shape_and_stride_matches_the_twin(name, make_problem, n, d, order, data):
    problem = make_problem(name, n=n, d=d, seed=n * d)
    if problem.record["target"] in ("binary", "label"):
        problem.y[:3] = [-1.0, 1.0, 1.0] if problem.record["target"] == "binary" else [0, 1, 2]
    step, lead = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 2))
    block = np.zeros((step * n, d + lead), order=order)
    view = block[::step, lead:]
    view[...] = problem.X
    f = problem.make(X=view, alpha=0.1, fit_intercept=bool(n % 2))
    w = problem.point(f)
    at = f.twin().evaluate(w.ravel())
    assert_close(f.value(w), at.value)
    assert_close(f.gradient(w).ravel(), at.gradient)


# --- weights --------------------------------------------------------------------------------------


def test_a_weight_is_a_repetition(problem):
    times = problem.rng.integers(1, 4, size=len(problem.y))
    f = problem.make(sample_weight=times, alpha=0.1, fit_intercept=True)
    rows = np.repeat(np.arange(len(times)), times)
    g = problem.make(X=problem.X[rows], y=problem.y[rows], alpha=0.1, fit_intercept=True)
    w = problem.point(f)
    assert_close(f.value(w), g.value(w))
    assert_close(f.gradient(w), g.gradient(w))
    assert_close(f.hessian(w), g.hessian(w))
    assert_close(f.hvp(w, w), g.hvp(w, w))


def test_a_weight_of_zero_removes_the_row(problem):
    kept = np.arange(len(problem.y)) % 4 != 0
    problem.X[~kept] = 1e6  # would be seen
    f = problem.make(sample_weight=kept.astype(float), alpha=0.1, fit_intercept=True)
    g = problem.make(X=problem.X[kept], y=problem.y[kept], alpha=0.1, fit_intercept=True)
    w = problem.point(f) * 1e-7  # keeps the exponentials of the removed rows finite
    assert_close(f.value(w), g.value(w))
    assert_close(f.gradient(w), g.gradient(w))
    assert_close(f.hessian(w), g.hessian(w))


def test_the_scale_of_the_weights_does_not_matter(problem):
    f = problem.make(sample_weight=problem.weight, alpha=0.1)
    g = problem.make(sample_weight=4.0 * problem.weight, alpha=0.1)
    w = problem.point(f)
    assert_array_equal(f.gradient(w), g.gradient(w))


def placed(array, offset, order="C"):
    """A copy of the array that starts `offset` numbers after a multiple of 64 bytes."""
    room = np.empty(array.size + 16)
    start = (-room.ctypes.data % 64) // 8 + offset
    view = room[start : start + array.size].reshape(array.shape, order=order)
    view[...] = array
    return view


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_address_of_the_data_changes_no_bit(problem, order):
    """Vector code may treat the numbers before an aligned address apart; sums must not show it."""
    results = []
    for offset in (0, 1, 2, 3, 5):
        f = problem.make(
            X=placed(problem.X, offset, order),
            y=placed(problem.y, offset),
            sample_weight=placed(problem.weight, offset),
            alpha=0.1,
            fit_intercept=True,
        )
        w = placed(np.linspace(-0.3, 0.4, f.dim).reshape(f.shape), offset)
        results.append(
            [*f.value_and_gradient(w), f.hvp(w, w), f.hessian(w), f.lipschitz(), f.duality_gap(w)]
        )
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            assert_array_equal(ours, theirs)


# --- threads --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def serial_results():
    """Results of the first number of threads, by problem, to compare the others with."""
    return {}


@pytest.mark.parametrize("storage", [np.asarray, np.asfortranarray, sp.csr_array])
@pytest.mark.parametrize("name", NAMES)
def test_the_number_of_threads_changes_no_bit(
    name, storage, make_problem, n_threads, serial_results
):
    problem = make_problem(name, n=3000, d=20)
    f = problem.make(
        X=storage(problem.X), alpha=0.1, sample_weight=problem.weight, fit_intercept=True
    )
    w = problem.point(f)
    value, gradient = f.value_and_gradient(w)
    results = [value, gradient, f.hvp(w, gradient), f.hessian(w), f.duality_gap(w), f.lipschitz()]
    before = serial_results.setdefault((name, storage.__name__), results)
    for ours, theirs in zip(results, before, strict=True):
        assert_array_equal(ours, theirs)


# --- as Python objects ----------------------------------------------------------------------------


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array])
def test_pickle_and_equality(problem, storage):
    fields = {field["name"]: 0.9 * field["default"] for field in problem.record["fields"]}
    f = problem.make(X=storage(problem.X), alpha=0.2, fit_intercept=True, **fields)
    again = pickle.loads(pickle.dumps(f))
    w = problem.point(f)
    assert again == f
    assert again.value(w) == f.value(w)
    assert f != problem.make(X=storage(problem.X), alpha=0.3, fit_intercept=True, **fields)
    assert f != "something else"


def test_repr_signature_and_immutability(problem):
    f = problem.make(alpha=0.5)
    assert repr(f).startswith(f"{problem.record['class_name']}(<60 x 4 float64>, y, alpha=0.5")
    names = list(inspect.signature(type(f)).parameters)
    own = [field["name"] for field in problem.record["fields"]]
    assert names[:2] == ["X", "y"] and names[len(names) - len(own) :] == own
    with pytest.raises(AttributeError, match="cannot be changed"):
        f.alpha = 1.0
    with pytest.raises(AttributeError, match="cannot be changed"):
        del f.alpha


def test_every_objective_is_a_public_class(problem):
    name = problem.record["class_name"]
    assert name in objectives.__all__
    assert problem.record["formula"].split()[0] in getattr(objectives, name).__doc__
    assert problem.record["name"] in reference.names("objectives")
