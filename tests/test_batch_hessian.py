"""Hessians of mini-batches, and learning rates by batch size."""

import math

import numpy as np
import pytest

from optlite import objectives
from optlite.curvature import (
    BatchHessian,
    HessianOperator,
    hessian_noise,
    optimal_learning_rate,
    sgd_noise_scale,
    sign_descent_rate,
    sign_noise_scale,
)

RANDOM = np.random.default_rng(6)


def test_noise_is_the_scatter_of_the_hessians_of_samples():
    X = RANDOM.normal(size=(60, 5))
    f = objectives.MLP(X, np.sin(X[:, 0]), hidden=4)
    w = f.init(0)
    each = np.array([HessianOperator(f, w, rows=[i]).to_dense() for i in range(60)])
    scatter = each - each.mean(axis=0)
    variance = np.sum(scatter**2) / 59 / f.dim
    found = hessian_noise(f, w, n_splits=400)
    assert abs(found.value - variance) < 4.0 * found.standard_error
    assert found.standard_error < 0.1 * variance
    U = np.linalg.eigh(each.mean(axis=0))[1][:, -2:]
    along = np.sum((scatter @ U) ** 2, axis=(0, 1)) / 59
    found = hessian_noise(f, w, vectors=U, n_splits=400, batch_size=10)
    assert (np.abs(found.value - along) < 4.0 * found.standard_error).all()
    assert (found.standard_error < 0.1 * along).all()


def test_the_spiked_wigner_model_on_matrices():
    """Eigenvalue and overlap of a spike in symmetric noise, above and below the threshold."""
    dim, b = 400, 4.0
    for size in (0.4, 1.0, 2.0):
        values, overlaps = [], []
        for seed in range(6):
            noise = np.random.default_rng(seed).normal(size=(dim, dim))
            noise = (noise + noise.T) / math.sqrt(2.0 * dim * b)
            noise[0, 0] += size
            found, vectors = np.linalg.eigh(noise)
            values.append(found[-1])
            overlaps.append(vectors[0, -1] ** 2)
        model = BatchHessian(eigenvalue=size, noise=1.0)  # an entry has variance 1 / dim
        assert np.mean(values) == pytest.approx(float(model.sharpness(b)), rel=0.03)
        assert np.mean(overlaps) == pytest.approx(float(model.overlap(b)), abs=0.05)


@pytest.mark.parametrize("batch_size", [40, 100, 400])
def test_the_hessian_of_mini_batches_of_least_squares(batch_size):
    """Normal features, one of them larger: the model of sample covariances, on measured batches."""
    d, n = 80, 4000
    X = np.random.default_rng(0).normal(size=(n, d))
    X[:, 0] *= 2.0
    f = objectives.LeastSquares(X, X[:, 1])
    whole = np.linalg.eigvalsh(f.hessian(np.zeros(d)))
    model = BatchHessian(whole[-1], np.mean(whole[:-1]), n, "marchenko_pastur", d)
    random = np.random.default_rng(1)
    measured = []
    for _ in range(12):
        rows = random.choice(n, batch_size, replace=False)
        measured.append(
            np.linalg.eigvalsh(HessianOperator(f, np.zeros(d), rows=rows).to_dense())[-1]
        )
    assert np.mean(measured) == pytest.approx(float(model.sharpness(batch_size)), rel=0.05)
    assert np.mean(measured) > whole[-1]


def test_noise_across_the_top_eigenvector_predicts_the_shift_of_an_outlier():
    """A network, batches so large that the shift is small beside the eigenvalue."""
    n, size = 2000, 100
    X = np.random.default_rng(0).normal(size=(n, 10)) + 2.0
    f = objectives.MLP(X, np.sin(X[:, 0]) + X[:, 1], hidden=4, activation="softplus")
    w = f.init(0)
    values, vectors = np.linalg.eigh(f.hessian(w))
    assert values[-1] > 5.0 * values[-2]
    u = vectors[:, -1]
    noise = hessian_noise(f, w, vectors=u, across=True, n_splits=60).value
    random, shifts = np.random.default_rng(1), []
    for _ in range(150):
        rows = random.choice(n, size, replace=False)
        H = HessianOperator(f, w, rows=rows).to_dense()
        # Less the first order, whose mean is 0: the second order is what is predicted.
        shifts.append(np.linalg.eigvalsh(H)[-1] - u @ H @ u)
    predicted = float(BatchHessian(values[-1], noise, n).sharpness(size)) - values[-1]
    assert np.mean(shifts) == pytest.approx(predicted, rel=0.15)


def test_limits_of_the_models():
    model = BatchHessian(eigenvalue=2.0, noise=100.0, n_samples=1000)
    assert model.sharpness(1000) == 2.0 and model.overlap(1000) == 1.0
    assert model.learning_rate_limit(1000) == 1.0
    rates = model.learning_rate_limit(np.arange(30, 1001))
    assert (np.diff(rates) > 0.0).all()
    # Far above the threshold with much noise the limit is linear in the batch size.
    noisy = BatchHessian(eigenvalue=1.0, noise=1e4)
    assert noisy.sharpness(1e4 + 1) == pytest.approx(noisy.sharpness(1e4 - 1), rel=1e-3)
    assert noisy.overlap([10.0, 1e5]) == pytest.approx([0.0, 0.9])
    quiet = BatchHessian(eigenvalue=1.0, noise=0.0, model="marchenko_pastur", dim=10)
    assert quiet.sharpness(3) == 1.0
    bulk = BatchHessian(eigenvalue=1.0, noise=1.0, model="marchenko_pastur", dim=100)
    assert bulk.sharpness(100) == pytest.approx(4.0)
    assert BatchHessian(1.0, 1.0).effective_batch_size(7) == 7.0


# --- learning rates by batch size -----------------------------------------------------------------


def quadratic(dim=6):
    H = RANDOM.normal(size=(dim, dim))
    H = H @ H.T + 1.0
    return RANDOM.random(dim) + 0.2, np.diag(RANDOM.random(dim) + 0.5), H


def test_rates_of_sgd_are_the_best_for_the_expected_quadratic():
    g, S, H = quadratic()
    scale, largest = sgd_noise_scale(g, S, H)
    for b in (1.0, scale, 50.0 * scale):
        rates = np.linspace(0.0, 2.0 * largest, 200_001)
        loss = -rates * (g @ g) + 0.5 * rates**2 * (g @ H @ g + np.sum(H * S) / b)
        best = rates[np.argmin(loss)]
        assert optimal_learning_rate(b, scale, largest=largest) == pytest.approx(best, rel=1e-4)


def test_the_rate_of_sign_descent_is_the_best_of_a_simulation():
    g, S, H = quadratic(3)
    b = 2.0
    draws = RANDOM.normal(size=(200_000, 3)) * np.sqrt(np.diag(S) / b) + g
    signs = np.sign(draws)
    best = np.mean(signs @ g) / np.mean(np.einsum("pi,ij,pj->p", signs, H, signs))
    assert sign_descent_rate(b, g, S, H) == pytest.approx(best, rel=0.02)


def test_the_surge_law_is_the_limit_of_small_batches():
    g, S, H = quadratic()
    H = 0.01 * H + 30.0 * np.outer(g, g)  # signs that add up
    g = 1e-4 * g
    scale, largest = sign_noise_scale(g, S, H + 1e4 * np.eye(6))
    H = H + 1e4 * np.eye(6)
    small = 1e-6 * scale
    assert optimal_learning_rate(small, scale, largest=largest, rule="sign") == pytest.approx(
        sign_descent_rate(small, g, S, H), rel=1e-2
    )
    around = optimal_learning_rate(
        [0.5 * scale, scale, 2.0 * scale], scale, largest=3.0, rule="sign"
    )
    assert around[1] == pytest.approx(3.0) and around[0] == pytest.approx(around[2])
    assert around[0] == pytest.approx(2.0 * math.sqrt(2.0))


def test_the_surge_of_sign_descent_itself():
    """A peak where the law has it, while each coordinate is mostly noise; beyond it, a limit."""
    dim = 200
    g, S = np.full(dim, 0.01), np.eye(dim)
    H = np.full((dim, dim), 1.0) + 4.0 * np.eye(dim)
    scale, largest = sign_noise_scale(g, S, H)
    batches = scale * np.geomspace(0.05, 20.0, 401)
    exact = np.array([sign_descent_rate(b, g, S, H) for b in batches])
    law = optimal_learning_rate(batches, scale, largest=largest, rule="sign")
    assert batches[np.argmax(exact)] == pytest.approx(scale, rel=0.05)
    assert exact.max() == pytest.approx(largest, rel=0.02)
    near = batches < 2.0 * scale
    assert exact[near] == pytest.approx(law[near], rel=0.05)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: BatchHessian(0.0, 1.0), ValueError, "eigenvalue must be > 0 and finite"),
        (lambda: BatchHessian(1.0, -1.0), ValueError, "noise must be >= 0 and finite"),
        (lambda: BatchHessian(1.0, 1.0, model="x"), ValueError, "model must be one of"),
        (
            lambda: BatchHessian(1.0, 1.0, model="marchenko_pastur"),
            ValueError,
            "dim must be given for model='marchenko_pastur'",
        ),
        (
            lambda: BatchHessian(1.0, 1.0, 10).sharpness(11),
            ValueError,
            r"batch_size must be in \[1, 10\], got 11",
        ),
        (
            lambda: BatchHessian(1.0, 1.0, None, "marchenko_pastur", 3).overlap(1),
            ValueError,
            "model must be 'wigner' for the overlap",
        ),
        (
            lambda: hessian_noise(objectives.LeastSquares([[1.0]], [1.0]), [0.0]),
            ValueError,
            "objective must have two samples at least, got 1",
        ),
        (
            lambda: hessian_noise(
                objectives.LeastSquares([[1.0], [2.0]], [1.0, 1.0]), [0.0], vectors=[0.0]
            ),
            ValueError,
            "vectors must be finite and not zero",
        ),
        (lambda: optimal_learning_rate(0.0, 1.0), ValueError, "batch_size must be > 0"),
        (lambda: optimal_learning_rate(1.0, -1.0), ValueError, "noise_scale must be > 0"),
        (lambda: optimal_learning_rate(1.0, 1.0, rule="adam"), ValueError, "rule must be one of"),
        (
            lambda: sgd_noise_scale([1.0], [[1.0]], [[-1.0]]),
            ValueError,
            "hessian must bend up along the gradient",
        ),
        (
            lambda: sign_noise_scale([1.0, 1.0], np.eye(2), np.eye(2)),
            ValueError,
            "larger batches never hurt here",
        ),
        (
            lambda: sign_descent_rate(1.0, [1.0], np.eye(2), np.eye(2)),
            ValueError,
            "gradient, covariance and hessian must have shapes",
        ),
        (
            lambda: sign_descent_rate(1.0, [1.0, 1.0], np.diag([1.0, 0.0]), np.eye(2)),
            ValueError,
            "covariance must have a diagonal > 0",
        ),
        (
            lambda: sign_descent_rate(1.0, [1.0], [[1.0]], [[-1.0]]),
            ValueError,
            "hessian must bend up along the signs, got -1 on average",
        ),
    ],
)
def test_bad_arguments_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
