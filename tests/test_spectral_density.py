"""Densities of eigenvalues, and sums of functions over them, against the eigenvalues themselves."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance
from sklearn.exceptions import ConvergenceWarning

from optlite.curvature import (
    condition_number,
    lanczos,
    logdet,
    norm,
    spectral_density,
    trace_of_function,
)

RNG = np.random.default_rng(0)
BULK = np.sort(RNG.normal(size=400)) ** 3
SPIKED = np.concatenate([np.sort(RNG.random(390)), [20.0, 30.0, 40.0]])


def rotated(values, seed=0):
    """Two reflections are rotation enough, and cheap."""
    A = np.diag(np.asarray(values, dtype=float))
    for k in range(2):
        v = np.random.default_rng([seed, k]).normal(size=len(values))
        v /= np.linalg.norm(v)
        A -= 2.0 * np.outer(v, v @ A)
        A -= 2.0 * np.outer(A @ v, v)
    return 0.5 * (A + A.T)


def distance(found, values):
    """Wasserstein-1 distance between the estimate and the eigenvalues."""
    nodes = np.concatenate([*found.nodes, found.outliers])
    share = (found.dim - len(found.outliers)) / found.dim / found.n_probes
    weights = [share * each for each in found.weights]
    weights = np.concatenate([*weights, np.full(len(found.outliers), 1.0 / found.dim)])
    return wasserstein_distance(nodes, values, weights)


@pytest.mark.parametrize("values", [BULK, SPIKED, np.zeros(60), np.full(50, 3.0), 1e-8 * BULK])
@pytest.mark.parametrize("deflate", [0, 3])
def test_distance_to_the_true_distribution_is_within_the_bound(values, deflate):
    A = rotated(values)
    for seed in range(5):
        found = spectral_density(A, n_probes=4, n_steps=30, deflate=deflate, random_state=seed)
        bound = found.wasserstein_bound(0.99)
        assert distance(found, values) <= bound + 1e-12 * np.abs(values).max()


def test_bound_holds_as_often_as_it_says():
    """It is far from tight: at a confidence of one half it never fails here."""
    A = rotated(BULK)
    far = [
        distance(found, BULK) / found.wasserstein_bound(0.5)
        for found in (
            spectral_density(A, n_probes=1, n_steps=20, random_state=s) for s in range(40)
        )
    ]
    assert max(far) < 1.0
    assert max(far) > 0.05  # nor is it empty


@pytest.mark.parametrize("deflate", [0, 3])
def test_first_moments_are_those_of_the_probes_exactly(deflate):
    A = rotated(SPIKED)
    found = spectral_density(A, n_probes=3, n_steps=8, deflate=deflate, random_state=7)
    assert found.moment_error < 1e-14
    assert all(np.isclose(weights.sum(), 1.0, rtol=1e-14) for weights in found.weights)
    if deflate == 0:
        V = np.random.default_rng(7).standard_normal((3, len(SPIKED)))
        V /= np.linalg.norm(V, axis=1, keepdims=True)
        value, error = found.moments(15)
        W = V.copy()
        for power in range(16):
            samples = [v @ w for v, w in zip(V, W, strict=True)]
            assert value[power] == pytest.approx(np.mean(samples), rel=1e-11)
            assert error[power] == pytest.approx(
                np.std(samples, ddof=1) / 3**0.5, rel=1e-9, abs=1e-13
            )
            W = W @ A


@given(
    st.lists(st.floats(-5.0, 5.0), min_size=2, max_size=30), st.integers(1, 12), st.integers(1, 3)
)
def test_moments_are_exact_for_any_spectrum(values, n_steps, n_probes):
    A = rotated(values)
    found = spectral_density(A, n_probes=n_probes, n_steps=n_steps)
    assert found.moment_error < 1e-13
    assert found.n_products == n_probes * min(n_steps, len(values)) or found.n_products < (
        n_probes * n_steps
    )


def test_outliers_count_exactly_when_deflated():
    A = rotated(SPIKED)
    found = spectral_density(A, n_probes=3, n_steps=30, deflate=3)
    assert found.outliers == pytest.approx([20.0, 30.0, 40.0])
    count = len(SPIKED)
    assert found.cdf(1.0).value == pytest.approx(390 / count, abs=1e-12)
    assert found.cdf([15.0, 25.0, 50.0]).value == pytest.approx(
        [390 / count, 391 / count, 1.0], abs=1e-12
    )
    # The mean of one function: the outliers, which dominate it, add no noise.
    rough = spectral_density(A, n_probes=3, n_steps=30)
    assert found.mean(np.square).standard_error < 0.01 * rough.mean(np.square).standard_error
    assert found.mean(np.square).value == pytest.approx(np.mean(SPIKED**2), rel=1e-3)


@pytest.mark.parametrize("method", ["slq", "kpm"])
def test_density_and_cdf(method):
    values = np.linspace(-1.0, 1.0, 500)
    A = rotated(values)
    found = spectral_density(A, method, n_probes=10, n_steps=40)
    x = np.linspace(-1.6, 1.6, 801)
    density, error = found.density(x)
    assert (density > -1e-12).all()
    assert np.trapezoid(density, x) == pytest.approx(1.0, abs=2e-3)
    middle = np.abs(x) < 0.8
    assert np.abs(density[middle] - 0.5).max() < 0.12
    cdf, error = found.cdf(x)
    assert (np.diff(cdf) > -1e-12).all()
    assert cdf[0] == pytest.approx(0.0, abs=1e-12) and cdf[-1] == pytest.approx(1.0, abs=1e-12)
    exact = np.searchsorted(values, x, side="right") / 500
    assert np.abs(cdf - exact).max() < 0.04
    between = np.abs(x) < 0.9
    inside = np.abs(cdf - exact)[between] <= 3.0 * error[between] + 0.02
    assert inside.mean() > 0.98


def test_kernel_polynomials():
    A = rotated(BULK)
    found = spectral_density(A, "kpm", n_probes=3, n_steps=50, random_state=7)
    assert found.range[0] < BULK[0] and BULK[-1] < found.range[1]
    V = np.random.default_rng(7).standard_normal((3, len(BULK)))
    V /= np.linalg.norm(V, axis=1, keepdims=True)
    value, _ = found.moments(6)
    for power in range(7):
        exact = np.mean([v @ np.linalg.matrix_power(A, power) @ v for v in V])
        assert value[power] == pytest.approx(exact, rel=1e-9)
    assert found.coefficients.shape == (3, 100)
    assert np.abs(found.coefficients).max() <= 1.0 + 1e-6
    assert found.n_products < 3 * 51 + 21  # two moments from a product
    deflated = spectral_density(rotated(SPIKED), "kpm", n_probes=4, n_steps=40, deflate=3)
    assert deflated.cdf(10.0).value == pytest.approx(390 / 393, abs=1e-9)
    zero = spectral_density(np.zeros((20, 20)), "kpm", n_steps=10)
    assert zero.moments(2).value == pytest.approx([1.0, 0.0, 0.0], abs=1e-6)


@pytest.mark.parametrize("method", ["slq", "kpm"])
@pytest.mark.parametrize("value", [0.0, 3.0, 3e-200, -3e200])
def test_one_eigenvalue_has_a_density(method, value):
    found = spectral_density(value * np.eye(9), method, n_steps=8)
    size = abs(value) or 1.0
    assert 0.0 < found.width < 0.1 * size
    reach = found.range[1] - found.range[0] + 6.0 * found.width
    shares = (np.arange(100_000) + 0.5) / 50_000 - 1.0
    density, error = found.density(value + reach * shares)
    assert np.isfinite(density).all() and np.isfinite(error).all()
    assert np.mean(density * (2.0 * reach)) == pytest.approx(1.0, abs=2e-2)
    if method == "kpm":
        with pytest.warns(RuntimeWarning, match="operator is not symmetric"):
            spectral_density(lambda v: np.roll(v, 1), "kpm", n_steps=8, dim=50)


def test_a_range_that_misses_an_eigenvalue_is_widened():
    """The start of the search for the ends does not see the last coordinate."""
    values = np.concatenate([np.linspace(0.0, 1.0, 300), [1.5]])
    from optlite.curvature import _kpm
    from optlite.curvature._operand import Operand

    operand = Operand(np.diag(values), None, "test")
    start = np.ones((2, 301))
    start[0, -1] = 0.0
    found = _kpm.chebyshev_density(operand, start, 60, np.zeros(0), np.zeros((0, 301)))
    assert found.range[1] > 1.5
    assert np.abs(found.coefficients).max() <= 1.0 + 1e-6


@pytest.mark.parametrize("method", ["slq", "kpm"])
def test_same_bits_for_any_number_of_threads(method, n_threads):
    A = sp.csr_array(sp.diags([np.ones(4999), BULK.repeat(13)[:5000], np.ones(4999)], [-1, 0, 1]))
    found = spectral_density(A, method, n_probes=3, n_steps=12)
    digest = found.cdf(np.linspace(-3, 3, 9)).value.tobytes()
    assert _SAME.setdefault(method, digest) == digest


_SAME = {}


def test_forming_the_matrix_changes_nothing_but_rounding():
    A = rotated(BULK)
    calls = []

    def function(v):
        calls.append(1)
        return A @ v

    many = spectral_density(function, n_probes=10, n_steps=60, dim=400)
    assert many.formed and len(calls) == 400 == many.n_products
    few = spectral_density(function, n_probes=3, n_steps=60, dim=400)
    assert not few.formed
    whole = spectral_density(A, n_probes=10, n_steps=60)
    assert many.cdf(0.3).value == pytest.approx(whole.cdf(0.3).value, abs=1e-9)


def test_probes_that_do_not_fit_into_memory_go_in_turn(monkeypatch):
    from optlite.curvature import _density

    A = rotated(BULK)
    together = spectral_density(A, n_probes=5, n_steps=20)
    monkeypatch.setattr(_density, "_MEMORY", 2 * 400 * 21)
    apart = spectral_density(A, n_probes=5, n_steps=20)
    for one, two in zip(together.nodes, apart.nodes, strict=True):
        assert one == pytest.approx(two, abs=1e-12)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="method must be one of 'slq', 'kpm', got 'dos'"):
        spectral_density(np.eye(3), "dos")
    with pytest.raises(ValueError, match=r"deflate must be in \[0, 2\], got 3"):
        spectral_density(np.eye(3), deflate=3)
    with pytest.raises(ValueError, match="n_probes must be >= 1, got 0"):
        spectral_density(np.eye(3), n_probes=0)
    with pytest.raises(ValueError, match="returned inf at coordinate 0"):
        spectral_density(lambda v: v + np.inf, dim=500, n_steps=2)
    found = spectral_density(np.diag([1.0, 2.0, 4.0]), n_probes=1)
    with pytest.raises(ValueError, match="width must be > 0"):
        found.density(1.0, width=0.0)
    with pytest.raises(ValueError, match="confidence must be in"):
        found.wasserstein_bound(1.0)
    assert np.isnan(found.cdf(2.0).standard_error)
    with pytest.warns(RuntimeWarning, match="operator is not symmetric"):
        spectral_density(np.triu(np.ones((5, 5))))


# --- functions ------------------------------------------------------------------------------------


def test_traces_of_functions_and_their_errors():
    values = np.linspace(0.5, 9.0, 300)
    A = rotated(values)
    far = []
    for seed in range(20):
        found = trace_of_function(A, np.sqrt, rtol=4e-3, n_steps=15, random_state=seed)
        assert found.converged and found.standard_error <= 4e-3 * found.value
        far.append((found.value - np.sqrt(values).sum()) / found.standard_error)
    assert np.abs(far).max() < 4.5
    assert 0.4 < np.std(far) < 2.0
    assert found.n_matvec < 15 * 101


def test_logdet():
    values = np.geomspace(0.1, 10.0, 500)
    A = rotated(values) + 0.5 * np.eye(500)
    exact = np.log(values + 0.5).sum()
    found = logdet(A, rtol=1e-2)
    assert abs(found.value - exact) < 5.0 * found.standard_error
    small = logdet(A[:40, :40])
    assert small.value == pytest.approx(np.linalg.slogdet(A[:40, :40])[1], rel=1e-12)
    assert small.standard_error == 0.0 and small.method == "exact"
    with pytest.raises(ValueError, match="must be positive definite: add a multiple"):
        logdet(np.diag([1.0, -1.0]))
    with pytest.raises(ValueError, match="function must be finite at all eigenvalues, got inf"):
        trace_of_function(np.diag([1.0, 0.0]), lambda t: 1.0 / t)
    with pytest.raises(ValueError, match=r"function must return shape \(2,\)"):
        trace_of_function(np.eye(2), np.sum)
    with pytest.warns(ConvergenceWarning, match="logdet stopped at max_probes=2"):
        logdet(A, rtol=1e-9, max_probes=2, n_steps=10)


def test_norm_and_condition_number():
    values = np.geomspace(1e-2, 7.0, 400)
    A = rotated(values)
    found = norm(-A)
    assert found.value <= 7.0 * (1.0 + 1e-12) and found.value == pytest.approx(7.0, rel=1e-5)
    assert 7.0 <= found.upper < 7.02
    found = condition_number(A, tol=1e-6)
    assert found.value <= 700.0 * (1.0 + 1e-9) and found.value == pytest.approx(700.0, rel=1e-6)
    assert 700.0 <= found.upper < 701.0
    assert condition_number(np.diag([1.0, 0.0])).upper == np.inf
    assert norm(np.zeros((4, 4))).value == 0.0
    assert condition_number([[3.0]]).value == 1.0
    with pytest.raises(ValueError, match="must be positive definite, got an eigenvalue near -2"):
        condition_number(np.diag([1.0, -2.0]))


def test_nodes_are_ritz_values():
    A = rotated(BULK)
    found = spectral_density(A, n_probes=1, n_steps=12, random_state=3)
    v0 = np.random.default_rng(3).standard_normal(400)
    run = lanczos(A, 12, v0=v0)
    assert found.nodes[0] == pytest.approx(run.ritz_values, abs=1e-12)
    assert found.weights[0] == pytest.approx(run.weights, abs=1e-12)
