"""Hessians from differences of gradients, and the noise that their step is chosen for."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optlite import objectives
from optlite.curvature import FiniteDifferenceOperator, HessianOperator, estimate_noise

RANDOM = np.random.default_rng(2)
A = RANDOM.normal(size=(30, 6))


def gradient(w):
    """The gradient of sum log cosh(A w) + ||w||^4 / 4, for real and complex w."""
    return A.T @ np.tanh(A @ w) + (w @ w) * w


def hessian(w):
    return A.T @ (A / np.cosh(A @ w)[:, None] ** 2) + (w @ w) * np.eye(6) + 2 * np.outer(w, w)


W = 0.3 * RANDOM.normal(size=6)


def error(H, exact):
    return np.linalg.norm(H.to_dense() - exact) / np.linalg.norm(exact)


@pytest.mark.parametrize(
    ("scheme", "limit"), [("central", 1e-8), ("forward", 1e-6), ("complex", 1e-14)]
)
def test_schemes_reach_their_accuracy(scheme, limit):
    H = FiniteDifferenceOperator(gradient, W, scheme=scheme)
    assert error(H, hessian(W)) < limit
    single = H @ np.eye(6)[:, 2]
    assert_array_equal(single, (H @ np.eye(6))[:, 2])
    worst = np.linalg.norm(np.array([H @ e for e in np.eye(6)]).T - hessian(W), axis=0).max()
    assert worst < 1e3 * H.error_estimate
    assert H.asymmetry < 1e-5
    assert scheme in repr(H)


def test_exact_products_agree_with_differences_to_seven_digits():
    X, y = RANDOM.normal(size=(40, 5)), np.arange(40) % 2
    for f in (
        objectives.Logistic(X, y, alpha=0.1, fit_intercept=True),
        objectives.Multinomial(X, np.arange(40) % 3),
        objectives.Poisson(X, y),
        objectives.MLP(X, y, (4, 3), "gelu", "logistic", alpha=0.01),
    ):
        w = 0.3 * RANDOM.normal(size=f.shape)
        exact = HessianOperator(f, w).to_dense()
        assert error(FiniteDifferenceOperator(f, w), exact) < 1e-7


@pytest.mark.parametrize("level", [1e-12, 1e-8, 1e-5])
def test_the_step_follows_the_noise(level):
    """A table of fixed random numbers is noise that repeats."""

    def noisy(w):
        seed = np.frombuffer(np.asarray(w, dtype=np.float64).tobytes(), dtype=np.uint32)
        return gradient(w) + level * np.random.default_rng(seed).normal(size=6)

    H = FiniteDifferenceOperator(noisy, W)
    assert 0.2 * level < H.noise < 5 * level
    found = error(H, hessian(W))
    best = min(
        error(FiniteDifferenceOperator(noisy, W, step=step, noise=level), hessian(W))
        for step in np.logspace(-6, -1, 11)
    )
    assert found < 20 * best
    if level >= 1e-8:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # not symmetric
            usual = FiniteDifferenceOperator(noisy, W, step=1e-6, noise=0.0)
        assert found < 0.2 * error(usual, hessian(W))


def test_the_noise_of_single_precision_is_seen():
    H = FiniteDifferenceOperator(lambda w: gradient(w.astype(np.float32)).astype(np.float32), W)
    assert 1e-9 < H.noise < 1e-5
    assert error(H, hessian(W)) < 1e-2
    single = FiniteDifferenceOperator(gradient, W.astype(np.float32))
    assert single.dtype == (single @ np.ones(6)).dtype == np.float32


@pytest.mark.parametrize("level", [1e-10, 1e-6, 1e-3])
def test_estimated_noise_is_within_a_factor(level):
    ratios = []
    for seed in range(10):
        random = np.random.default_rng(seed)
        noisy = lambda x: np.cos(x) + level * random.normal(size=50)  # noqa: B023, E731
        found = estimate_noise(noisy, np.linspace(0.0, 1.0, 50), random_state=seed)
        assert found.reliable and found.order >= 1
        ratios.append(found.noise / level)
    assert 0.7 < np.median(ratios) < 1.4
    assert_allclose(ratios, 1.0, atol=0.6)


def test_noise_of_exact_functions_is_their_rounding():
    found = estimate_noise(np.sin, np.ones(20))
    assert found.noise < 1e-14
    constant = estimate_noise(lambda x: np.ones(3), np.ones(2))
    assert not constant.reliable
    assert constant.noise == np.finfo(float).eps
    given = estimate_noise(np.sin, np.ones(4), direction=np.ones(4), step=1e-6)
    assert given.step == 1e-6
    with pytest.raises(ValueError, match="direction must have shape"):
        estimate_noise(np.sin, np.ones(3), direction=np.zeros(3))


def test_shapes_scales_and_zeros():
    H = FiniteDifferenceOperator(lambda w: 4 * w**3, np.array([[1.0, 2.0], [0.5, -1.0]]))
    expected = 12 * np.array([1.0, 4.0, 0.25, 1.0])
    for v in (np.ones(4), 1e8 * np.ones(4), 1e-8 * np.ones(4)):
        assert_allclose(H @ v, expected * v, rtol=1e-7)
    assert not (H @ np.zeros(4)).any()
    assert np.isnan(H @ np.array([np.nan, 0, 0, 0])).any()
    f = objectives.Multinomial(np.eye(3), [0, 1, 2])
    assert FiniteDifferenceOperator(f, np.zeros(f.shape)).shape == (9, 9)
    flat = FiniteDifferenceOperator(lambda w: np.zeros(3), np.ones(3))
    assert not flat.to_dense().any()


def test_what_is_wrong_with_a_gradient_is_said():
    w, random = np.ones(3), np.random.default_rng(0)
    cases = [
        (lambda w: w * np.nan, {}, ValueError, "gradient returned nan"),
        (lambda w: w[:2], {}, ValueError, r"gradient must return shape \(3,\)"),
        (lambda w: w + random.normal(size=3), {}, ValueError, "Freeze the batch"),
        (lambda w: np.abs(w), {"scheme": "complex"}, ValueError, "return complex numbers"),
        (lambda w: w * (1.0 + 1.0j), {}, TypeError, "real numbers for a real w, got dtype complex"),
        (np.sin, {"scheme": "backward"}, ValueError, "scheme must be one of"),
        (np.sin, {"step": -1.0}, ValueError, "step must be > 0"),
        (np.sin, {"noise": -1.0}, ValueError, "noise must be >= 0"),
        (3.0, {}, TypeError, "gradient must be callable"),
    ]
    for function, options, kind, message in cases:
        with pytest.raises(kind, match=message):
            FiniteDifferenceOperator(function, w, **options)
    with pytest.raises(ValueError, match="w must have an entry"):
        FiniteDifferenceOperator(np.sin, np.empty(0))
    with pytest.raises(ValueError, match="w must be finite"):
        FiniteDifferenceOperator(np.sin, np.array([np.inf]))
    with pytest.warns(RuntimeWarning, match="not symmetric"):
        skew = FiniteDifferenceOperator(lambda w: np.array([w[1], -w[0]]), np.ones(2))
    assert skew.asymmetry > 0.1
    with pytest.warns(RuntimeWarning, match="gradient must be analytic for scheme='complex'"):
        FiniteDifferenceOperator(lambda w: np.abs(w) * w, w, scheme="complex")
    FiniteDifferenceOperator(lambda w: 1e9 + 0.0 * w, w, scheme="complex")  # no warning


@pytest.mark.parametrize("scheme", ["central", "forward"])
def test_a_given_step_is_taken(scheme):
    """Of a gradient that is all noise up to there, a long one may be the only one that helps."""
    for step in (3.0, 1e-13):
        H = FiniteDifferenceOperator(lambda w: 2.0 * w, np.ones(3), scheme=scheme, step=step)
        assert H.step == step
    H = FiniteDifferenceOperator(np.floor, np.full(3, 0.25), scheme=scheme, step=1e3, noise=0.5)
    assert_allclose(H @ np.array([1.0, 0.0, 0.0]), [1.0, 0.0, 0.0], atol=2e-3)
