"""Eigenpairs of a Hessian in single precision, corrected by exact products, against LAPACK."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import example, given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from optlite import objectives
from optlite.curvature import GaussNewtonOperator, HessianOperator, eigsh
from optlite.curvature._eigsh import wanted
from optlite.reference.refinement import refine, with_neighbours

N, D = 3000, 100
RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(N, D)) * np.linspace(2.0, 0.5, D)
COUNTS = RANDOM.poisson(1.0, N)
WEIGHT = RANDOM.uniform(0.5, 2.0, N)
OBJECTIVES = {
    "least_squares": lambda X: objectives.LeastSquares(X, COUNTS, fit_intercept=True),
    "logistic": lambda X: objectives.Logistic(X, COUNTS > 0, sample_weight=WEIGHT, alpha=0.3),
    "huber": lambda X: objectives.Huber(X, COUNTS, alpha=0.1, fit_intercept=True),
    "poisson": lambda X: objectives.Poisson(X, COUNTS, sample_weight=WEIGHT),
    "multinomial": lambda X: objectives.Multinomial(
        X[:, :40], np.minimum(COUNTS, 2), alpha=0.01, fit_intercept=True
    ),
}


def start(f, seed=0):
    return 0.05 * np.random.default_rng(seed).normal(size=f.dim)


def exact(f, w):
    """The Hessian by NumPy, in double."""
    twin = f.twin()
    return twin.hessian(twin.evaluate(w))


def check(found, H, which, rel=1e-12):
    """The pairs are those of LAPACK, and no residual is above its bound."""
    values = np.linalg.eigvalsh(H)
    size = np.abs(values).max()
    k = len(found.eigenvalues)
    assert found.eigenvalues == pytest.approx(values[wanted(values, k, which)], abs=rel * size)
    V = np.asarray(found.eigenvectors, dtype=float)
    left = np.linalg.norm(H @ V - V * found.eigenvalues, axis=0)
    assert (left <= found.residual_bounds).all()


@pytest.mark.parametrize("which", ["LA", "SA", "BE"])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_pairs_of_every_linear_model(name, which):
    f = OBJECTIVES[name](X)
    w = start(f)
    # Of softmax the smallest eigenvalues are alpha, forty times.
    method = "dense" if (name, which) == ("multinomial", "SA") else "refined"
    for tol in (1e-8, 1e-12):
        found = eigsh(HessianOperator(f, w), 2, which, tol)
        assert found.converged and found.method == method
        assert found.residual_bounds.max() <= 2.0 * max(tol, 1e-14) * found.norm
        check(found, exact(f, w), which)


@pytest.mark.parametrize("order", ["C", "F"])
def test_data_in_single_precision(order):
    data = np.asarray(X, dtype=np.float32, order=order)
    f = OBJECTIVES["logistic"](data)
    w = start(f)
    found = eigsh(GaussNewtonOperator(f, w), 3)
    assert found.converged and found.method == "refined"
    assert found.eigenvalues.dtype == found.eigenvectors.dtype == np.float32
    check(found, exact(f, w), "LM", rel=1e-7)


def test_more_columns_than_one_panel():
    wide = RANDOM.normal(size=(4000, 230)) * np.linspace(2.0, 0.5, 230)
    f = objectives.Logistic(wide, wide[:, 0] > 0.0, fit_intercept=True)
    w = start(f)
    found = eigsh(HessianOperator(f, w), 4, "LA")
    assert found.converged and found.method == "refined"
    check(found, exact(f, w), "LA")


@pytest.mark.parametrize("scale", [1e-140, 1e-25, 1e25, 1e140])
def test_units_of_the_data_do_not_matter(scale):
    """Floats would underflow or overflow; powers of two take the columns there and back."""
    f, scaled = (objectives.LeastSquares(s * X, COUNTS) for s in (1.0, scale))
    one, other = (eigsh(HessianOperator(g, np.zeros(D)), 2, "LA") for g in (f, scaled))
    assert one.method == other.method == "refined"
    assert other.eigenvalues / scale**2 == pytest.approx(one.eigenvalues, rel=1e-12)


def test_columns_of_very_different_scale():
    mixed = X * 10.0 ** np.linspace(0.0, -60.0, D)
    f = objectives.LeastSquares(mixed, COUNTS)
    found = eigsh(HessianOperator(f, np.zeros(D)), 2, "LA")
    assert found.converged
    check(found, mixed.T @ mixed / N, "LA")


def test_what_a_few_rows_do_not_show_is_summed_in_double():
    """One row beyond the range of floats that no sample has seen."""
    rare = X.copy()
    rare[7] *= 1e60
    f = objectives.LeastSquares(rare, COUNTS)
    found = eigsh(HessianOperator(f, np.zeros(D)), 1, "LA")
    assert found.converged and found.method == "dense"
    check(found, rare.T @ rare / N, "LA")


def test_a_column_that_underflows_in_single_precision_is_summed_in_double():
    """It is zero in every row that the units are taken from, its squares vanish in floats, and no
    product with another column tells of it."""
    tiny = 1e-25 * X
    shown = np.isin(np.arange(N), N * np.arange(256) // 256)
    own = ~shown & (np.arange(N) % 13 == 0)
    tiny[own] = tiny[:, 0] = 0.0
    tiny[own, 0] = 1e-23
    f = objectives.LeastSquares(tiny, COUNTS)
    found = eigsh(HessianOperator(f, np.zeros(D)), 1, "LA")
    assert found.converged and found.method == "dense"
    check(found, tiny.T @ tiny / N, "LA")


@pytest.mark.parametrize("size", [1.0, 30.0, 300.0])
def test_weights_beyond_the_range_of_floats(size):
    """Curvature of e^-300 beside that of one half: floats do not hold both."""
    f = objectives.Logistic(X, COUNTS > 0)
    w = size * start(f, 1)
    found = eigsh(HessianOperator(f, w), 2, "LA", 1e-8)
    assert found.converged
    check(found, exact(f, w), "LA", rel=1e-11)


def test_values_closer_than_single_precision_are_told_apart():
    """Two columns of nearly one length, the second pair on the edge of what is wanted."""
    Q = np.linalg.qr(RANDOM.normal(size=(N, D)))[0]
    values = np.linspace(1.0, 2.0, D)
    values[-3:] = 3.0, 3.0 + 3e-9, 3.0 + 6e-9
    f = objectives.LeastSquares(Q * np.sqrt(N * values), np.zeros(N))
    for k in (1, 2, 3):
        found = eigsh(HessianOperator(f, np.zeros(D)), k, "LA", 1e-12)
        assert found.converged and found.method == "refined"
        assert found.eigenvalues == pytest.approx(values[D - k :], abs=1e-13 * 3.0 * 10)


@pytest.mark.parametrize("kind", ["multiple", "dominated"])
def test_many_values_closer_than_single_precision_take_double(kind):
    if kind == "multiple":
        data = np.sqrt(N) * np.linalg.qr(RANDOM.normal(size=(N, D)))[0]
    else:  # the mean of the columns leaves no digit of a float for anything else
        data = 1e5 + RANDOM.normal(size=(N, D))
    f = objectives.LeastSquares(data, COUNTS)
    found = eigsh(HessianOperator(f, np.zeros(D)), 2, "LA")
    assert found.converged and found.method == "dense"
    check(found, data.T @ data / N, "LA")


def test_sparse_data_and_zeros_take_double():
    for data in (sp.csr_array(X), np.zeros((N, D))):
        found = eigsh(HessianOperator(objectives.LeastSquares(data, COUNTS), np.zeros(D)), 2)
        assert found.converged and found.method in ("dense", "lanczos")


def test_threads_change_no_bit():
    f = OBJECTIVES["logistic"](X)
    results = []
    for threads in (1, 2, 5):
        with threadpool_limits(threads):
            results.append(eigsh(HessianOperator(f, start(f)), 3, "LA", 1e-12))
    for other in results[1:]:
        for name in ("eigenvalues", "eigenvectors", "residual_bounds"):
            assert np.array_equal(getattr(results[0], name), getattr(other, name))


# --- the method alone -------------------------------------------------------------------------


def _is_easy(values, places, k, error):
    """Whether each correction divides by ten thousand errors or more.

    And no neighbour is of the same value as a wanted one: which of them it is may then change.
    """
    distances = np.abs(np.delete(values, places)[:, None] - values[places])
    return len(places) == k and error < 1e-7 and distances.min(initial=np.inf) > 1e-3


@example(0, list(np.linspace(-3.0, 3.0, 40)), 4, "LA", -8.0)
@example(1, list(np.linspace(-3.0, 2.9, 40)), 3, "LM", -8.0)
@example(2, list(np.linspace(0.0, 3.0, 6)), 2, "BE", -7.5)
@given(
    st.integers(0, 10**6),
    st.lists(st.floats(-3.0, 3.0), min_size=6, max_size=40),
    st.integers(1, 4),
    st.sampled_from(["LA", "SA", "LM", "BE"]),
    st.floats(-9.0, -4.0),
)
def test_refined_pairs_are_those_of_lapack_or_none(seed, values, k, which, logarithm):
    """For any spectrum: what comes back has small residuals and belongs to the wanted values.

    Something comes back where the wanted values are far from the others.
    """
    random = np.random.default_rng(seed)
    size, error = len(values), 10.0**logarithm
    Q = np.linalg.qr(random.normal(size=(size, size)))[0]
    H = Q @ np.diag(values) @ Q.T
    H = 0.5 * (H + H.T)
    E = random.normal(size=(size, size))
    approximate, vectors = np.linalg.eigh(H + error / 20.0 * (E + E.T) / np.linalg.norm(E + E.T))
    margin = 16.0 * error
    places = with_neighbours(approximate, wanted(approximate, k, which), margin)
    found = refine(
        lambda V: V @ H,
        approximate,
        np.ascontiguousarray(vectors.T),
        places,
        lambda thetas: wanted(thetas, k, which),
        1e-12,
        margin,
    )
    if found is None:
        assert not _is_easy(approximate, places, k, error)
        return
    rows, products = found
    assert np.abs(rows @ rows.T - np.eye(k)).max() < 1e-13
    assert np.abs(products - rows @ H).max() < 1e-13
    thetas = np.einsum("ij,ij->i", rows, products)
    assert np.linalg.norm(products - thetas[:, None] * rows, axis=1).max() <= 1.1e-12
    true = np.linalg.eigvalsh(H)
    sizes = np.sort(np.abs(thetas)), np.sort(np.abs(true[wanted(true, k, which)]))
    assert sizes[0] == pytest.approx(sizes[1], abs=1e-12 * np.sqrt(k))


def test_an_approximation_that_says_too_little_is_refused():
    H = np.diag(np.arange(1.0, 11.0))
    values, vectors = np.linalg.eigh(H + 0.3)
    pick, places = (lambda thetas: wanted(thetas, 1, "LA")), np.array([9])
    arguments = (lambda V: V @ H, values, np.ascontiguousarray(vectors.T), places, pick, 1e-12)
    assert refine(*arguments, margin=1e-3) is None
