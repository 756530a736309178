"""LassoCV and ElasticNetCV against fits fold by fold and scikit-learn."""

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as peer
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, ShuffleSplit

from optlite.linear_model import ElasticNet, ElasticNetCV, Lasso, LassoCV


def make(n=60, d=12, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) + 0.5
    y = X[:, :3] @ [2.0, -1.0, 0.5] + 0.5 * rng.normal(size=n) + 1.0
    return X, y, rng.uniform(0.2, 2.0, n)


@pytest.mark.parametrize("container", [np.asfortranarray, np.asarray, sp.csr_array])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("positive", [False, True])
def test_errors_are_those_of_scikit_learn(container, weighted, intercept, positive):
    X, y, weight = make()
    s = weight if weighted else None
    options = {"alphas": 8, "fit_intercept": intercept, "positive": positive, "cv": 4}
    ours = LassoCV(**options, tol=1e-12).fit(container(X), y, s)
    theirs = peer.LassoCV(**options, tol=1e-12, max_iter=100_000).fit(X, y, s)
    assert_allclose(ours.alphas_, theirs.alphas_, rtol=1e-10)
    assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-5)
    assert_allclose(ours.alpha_, theirs.alpha_, rtol=1e-10)
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-5)
    assert ours.certificate_ <= 1e-12


def test_several_ratios():
    X, y, _ = make()
    options = {"l1_ratio": [0.3, 0.9], "alphas": 6, "cv": 3}
    ours = ElasticNetCV(**options, tol=1e-12).fit(X, y)
    theirs = peer.ElasticNetCV(**options, tol=1e-12, max_iter=100_000).fit(X, y)
    assert ours.mse_path_.shape == (2, 6, 3)
    assert_allclose(ours.alphas_, theirs.alphas_, rtol=1e-10)
    assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-5)
    assert ours.l1_ratio_ == theirs.l1_ratio_
    single = ElasticNet(ours.alpha_, l1_ratio=ours.l1_ratio_, tol=1e-12).fit(X, y)
    assert_array_equal(ours.coef_, single.coef_)
    given = ElasticNetCV(l1_ratio=[0.3, 0.9], alphas=[0.1, 1.0, 0.01], cv=3).fit(X, y)
    assert_array_equal(given.alphas_, [1.0, 0.1, 0.01])


def test_rows_held_out_leave_no_trace():
    X, y, weight = make()
    fold = (np.arange(40), np.arange(40, 60))
    changed = y.copy()
    changed[40:] += 1e3
    before = LassoCV(alphas=[0.3, 0.1], cv=[fold]).fit(X, y, weight)
    model = Lasso(0.1).fit(X[:40], y[:40], weight[:40])
    error = np.average((y[40:] - model.predict(X[40:])) ** 2, weights=weight[40:])
    assert_allclose(before.mse_path_[1, 0], error, rtol=1e-6)
    error = np.average((changed[40:] - model.predict(X[40:])) ** 2, weights=weight[40:])
    after = LassoCV(alphas=[0.3, 0.1], cv=[fold]).fit(X, changed, weight)
    assert_allclose(after.mse_path_[1, 0], error, rtol=1e-6)


def test_folds_of_any_kind():
    """Few rows of many, rows twice, masks: each trains on the rows that it names."""
    X, y, _ = make()
    rng = np.random.default_rng(1)
    few = (np.arange(20), np.arange(20, 60))
    twice = (rng.integers(0, 45, 50), np.arange(45, 60))
    mask = np.arange(60) < 40
    folds = [few, twice, (mask, ~mask)]
    ours = LassoCV(alphas=[0.2, 0.02], cv=folds, tol=1e-12).fit(X, y)
    for k, (train, test) in enumerate(folds):
        for a, alpha in enumerate(ours.alphas_):
            model = Lasso(alpha, tol=1e-12).fit(X[train], y[train])
            error = np.mean((y[test] - model.predict(X[test])) ** 2)
            assert_allclose(ours.mse_path_[a, k], error, rtol=1e-6)


def test_number_of_jobs_changes_no_bit():
    X, y, _ = make(200, 300)
    alone = LassoCV(alphas=10, eps=1e-2).fit(X, y)
    together = LassoCV(alphas=10, eps=1e-2, n_jobs=2).fit(X, y)
    assert_array_equal(alone.mse_path_, together.mse_path_)
    assert_array_equal(alone.coef_, together.coef_)


def test_folds_on_a_working_set_and_on_all_columns_agree():
    """With precompute=True the path works on all columns."""
    X, y, _ = make(80, 700)
    options = {"alphas": 10, "eps": 0.02, "cv": KFold(3), "tol": 1e-11}
    few = LassoCV(**options).fit(X, y)
    whole = LassoCV(**options, precompute=True).fit(X, y)
    assert_allclose(few.mse_path_, whole.mse_path_, rtol=1e-5)
    assert few.alpha_ == whole.alpha_


def test_splitters_and_refusals():
    X, y, _ = make()
    model = LassoCV(alphas=4, cv=ShuffleSplit(2, random_state=0)).fit(X, y[:, None].ravel())
    assert model.mse_path_.shape == (4, 2)
    with pytest.raises(ValueError, match="l1_ratio must hold numbers in"):
        ElasticNetCV(l1_ratio=[0.5, 1.5]).fit(X, y)
    with pytest.raises(ValueError, match="y must have one column, got 2"):
        LassoCV().fit(X, np.stack([y, y], axis=1))
    with pytest.raises(ValueError, match=r"alphas\[1\] == -1.0, must be >= 0"):
        LassoCV(alphas=[1.0, -1.0]).fit(X, y)
    with pytest.raises(ValueError, match="alphas must hold at least one"):
        LassoCV(alphas=[]).fit(X, y)
    with pytest.raises(ValueError, match=r"alphas\[0\] must be finite"):
        LassoCV(alphas=[np.inf, 1.0]).fit(X, y)
    with pytest.raises(ValueError, match="is only supported if"):
        LassoCV().fit(X, y, groups=np.zeros(60))


@pytest.mark.parametrize(
    ("folds", "match"),
    [
        ([], "no folds"),
        ([([], [0, 1])], "fold 0 of cv has no training rows"),
        ([([0, 1, 2], [3, 4]), (range(40), [])], "fold 1 of cv has no held-out rows"),
        ([(range(30, 50), [1])], "fold 0 of cv has no training rows of positive weight"),
        ([(range(20), range(30, 40))], "fold 0 of cv has no held-out rows of positive weight"),
    ],
)
def test_folds_without_rows_are_refused(folds, match):
    X, y, _ = make()
    weight = np.where((np.arange(60) >= 30) & (np.arange(60) < 50), 0.0, 1.0)
    folds = [tuple(np.array(part, dtype=int) for part in fold) for fold in folds]
    with pytest.raises(ValueError, match=match):
        LassoCV(cv=folds).fit(X, y, weight)


def test_rows_counted_from_the_end():
    X, y, _ = make()
    ours = LassoCV(alphas=3, cv=[(np.arange(-50, 0), np.arange(10))]).fit(X, y)
    same = LassoCV(alphas=3, cv=[(np.arange(10, 60), np.arange(10))]).fit(X, y)
    assert_array_equal(ours.mse_path_, same.mse_path_)
    with pytest.raises(IndexError, match="out of bounds"):
        LassoCV(cv=[(np.arange(20, 70), np.arange(10))]).fit(X, y)


def test_paths_that_stop_early_are_reported():
    X, y, _ = make(30, 100)
    with pytest.warns(ConvergenceWarning, match="relative duality gap .* asked 1e-08"):
        LassoCV(max_iter=1, alphas=5, precompute=True).fit(X, y)
