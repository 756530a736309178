"""Operators against dense algebra, definitions, differences and each other."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse.linalg import LinearOperator, cg
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from optlite import objectives
from optlite.curvature import (
    CurvatureOperator,
    DeflatedOperator,
    EKFACOperator,
    EmpiricalFisherOperator,
    FisherOperator,
    GaussNewtonOperator,
    HessianOperator,
    InverseOperator,
    JacobianOperator,
    KFACOperator,
    NTKOperator,
    SumOperator,
    asymmetry,
)

RANDOM = np.random.default_rng(5)
N, D = 50, 4
X = RANDOM.normal(size=(N, D))
WEIGHT = RANDOM.uniform(0.5, 2.0, size=N)
TARGETS = {
    "LeastSquares": X[:, 0] + RANDOM.normal(size=N),
    "Huber": X[:, 0] + RANDOM.standard_t(2, size=N),
    "Logistic": np.arange(N) % 2,
    "Multinomial": np.arange(N) % 3,
    "Poisson": RANDOM.poisson(2.0, size=N),
}


def assert_close(actual, desired, rtol=1e-12):
    """Compare relative to the largest entry."""
    assert_allclose(actual, desired, rtol=0, atol=rtol * max(np.max(np.abs(desired)), 1e-300))


def linear(name, storage=np.asarray, dtype=np.float64, **options):
    options = {"alpha": 0.1, "sample_weight": WEIGHT, "fit_intercept": True} | options
    return getattr(objectives, name)(storage(X.astype(dtype)), TARGETS[name], **options)


def network(loss="softmax", hidden=(5,), alpha=0.1, **options):
    name = {"softmax": "Multinomial", "squared": "LeastSquares", "logistic": "Logistic"}
    y = TARGETS[name.get(loss, "Poisson")]
    return objectives.MLP(
        X, y, hidden, loss=loss, alpha=alpha, **{"sample_weight": WEIGHT, **options}
    )


def point(f):
    return 0.4 * np.random.default_rng(f.dim).normal(size=f.shape)


OBJECTIVES = {
    **{name: (lambda name=name: linear(name)) for name in TARGETS},
    **{f"MLP-{loss}": (lambda loss=loss: network(loss)) for loss in ("softmax", "squared")},
}


@pytest.fixture(params=OBJECTIVES)
def f(request):
    return OBJECTIVES[request.param]()


# --- all of them as operators ---------------------------------------------------------------------


def every_operator(f, w):
    yield HessianOperator(f, w)
    yield GaussNewtonOperator(f, w)
    yield EmpiricalFisherOperator(f, w)
    yield NTKOperator(f, w)
    if not isinstance(f, objectives.Huber):
        yield FisherOperator(f, w)
        yield FisherOperator(f, w, n_draws=2, random_state=0)
    if isinstance(f, objectives.MLP):
        yield KFACOperator(f, w)
        yield EKFACOperator(f, w)


def test_operators_are_symmetric_and_multiply_blocks(f):
    for A in every_operator(f, point(f)):
        assert isinstance(A, LinearOperator)
        dense = A.to_dense()
        assert_array_equal(dense, dense.T)
        V = np.random.default_rng(0).normal(size=(A.shape[0], 3))
        before = A.n_products
        assert_close(A @ V, dense @ V)
        assert A.n_products == before + 3
        assert_close(A @ V[:, 1], dense @ V[:, 1])
        assert_close(A @ V[:, 1:2], dense @ V[:, 1:2])
        assert_close(A.T @ V, dense @ V)
        assert_close(A.H @ V[:, 0], dense @ V[:, 0])
        assert_close(A.rmatvec(V[:, 0]), dense @ V[:, 0])
        assert (A @ V[:, :0]).shape == (A.shape[0], 0)
        assert asymmetry(A) < 1e-14
        if A.is_positive_semidefinite:
            eigenvalues = np.linalg.eigvalsh(dense)
            assert eigenvalues[0] >= -1e-13 * eigenvalues[-1]
        assert repr(A)


def test_the_hessian_is_that_of_the_objective(f):
    w = point(f)
    H = HessianOperator(f, w)
    assert_close(H.to_dense(), f.hessian(w))
    V = np.random.default_rng(0).normal(size=(f.dim, 4))
    assert_close(H @ V, f.hvp(w, V.T).reshape(4, -1).T)
    assert_array_equal(H.w, w.ravel())
    assert H.asymmetry == 0.0


@pytest.mark.parametrize("storage", [np.asarray, np.asfortranarray, sp.csr_array])
def test_storage_and_single_precision(storage):
    f = linear("Multinomial", storage)
    w = point(f)
    H = HessianOperator(linear("Multinomial"), w).to_dense()
    assert_close(HessianOperator(f, w).to_dense(), H)
    single = linear("Multinomial", storage, np.float32)
    for A in every_operator(single, w):
        product = A @ np.ones(A.shape[0], np.float32)
        assert (A.dtype, product.dtype) == (np.float32, np.float32)
    assert_close(HessianOperator(single, w).to_dense(), H, rtol=1e-6)


def test_rows_make_the_operator_of_a_batch(f):
    w, rows = point(f), np.array([4, 9, 2, 30, 31, 17])
    batch = f.batch(rows)
    V = np.random.default_rng(0).normal(size=(f.dim, 2))
    for make in (HessianOperator, GaussNewtonOperator, EmpiricalFisherOperator):
        assert_close(make(f, w, rows=rows) @ V, make(batch, w) @ V)
    H = HessianOperator(f, w, rows=rows)
    assert_close((H @ V[:, 0]), batch.hvp(w, V[:, 0].reshape(f.shape)).ravel())
    assert_close(H.to_dense() @ V, H @ V)
    assert "6 rows" in repr(H)
    if isinstance(f, objectives.GeneralizedLinearObjective):
        assert_close(GaussNewtonOperator(f, w, rows=rows) @ V, H @ V)


def test_batches_of_an_operator_average_to_the_whole():
    for f in (linear("Logistic"), network()):
        w, V = point(f), np.eye(f.dim)
        for make in (HessianOperator, GaussNewtonOperator, EmpiricalFisherOperator):
            parts = [make(f, w, rows=np.arange(k, k + 10)) @ V for k in range(0, N, 10)]
            assert_close(np.mean(parts, axis=0), make(f, w) @ V)


def test_threads_change_no_bit():
    results = []
    for threads in (1, 2, 5):
        with threadpool_limits(threads, user_api="openmp"):
            random = np.random.default_rng(0)
            big = random.normal(size=(3000, 20))
            f = objectives.Multinomial(big, np.arange(3000) % 3, alpha=0.1)
            w, V = random.normal(size=f.shape), random.normal(size=(f.dim, 3))
            results.append([A @ V for A in every_operator(f, w) if A.shape[0] == f.dim])
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            assert_array_equal(ours, theirs)


@pytest.mark.parametrize("make", [KFACOperator, EKFACOperator])
def test_threads_of_a_blas_change_no_bit_of_factors(make):
    results = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            random = np.random.default_rng(0)
            f = objectives.MLP(
                random.normal(size=(5000, 20)), np.arange(5000) % 4, (16, 8), loss="softmax"
            )
            A = make(f, f.init(0))
            V = random.normal(size=(f.dim, 3))
            results.append([*A.factors[0], A @ V, A.inverse(damping=0.1) @ V])
    for ours, theirs in zip(*results, strict=True):
        assert_array_equal(ours, theirs)


# --- Gauss-Newton, Fisher, empirical Fisher -------------------------------------------------------


def test_of_a_linear_model_gauss_newton_is_the_hessian():
    for name in TARGETS:
        f = linear(name)
        w = point(f)
        assert_close(GaussNewtonOperator(f, w).to_dense(), f.hessian(w))
        without = GaussNewtonOperator(f, w, penalty=False).to_dense()
        bare = linear(name, alpha=0.0)
        assert_close(without, bare.hessian(w))


@pytest.mark.parametrize("name", ["LeastSquares", "Logistic", "Multinomial", "Poisson"])
def test_fisher_is_the_expected_outer_product_of_gradients(name):
    """By quadrature or a sum over the targets, sample by sample."""
    f = linear(name, alpha=0.0)
    w = point(f)
    z = HessianOperator(f, w)._source.at(w.ravel()).margins
    if name == "LeastSquares":
        nodes, masses = np.polynomial.hermite_e.hermegauss(8)
        first = [np.full((N, 1), node) for node in nodes]
        masses = [mass / np.sqrt(2 * np.pi) for mass in masses]
    elif name == "Logistic":
        p = 1 / (1 + np.exp(-z))
        first, masses = [p - 1, p], [p[:, 0], 1 - p[:, 0]]
    elif name == "Multinomial":
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        first, masses = [p - np.eye(3)[k] for k in range(3)], list(p.T)
    else:
        mu, counts = np.exp(z), np.arange(60)
        logs = counts * z - mu - np.cumsum(np.log(np.maximum(counts, 1)))
        first, masses = [mu - k for k in counts], list(np.exp(logs).T)
    Z, share = np.column_stack([X, np.ones(N)]), WEIGHT / WEIGHT.sum()
    F = 0.0
    for slope, mass in zip(first, masses, strict=True):
        g = (slope[:, :, None] * Z[:, None, :]).reshape(N, -1)
        F = F + g.T @ ((share * mass)[:, None] * g)
    assert_close(FisherOperator(f, w).to_dense(), F, rtol=1e-11)


def test_sampled_fisher_converges_and_is_reproducible():
    for f in (
        linear("Poisson"),
        linear("Multinomial"),
        network("logistic"),
        linear("LeastSquares"),
    ):
        w = point(f)
        exact = FisherOperator(f, w).to_dense()
        errors = []
        for n_draws in (4, 400):
            F = FisherOperator(f, w, n_draws=n_draws, random_state=1).to_dense()
            errors.append(np.linalg.norm(F - exact) / np.linalg.norm(exact))
        assert errors[1] < 0.05
        assert errors[1] < 0.35 * errors[0]  # a tenth, give or take
        again = FisherOperator(f, w, n_draws=400, random_state=1).to_dense()
        assert_array_equal(F, again)


def test_empirical_fisher_is_the_mean_outer_product():
    f = network("squared")
    w = point(f)
    g, share = f.per_sample_gradients(w), WEIGHT / WEIGHT.sum()
    E = g.T @ (share[:, None] * g)
    assert_close(EmpiricalFisherOperator(f, w).to_dense(), E)
    penalised = EmpiricalFisherOperator(f, w, penalty=True).to_dense()
    bias = np.concatenate([np.r_[np.ones(a * b), np.zeros(b)] for a, b in ((D, 5), (5, 1))])
    assert_close(penalised, E + 0.1 * np.diag(bias))


def test_huber_has_no_fisher_matrix():
    with pytest.raises(TypeError, match="must have the loss of a likelihood"):
        FisherOperator(linear("Huber"), np.zeros(D + 1))


@pytest.mark.parametrize(("n_draws", "error"), [(0, ValueError), (1.5, TypeError)])
def test_draws_are_counted(n_draws, error):
    with pytest.raises(error, match="n_draws must be"):
        FisherOperator(linear("Logistic"), np.zeros(D + 1), n_draws=n_draws)


# --- Jacobian and kernel --------------------------------------------------------------------------


def test_jacobian_matches_differences_of_the_outputs(f):
    w = point(f).ravel()
    J = JacobianOperator(f, w)
    at = HessianOperator(f, w)._source.at
    v, h = np.random.default_rng(0).normal(size=f.dim), 1e-6
    slope = (at(w + h * v).margins - at(w - h * v).margins).ravel() / (2 * h)
    assert_close(J @ v, slope, rtol=1e-8)
    U = np.random.default_rng(1).normal(size=(J.shape[0], 2))
    V = np.random.default_rng(2).normal(size=(f.dim, 2))
    assert_close(U.T @ (J @ V), (J.T @ U).T @ V)
    assert_close(NTKOperator(f, w) @ U, J @ (J.T @ U))
    part = JacobianOperator(f, w, rows=[3, 7])
    K = J.shape[0] // N
    assert_close(part @ V, (J @ V).reshape(N, K, 2)[[3, 7]].reshape(-1, 2))


def test_the_kernel_has_the_eigenvalues_of_gauss_newton():
    f = objectives.MLP(X[:10], TARGETS["LeastSquares"][:10], 3, loss="squared")
    w = f.init(0)
    kernel = np.linalg.eigvalsh(NTKOperator(f, w).to_dense())[::-1]
    matrix = np.linalg.eigvalsh(GaussNewtonOperator(f, w).to_dense())[::-1]
    assert_close(kernel, 10 * matrix[:10], rtol=1e-11)


# --- Kronecker factors ----------------------------------------------------------------------------


def by_hand(f, w, gradients):
    """Factors, the exact blocks, and the layer gradients of every sample, from the definition."""
    share, layers = WEIGHT / WEIGHT.sum(), f.layers(w)
    h, sums = [f.X], []
    for W, b in layers:
        sums.append(h[-1] @ W + b)
        h.append(np.tanh(sums[-1]))
    out = []
    for layer in range(len(layers)):
        bar = np.column_stack([h[layer], np.ones(N)])
        deltas = []
        for g in gradients:
            delta = g
            for upper in range(len(layers) - 1, layer, -1):
                delta = delta @ layers[upper][0].T * (1 - h[upper] ** 2)
            deltas.append(delta)
        A = np.einsum("n,na,nb->ab", share, bar, bar)
        G = sum(np.einsum("n,na,nb->ab", share, d, d) for d in deltas)
        each = [np.einsum("na,nb->nab", bar, d).reshape(N, -1) for d in deltas]
        block = sum(e.T @ (share[:, None] * e) for e in each)
        out.append((A, G, each, block))
    return out


@pytest.mark.parametrize("fisher", ["exact", "empirical"])
def test_kfac_and_ekfac_are_their_definitions(fisher):
    f = network("softmax", hidden=(3, 2), alpha=0.0)
    w = point(f)
    z = f.outputs(w)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    if fisher == "exact":
        gradients = [np.sqrt(p[:, [c]]) * (p - np.eye(3)[c]) for c in range(3)]
    else:
        gradients = [p - np.eye(3)[TARGETS["Multinomial"]]]
    start, share = 0, WEIGHT / WEIGHT.sum()
    K, E = KFACOperator(f, w, fisher=fisher), EKFACOperator(f, w, fisher=fisher)
    whole, better = K.to_dense(), E.to_dense()
    F = FisherOperator(f, w).to_dense() if fisher == "exact" else None
    for (A, G, each, block), factors in zip(by_hand(f, w, gradients), K.factors, strict=True):
        own = slice(start, start + len(block))
        assert_close(factors[0], A)
        assert_close(factors[1], G)
        assert_close(whole[own, own], np.kron(A, G))
        Q = np.kron(np.linalg.eigh(A)[1], np.linalg.eigh(G)[1])
        moments = sum(share @ (e @ Q) ** 2 for e in each)
        assert_close(better[own, own], Q * moments @ Q.T, rtol=1e-10)
        distance = [np.linalg.norm(m[own, own] - block) for m in (whole, better)]
        assert distance[1] <= distance[0]
        assert not whole[own, start + len(block) :].any()
        if F is not None:
            assert_close(block, F[own, own])
        start += len(block)
    assert_close(E.eigenvalues(), np.linalg.eigvalsh(better), rtol=1e-10)
    assert_close(K.eigenvalues(), np.linalg.eigvalsh(whole), rtol=1e-10)


def test_sampled_factors_come_near_the_exact_ones():
    f = network("softmax", hidden=(3,))
    w = point(f)
    exact = KFACOperator(f, w).to_dense()
    sampled = KFACOperator(f, w, fisher="sampled", n_draws=300, random_state=0).to_dense()
    assert np.linalg.norm(sampled - exact) < 0.1 * np.linalg.norm(exact)


def test_kronecker_inverses_solve_with_damping():
    f = network("softmax", hidden=(3,))
    w = point(f)
    for make in (KFACOperator, EKFACOperator):
        A = make(f, w)
        solve = A.inverse(damping=0.01)
        dense = A.to_dense() + 0.01 * np.eye(f.dim)
        V = np.random.default_rng(0).normal(size=(f.dim, 3))
        assert_close(solve @ V, np.linalg.solve(dense, V), rtol=1e-10)
        with pytest.raises(ValueError, match="damping must be > 0"):
            A.inverse()  # softmax has directions that change nothing
        with pytest.raises(ValueError, match="damping must be >= 0"):
            A.inverse(damping=-1.0)
    with pytest.raises(TypeError, match="must be an MLP"):
        KFACOperator(linear("Logistic"), np.zeros(D + 1))
    with pytest.raises(ValueError, match="fisher must be one of"):
        KFACOperator(f, w, fisher="true")


# --- algebra --------------------------------------------------------------------------------------


def pair():
    f = network("softmax")
    w = point(f)
    return HessianOperator(f, w), GaussNewtonOperator(f, w)


def test_sums_multiples_and_shifts_are_those_of_the_matrices():
    H, G = pair()
    h, g, eye = H.to_dense(), G.to_dense(), np.eye(H.shape[0])
    V = np.random.default_rng(0).normal(size=(H.shape[0], 2))
    cases = [
        (H + G, h + g),
        (H - G, h - g),
        (-H, -h),
        (2.0 * H, 2 * h),
        (H * 0.5, 0.5 * h),
        (G.shifted(0.3), g + 0.3 * eye),
        (2 * (H + G.shifted(1.0)) - G, 2 * h + g + 2 * eye),
        (SumOperator([H, H + G, G]), 2 * h + 2 * g),
    ]
    for A, dense in cases:
        assert isinstance(A, CurvatureOperator)
        assert_close(A @ V, dense @ V)
        assert_close(A.to_dense(), dense)
        assert repr(A)
    psd = {(2 * G), (G + G), G.shifted(1.0)}
    assert all(A.is_positive_semidefinite for A in psd)
    assert not any(A.is_positive_semidefinite for A in (-G, G.shifted(-1.0), H + G, H))
    product = H @ G  # SciPy's own
    assert_close(product @ V, h @ g @ V)
    with pytest.raises(ValueError, match="one shape"):
        SumOperator([H, HessianOperator(linear("Logistic"), np.zeros(D + 1))])
    with pytest.raises(ValueError, match="shift must be finite"):
        H.shifted(np.nan)


def test_deflation_takes_directions_away():
    H, _ = pair()
    h = H.to_dense()
    values, vectors = np.linalg.eigh(h)
    top, rest = vectors[:, -3:], np.r_[values[:-3], np.zeros(3)]
    V = np.random.default_rng(0).normal(size=(H.shape[0], 2))
    for A in (
        H.deflated(top),
        H.deflated(top, values[-3:]),
        H.deflated(top @ np.diag([2, 3, 4.0])),
    ):
        assert_close(A.to_dense(), vectors * rest @ vectors.T, rtol=1e-12)
    random = np.linalg.qr(V)[0]
    P = np.eye(len(h)) - random @ random.T
    assert_close(H.deflated(V).to_dense(), P @ h @ P)
    for bad, message in (
        (V.T, "vectors must have shape"),
        (np.column_stack([V, V[:, 0]]), "independent"),
        (np.nan * V, "finite"),
    ):
        with pytest.raises(ValueError, match=message):
            H.deflated(bad)
    with pytest.raises(ValueError, match="orthonormal beside values"):
        DeflatedOperator(H, V, [1.0, 2.0])
    with pytest.raises(ValueError, match="values must have shape"):
        DeflatedOperator(H, random, [1.0])


# --- inverses -------------------------------------------------------------------------------------


def test_the_inverse_solves_to_its_certificate():
    for G in (GaussNewtonOperator(network(), point(network())).shifted(0.1),
              HessianOperator(linear("Poisson"), point(linear("Poisson")))):  # fmt: skip
        dense = G.to_dense()
        lowest = np.linalg.eigvalsh(dense)[0] * (1 - 1e-9)
        B = np.random.default_rng(0).normal(size=(len(dense), 3)) * [1.0, 1e6, 1e-6]
        B[:, 2] = 0.0
        solve = G.inverse(tol=1e-9, smallest_eigenvalue=lowest)
        x, exact = solve @ B, np.linalg.solve(dense, B)
        error = np.linalg.norm(x - exact, axis=0)
        assert (error <= solve.error_bounds + 1e-14 * np.linalg.norm(exact, axis=0)).all()
        residual = np.linalg.norm(B - dense @ x, axis=0)
        relative = residual[:2] / np.linalg.norm(B[:, :2], axis=0)
        assert_allclose(solve.residuals[:2], relative, rtol=1e-3, atol=1e-14)
        assert (solve.residuals <= 1e-9).all()
        assert not x[:, 2].any()
        reference, _ = cg(dense, B[:, 0], rtol=1e-12)
        assert_close(x[:, 0], reference, rtol=1e-7)
        assert_close(solve.to_dense(), np.linalg.inv(dense), rtol=1e-6)


def test_a_preconditioner_saves_iterations():
    scaled = X * np.array([1.0, 10.0, 100.0, 1000.0])
    f = objectives.LeastSquares(scaled, TARGETS["LeastSquares"])
    H = HessianOperator(f, np.zeros(D))
    diagonal = np.diag(H.to_dense())
    b = np.random.default_rng(0).normal(size=D)
    plain, scaled_solve = H.inverse(tol=1e-6), H.inverse(tol=1e-6, preconditioner=diagonal)
    function = H.inverse(tol=1e-6, preconditioner=lambda R: R / diagonal[:, None])
    exact = np.linalg.solve(H.to_dense(), b)
    for solve in (scaled_solve, function):
        assert_close(solve @ b, exact, rtol=1e-5)
    _ = plain @ b
    assert scaled_solve.n_iter <= plain.n_iter
    assert_array_equal(function @ b, scaled_solve @ b)


def test_the_inverse_says_what_is_wrong():
    H, G = pair()
    b = np.ones(H.shape[0])
    with pytest.raises(ValueError, match=r"negative|positive definite.*shifted"):
        (-G.shifted(0.1)).inverse() @ b
    with pytest.warns(ConvergenceWarning, match="Raise max_iter"):
        solve = G.shifted(1e-6).inverse(tol=1e-12, max_iter=2)
        _ = solve @ b
    assert solve.n_iter == 2
    assert solve.residuals[0] > 1e-12
    for options, message in (
        ({"tol": 0.0}, "tol must be > 0"),
        ({"max_iter": 0}, "max_iter must be >= 1"),
        ({"smallest_eigenvalue": -1.0}, "smallest_eigenvalue must be > 0"),
        ({"preconditioner": np.ones(3)}, "preconditioner must have shape"),
        ({"preconditioner": -np.ones(len(b))}, "preconditioner must be > 0"),
    ):
        with pytest.raises(ValueError, match=message):
            InverseOperator(G, **options)
    with pytest.raises(TypeError, match="max_iter must be an integer"):
        InverseOperator(G, max_iter=1.5)


# --- refusals -------------------------------------------------------------------------------------


def test_wrong_points_vectors_and_objectives_are_refused():
    f = linear("Logistic")
    w = point(f)
    with pytest.raises(ValueError, match=r"w must have shape \(5,\), got \(4,\)"):
        HessianOperator(f, w[1:])
    with pytest.raises(ValueError, match=r"w must be finite, got nan at position \[2\]"):
        GaussNewtonOperator(f, np.where(np.arange(5) == 2, np.nan, w))
    with pytest.raises(TypeError, match=r"curvature\.objective_of"):
        GaussNewtonOperator(object(), w)
    with pytest.raises(TypeError, match="rows must be None for a batch"):
        HessianOperator(f.batch([0, 1]), w, rows=[0])
    with pytest.raises(TypeError, match="Vectors must hold real numbers"):
        HessianOperator(f, w) @ (1j * w)
    with pytest.raises(ValueError):
        HessianOperator(f, w) @ np.ones(3)
    with pytest.raises(TypeError, match="FiniteDifferenceOperator"):
        HessianOperator(objectives.from_callable(sum, np.ones_like, 2), np.zeros(2))
    with pytest.raises(TypeError, match="rows must be None for an objective without rows"):
        HessianOperator(objectives.Rosenbrock(), np.zeros(2), rows=[0])


def callable_hessian(hvp, w=(0.5, 2.0)):
    f = objectives.from_callable(lambda w: 0.0, np.zeros_like, 2, hvp=hvp)
    return HessianOperator(f, np.array(w))


def test_products_in_python_are_checked():
    A = np.array([[2.0, 1.0], [1.0, 3.0]])
    H = callable_hessian(lambda w, v: A @ v)
    assert_array_equal(H @ np.eye(2), A)
    assert H.asymmetry < 1e-15
    with pytest.warns(RuntimeWarning, match="not symmetric.*differences of the gradient"):
        skew = callable_hessian(lambda w, v: np.array([[2.0, 1.0], [0.5, 3.0]]) @ v)
    assert 0.01 < skew.asymmetry < 1.0
    with pytest.raises(ValueError, match="hvp returned nan"):
        callable_hessian(lambda w, v: v * np.nan)
    random = np.random.default_rng(0)
    with pytest.raises(ValueError, match="Freeze the batch"):
        callable_hessian(lambda w, v: v + 1e-9 * random.normal(size=2))
    with pytest.raises(ValueError, match="must return shape"):
        callable_hessian(lambda w, v: v[:, None] * np.ones(2)[None])
    rosenbrock = objectives.Rosenbrock(4)
    w = np.array([0.3, -0.2, 0.5, 1.0])
    assert_close(HessianOperator(rosenbrock, w).to_dense(), rosenbrock.hessian(w))


def test_asymmetry_of_a_known_matrix():
    skew = np.array([[0.0, 1.0], [-1.0, 0.0]])
    assert asymmetry(skew) > 0.1
    assert asymmetry(np.zeros((3, 3))) == 0.0
    assert asymmetry([[1.0, 2.0], [2.0, 1.0]]) < 1e-15


@pytest.mark.parametrize("scale", [1e-250, 1e250])
def test_asymmetry_has_no_scale(scale):
    A = np.diag([1.0, 2.0, 3.0])
    assert asymmetry(scale * A) < 1e-15
    A[0, 2] = 1.0
    assert asymmetry(scale * A) == pytest.approx(asymmetry(A), rel=1e-12)
    with pytest.raises(ValueError, match=r"operator must be square, got shape \(2, 3\)"):
        asymmetry(np.ones((2, 3)))
