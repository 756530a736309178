"""Gradients and Hessians of samples and of domains; objectives on lines and planes."""

import numpy as np
import pytest
import scipy.sparse as sp

from optlite import objectives
from optlite.curvature import (
    gradient_statistics,
    hessian_alignment,
    loss_on_line,
    loss_on_plane,
    per_sample_gradients,
)

RANDOM = np.random.default_rng(8)
X = RANDOM.normal(size=(50, 4))
LABELS = np.arange(50) % 3
OBJECTIVES = {
    "network": objectives.MLP(X, LABELS, hidden=(5, 4), loss="softmax"),
    "single": objectives.MLP(X.astype(np.float32), LABELS > 1, hidden=3, loss="logistic"),
    "linear": objectives.LeastSquares(X, X[:, 0] ** 2, fit_intercept=True),
    "sparse": objectives.Logistic(sp.csr_array(np.where(X > 0.5, X, 0.0)), LABELS > 1),
    "classes": objectives.Multinomial(X, LABELS, fit_intercept=True),
}


def start(f):
    return f.init(0) if hasattr(f, "init") else RANDOM.normal(size=f.shape)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_statistics_are_those_of_the_gradients_of_single_rows(name):
    f = OBJECTIVES[name]
    w = start(f)
    dense = np.array([np.ravel(f.batch([i]).gradient(w)) for i in range(50)], dtype=float)
    tight = 1e-5 if f.X.dtype == np.float32 else 1e-10
    assert per_sample_gradients(f, w) == pytest.approx(dense, abs=tight)
    found = gradient_statistics(f, w, block_size=16)
    mean, variance = dense.mean(axis=0), dense.var(axis=0)
    assert found.mean == pytest.approx(mean, abs=tight)
    assert found.variance == pytest.approx(variance, abs=tight)
    pairs = dense @ dense.T
    assert found.coherence == pytest.approx(pairs.mean() / np.trace(pairs) * 50, rel=1e-4)
    assert found.noise_scale == pytest.approx(variance.sum() / (mean @ mean), rel=1e-4)
    shown = variance > 1e-6
    assert found.signal_to_noise[shown] == pytest.approx((mean**2 / variance)[shown], rel=1e-3)
    part = gradient_statistics(f, w, rows=[3, 5, 11])
    assert part.mean == pytest.approx(dense[[3, 5, 11]].mean(axis=0), abs=tight)
    assert part.n_samples == 3


def test_the_ends_of_coherence():
    same = gradient_statistics(objectives.LeastSquares(np.ones((4, 2)), np.ones(4)), [0.0, 0.0])
    assert (
        same.coherence == 1.0 and same.noise_scale == 0.0 and np.isinf(same.signal_to_noise).all()
    )
    apart = gradient_statistics(objectives.LeastSquares(np.eye(4), np.ones(4)), np.zeros(4))
    assert apart.coherence == pytest.approx(0.25)
    done = gradient_statistics(objectives.LeastSquares(np.eye(4), np.ones(4)), np.ones(4))
    assert np.isnan(done.coherence)
    with pytest.raises(TypeError, match="objective must be a generalized linear model or an MLP"):
        gradient_statistics(objectives.Rosenbrock(), [0.0, 0.0])


# --- domains --------------------------------------------------------------------------------------

DOMAINS = [
    objectives.MLP(X + shift, np.sin(X[:, 0]) * scale, hidden=3)
    for shift, scale in ((0.0, 1.0), (0.5, 1.2), (-0.3, 2.0))
]
W = DOMAINS[0].init(1)


def dense_parts():
    G = np.array([f.gradient(W) for f in DOMAINS])
    H = np.array([f.hessian(W) for f in DOMAINS])
    return G, H


def spread(rows):
    rows = rows.reshape(len(rows), -1)
    return np.sum((rows - rows.mean(axis=0)) ** 2, axis=1)


def test_alignment_by_hessian_gradient_products_is_the_dense_formula():
    G, H = dense_parts()
    found = hessian_alignment(DOMAINS, W)
    assert found.gradient_distances == pytest.approx(spread(G), rel=1e-10)
    assert found.gradient_distance == pytest.approx(spread(G).mean(), rel=1e-10)
    products = np.einsum("eij,ej->ei", H, G)
    assert found.hessian_distances == pytest.approx(spread(products), rel=1e-9)
    assert found.hessian_distance.value == pytest.approx(spread(products).mean(), rel=1e-9)


def test_alignment_of_matrices_is_an_estimate_with_an_error():
    _, H = dense_parts()
    found = hessian_alignment(DOMAINS, W, "frobenius", n_probes=500)
    value, error = found.hessian_distance
    assert abs(value - spread(H).mean()) < 4.0 * error < 0.3 * value
    exact = hessian_alignment(
        [objectives.Quadratic([1.0, 2.0]), objectives.Quadratic([3.0, 5.0])],
        np.zeros(2),
        "frobenius",
        n_probes=1,
    )
    assert exact.hessian_distance.value == pytest.approx(1.0**2 + 1.5**2)  # diagonal: any signs


def test_alignment_of_diagonals_approaches_the_dense_formula():
    _, H = dense_parts()
    exact = spread(np.einsum("eii->ei", H)).mean()
    variance = np.mean(  # of one probe: squares of what is not on the diagonal
        [np.sum((h - H.mean(axis=0)) ** 2) - np.sum(np.diag(h - H.mean(axis=0)) ** 2) for h in H]
    )
    few, many = (
        hessian_alignment(DOMAINS, W, "hutchinson", n_probes=n).hessian_distance.value
        for n in (10, 4000)
    )
    assert many == pytest.approx(exact + variance / 4000, rel=0.1)
    assert few == pytest.approx(exact + variance / 10, rel=0.6)
    assert few > many


def test_groups_of_rows_are_domains():
    f = objectives.Multinomial(X, LABELS, alpha=0.1)
    w = RANDOM.normal(size=f.shape)
    groups = [f.batch(np.arange(25)), f.batch(np.arange(25, 50))]
    found = hessian_alignment(groups, w)
    g = np.array([np.ravel(each.gradient(w)) for each in groups])
    assert found.gradient_distances == pytest.approx(spread(g), rel=1e-12)
    with pytest.raises(ValueError, match="domains must be two at least, got 1"):
        hessian_alignment(groups[:1], w)
    with pytest.raises(ValueError, match=r"domains must have one dimension, got \[2, 3\]"):
        hessian_alignment([objectives.Quadratic([1, 2]), objectives.Quadratic([1, 2, 3])], [0, 0])
    with pytest.raises(ValueError, match="method must be one of"):
        hessian_alignment(groups, w, "dense")


# --- lines and planes -----------------------------------------------------------------------------


def test_values_on_a_line_with_slopes_and_a_barrier():
    f = objectives.Himmelblau()
    a, b = f.minimizers[:2]
    found = loss_on_line(f, a, b, n_points=201)
    way = np.asarray(b) - np.asarray(a)
    direct = [f.value(np.asarray(a) + s * way) for s in found.positions]
    assert found.values == pytest.approx(direct, abs=1e-10)
    differences = np.gradient(found.values, found.positions)
    assert found.slopes[1:-1] == pytest.approx(
        differences[1:-1], abs=0.01 * np.abs(differences).max()
    )
    assert found.barrier == pytest.approx(max(direct), rel=1e-6) and not found.is_monotone
    down = loss_on_line(objectives.Quadratic([1.0, 3.0]), [1.0, 2.0], [0.0, 0.0])
    assert down.is_monotone and down.barrier == 0.0


@pytest.mark.parametrize("places", [[0], [2], [2, 3], [5], [0, 5]])
def test_a_line_through_infinite_values_is_not_monotone(places):
    def value(w):
        return np.inf if round(5 * (1 - w[0])) in places else w[0]

    f = objectives.from_callable(value, np.ones_like, 1)
    found = loss_on_line(f, [1.0], [0.0], n_points=6)
    assert not found.is_monotone
    assert found.barrier == np.inf or np.isnan(found.barrier)


@pytest.mark.parametrize("axes", [(0, 1), (0, -1), (-1, -2)])
def test_values_on_a_plane_of_eigenvectors(axes):
    f = OBJECTIVES["network"]
    w = f.init(3)
    values, vectors = np.linalg.eigh(f.hessian(w))
    order = [len(values) - 1 - axis if axis >= 0 else -1 - axis for axis in axes]
    found = loss_on_plane(f, w, axes, span=0.1, n_points=5)
    assert found.eigenvalues == pytest.approx(values[order], abs=1e-8)
    for i in range(2):
        assert abs(found.eigenvectors[:, i] @ vectors[:, order[i]]) == pytest.approx(1.0, abs=1e-6)
    s, t = found.coordinates[4], found.coordinates[1]
    assert found.values[1, 4] == pytest.approx(f.value(w + found.eigenvectors @ [s, t]), rel=1e-12)
    assert found.values[2, 2] == found.quadratic[2, 2] == pytest.approx(f.value(w))
    # The error of the model is of third order.
    near = loss_on_plane(f, w, axes, span=0.01, n_points=5)
    errors = [np.abs(each.values - each.quadratic).max() for each in (found, near)]
    assert errors[1] < 3e-3 * errors[0]


def test_bad_planes_and_lines_are_refused():
    f = objectives.Quadratic([1.0, 2.0])
    with pytest.raises(ValueError, match="axes must be two different eigenvectors"):
        loss_on_plane(f, [0.0, 0.0], (1, -1))
    with pytest.raises(ValueError, match=r"axes must be two integers in \[-2, 1\]"):
        loss_on_plane(f, [0.0, 0.0], (0, 2))
    with pytest.raises(ValueError, match="span must be > 0 and finite"):
        loss_on_plane(f, [0.0, 0.0], span=0.0)
    with pytest.raises(ValueError, match="start must hold 2 finite numbers"):
        loss_on_line(f, [0.0], [0.0, 0.0])
