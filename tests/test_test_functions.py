"""Test functions: derivatives by complex step, known minima, and what is refused."""

import pickle

import numpy as np
import pytest

from optlite import optim
from optlite.objectives import Beale, Booth, Himmelblau, Quadratic, Rastrigin, Rosenbrock


def rotated_quadratic():
    basis = np.linalg.qr(np.random.default_rng(4).normal(size=(4, 4)))[0]
    return Quadratic([0.1, 1.0, 3.0, 20.0], basis=basis, center=[1.0, -2.0, 0.5, 0.0])


FUNCTIONS = [
    Beale(),
    Booth(),
    Himmelblau(),
    Quadratic([2.0, -3.0]),
    Quadratic([5.0]),
    rotated_quadratic(),
    Rastrigin(),
    Rastrigin(1),
    Rastrigin(dim=5),
    Rosenbrock(),
    Rosenbrock(dim=3),
    Rosenbrock(dim=6),
]
ALL = pytest.mark.parametrize("f", FUNCTIONS, ids=repr)


def points(f, n=5):
    """Random points of the domain, where nothing is special."""
    return np.random.default_rng(f.dim).uniform(*f.domain.T, size=(n, f.dim))


@ALL
def test_the_gradient_is_that_of_the_value(f):
    step = 1e-100j
    for w in points(f):
        by_step = [f._value(w + step * e).imag / 1e-100 for e in np.eye(f.dim)]
        size = np.abs(by_step).max()
        np.testing.assert_allclose(f.gradient(w), by_step, rtol=1e-12, atol=1e-13 * size)


@ALL
def test_the_hessian_is_that_of_the_gradient(f):
    step = 1e-100j
    for w in points(f):
        by_step = [f._gradient(w + step * e).imag / 1e-100 for e in np.eye(f.dim)]
        size = np.abs(by_step).max()
        np.testing.assert_allclose(f.hessian(w), by_step, rtol=1e-12, atol=1e-13 * size)


@ALL
def test_one_vector_and_a_block_of_them_give_the_same_products(f):
    w, V = points(f)[0], np.random.default_rng(1).normal(size=(3, f.dim))
    block = f.hvp(w, V)
    assert block.shape == V.shape
    for row, v in zip(block, V, strict=True):
        np.testing.assert_allclose(row, f.hvp(w, v), rtol=1e-13, atol=1e-12)
    np.testing.assert_allclose(block, V @ f.hessian(w), rtol=1e-12, atol=1e-11)
    assert f.hvp(w, V[:0]).shape == (0, f.dim)


@pytest.mark.parametrize("f", [f for f in FUNCTIONS if f.minimum is not None], ids=repr)
def test_the_minimum_is_one(f):
    for w in f.minimizers:
        curvature = np.linalg.eigvalsh(f.hessian(w))
        assert curvature.min() > 0.0
        assert f.value(w) - f.minimum <= 1e-27 * curvature.max()
        assert np.abs(f.gradient(w)).max() <= 1e-15 * curvature.max() * max(1, np.abs(w).max())
    assert min(f.value(w) for w in points(f, 200)) > f.minimum
    np.testing.assert_array_equal(f.minimizer, f.minimizers[0])
    lower, upper = f.domain.T
    assert np.all((lower <= f.minimizers) & (f.minimizers <= upper))


def test_the_minima_of_himmelblau_are_found_from_four_corners():
    """Gradient descent from each quarter of the plane ends in another of the stated points."""
    f = Himmelblau()
    ends = set()
    for corner in [(4, 4), (-4, 4), (-4, -4), (4, -4)]:
        record = list(optim.steps(f, corner, method=optim.SGD(0.01), max_iter=2000, tol=1e-24))[-1]
        distance = np.linalg.norm(f.minimizers - record.x, axis=1)
        assert distance.min() < 1e-10
        ends.add(int(distance.argmin()))
    assert ends == {0, 1, 2, 3}


@pytest.mark.parametrize("dim", range(4, 11))
def test_rosenbrock_has_another_local_minimum_from_four_variables_on(dim):
    f = Rosenbrock(dim)
    w = np.ones(dim)
    w[0] = -1.0
    for _ in range(30):  # Newton's method
        w -= np.linalg.solve(f.hessian(w), f.gradient(w))
    assert np.abs(f.gradient(w)).max() < 1e-10
    assert np.linalg.eigvalsh(f.hessian(w)).min() > 0.1
    assert f.value(w) > 3.5 and w[0] < -0.7


def test_the_condition_of_rosenbrock_at_its_minimum():
    smallest, largest = np.linalg.eigvalsh(Rosenbrock().hessian([1.0, 1.0]))
    assert 2450 < largest / smallest < 2550


def test_a_quadratic_has_the_eigenvalues_that_were_given():
    f = rotated_quadratic()
    np.testing.assert_allclose(np.linalg.eigvalsh(f.hessian(np.zeros(4))), f.eigenvalues)
    assert f.lipschitz() == 20.0
    v = f.basis[:, 2]  # along an eigenvector the function is a parabola
    assert f.value(f.center + 2.0 * v) == pytest.approx(0.5 * 3.0 * 4.0)


def test_a_quadratic_with_a_negative_curvature_has_no_minimum():
    f = Quadratic([1.0, -1.0])
    assert f.minimum is None and f.minimizer is None and f.minimizers.shape == (0, 2)


@ALL
def test_single_precision_stays_and_arguments_are_not_changed(f):
    w = points(f)[0].astype(np.float32)
    v = np.ones(f.dim, dtype=np.float32)
    kept = w.copy(), v.copy()
    value, gradient = f.value_and_gradient(w)
    assert type(value) is float and gradient.dtype == f.hvp(w, v).dtype == np.float32
    np.testing.assert_array_equal(w, kept[0])
    np.testing.assert_array_equal(v, kept[1])
    assert value == f.value(w.astype(np.float64)) == f.value(w.tolist())


@ALL
def test_overflow_and_nan_pass_without_a_warning(f):
    huge = f.value(np.full(f.dim, 1e200))
    assert huge == np.inf or np.isnan(huge) or f.minimum is None
    assert np.isnan(f.gradient(np.full(f.dim, np.nan))).all()


@ALL
def test_a_function_can_be_pickled(f):
    twin, w = pickle.loads(pickle.dumps(f)), points(f)[0]
    assert twin.value(w) == f.value(w) and repr(twin) == repr(f)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Rosenbrock(1), ValueError, r"dim must be >= 2, got 1 \(Rosenbrock\)"),
        (lambda: Rosenbrock("2"), TypeError, r"dim must be an integer, got '2' \(Rosenbrock\)"),
        (lambda: Rastrigin(2.5), TypeError, r"dim must be an integer, got 2.5 \(Rastrigin\)"),
        (lambda: Beale().value([1.0]), ValueError, r"w must have shape \(2,\), got \(1,\) \(Beale"),
        (lambda: Booth().gradient([1j, 0]), TypeError, "w must hold real numbers, got dtype compl"),
        (lambda: Booth().hvp([1, 0], [1, 0, 0]), ValueError, r"V must have shape \(2,\), got \(3,"),
        (lambda: Booth().hvp([1, 0], 1.0), ValueError, r"V must have shape \(2,\), got \(\)"),
        (lambda: Quadratic([]), ValueError, "eigenvalues must be a list of at least one number"),
        (lambda: Quadratic([1, np.inf]), ValueError, "eigenvalues must hold finite numbers, got i"),
        (lambda: Quadratic([1, 2], center=[0]), ValueError, r"center must have shape \(2,\)"),
        (lambda: Quadratic([1, 2], basis=[[1]]), ValueError, r"basis must have shape \(2, 2\)"),
        (
            lambda: Quadratic([1, 2], basis=[[1, 1], [0, 1]]),
            ValueError,
            "basis must be orthogonal, got an error of 1 .*numpy.linalg.qr",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
