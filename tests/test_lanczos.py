"""Lanczos' method and the eigenpairs made of it, against LAPACK and against their definitions."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.linalg import LinearOperator, aslinearoperator
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from optlite._core import core
from optlite.curvature import HessianOperator, eigsh, lanczos, lanczos_steps
from optlite.objectives import from_callable
from optlite.reference import block_lanczos
from optlite.reference import lanczos as twin


def with_eigenvalues(values, seed=0):
    """A matrix with these eigenvalues in random directions, and the directions."""
    values = np.asarray(values, dtype=float)
    Q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))
    A = (Q * values) @ Q.T
    return 0.5 * (A + A.T), Q


def spread(n=300):
    return np.sort(np.random.default_rng(5).normal(size=n))


# --- the kernel -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("m", "count", "size"), [(0, 3, 7), (5, 1, 40), (12, 4, 10_000), (3, 2, 5)]
)
def test_kernel_and_twin_extend_a_basis_alike(m, count, size):
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.normal(size=(size, max(m, 1))))[0].T[:m].copy()
    before = rng.normal(size=(count, size))
    W, V = before.copy(), before.copy()
    along, inside = core.extend_basis(Q, W, 0.0)
    expected = twin.extend_basis(Q, V, 0.0)
    everything = np.concatenate([Q, W])
    assert np.abs(everything @ everything.T - np.eye(m + count)).max() < 1e-14
    assert along @ Q + inside @ W == pytest.approx(before, abs=1e-13)
    assert np.abs(W - V).max() < 1e-12
    assert along == pytest.approx(expected[0], abs=1e-12)
    assert inside == pytest.approx(expected[1], abs=1e-12)


@pytest.mark.parametrize("extend", [core.extend_basis, twin.extend_basis])
def test_rows_in_the_span_vanish_and_small_remainders_stay_orthogonal(extend):
    rng = np.random.default_rng(1)
    Q = np.linalg.qr(rng.normal(size=(50, 6)))[0].T.copy()
    fresh = rng.normal(size=50)
    W = np.stack([fresh, Q[2] - 3.0 * Q[4], fresh + 1e-9 * rng.normal(size=50), np.zeros(50)])
    before = W.copy()
    along, inside = extend(Q, W, 0.0)
    assert (np.diag(inside) > 0.0).tolist() == [True, False, True, False]
    assert not W[1].any() and not W[3].any()
    kept = np.concatenate([Q, W[[0, 2]]])
    assert np.abs(kept @ kept.T - np.eye(8)).max() < 1e-14
    assert along @ Q + inside @ W == pytest.approx(before, abs=1e-13)


@pytest.mark.parametrize("extend", [core.extend_basis, twin.extend_basis])
def test_the_second_round_is_told_to_the_factors(extend):
    """Of a Q that is not quite orthonormal the first round leaves much, and the second changes W.

    W_before = along Q + inside W_after holds for any Q if `inside` is the product of the triangular
    factors of both rounds.
    """
    rng = np.random.default_rng(4)
    Q = np.linalg.qr(rng.normal(size=(40, 6)))[0].T + 0.02 * rng.normal(size=(6, 40))
    W = rng.normal(size=(5, 6)) @ Q + rng.normal(size=(5, 40))
    before = W.copy()
    along, inside = extend(Q, W, 0.0)
    assert np.abs(W @ W.T - np.eye(5)).max() < 1e-14
    assert along @ Q + inside @ W == pytest.approx(before, abs=1e-13)
    # The factor of the first round alone is another matrix.
    first = np.linalg.cholesky((before - before @ Q.T @ Q) @ (before - before @ Q.T @ Q).T)
    assert np.abs(np.tril(inside, -1) - np.tril(first, -1)).max() > 1e-3
    assert not np.triu(inside, 1).any()


def test_kernels_give_the_same_bits_for_any_number_of_threads(n_threads):
    rng = np.random.default_rng(2)
    Q = np.linalg.qr(rng.normal(size=(30_000, 12)))[0].T.copy()
    before = rng.normal(size=(5, 30_000))
    found = before.copy()
    along, inside = core.extend_basis(Q, found, 0.0)
    bases = np.stack([Q, Q[::-1]])
    many = before[:2].copy()
    core.extend_bases(bases, 7, many, 0.0)
    for p in range(2):
        one = before[p : p + 1].copy()
        core.extend_basis(bases[p, :7], one, 0.0)
        assert np.array_equal(one[0], many[p])
    # Each number of threads is one run of this test: they are compared through this sum.
    digest = (
        found.view(np.uint64).sum(),
        along.view(np.uint64).sum(),
        inside.view(np.uint64).sum(),
    )
    assert _SAME.setdefault("extend", digest) == digest
    A = with_eigenvalues(spread(400))[0]
    result = eigsh(A, 5, method="lanczos")
    digest = result.eigenvectors.tobytes(), result.residual_bounds.tobytes()
    assert _SAME.setdefault("eigsh", digest) == digest


_SAME = {}


def test_threads_of_a_blas_do_not_change_the_start():
    values, start = np.linspace(0.0, 1.0, 20_000), np.random.default_rng(0).normal(size=20_000)
    results = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            runs = [lanczos(lambda v: values * v, 3, start + k, dim=20_000) for k in range(5)]
            results.append([run.basis for run in runs])
    for ours, theirs in zip(*results, strict=True):
        assert np.array_equal(ours, theirs)


# --- lanczos --------------------------------------------------------------------------------------


@pytest.mark.parametrize("reorthogonalize", ["full", "selective"])
@pytest.mark.parametrize("engine", ["core", "numpy"])
def test_recurrence_holds_and_the_basis_is_orthonormal(reorthogonalize, engine):
    A, _ = with_eigenvalues(np.concatenate([spread(200), [10.0, 11.0]]))
    found = lanczos(A, 60, reorthogonalize=reorthogonalize, engine=engine)
    T = np.diag(found.alphas) + np.diag(found.betas[:-1], 1) + np.diag(found.betas[:-1], -1)
    remainder = A @ found.basis - found.basis @ T
    remainder[:, -1] -= found.betas[-1] * found.next_vector
    limit, loose = (1e-13, 1e-13) if reorthogonalize == "full" else (1e-8, 1e-6)
    assert np.abs(remainder).max() < limit
    assert np.abs(found.basis.T @ found.basis - np.eye(60)).max() < loose
    assert len(found.reorthogonalized) == 60 or reorthogonalize == "selective"


def test_selective_reorthogonalisation_works_less_and_loses_nothing():
    A, _ = with_eigenvalues(np.concatenate([spread(300), [20.0, 30.0]]))
    some, full = (lanczos(A, 80, reorthogonalize=way) for way in ("selective", "full"))
    assert 2 <= len(some.reorthogonalized) < 50
    assert some.ritz_values == pytest.approx(full.ritz_values, abs=1e-11)


def test_without_reorthogonalisation_ghosts_come():
    A, _ = with_eigenvalues(np.concatenate([np.linspace(0.0, 1.0, 99), [10.0]]))
    ghosts = lanczos(A, 90, reorthogonalize="none")
    assert np.sum(np.abs(ghosts.ritz_values - 10.0) < 1e-8) > 1
    assert np.sum(np.abs(lanczos(A, 90).ritz_values - 10.0) < 1e-8) == 1
    # More steps than dimensions make sense only so.
    more = lanczos(A, 300, reorthogonalize="none")
    assert len(more.alphas) == 300
    settled = more.ritz_values[more.residual_bounds < 1e-6]
    assert len(settled) > 100
    assert np.abs(settled[:, None] - np.linalg.eigvalsh(A)).min(axis=1).max() < 1e-6


def test_steps_are_the_beginning_of_the_whole():
    A, _ = with_eigenvalues(spread(50))
    whole = lanczos(A, 12)
    run = list(lanczos_steps(A, 12))
    assert [len(found.alphas) for found in run] == list(range(1, 13))
    for found in run:
        count = len(found.alphas)
        assert np.array_equal(found.alphas, whole.alphas[:count])
        assert np.array_equal(found.betas, whole.betas[:count])
    largest = [found.ritz_values[-1] for found in run]
    assert np.all(np.diff(largest) > -1e-14)  # interlacing
    assert run[-1].n_products == 12


@pytest.mark.parametrize("engine", ["core", "numpy"])
def test_breakdown_is_an_invariant_subspace(engine):
    A, _ = with_eigenvalues([1.0, 1.0, 1.0, 2.0, 2.0, 5.0, 5.0, 5.0])
    found = lanczos(A, 8, engine=engine)
    assert found.breakdown and len(found.alphas) == 3
    assert found.ritz_values == pytest.approx([1.0, 2.0, 5.0], abs=1e-13)
    assert found.residual_bounds.max() < 1e-13
    every = lanczos(A, 8, breakdown="restart", engine=engine)
    assert every.ritz_values == pytest.approx([1, 1, 1, 2, 2, 5, 5, 5], abs=1e-12)
    assert np.abs(A @ every.ritz_vectors - every.ritz_vectors * every.ritz_values).max() < 1e-12


@pytest.mark.parametrize("A", [np.zeros((5, 5)), np.outer(np.ones(5), np.ones(5)), 3.0 * np.eye(5)])
def test_zero_rank_one_and_identity(A):
    found = lanczos(A, 5)
    assert found.breakdown
    exact = np.linalg.eigvalsh(A)
    assert np.abs(found.ritz_values[:, None] - exact).min(axis=1).max() < 1e-14
    assert found.weights.sum() == pytest.approx(1.0)


def test_quadrature_of_the_start_vector_is_exact_to_degree_2m_minus_1():
    A, _ = with_eigenvalues(spread(40) / 2.0)
    v = np.random.default_rng(3).normal(size=40)
    found = lanczos(A, 5, v0=v)
    v /= np.linalg.norm(v)
    for power in range(10):
        exact = v @ np.linalg.matrix_power(A, power) @ v
        assert found.weights @ found.ritz_values**power == pytest.approx(exact, abs=1e-13)


matrices = st.tuples(
    st.lists(st.floats(-10.0, 10.0), min_size=3, max_size=24),
    st.sampled_from(["as it is", "doubled", "clustered", "with zeros", "small"]),
    st.integers(0, 1000),
)


def made(drawn):
    values, kind, seed = drawn
    values = np.array(values)
    if kind == "doubled":
        values = np.repeat(values, 2)
    if kind == "clustered":
        values = np.concatenate([values, values + 1e-9])
    if kind == "with zeros":
        values = np.concatenate([values, np.zeros(len(values))])
    if kind == "small":
        values = values * 1e-9
    return with_eigenvalues(values, seed)[0]


@given(matrices, st.integers(1, 12), st.sampled_from(["full", "selective", "none"]))
def test_residual_bounds_of_lanczos_hold(drawn, n_steps, way):
    A = made(drawn)
    found = lanczos(A, n_steps, reorthogonalize=way)
    exact = np.linalg.eigvalsh(A)
    distance = np.abs(found.ritz_values[:, None] - exact).min(axis=1)
    assert np.all(distance <= found.residual_bounds)
    left = np.linalg.norm(A @ found.ritz_vectors - found.ritz_vectors * found.ritz_values, axis=0)
    assert np.all(left <= found.residual_bounds)


@given(matrices, st.integers(1, 6), st.sampled_from(["LA", "SA", "LM", "BE"]), st.integers(1, 3))
def test_residual_bounds_of_eigsh_hold(drawn, k, which, block_size):
    """Small matrices are embedded in larger ones, so that nothing is formed."""
    small = made(drawn)
    n = len(small)
    k = min(k, n)
    rest = np.linspace(-1.0, 1.0, 90) * max(np.abs(small).max(), 1e-12)
    A = sp.block_diag([small, sp.diags(rest)]).tocsr()
    found = eigsh(A, k, which, method="lanczos", block_size=block_size)
    assert found.method == "lanczos"
    exact = np.sort(np.concatenate([np.linalg.eigvalsh(small), rest]))
    distance = np.abs(found.eigenvalues[:, None] - exact).min(axis=1)
    assert np.all(distance <= found.residual_bounds)
    left = np.linalg.norm(A @ found.eigenvectors - found.eigenvectors * found.eigenvalues, axis=0)
    assert np.all(left <= found.residual_bounds)
    # k different eigenvalues for k values: Weyl's inequality in the span of the vectors.
    chosen = np.sort(np.abs(found.eigenvalues[:, None] - exact), axis=1)[:, 0]
    assert np.linalg.norm(chosen) <= np.linalg.norm(found.residual_bounds)


# --- eigsh ----------------------------------------------------------------------------------------


def expected(values, k, which):
    values = np.sort(values)
    if which == "LA":
        return values[-k:]
    if which == "SA":
        return values[:k]
    if which == "BE":
        return np.concatenate([values[: k // 2], values[len(values) - (k + 1) // 2 :]])
    return np.sort(values[np.argsort(-np.abs(values))[:k]])


SPECTRA = {
    "spread": spread(300),
    "clustered": np.concatenate([spread(200), 5.0 + 1e-7 * np.arange(6)]),
    "multiple": np.concatenate([np.linspace(-1.0, 1.0, 250), [4.0] * 5, [-3.0] * 3]),
    "low rank": np.concatenate([np.zeros(280), [1.0, 2.0, 3.0, 7.0, 7.0]]),
    "decaying": 0.9 ** np.arange(300.0),
    "huge": 1e150 * spread(200),
    "tiny": 1e-150 * spread(200),
}


@pytest.mark.parametrize("which", ["LA", "SA", "LM", "BE"])
@pytest.mark.parametrize("block_size", [1, 4])
@pytest.mark.parametrize("name", SPECTRA)
def test_eigenpairs_are_those_of_lapack(name, which, block_size):
    values = SPECTRA[name]
    A, _ = with_eigenvalues(values)
    hard = name == "decaying" and which in ("SA", "BE")  # all the smallest ones are about zero
    found = eigsh(A, 6, which, method="auto" if hard else "lanczos", block_size=block_size)
    assert found.converged and found.method == ("dense" if hard else "lanczos")
    size = np.abs(values).max()
    assert found.eigenvalues / size == pytest.approx(expected(values, 6, which) / size, abs=1e-9)
    V = found.eigenvectors
    assert np.abs(V.T @ V - np.eye(6)).max() < 1e-12
    residuals = np.linalg.norm((A / size) @ V - V * (found.eigenvalues / size), axis=0)
    assert residuals.max() <= 1.1e-10
    assert np.all(residuals <= found.residual_bounds / size)
    assert found.asymmetry < 1e-12


def test_twin_kernels_find_the_same():
    A, _ = with_eigenvalues(spread(120))
    run = block_lanczos.Projection(
        lambda rows: rows @ A, np.random.default_rng(0).normal(size=(2, 120)), 60, None
    )
    for _ in range(20):
        run.advance()
    values, vectors, residuals = run.ritz()
    assert values[-1] == pytest.approx(spread(120)[-1], abs=1e-9)
    assert run.asymmetry < 1e-13
    Y = vectors @ run.Q[: run.size]
    left = np.linalg.norm(Y @ A - values[:, None] * Y, axis=1)
    assert left == pytest.approx(residuals, abs=1e-12)
    run.restart(values[-10:], vectors[-10:])
    run.advance()
    T = run.Q[: run.size] @ A @ run.Q[: run.size].T
    assert np.abs(run.T - T).max() < 1e-12


def test_all_pairs_and_small_matrices_are_computed_directly():
    A, _ = with_eigenvalues(spread(12))
    found = eigsh(A, 12)
    assert found.method == "dense"
    assert found.eigenvalues == pytest.approx(spread(12), abs=1e-13)
    assert eigsh(lambda v: A @ v, 3, "SA", dim=12).eigenvalues == pytest.approx(spread(12)[:3])
    assert eigsh([[2.0]], 1).eigenvalues == pytest.approx([2.0])
    with pytest.raises(ValueError, match=r"k must be in \[1, 12\], got 13 \(eigsh\)"):
        eigsh(A, 13)


def test_a_warm_start_saves_products():
    A, _ = with_eigenvalues(np.concatenate([spread(400), [6.0, 7.0]]))
    first = eigsh(A, 2, "LA", method="lanczos")
    B = A + 1e-4 * with_eigenvalues(spread(402), seed=1)[0]
    cold = eigsh(B, 2, "LA", tol=1e-6, method="lanczos", block_size=2)
    warm = eigsh(B, 2, "LA", tol=1e-6, method="lanczos", v0=first.eigenvectors)
    assert warm.eigenvalues == pytest.approx(np.linalg.eigvalsh(B)[-2:], abs=1e-9)
    assert warm.n_products < 0.8 * cold.n_products


@pytest.mark.parametrize(
    "wrap",
    [
        sp.csr_array,
        sp.csc_matrix,
        sp.coo_array,
        aslinearoperator,
        np.asfortranarray,
        lambda A: LinearOperator(A.shape, matvec=lambda v: A @ v, dtype=float),
        lambda A: A.tolist(),
    ],
)
def test_any_kind_of_operator(wrap):
    A, _ = with_eigenvalues(spread(150))
    found = eigsh(wrap(A), 3, "LA", method="lanczos")
    assert found.eigenvalues == pytest.approx(spread(150)[-3:], abs=1e-9)
    assert found.converged


def test_float32_in_float32_out():
    A, _ = with_eigenvalues(spread(200))
    single = A.astype(np.float32)
    found = eigsh(single, 4, "LA", method="lanczos")
    exact = np.linalg.eigvalsh(single.astype(float))[-4:]
    assert found.eigenvalues.dtype == found.eigenvectors.dtype == np.float32
    assert np.all(np.abs(found.eigenvalues - exact) <= found.residual_bounds)
    rough = eigsh(lambda v: single @ v, 4, "LA", dim=200)
    assert rough.eigenvalues.dtype == np.float64  # a function says nothing of its type

    def function(v):
        return single @ v

    function.shape, function.dtype = single.shape, np.float32
    rough = eigsh(function, 4, "LA", method="lanczos")
    assert rough.eigenvalues.dtype == np.float32 and rough.converged
    assert np.all(np.abs(rough.eigenvalues - exact) <= rough.residual_bounds)
    assert lanczos(single, 5).basis.dtype == np.float32


def test_asymmetry_is_measured_and_reported():
    A, _ = with_eigenvalues(spread(200))
    A[3, 7] += 0.5
    with pytest.warns(RuntimeWarning, match="operator is not symmetric: it differs"):
        found = eigsh(A, 2)
    assert found.asymmetry > 1e-3
    symmetric = np.linalg.eigvalsh(0.5 * (A + A.T))
    assert found.eigenvalues == pytest.approx(expected(symmetric, 2, "LM"), abs=1e-9)
    with (
        pytest.warns(RuntimeWarning, match="operator is not symmetric"),
        pytest.warns(ConvergenceWarning),
    ):
        found = eigsh(lambda v: A @ v, 2, dim=200, method="lanczos", block_size=2)
    assert 1e-6 < found.asymmetry < 1.0 and not found.converged
    with pytest.warns(RuntimeWarning, match="operator is not symmetric"):
        eigsh(lambda v: A @ v, 2, dim=200, method="dense")


@pytest.mark.parametrize("way", ["full", "selective", "none"])
def test_lanczos_reports_asymmetry_too(way):
    A, _ = with_eigenvalues(spread(60))
    assert lanczos(lambda v: A @ v, 20, reorthogonalize=way, dim=60).asymmetry < 1e-12
    A[3, 7] += 0.5
    with pytest.warns(RuntimeWarning, match=r"operator is not symmetric.*\(lanczos\)"):
        found = lanczos(lambda v: A @ v, 20, reorthogonalize=way, dim=60)
    assert 1e-3 < found.asymmetry < 1.0
    with pytest.warns(RuntimeWarning, match=r"\(lanczos_steps\)") as warned:
        run = list(lanczos_steps(lambda v: A @ v, 20, reorthogonalize=way, dim=60))
    assert len(warned) == 1 and run[-1].asymmetry == found.asymmetry
    with pytest.warns(RuntimeWarning) as warned:  # of the entries of a matrix it is known before
        lanczos(A, 20, reorthogonalize=way)
    assert len(warned) == 1


@pytest.mark.parametrize("scale", [1e-290, 1.0, 1e290])
def test_a_start_in_the_null_space_says_nothing_of_the_scale(scale):
    values = scale * np.concatenate([[0.0], np.linspace(1.0, 2.0, 150)])
    start = np.eye(151)[0]
    for block in (start, np.eye(151)[:, [0, 0]]):
        found = eigsh(lambda v: values * v, 2, "LA", v0=block, dim=151, method="lanczos")
        assert found.converged and found.asymmetry < 1e-12
        assert found.eigenvalues / scale == pytest.approx(values[-2:] / scale, abs=1e-9)
        V = found.eigenvectors
        left = (values / scale)[:, None] * V - V * (found.eigenvalues / scale)
        assert np.all(np.linalg.norm(left, axis=0) <= found.residual_bounds / scale)
    run = lanczos(np.diag(values), 30, start, breakdown="restart")
    distance = np.abs(run.ritz_values[:, None] - values).min(axis=1)
    assert np.all(distance <= run.residual_bounds)
    assert run.ritz_values[-1] / scale == pytest.approx(2.0, abs=1e-3)


def test_what_a_function_computes_in_shows_in_its_results():
    A, _ = with_eigenvalues(np.concatenate([spread(150), [5.0, 6.0, 7.0]]))
    single = A.astype(np.float32)
    exact = single.astype(float)
    for operator in (
        lambda v: single @ v.astype(np.float32),
        HessianOperator(
            from_callable(np.sum, np.ones_like, 153, lambda w, v: single @ v.astype(np.float32)),
            np.zeros(153),
        ),
    ):
        found = eigsh(operator, 3, "LA", dim=153, method="lanczos")
        assert found.converged and found.n_products < 300
        V = found.eigenvectors
        left = np.linalg.norm(exact @ V - V * found.eigenvalues, axis=0)
        assert np.all(left <= found.residual_bounds)
        run = lanczos(operator, 40, dim=153)
        Y = run.ritz_vectors
        left = np.linalg.norm(exact @ Y - Y * run.ritz_values, axis=0)
        assert np.all(left <= run.residual_bounds)


def test_restarts_without_reorthogonalisation_keep_the_recurrence():
    """The basis is full of ghosts: nothing can be made orthogonal to all of it."""
    for seed in range(20):
        random = np.random.default_rng(seed)
        values = random.permutation(np.concatenate([np.zeros(60), [1e-8, 1e-4, 1.0, -1.0]]))
        found = lanczos(np.diag(values), 30, None, "none", breakdown="restart", random_state=random)
        Y = found.ritz_vectors
        left = np.linalg.norm(values[:, None] * Y - Y * found.ritz_values, axis=0)
        assert np.all(left <= found.residual_bounds)


def test_entries_near_the_end_of_the_range():
    A = np.diag(np.linspace(1.0, 1.5, 20) * 1e308)
    assert eigsh(A, 2, method="dense").eigenvalues[-1] == pytest.approx(1.5e308)


def test_bad_operators_are_refused():
    def nan_at_three(v):
        w = v.copy()
        w[3] = np.nan
        return w

    for function in (eigsh, lanczos):
        with pytest.raises(ValueError, match=r"returned nan at coordinate 3 of a product"):
            function(nan_at_three, 2, dim=300)
        with pytest.raises(ValueError, match=r"must return shape \(300,\).*got \(2,\)"):
            function(lambda v: v[:2], 2, dim=300)
        with pytest.raises(ValueError, match="dim must be given for a function"):
            function(nan_at_three, 2)
        with pytest.raises(ValueError, match=r"square with a row at least, got shape \(3, 4\)"):
            function(np.ones((3, 4)), 2)
        with pytest.raises(ValueError, match="finite, got NaN"):
            function(np.full((3, 3), np.nan), 2)
        with pytest.raises(TypeError, match="operator must be real, got dtype complex128"):
            function(np.eye(3, dtype=complex), 2)
        with pytest.raises(ValueError, match=r"v0 must .*shape \(3,\)"):
            function(np.eye(3), 2, v0=np.ones(4))
        with pytest.raises(ValueError, match="dim must be 3, the side of the operator"):
            function(np.eye(3), 2, dim=4)
        with pytest.raises(ValueError, match="random_state must be an integer"):
            function(np.eye(3), 2, random_state="seed")
    with pytest.raises(ValueError, match="which must be one of 'LA', 'SA', 'LM', 'BE', got 'SM'"):
        eigsh(np.eye(3), 2, "SM")
    with pytest.raises(ValueError, match="tol must be in"):
        eigsh(np.eye(3), 2, tol=-1.0)
    with pytest.raises(ValueError, match="n_steps must be >= 1, got 0"):
        lanczos(np.eye(3), 0)
    with pytest.raises(ValueError, match="v0 must be finite and not zero"):
        lanczos(np.eye(3), 2, v0=np.zeros(3))


def test_an_early_end_is_said():
    A, _ = with_eigenvalues(np.linspace(0.0, 1.0, 500))
    with pytest.warns(ConvergenceWarning, match="eigsh stopped at max_products=60"):
        found = eigsh(A, 5, "SA", method="lanczos", max_products=60)
    assert not found.converged and found.n_products <= 60
    exact = np.linalg.eigvalsh(A)
    distance = np.abs(found.eigenvalues[:, None] - exact).min(axis=1)
    assert np.all(distance <= found.residual_bounds)


def test_arguments_of_the_operator_are_copies():
    """A function may write into what it gets."""
    A, _ = with_eigenvalues(spread(150))

    def rude(v):
        w = A @ v
        v[:] = np.nan
        return w

    assert eigsh(rude, 2, "LA", dim=150, method="lanczos").converged
    operator = LinearOperator(A.shape, matvec=rude, dtype=float)
    assert eigsh(operator, 2, "LA", method="lanczos").converged
    before = A.copy()
    v0 = np.ones((150, 2))
    eigsh(A, 2, "LA", v0=v0)
    assert np.array_equal(A, before) and (v0 == 1.0).all()


def test_an_interrupt_gets_through():
    calls = []

    def interrupted(v):
        calls.append(1)
        if len(calls) == 7:
            raise KeyboardInterrupt
        return 2.0 * v + np.roll(v, 1) + np.roll(v, -1)

    with pytest.raises(KeyboardInterrupt):
        eigsh(interrupted, 2, dim=500)
    assert len(calls) == 7
