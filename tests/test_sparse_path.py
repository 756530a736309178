"""sparse_path against single fits, the lasso's solvers and conditions for an optimum."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as peer
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning

from optlite.linear_model import (
    LogisticRegression,
    SparseClassifier,
    SparseRegressor,
    lasso_path,
    sparse_path,
)

CONVEX = ["l1", "elastic_net", "positive", "group", "slope"]
LOSSES = ["squared", "huber", "poisson", "cox", "logistic", "multinomial"]


def make(n=60, d=12, seed=0, loss="squared"):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * rng.uniform(0.5, 2.0, d) + 0.3
    z = X[:, :3] @ [0.5, 0.4, 0.3]
    noisy = z + 0.5 * rng.normal(size=n)
    if loss == "cox":
        y = np.column_stack([rng.exponential(np.exp(-z)) + 0.01, rng.random(n) < 0.7])
        y[:2, 1] = 1.0, 0.0
    else:
        y = {
            "poisson": rng.poisson(np.exp(np.minimum(z, 2.5))).astype(float),
            "logistic": noisy > np.median(noisy),
            "multinomial": np.digitize(noisy, np.quantile(noisy, [0.3, 0.7])),
        }.get(loss, noisy)
    return X, y, rng.uniform(0.2, 2.0, n)


def estimator_of(loss, **options):
    if loss in ("logistic", "multinomial"):
        return SparseClassifier(loss=loss, **options)
    return SparseRegressor(loss=loss, **options)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(60, 12), (30, 80)])
def test_lasso_has_its_solvers_path(weighted, shape):
    X, y, weight = make(*shape)
    s = weight / weight.sum() if weighted else np.full(len(y), 1.0 / len(y))
    centred, target = X - s @ X, y - s @ y
    options = {"alphas": 10, "eps": 0.02, "tol": 1e-12}
    alphas, coefs, intercepts, certificates = sparse_path(X, y, sample_weight=s, **options)
    grid, theirs, _ = lasso_path(centred, target, sample_weight=s, **options)
    assert_allclose(alphas, grid, rtol=1e-12)
    assert (certificates <= 1e-12).all()

    def objective(alpha, w):
        return 0.5 * s @ (target - centred @ w) ** 2 + alpha * np.abs(w).sum()

    for k, alpha in enumerate(alphas):
        lowest = objective(alpha, theirs[:, k])
        assert_allclose(objective(alpha, coefs[:, k]), lowest, rtol=1e-10)
        single = peer.Lasso(alpha, tol=1e-13, max_iter=100_000).fit(X, y, s)
        assert_allclose(objective(alpha, coefs[:, k]), objective(alpha, single.coef_), rtol=1e-10)
    assert_allclose(intercepts, s @ y - (s @ X) @ coefs, atol=1e-10)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("penalty", CONVEX)
def test_points_are_those_of_single_fits(loss, penalty):
    X, y, weight = make(loss=loss)
    options = {"penalty": penalty, "groups": 3, "tol": 1e-11}
    alphas, coefs, intercepts, certificates = sparse_path(
        X, y, loss=loss, alphas=6, eps=0.05, sample_weight=weight, **options
    )
    assert (certificates <= 1e-11).all()
    for k in (1, 5):
        model = estimator_of(loss, alpha=alphas[k], **options, warm_start=True).fit(X, y, weight)
        lowest = model.objective_
        model.coef_, model.intercept_ = coefs[..., k], intercepts[..., k]
        model.set_params(tol=1e-6).fit(X, y, weight)
        assert model.n_iter_ == 1  # no step, or one
        assert_allclose(model.objective_, lowest, rtol=1e-10)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("loss", "penalty"),
    [
        *itertools.product(LOSSES, [*CONVEX, "mcp", "scad"]),
        ("squared", "l0.5"),
        ("logistic", "l0.5"),
    ],
)
def test_first_strength_is_the_smallest_that_leaves_nothing(loss, penalty):
    X, y, weight = make(loss=loss)
    options = {"penalty": penalty, "groups": 3, "sample_weight": weight, "loss": loss}
    alphas, coefs, *_ = sparse_path(X, y, alphas=2, eps=0.97, **options)
    assert not coefs[..., 0].any() and coefs[..., 1].any()
    _, coefs, *_ = sparse_path(X, y, alphas=[alphas[0] * 0.999], **options)
    assert coefs.any()


def test_features_without_penalty_come_first():
    X, y, _ = make()
    weights = np.ones(12)
    weights[[2, 7]] = 0.0
    _, coefs, *_ = sparse_path(X, y, alphas=3, eps=0.9, weights=weights)
    assert_array_equal(np.flatnonzero(coefs[:, 0]), [2, 7])
    expected = peer.LinearRegression().fit(X[:, [2, 7]], y).coef_
    assert_allclose(coefs[[2, 7], 0], expected, rtol=1e-8)
    assert np.count_nonzero(coefs[:, 1]) > 2


@pytest.mark.parametrize("penalty", ["mcp", "scad"])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_concave_points_fulfil_their_conditions(penalty, loss):
    X, y, _ = make(80, 20, loss=loss)
    X /= X.std(axis=0)
    alphas, coefs, intercepts, certificates = sparse_path(
        X, y, loss=loss, penalty=penalty, alphas=8, eps=0.2, tol=1e-10
    )
    assert (certificates <= 1e-10).all()
    for alpha, w, b in zip(alphas, coefs.T, intercepts, strict=True):
        z = X @ w + b
        residual = y - z if loss == "squared" else y - 1.0 / (1.0 + np.exp(-z))
        c = X.T @ residual / len(y)
        size = np.abs(w) / alpha
        slope = 1.0 - size / 3.0 if penalty == "mcp" else (3.7 - size) / 2.7
        slope = alpha * np.clip(slope, 0.0, 1.0)
        on = w != 0
        assert abs(residual.mean()) <= 1e-8
        assert_allclose(c[on], (np.sign(w) * slope)[on], atol=1e-8)
        assert (np.abs(c[~on]) <= alpha + 1e-8).all()
    assert 0 < np.count_nonzero(coefs[:, -1]) < 20


def test_classes_and_the_logistic_solvers():
    X, y, _ = make(loss="multinomial")
    alphas, coefs, intercepts, _ = sparse_path(X, y, loss="multinomial", alphas=3, eps=0.1)
    assert coefs.shape == (3, 12, 3) and intercepts.shape == (3, 3)
    assert_allclose(intercepts.sum(axis=0), 0.0, atol=1e-12)
    for k in (1, 2):
        theirs = LogisticRegression(C=1.0 / (alphas[k] * len(y)), l1_ratio=1.0, tol=1e-12)
        assert_allclose(coefs[..., k], theirs.fit(X, y).coef_, atol=1e-5)


@pytest.mark.parametrize("method", ["lla", "adaptive"])
def test_other_methods(method):
    X, y, _ = make()
    penalty = "l1" if method == "adaptive" else "mcp"
    options = {"penalty": penalty, "method": method}
    alphas, coefs, *_ = sparse_path(X, y, alphas=4, eps=0.1, **options)
    for k, alpha in enumerate(alphas):
        model = SparseRegressor(alpha, **options).fit(X, y)
        assert_allclose(coefs[:, k], model.coef_, atol=1e-6)


def test_strengths_down_to_none():
    X, y, _ = make()
    alphas, coefs, _, _, n_iters = sparse_path(X, y, alphas=[0.0, 0.5, 0.1], return_n_iter=True)
    assert_array_equal(alphas, [0.5, 0.1, 0.0])
    assert_allclose(coefs[:, -1], peer.LinearRegression().fit(X, y).coef_, rtol=1e-6)
    assert len(n_iters) == 3 and all(isinstance(n, int) for n in n_iters)


def test_start():
    X, y, _ = make()
    options = {"penalty": "mcp", "alphas": [0.05], "return_n_iter": True}
    _, coefs, _, _, first = sparse_path(X, y, **options)
    _, again, _, _, second = sparse_path(X, y, coef_init=coefs[:, 0], **options)
    assert_allclose(again, coefs, atol=1e-7)
    assert second[0] < first[0]
    with pytest.raises(ValueError, match=r"coef_init must hold finite numbers in shape \(1, 12\)"):
        sparse_path(X, y, coef_init=np.ones(3))


@pytest.mark.parametrize("container", [np.asfortranarray, sp.csr_array, sp.csc_matrix, np.float32])
def test_layouts(container):
    X, y, weight = make()
    X[np.abs(X) < 0.5] = 0.0
    options = {"loss": "huber", "alphas": 4, "eps": 0.1, "sample_weight": weight}
    expected = sparse_path(X, y, **options)
    found = sparse_path(container(X), y, **options)
    atol = 1e-4 if container is np.float32 else 1e-9
    assert_allclose(found[1], expected[1], atol=atol)
    assert found[1].dtype == (np.float32 if container is np.float32 else np.float64)


def test_overflow_of_large_data_is_named():
    """Their values are checked where a result is not finite; the largest strength is the first."""
    X, y, _ = make(2000, 500)
    X, y = 1e160 * X, 1e150 * y
    for penalty in ("l1", "group", "slope", "mcp"):
        with pytest.raises(ValueError, match=r"Column \d+ of X overflows when squared"):
            sparse_path(X, y, penalty=penalty, alphas=3)


def test_refusals_and_warnings():
    X, y, _ = make()
    with pytest.raises(ValueError, match="no strength of 'elastic_net' makes all coefficients"):
        sparse_path(X, y, penalty="elastic_net", penalty_params={"l1_ratio": 0.0})
    with pytest.raises(ValueError, match="'eps' parameter of sparse_path must be"):
        sparse_path(X, y, eps=0.0)
    with pytest.raises(ValueError, match="'loss' parameter of sparse_path must be"):
        sparse_path(X, y, loss="hinge")
    with pytest.raises(ValueError, match="alphas must be finite"):
        sparse_path(X, y, alphas=[1.0, -1.0])
    weights = np.ones(12)
    weights[3] = 1e-310
    with pytest.raises(ValueError, match=r"weights are as small as 1e-310\. Make them 0"):
        sparse_path(X, y, weights=weights)
    with pytest.raises(ValueError, match=r"alpha times the largest of weights must be finite"):
        sparse_path(X, y, weights=1e300 * np.ones(12), alphas=[1e10])
    for penalty in ("l1", "group", "slope", "mcp"):
        with pytest.raises(ValueError, match=r"must be 0 or at least 1e-250, got 1e-310 times"):
            sparse_path(X, y, penalty=penalty, alphas=[1.0, 1e-310])
    X, y, _ = make(loss="logistic")
    with pytest.warns(ConvergenceWarning, match=r"So for \d of 5 alphas"):
        sparse_path(X, y, loss="logistic", alphas=5, max_iter=1)
