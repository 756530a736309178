"""Traces and diagonals from random vectors: no bias, honest errors, exact where they can be."""

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator
from sklearn.exceptions import ConvergenceWarning

from optlite.curvature import diagonal, trace
from optlite.curvature._operand import Operand
from optlite.curvature._trace import _ESTIMATORS

RNG = np.random.default_rng(0)
METHODS = ["hutchinson", "hutch++", "xtrace", "xnystrace"]


def rotated(values, seed=0):
    Q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))
    A = (Q * values) @ Q.T
    return 0.5 * (A + A.T)


DECAYING = 1.0 / np.arange(1.0, 201.0) ** 2
A = rotated(DECAYING)
INDEFINITE = rotated(RNG.normal(size=120))


def estimates(method, matrix, growths, seeds):
    found = []
    for seed in range(seeds):
        operand = Operand(matrix, None, "test")
        estimator = _ESTIMATORS[method](operand, np.random.default_rng(seed))
        for _ in range(growths):
            estimator.grow(max(estimator.first, len(estimator)))
        found.append((*estimator.estimate(), operand.n_products))
    return np.array(found).T


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("matrix", [A, INDEFINITE], ids=["decaying", "indefinite"])
def test_no_bias_and_honest_errors(method, matrix):
    if method == "xnystrace" and matrix is INDEFINITE:
        matrix = matrix @ matrix
    exact = np.trace(matrix)
    values, errors, _ = estimates(method, matrix, 2, 300)
    spread = values.std(ddof=1)
    assert abs(values.mean() - exact) < 4.5 * spread / 300**0.5
    # The reported error is about the true one; of samples that depend on each other, a bit less.
    # The jackknife's is larger, as theory says that it must be on average.
    low, high = {"xtrace": (0.6, 1.2), "xnystrace": (1.0, 2.5)}.get(method, (0.85, 1.2))
    assert low < np.sqrt(np.mean(errors**2)) / spread < high
    share = {"xtrace": 0.78, "xnystrace": 0.94}.get(method, 0.82)
    assert np.mean(np.abs(values - exact) <= 2.0 * errors) > share
    assert np.mean(np.abs(values - exact) <= 3.0 * errors) > 0.93


SPECTRA = {
    "squares": DECAYING[:100],
    "exponential": 0.8 ** np.arange(100),
    "flat": np.linspace(0.5, 1.5, 100),
}


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("count", [16, 50, 80])
def test_the_error_of_nystroem_covers_the_truth_with_any_share_of_vectors(name, count):
    """The spread of the leave-one-out estimates covers 63 to 86, 50 to 70 and 38 to 48 % here."""
    values, misses, errors = SPECTRA[name], [], []
    for seed in range(60):
        operand = Operand(np.diag(values), None, "test")
        estimator = _ESTIMATORS["xnystrace"](operand, np.random.default_rng(seed))
        estimator.grow(count)
        value, error = estimator.estimate()
        misses.append(value - values.sum())
        errors.append(error)
    assert np.mean(np.abs(misses) <= 2.0 * np.array(errors)) >= 0.93
    assert np.sqrt(np.mean(np.square(errors))) < 8.0 * np.std(misses)  # and says something


def test_the_jackknife_of_nystroem_leaves_out_each_vector():
    """Against the estimator made anew of all vectors but one."""
    operand = Operand(A, None, "test")
    estimator = _ESTIMATORS["xnystrace"](operand, np.random.default_rng(0))
    estimator.grow(12)
    vectors, products = estimator.sketch.vectors, estimator.sketch.products
    means = []
    for i in range(12):
        part = _ESTIMATORS["xnystrace"](operand, np.random.default_rng(0))
        part.sketch.vectors = np.delete(vectors, i, axis=0)
        part.sketch.products = np.delete(products, i, axis=0)
        part.multiply = estimator.multiply  # for its units
        means.append(part.estimate()[0])
    error = np.sqrt(11 / 12 * np.sum((np.array(means) - np.mean(means)) ** 2))
    assert estimator.estimate()[1] == pytest.approx(error, rel=1e-9)


def test_accuracy_for_decaying_eigenvalues():
    """The reference's check: 40 products for eigenvalues 1 / i^2, 200 of them."""
    exact = DECAYING.sum()
    size = {}
    for method in METHODS:
        values, _, products = estimates(method, A, 3 if method == "hutchinson" else 2, 40)
        assert 28 <= products[0] <= 36
        size[method] = np.sqrt(np.mean((values - exact) ** 2))
    assert size["xtrace"] < 0.05 * size["hutchinson"]
    assert size["hutch++"] < 0.15 * size["hutchinson"]
    assert size["xnystrace"] < size["xtrace"]


@pytest.mark.parametrize("method", ["hutch++", "xtrace", "xnystrace"])
def test_low_rank_is_exact(method):
    B = RNG.normal(size=(3, 300))
    found = trace(B.T @ B, method, rtol=1e-9)
    assert found.value == pytest.approx((B**2).sum(), rel=1e-10)
    assert found.converged and found.n_matvec < 100


@pytest.mark.parametrize(
    "method", ["auto", "xtrace", "hutch++", "xnystrace", "hutchinson", "exact"]
)
def test_zero_identity_and_small(method):
    assert trace(np.zeros((50, 50)), method).value == pytest.approx(0.0, abs=1e-14)
    assert trace(np.eye(60), method).value == pytest.approx(60.0, rel=1e-10)
    assert trace([[3.0]], method).value == pytest.approx(3.0)
    small = rotated(np.arange(1.0, 6.0))
    assert trace(small, method, rtol=1e-2).value == pytest.approx(15.0, rel=0.1)


@pytest.mark.parametrize("scale", [1e-290, 1e290])
@pytest.mark.parametrize("method", METHODS)
def test_traces_of_any_scale(method, scale):
    """Squares of products vanish, or overflow: that is no reason to be exact."""
    found, unit = (
        trace(lambda v, s=s: s * (A @ v), method, rtol=0.1, dim=200) for s in (scale, 1.0)
    )
    assert unit.standard_error > 0.0
    assert found.value / scale == pytest.approx(unit.value, rel=1e-9)
    assert found.standard_error / scale == pytest.approx(unit.standard_error, rel=1e-6)


@pytest.mark.parametrize("scale", [1e-290, 1e290])
@pytest.mark.parametrize("method", ["bekas", "xdiag"])
def test_diagonals_of_any_scale(method, scale):
    found, unit = (
        diagonal(lambda v, s=s: s * (A @ v), method, n_matvec=40, dim=200) for s in (scale, 1.0)
    )
    assert found.value / scale == pytest.approx(unit.value, rel=1e-9, abs=1e-12)
    assert found.standard_error / scale == pytest.approx(unit.standard_error, rel=1e-6)


def test_a_diagonal_from_one_side_of_the_matrix_needs_symmetry():
    B = A.copy()
    B[3, 7] += 0.5
    with pytest.warns(RuntimeWarning, match=r"operator is not symmetric.*\(diagonal\)"):
        diagonal(lambda v: B @ v, n_matvec=40, dim=200)


@pytest.mark.parametrize("method", METHODS)
def test_vectors_are_added_until_the_tolerance_is_met(method):
    coarse, fine = (trace(A, method, rtol=rtol, random_state=1) for rtol in (0.1, 0.02))
    assert coarse.n_matvec <= fine.n_matvec
    for found, rtol in ((coarse, 0.1), (fine, 0.02)):
        assert found.converged and found.standard_error <= rtol * found.value
        assert abs(found.value - DECAYING.sum()) < 5.0 * found.standard_error + 1e-12


def test_what_auto_takes():
    class Positive(LinearOperator):
        is_positive_semidefinite = True

        def _matvec(self, v):
            return A @ v.ravel()

    assert trace(Positive(float, A.shape)).method == "xnystrace"
    assert trace(A).method == "xtrace"
    assert trace(A[:10, :10]).method == "exact"
    assert trace(A, rtol=0.0).value == pytest.approx(DECAYING.sum(), rel=1e-12)


def test_warnings_and_refusals():
    with pytest.warns(ConvergenceWarning, match="trace stopped at max_matvec=20 with a standard"):
        found = trace(INDEFINITE, "hutchinson", rtol=1e-6, max_matvec=20)
    assert not found.converged and found.n_matvec <= 20
    with pytest.raises(ValueError, match="must be positive semidefinite for method='xnystrace'"):
        trace(INDEFINITE, "xnystrace")
    with pytest.raises(ValueError, match="method must be one of"):
        trace(A, "hutch")
    with pytest.raises(ValueError, match="rtol must be >= 0"):
        trace(A, rtol=-1.0)
    with pytest.raises(ValueError, match="max_matvec must be >= 6, got 3"):
        trace(A, max_matvec=3)
    with pytest.raises(ValueError, match="returned nan at coordinate 0"):
        trace(lambda v: v * np.nan, dim=100)
    with pytest.raises(ValueError, match="n_matvec must be >= 4"):
        diagonal(A, n_matvec=2)


@pytest.mark.parametrize("method", ["bekas", "xdiag"])
def test_diagonals_have_no_bias_and_honest_errors(method):
    runs = [diagonal(A, method, n_matvec=24, random_state=seed) for seed in range(200)]
    values = np.stack([run.value for run in runs])
    errors = np.stack([run.standard_error for run in runs])
    spread = values.std(axis=0, ddof=1)
    assert (np.abs(values.mean(axis=0) - np.diag(A)) < 5.0 * spread / 200**0.5).all()
    ratio = np.sqrt(np.mean(errors**2)) / np.sqrt(np.mean(spread**2))
    assert 0.7 < ratio < 1.3
    assert {run.n_matvec for run in runs} == {24}


def test_xdiag_beats_averages_where_eigenvalues_decay():
    far = {
        method: np.linalg.norm(diagonal(A, method, n_matvec=60).value - np.diag(A))
        for method in ("bekas", "xdiag")
    }
    assert far["xdiag"] < 0.2 * far["bekas"]


def test_exact_diagonals_and_types():
    found = diagonal(A, n_matvec=200)
    assert found.method == "exact" and np.array_equal(found.value, np.diag(A))
    found = diagonal(lambda v: A @ v, "exact", dim=200)
    assert found.value == pytest.approx(np.diag(A), abs=1e-15)
    assert found.n_matvec == 200
    assert diagonal(A.astype(np.float32), n_matvec=20).value.dtype == np.float32
    assert not diagonal(np.zeros((50, 50)), n_matvec=10).value.any()


def test_running_variance_of_bekas_is_that_of_all_samples():
    """It is put together from blocks."""
    found = diagonal(A, "bekas", n_matvec=50, random_state=3)
    random = np.random.default_rng(3)
    V = np.concatenate([2.0 * random.integers(0, 2, (n, 200)) - 1.0 for n in (16, 16, 16, 2)])
    samples = V * (V @ A)
    assert found.value == pytest.approx(samples.mean(axis=0), abs=1e-14)
    assert found.standard_error == pytest.approx(samples.std(axis=0, ddof=1) / 50**0.5, rel=1e-9)


def test_same_bits_for_any_number_of_threads(n_threads):
    found = [trace(A, method, rtol=0.05) for method in METHODS]
    digest = repr(found) + diagonal(A, n_matvec=40).value.tobytes().hex()
    assert _SAME.setdefault("all", digest) == digest


_SAME = {}
