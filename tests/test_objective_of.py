"""Objectives of fitted estimators: the gradient is zero where they stopped, and it is theirs."""

import itertools
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
from sklearn import linear_model, neural_network
from sklearn.exceptions import NotFittedError

from optlite import linear_model as ours
from optlite.curvature import HessianOperator, objective_of
from optlite.objectives import MLP

SKLEARN = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
RANDOM = np.random.default_rng(7)
N = 80
X = RANDOM.normal(size=(N, 3))
WEIGHT = RANDOM.uniform(0.5, 2.0, size=N)
REAL = X @ [1.0, -0.5, 0.2] + 0.3 * RANDOM.standard_t(3, size=N) + 1.0
COUNTS = RANDOM.poisson(np.exp(0.5 * X[:, 0]))
TWO = np.where(X[:, 0] + RANDOM.logistic(size=N) > 0, "yes", "no")
THREE = np.array(["a", "b", "c"])[np.argmax(X + RANDOM.gumbel(size=(N, 3)), axis=1)]

SHARES = {"a": 2, "b": 1, "c": 0.5}
LINEAR = [
    (ours.Ridge(alpha=2.0), REAL, 1e-12),
    (ours.Ridge(alpha=2.0, fit_intercept=False), REAL, 1e-12),
    (ours.RidgeCV(), REAL, 1e-12),
    (ours.LogisticRegression(C=0.5, tol=1e-14), TWO, 1e-6),
    (ours.LogisticRegression(C=0.5, tol=1e-14, class_weight="balanced"), THREE, 1e-6),
    (ours.LogisticRegressionCV(Cs=3, tol=1e-14), TWO, 1e-6),
    (ours.LogisticRegressionCV(Cs=3, tol=1e-14), THREE, 1e-6),
    (ours.RidgeClassifier(alpha=2.0, class_weight="balanced"), TWO, 1e-12),
    (linear_model.RidgeClassifier(alpha=2.0, class_weight="balanced"), TWO, 1e-12),
    (linear_model.RidgeClassifierCV(), TWO, 1e-12),
    (linear_model.Ridge(alpha=2.0), REAL, 1e-12),
    (linear_model.RidgeCV(), REAL, 1e-12),
    (linear_model.LinearRegression(), REAL, 1e-12),
    (linear_model.PoissonRegressor(alpha=0.1, tol=1e-8), COUNTS, 1e-7),
    (linear_model.HuberRegressor(tol=1e-10, max_iter=1000), REAL, 1e-5),
    (linear_model.LogisticRegression(C=0.5, tol=1e-10), TWO, 1e-8),
    (linear_model.LogisticRegression(C=0.5, tol=1e-10, fit_intercept=False), TWO, 1e-8),
    (linear_model.LogisticRegression(C=np.inf, tol=1e-10), THREE, 1e-7),
    (linear_model.LogisticRegression(tol=1e-10, class_weight="balanced"), THREE, 1e-7),
    (linear_model.LogisticRegression(tol=1e-10, class_weight=SHARES), THREE, 1e-7),
]


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weighted"])
@pytest.mark.parametrize(("estimator", "y", "limit"), LINEAR, ids=lambda value: str(value)[:40])
def test_the_gradient_is_zero_at_the_fit(estimator, y, limit, weight):
    estimator.fit(X, y, sample_weight=weight)
    f, w = objective_of(estimator, X, y, sample_weight=weight)
    size = np.linalg.norm(f.gradient(np.zeros(f.shape)))
    assert np.linalg.norm(f.gradient(w)) <= limit * size
    assert np.linalg.norm(f.gradient(w + 0.1 * RANDOM.normal(size=w.shape))) > 1e-3 * size
    margin = f.X @ w[..., :3].T + (w[..., 3] if f.fit_intercept else 0.0)
    if hasattr(estimator, "decision_function"):
        assert np.allclose(margin, estimator.decision_function(X))
    elif f._loss_name != "poisson":
        assert np.allclose(margin, estimator.predict(X))
    assert HessianOperator(f, w).shape == (f.dim, f.dim)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
def test_what_scikit_learn_chose_by_cross_validation(y):
    options = {"use_legacy_attributes": False} if SKLEARN >= (1, 8) else {}
    estimator = linear_model.LogisticRegressionCV(Cs=3, tol=1e-10, **options).fit(X, y)
    f, w = objective_of(estimator, X, y)
    assert np.linalg.norm(f.gradient(w)) < 1e-6
    assert 1.0 / (f.alpha * N) == pytest.approx(np.ravel(estimator.C_)[0])
    estimator.C_ = np.array([0.1, 1.0])
    with pytest.raises(ValueError, match="must have one C for all classes"):
        objective_of(estimator, X, y)


def test_sparse_data_of_linear_models():
    S = sp.csr_array(X * (np.abs(X) > 0.7))
    estimator = linear_model.Ridge(alpha=0.5, solver="sparse_cg", tol=1e-12).fit(S, REAL)
    f, w = objective_of(estimator, S, REAL)
    assert np.linalg.norm(f.gradient(w)) < 1e-8


NETWORKS = [
    (neural_network.MLPRegressor, "squared_error", REAL, "relu"),
    (neural_network.MLPRegressor, "squared_error", np.column_stack([REAL, X[:, 0]]), "tanh"),
    (neural_network.MLPRegressor, "poisson", COUNTS, "tanh"),
    (neural_network.MLPClassifier, None, TWO, "logistic"),
    (neural_network.MLPClassifier, None, THREE, "tanh"),
]


@pytest.mark.parametrize(("kind", "loss", "y", "activation"), NETWORKS)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weighted"])
def test_networks_have_the_gradient_that_scikit_learn_computes(kind, loss, y, activation, weight):
    options = {} if loss is None else {"loss": loss}
    estimator = kind(
        hidden_layer_sizes=(6, 4),
        activation=activation,
        alpha=0.3,
        max_iter=3,
        random_state=0,
        **options,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(X, y, sample_weight=weight)
    f, w = objective_of(estimator, X, y, sample_weight=weight)
    assert isinstance(f, MLP)
    coded = estimator._label_binarizer.transform(y) if loss is None else y.reshape(N, -1)
    units = [3, 6, 4, coded.shape[1]]
    activations = [X] + [np.empty((N, k)) for k in units[1:]]
    deltas = [np.empty_like(a) for a in activations[1:]]
    shapes = list(itertools.pairwise(units))
    grads = [np.empty(shape) for shape in shapes], [np.empty(b) for _, b in shapes]
    value, W, b = estimator._backprop(X, coded, weight, activations, deltas, *grads)
    theirs = f.flatten(list(zip(W, b, strict=True)))
    assert np.abs(f.gradient(w) - theirs).max() < 1e-12 * np.abs(theirs).max()
    if loss is None or (coded.shape[1] == 1 and loss != "poisson"):
        assert f.value(w) == pytest.approx(value, rel=1e-10)


def test_refusals_teach():
    fitted = linear_model.LogisticRegression().fit(X, TWO)
    with pytest.raises(ValueError, match="X must have the 3 columns of the fit, got 2"):
        objective_of(fitted, X[:, :2], TWO)
    three = linear_model.RidgeClassifier().fit(X, THREE)
    with pytest.raises(ValueError, match="must have two classes, got 3"):
        objective_of(three, X, THREE)
    with pytest.raises(ValueError, match="labels of the fit"):
        objective_of(fitted, X, np.where(TWO == "yes", "ja", "nein"))
    with pytest.raises(NotFittedError):
        objective_of(ours.Ridge(), X, REAL)
    with pytest.raises(TypeError, match="estimator must be a fitted one of"):
        objective_of(linear_model.Lasso().fit(X, REAL), X, REAL)
    l1 = linear_model.LogisticRegression(l1_ratio=1.0, solver="saga", max_iter=2000).fit(X, TWO)
    with pytest.raises(TypeError, match="L2 penalty or none"):
        objective_of(l1, X, TWO)
    two = linear_model.Ridge().fit(X, np.column_stack([REAL, REAL]))
    with pytest.raises(ValueError, match="must have one target"):
        objective_of(two, X, REAL)
    bounded = linear_model.Ridge(positive=True).fit(X, REAL)
    with pytest.raises(TypeError, match="has bounds"):
        objective_of(bounded, X, REAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = neural_network.MLPRegressor(hidden_layer_sizes=2, max_iter=2).fit(X, REAL)
        identity = neural_network.MLPRegressor(
            hidden_layer_sizes=2, activation="identity", max_iter=2
        )
        identity.fit(X, REAL)
    with pytest.raises(ValueError, match="must be dense"):
        objective_of(network, sp.csr_array(X), REAL)
    with pytest.raises(TypeError, match="activation must be one of"):
        objective_of(identity, X, REAL)
