"""MultiTaskLasso, MultiTaskElasticNet and their CV against scikit-learn and the twin."""

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as peer
from numpy.testing import assert_allclose, assert_array_equal

from optlite.linear_model import (
    ElasticNet,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    Ridge,
    enet_path,
    lasso_path,
)
from optlite.reference import group_lasso as twin


def make(n=50, d=10, tasks=3, seed=0, zeros=False):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * rng.uniform(0.5, 3.0, d) + 0.5
    if zeros:
        X[rng.random((n, d)) < 0.5] = 0.0
    W = np.zeros((tasks, d))
    W[:, : max(2, d // 8)] = rng.normal(size=(tasks, max(2, d // 8)))
    Y = X @ W.T + 0.3 * rng.normal(size=(n, tasks)) + np.arange(tasks)
    return X, Y, rng.uniform(0.2, 2.0, n)


def gap_and_value(model, X, Y, weight, alpha, ratio):
    Z, Yc, s, mean, ybar = twin.center(X, Y, weight, model.fit_intercept)
    W = np.asarray(model.coef_, dtype=float).T
    assert_allclose(model.intercept_, ybar - mean @ W, rtol=1e-5, atol=1e-5)
    groups, v = np.arange(len(W))[:, None], np.ones(len(W))
    args = (groups, v, 0.0, alpha * ratio * s.sum(), alpha * (1 - ratio) * s.sum())
    gap = twin.duality_gap(Z, Yc, s, W, *args)
    return gap / s.sum(), twin.objective(Z, Yc, s, W, *args) / s.sum()


@pytest.mark.parametrize("container", [np.asarray, np.asfortranarray, sp.csr_matrix, sp.csc_array])
@pytest.mark.parametrize("ratio", [1.0, 0.4])
@pytest.mark.parametrize("shape", [(50, 10), (25, 70)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
def test_no_other_point_is_better(container, ratio, shape, weighted, intercept):
    X, Y, weight = make(*shape, zeros=container in (sp.csr_matrix, sp.csc_array))
    s = weight if weighted else None
    options = {"l1_ratio": ratio, "fit_intercept": intercept}
    ours = MultiTaskElasticNet(0.1, **options, tol=1e-12).fit(container(X), Y, s)
    gap, value = gap_and_value(ours, X, Y, s, 0.1, ratio)
    assert gap <= 2e-12 * value
    assert_allclose(ours.objective_, value, rtol=1e-11)
    assert ours.certificate_ <= 1e-12 and ours.converged_
    if weighted or container is not np.asarray:
        return
    theirs = peer.MultiTaskElasticNet(0.1, **options, tol=1e-13, max_iter=100_000).fit(X, Y)
    _, reached = gap_and_value(theirs, X, Y, s, 0.1, ratio)
    assert value <= reached * (1 + 1e-12)
    assert reached <= value * (1 + 1e-10)
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)


def test_a_feature_counts_for_all_tasks_or_none():
    X, Y, _ = make(40, 200, tasks=4)
    model = MultiTaskLasso(1.0).fit(X, Y)
    used = model.coef_ != 0
    assert_array_equal(used.all(axis=0), used.any(axis=0))
    assert 0 < used.any(axis=0).sum() < 100
    assert model.coef_.shape == (4, 200)
    assert model.predict(X).shape == (40, 4)
    assert sp.issparse(model.sparse_coef_)


def test_one_task_is_an_elastic_net():
    X, Y, weight = make(40, 15)
    joint = MultiTaskElasticNet(0.1, l1_ratio=0.7, tol=1e-13).fit(X, Y[:, :1], weight)
    alone = ElasticNet(0.1, l1_ratio=0.7, tol=1e-13).fit(X, Y[:, 0], weight)
    assert_allclose(joint.coef_[0], alone.coef_, atol=1e-8)
    assert joint.intercept_.shape == (1,)
    assert_allclose(joint.objective_, alone.objective_, rtol=1e-12)


def test_tasks_may_be_rotated():
    """The norm of a row of W does not change, and so the solution turns with the targets."""
    X, Y, _ = make(40, 12)
    Q, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    plain = MultiTaskLasso(0.1, tol=1e-13).fit(X, Y)
    turned = MultiTaskLasso(0.1, tol=1e-13).fit(X, Y @ Q)
    assert_allclose(turned.coef_, Q.T @ plain.coef_, atol=1e-6)


def test_without_norms_it_is_ridge():
    X, Y, weight = make(40, 8)
    ours = MultiTaskElasticNet(0.3, l1_ratio=0.0, tol=1e-12).fit(X, Y, weight)
    ridge = Ridge(0.3 * weight.sum(), tol=1e-12).fit(X, Y, weight)
    assert_allclose(ours.coef_, ridge.coef_, rtol=1e-8, atol=1e-10)
    assert_allclose(ours.intercept_, ridge.intercept_, rtol=1e-8)
    nearly = MultiTaskElasticNet(0.3, l1_ratio=1e-9, tol=1e-12).fit(X, Y, weight)
    assert_allclose(nearly.objective_, ours.objective_, rtol=1e-7)


def test_float32_and_warm_starts():
    X, Y, _ = make(40, 30)
    single = MultiTaskLasso(0.1).fit(X.astype(np.float32), Y)
    model = MultiTaskLasso(0.1, warm_start=True).fit(X, Y)
    assert single.coef_.dtype == np.float32
    assert_allclose(single.coef_, model.coef_, atol=1e-3)
    assert model.n_iter_ > 0
    assert model.fit(X, Y).n_iter_ == 0
    with pytest.raises(ValueError, match="needs coef_ of 2 tasks, got 3"):
        model.fit(X, Y[:, :2])


def test_a_single_column_of_targets_is_refused():
    X, Y, _ = make()
    with pytest.raises(ValueError, match=r"shape \(50,\).* use ElasticNet"):
        MultiTaskElasticNet().fit(X, Y[:, 0])
    with pytest.raises(ValueError, match="use LassoCV"):
        MultiTaskLassoCV().fit(X, Y[:, 0])


@pytest.mark.parametrize("intercept", [False, True])
def test_errors_of_folds_are_those_of_scikit_learn(intercept):
    X, Y, _ = make()
    options = {"alphas": 6, "cv": 3, "fit_intercept": intercept}
    ours = MultiTaskLassoCV(**options, tol=1e-12).fit(X, Y)
    theirs = peer.MultiTaskLassoCV(**options, tol=1e-12, max_iter=100_000).fit(X, Y)
    assert_allclose(ours.alphas_, theirs.alphas_, rtol=1e-10)
    assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-5)
    assert ours.alpha_ == pytest.approx(theirs.alpha_)
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)


def test_ratios_and_weights_of_folds():
    X, Y, weight = make()
    options = {"l1_ratio": [0.3, 0.9], "alphas": 5, "cv": 3}
    model = MultiTaskElasticNetCV(**options).fit(sp.csr_array(X), Y, weight)
    assert model.mse_path_.shape == (2, 5, 3)
    assert model.alphas_.shape == (2, 5)
    single = MultiTaskElasticNet(model.alpha_, l1_ratio=model.l1_ratio_).fit(X, Y, weight)
    assert_allclose(model.coef_, single.coef_, atol=1e-6)
    assert model.alphas_[0, 0] > model.alphas_[1, 0]


# --- the path functions ---------------------------------------------------------------------------


@pytest.mark.parametrize("container", [np.asarray, sp.csc_array])
@pytest.mark.parametrize("ratio", [1.0, 0.4])
def test_paths_of_several_tasks(container, ratio):
    X, Y, weight = make(40, 8, zeros=True)
    start = np.random.default_rng(1).normal(size=(3, 8))
    options = {"l1_ratio": ratio, "alphas": 4, "eps": 0.05, "tol": 1e-12}
    weighted = enet_path(
        container(X), Y, **options, sample_weight=weight, coef_init=start, return_n_iter=True
    )
    alphas, coefs, gaps, counts = weighted
    assert coefs.shape == (3, 8, 4)
    assert len(gaps) == len(counts) == 4
    assert_allclose(coefs[..., 0], 0.0, atol=1e-10)
    for k, alpha in enumerate(alphas):
        model = MultiTaskElasticNet(alpha, l1_ratio=ratio, fit_intercept=False, tol=1e-12)
        assert_allclose(coefs[..., k], model.fit(X, Y, weight).coef_, atol=1e-6)
    found = enet_path(container(X), Y, **options)
    theirs = peer.enet_path(np.asfortranarray(X), Y, **options, max_iter=100_000)
    assert_allclose(found[0], theirs[0], rtol=1e-12)
    assert_allclose(found[1], theirs[1], atol=1e-6)
    assert len(found) == len(theirs) == 3


def test_a_path_of_one_task_among_others():
    """A matrix of one column is several tasks, as in scikit-learn."""
    X, Y, _ = make(40, 8)
    alphas, coefs, _ = lasso_path(X, Y[:, :1], alphas=5, selection="random", check_input=False)
    single, alone, _ = lasso_path(X, Y[:, 0], alphas=5)
    assert coefs.shape == (1, 8, 5)
    assert_allclose(alphas, single, rtol=1e-12)
    assert_allclose(coefs[0], alone, atol=1e-4)
    assert lasso_path(X.astype(np.float32), Y, alphas=2)[1].dtype == np.float32
    for Estimator in (MultiTaskLasso, MultiTaskLassoCV):
        assert_array_equal(Estimator.path(X, Y[:, :1], alphas=5)[1], coefs)


def test_paths_of_several_tasks_refuse_what_they_cannot_do():
    X, Y, _ = make(20, 5)
    with pytest.raises(ValueError, match=r"positive must be False .* got y of shape \(20, 3\)"):
        lasso_path(X, Y, positive=True)
    with pytest.raises(ValueError, match=r"must hold 15 finite numbers, got shape \(5,\)"):
        lasso_path(X, Y, coef_init=np.zeros(5))
    with pytest.raises(ValueError, match="l1_ratio=0"):
        enet_path(X, Y, l1_ratio=0.0)
