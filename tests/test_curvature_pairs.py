"""Algorithms on the operators of this package, against LAPACK on their matrices."""

import numpy as np
import pytest

from optlite import curvature, objectives
from optlite.curvature import (
    EKFACOperator,
    FiniteDifferenceOperator,
    FisherOperator,
    GaussNewtonOperator,
    HessianOperator,
    KFACOperator,
    NTKOperator,
    condition_number,
    diagonal,
    eigsh,
    spectral_density,
    trace,
    trace_of_function,
)

RANDOM = np.random.default_rng(2)
X = RANDOM.normal(size=(60, 4))
NET = objectives.MLP(X, np.arange(60) % 3, (8,), loss="softmax", alpha=0.01)
W = NET.init(random_state=0)
BOWL = objectives.Quadratic([1.0, 4.0])
OPERATORS = {
    "hessian": lambda f, w: HessianOperator(f, w),
    "gauss-newton": lambda f, w: GaussNewtonOperator(f, w),
    "batch": lambda f, w: GaussNewtonOperator(f, w, rows=np.arange(20)),
    "fisher": lambda f, w: FisherOperator(f, w),
    "sampled": lambda f, w: FisherOperator(f, w, n_draws=3, random_state=0),
    "kfac": lambda f, w: KFACOperator(f, w),
    "ekfac": lambda f, w: EKFACOperator(f, w),
    "kernel": lambda f, w: NTKOperator(f, w),
    "sum": lambda f, w: HessianOperator(f, w) + KFACOperator(f, w).shifted(0.5),
}


def logistic(dtype=np.float64):
    return objectives.Logistic(X.astype(dtype), np.arange(60) % 2, alpha=0.1), np.full(4, 0.2)


def matches(found, eigenvalues, vectors_of):
    """Eigenvalues within their bounds, and bounds that residuals do not exceed."""
    distance = np.abs(found.eigenvalues[:, None] - eigenvalues).min(axis=1)
    V = np.asarray(found.eigenvectors, dtype=float)
    left = np.linalg.norm(vectors_of @ V - V * found.eigenvalues, axis=0)
    return (distance <= found.residual_bounds).all() and (left <= found.residual_bounds).all()


@pytest.mark.parametrize("name", OPERATORS)
def test_eigenpairs_and_densities_are_those_of_the_matrix(name):
    A = OPERATORS[name](NET, W)
    dense = A.to_dense()
    exact = np.linalg.eigvalsh(dense)
    # The smallest ones of a matrix of low rank are all about zero: "auto" forms it then.
    for which, method, expected in (("LA", "lanczos", exact[-3:]), ("SA", "auto", exact[:3])):
        found = eigsh(A, 3, which, method=method)
        assert found.converged and method in (found.method, "auto")
        assert found.eigenvalues == pytest.approx(expected, abs=1e-9 * exact[-1])
        assert matches(found, exact, dense)
    top = eigsh(A, 2, "LA", method="dense")
    assert top.eigenvalues == pytest.approx(exact[-2:], rel=1e-12)
    density = spectral_density(A, n_probes=4, n_steps=12, deflate=2)
    assert density.moment_error < 1e-13
    true = np.searchsorted(exact, exact + 1e-9, side="right") / len(exact)
    area = np.trapezoid(np.abs(density.cdf(exact + 1e-9).value - true), exact)
    assert area <= density.wasserstein_bound()
    assert trace(A, "xtrace", rtol=1e-3).value == pytest.approx(np.trace(dense), rel=5e-3)
    assert diagonal(A, "exact").value == pytest.approx(np.diag(dense), abs=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("make", [HessianOperator, GaussNewtonOperator, FisherOperator])
@pytest.mark.parametrize("method", ["dense", "auto"])
def test_what_is_formed_is_not_rounded_to_single_precision(make, dtype, method):
    f, w = logistic(dtype)
    A = make(f, w)
    found = eigsh(A, 2, "LA", method=method)
    assert found.converged
    double = make(logistic(np.float64)[0], w).to_dense()
    assert found.eigenvalues == pytest.approx(np.linalg.eigvalsh(double)[-2:], rel=1e-6)
    # Products count wherever they were made.
    assert found.n_products == A.n_products


def test_bounds_hold_for_products_that_are_not_exact():
    """Differences and conjugate gradients are wrong by more than rounding."""
    H = HessianOperator(NET, W)
    dense = H.to_dense()
    A = FiniteDifferenceOperator(NET, W)
    for method in ("lanczos", "dense"):
        found = eigsh(A, 3, method=method)
        assert found.converged
        assert matches(found, np.linalg.eigvalsh(dense), dense)
    G = GaussNewtonOperator(NET, W).shifted(0.1)
    inverse, solve = np.linalg.inv(G.to_dense()), G.inverse(tol=1e-4)
    for operator, matrix in (
        (solve, inverse),
        (3.0 * solve.shifted(1.0), 3.0 * (inverse + np.eye(NET.dim))),
        (solve + G, inverse + G.to_dense()),
    ):
        found = eigsh(operator, 3, "LA", method="lanczos")
        assert found.converged
        assert matches(found, np.linalg.eigvalsh(matrix), matrix)


@pytest.mark.parametrize("dim", [17, 20, 31])
def test_nystroem_ends_with_the_whole_space(dim):
    """More vectors than dimensions depend on each other, and are no sign of a negative form."""
    B = RANDOM.normal(size=(dim, dim))
    A = B @ B.T
    for options in ({"rtol": 1e-6}, {"rtol": 0.0}, {"rtol": 1e-9, "max_matvec": 2 * dim - 1}):
        found = trace(A, "xnystrace", **options)
        assert found.value == pytest.approx(np.trace(A), rel=1e-9)
        assert found.n_matvec <= 2 * dim


def test_a_number_alone_is_checked_as_others_are():
    for value in (-3.0, [[-3.0]]):
        with pytest.raises(ValueError, match="must be positive definite, got an eigenvalue near"):
            condition_number(np.reshape(value, (1, 1)))
    assert condition_number([[0.0]]).value == np.inf


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_kernel_polynomials_of_any_scale(scale):
    A = np.diag(np.linspace(-1.0, 1.0, 200))
    unit, scaled = (spectral_density(s * A, "kpm", n_steps=10) for s in (1.0, scale))
    assert np.divide(scaled.range, scale) == pytest.approx(unit.range)
    assert scaled.coefficients == pytest.approx(unit.coefficients, abs=1e-9)


def test_asymmetry_of_a_function_is_reported_by_quadratures():
    A = np.diag(np.linspace(1.0, 2.0, 300))
    A[3, 7] += 0.5
    for run in (
        lambda f: spectral_density(f, n_probes=2, n_steps=10, dim=300),
        lambda f: trace_of_function(f, np.exp, n_steps=5, rtol=1.0, max_probes=4, dim=300),
    ):
        with pytest.warns(RuntimeWarning, match="operator is not symmetric"):
            run(lambda v: A @ v)
        run(lambda v: (A + A.T) @ v)  # no warning


def test_one_step_says_nothing_of_the_error_of_a_quadrature():
    with pytest.raises(ValueError, match="n_steps must be >= 2, got 1"):
        trace_of_function(np.eye(3), np.exp, n_steps=1)


def test_the_error_of_a_function_holds_the_change_of_its_last_step():
    """More probes do not help a rule that is too coarse, and the error says so."""
    A = np.diag(np.geomspace(1e-4, 1.0, 300))
    with pytest.warns(UserWarning, match="Increase max_probes, n_steps"):
        few, fewer = (
            trace_of_function(A, np.log, n_steps=n_steps, rtol=1e-3, max_probes=64)
            for n_steps in (6, 5)
        )
    change = abs(few.value - fewer.value)
    assert change < few.standard_error < 1.5 * change


def test_products_are_counted_once_where_the_matrix_was_formed():
    A = HessianOperator(NET, W)
    found = spectral_density(A, n_probes=10, n_steps=60, deflate=3)
    assert found.formed and found.n_products == A.n_products == NET.dim


@pytest.mark.parametrize("make", [KFACOperator, EKFACOperator])
def test_kronecker_factors_of_a_batch_with_weights(make):
    """One sample of a network of one layer: exact, whatever the batch is scaled by."""
    f = objectives.MLP(X, X[:, :2], alpha=0.0, sample_weight=np.linspace(0.5, 2.0, 60))
    w = f.init(0)
    exact = FisherOperator(f, w, rows=[7]).to_dense()
    assert np.abs(make(f, w, rows=[7]).to_dense() - exact).max() < 1e-12 * np.abs(exact).max()
    net = objectives.MLP(X, X[:, :2], 3, alpha=0.0, sample_weight=np.linspace(0.5, 2.0, 60))
    w, rows = net.init(0), [2, 9, 50]
    part = np.trace(FisherOperator(net, w, rows=rows).to_dense())
    assert np.trace(EKFACOperator(net, w, rows=rows).to_dense()) == pytest.approx(part)


def test_nan_stays_nan_and_directions_have_finite_values():
    G = GaussNewtonOperator(NET, W).shifted(0.1)
    B = np.ones((NET.dim, 2))
    B[3, 0] = np.nan
    with pytest.warns(UserWarning, match="residual of nan"):
        x = G.inverse() @ B
    assert np.isnan(x[:, 0]).all() and np.isfinite(x[:, 1]).all()
    with pytest.raises(ValueError, match="values must be finite"):
        G.deflated(np.eye(NET.dim)[:, :1], [np.nan])


def test_functions_may_write_into_what_they_get():
    def gradient(w):
        np.maximum(w, 0.0, out=w)
        return 2.0 * w

    A = FiniteDifferenceOperator(gradient, [-1.0, 2.0], step=1e-3)
    assert A.w.tolist() == [-1.0, 2.0]

    def hvp(w, v):
        product = (1.0 + w**2) * v
        w[:], v[:] = 0.0, 0.0
        return product

    f = objectives.from_callable(np.sum, np.ones_like, 200, hvp=hvp)
    w = np.linspace(0.0, 1.0, 200)
    H = HessianOperator(f, w)
    found = eigsh(H, 2, "LA", method="lanczos")
    assert found.eigenvalues == pytest.approx((1.0 + w**2)[-2:])
    assert (H.w == w).all()


# --- arguments that would be ignored ----------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "pattern"),
    [
        (lambda: eigsh(np.eye(3), 1, method="dense", v0=np.ones(3)), "v0 must be left out"),
        (lambda: eigsh(np.eye(3), 1, method="dense", block_size=2), "block_size must be left out"),
        (lambda: eigsh(np.eye(3), 1, method="dense", max_products=9), "max_products must be left"),
        (
            lambda: curvature.trace(lambda v: v, "exact", dim=20, max_matvec=10),
            "max_matvec must be >= 20 for method='exact'",
        ),
        (
            lambda: curvature.FiniteDifferenceOperator(
                lambda w: 2.0 * w, np.ones(2), scheme="complex", noise=0.1
            ),
            "noise must be left out for scheme='complex'",
        ),
        (lambda: curvature.estimate_noise(np.sin, np.ones(2), step=0.0), "step must be > 0"),
        (
            lambda: curvature.estimate_noise(np.sin, np.ones(2), random_state=-1),
            "random_state must be",
        ),
        (lambda: curvature.BatchHessian(1.0, 1.0, dim=3), "dim must be left out"),
        (
            lambda: curvature.hessian_alignment([BOWL, BOWL], np.ones(2), n_probes=3),
            "n_probes must be left out for method='hgp'",
        ),
    ],
)
def test_arguments_that_would_be_ignored_are_refused(call, pattern):
    with pytest.raises(ValueError, match=pattern):
        call()


def test_sharpness_at_a_point_takes_no_options_of_a_run():
    with pytest.raises(TypeError, match="every"):
        curvature.sharpness(BOWL, np.ones(2), every=3)
