"""LogisticRegressionCV against single fits, fold by fold, and scikit-learn."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as peer
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer, log_loss
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline

from optlite.linear_model import LogisticRegression, LogisticRegressionCV

CS = [0.01, 1.0, 0.1]  # in any order


def make(n=90, d=5, classes=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) + 0.3
    margins = X @ rng.normal(size=(d, classes)) + rng.gumbel(size=(n, classes))
    return X, np.array(["a", "b", "c"])[margins.argmax(axis=1)], rng.uniform(0.2, 2.0, n)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("container", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_matrix])
@pytest.mark.parametrize("scoring", [None, "neg_log_loss"])
def test_scores_and_paths_are_those_of_single_fits(classes, container, scoring):
    X, y, weight = make(classes=classes)
    ratios = [0.0, 0.6] if classes == 2 else [0.0]
    cv = StratifiedKFold(3)
    model = LogisticRegressionCV(
        Cs=CS, l1_ratios=ratios, cv=cv, scoring=scoring, tol=1e-12, fit_intercept=classes == 2
    ).fit(container(X), y, weight)
    assert model.scores_.shape == model.n_iter_.shape == (3, len(ratios), 3)
    scorer = get_scorer(scoring or "accuracy")
    for k, (train, test) in enumerate(cv.split(X, y)):
        for r, ratio in enumerate(ratios):
            for c, C in enumerate(CS):
                alone = LogisticRegression(
                    C=C, l1_ratio=ratio, tol=1e-12, fit_intercept=model.fit_intercept
                ).fit(X[train], y[train], weight[train])
                table = alone.coef_
                if model.fit_intercept:
                    table = np.hstack([table, alone.intercept_[:, None]])
                assert_allclose(model.coefs_paths_[k, r, c], table, atol=2e-5)
                score = scorer(alone, X[test], y[test], sample_weight=weight[test])
                assert_allclose(model.scores_[k, r, c], score, atol=1e-5)
    assert (model.certificates_ <= 1e-12).all()
    c, r = np.unravel_index(np.argmax(model.scores_.sum(axis=0).T), (3, len(ratios)))
    assert (model.C_, model.l1_ratio_) == (CS[c], ratios[r])
    best = LogisticRegression(
        C=model.C_, l1_ratio=model.l1_ratio_, tol=1e-12, fit_intercept=model.fit_intercept
    ).fit(X, y, weight)
    assert_allclose(model.coef_, best.coef_, atol=2e-5)
    assert_allclose(model.objective_, best.objective_, rtol=1e-10)
    assert model.converged_


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("refit", [True, False])
def test_matches_scikit_learn(classes, refit):
    X, y, _ = make(classes=classes)
    options = {"Cs": 4, "l1_ratios": (0.0,), "cv": 3, "scoring": "neg_log_loss", "refit": refit}
    ours = LogisticRegressionCV(**options, tol=1e-12).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        theirs = peer.LogisticRegressionCV(
            **options, tol=1e-8, max_iter=5000, use_legacy_attributes=False
        ).fit(X, y)
    assert_allclose(ours.Cs_, theirs.Cs_)
    assert_allclose(ours.scores_, theirs.scores_, rtol=1e-5)
    assert ours.coefs_paths_.shape == theirs.coefs_paths_.shape
    assert_allclose(ours.C_, theirs.C_)
    assert_allclose(ours.l1_ratio_, theirs.l1_ratio_)
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)


@pytest.mark.parametrize(
    ("scoring", "classes"),
    [(None, 2), (None, 3), ("neg_log_loss", 2), ("neg_brier_score", 3), ("f1_macro", 3)],
)
def test_weighted_scores_are_those_of_scikit_learn(scoring, classes):
    """Weights of rows count in the scores, those of classes in the fits alone."""
    X, y, weight = make(classes=classes, seed=3)
    options = {"Cs": [0.003, 0.3], "l1_ratios": (0.0,), "cv": 3, "class_weight": "balanced"}
    ours = LogisticRegressionCV(**options, scoring=scoring, tol=1e-12).fit(X, y, weight)
    theirs = peer.LogisticRegressionCV(
        **options, scoring=scoring, tol=1e-9, max_iter=5000, use_legacy_attributes=False
    ).fit(X, y, weight)
    assert_allclose(ours.scores_, theirs.scores_, rtol=1e-5)
    assert_allclose(ours.coefs_paths_, theirs.coefs_paths_, atol=1e-4)
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)


def test_of_two_classes_the_last_is_the_positive_one():
    """F1 of labels that are strings, which the scorer cannot know."""
    X, y, _ = make(seed=5)
    options = {"Cs": [0.01, 1.0], "l1_ratios": (0.0,), "cv": 3, "scoring": "f1"}
    ours = LogisticRegressionCV(**options).fit(X, y)
    theirs = peer.LogisticRegressionCV(**options, tol=1e-8, use_legacy_attributes=False).fit(X, y)
    assert_allclose(ours.scores_, theirs.scores_)
    assert 0.0 < ours.score(X, y) < 1.0


def test_held_out_rows_may_lack_a_class():
    X, y, _ = make(classes=3)
    test = np.flatnonzero(y != "b")[:20]
    train = np.setdiff1d(np.arange(len(y)), test)
    masks = [np.isin(np.arange(len(y)), rows) for rows in (train, test)]
    options = {"Cs": [1.0], "scoring": "neg_log_loss", "tol": 1e-12}
    model = LogisticRegressionCV(**options, cv=iter([masks])).fit(X, y)
    alone = LogisticRegression(tol=1e-12).fit(X[train], y[train])
    loss = log_loss(y[test], alone.predict_proba(X[test]), labels=["a", "b", "c"])
    assert_allclose(model.scores_, [[[-loss]]], rtol=1e-6)
    assert np.isfinite(model.score(X[test], y[test]))


def test_scores_that_are_no_numbers_choose_nothing():
    X, y, _ = make()
    with pytest.raises(ValueError, match=r"must give numbers, got nan .* fold 0 holds out"):
        LogisticRegressionCV(Cs=CS, scoring=lambda model, X, y: np.nan).fit(X, y)
    with pytest.raises(ValueError, match="cv yields no folds"):
        LogisticRegressionCV(Cs=CS, cv=[]).fit(X, y)


def test_a_callable_that_scores_and_shares_of_the_l1_penalty_in_means():
    """Without refit: in each fold the sparsest of the largest C, and the means of these."""
    X, y, _ = make(seed=4)
    X[:, 3:] = np.random.default_rng(0).normal(size=(len(X), 2))

    def zeros(model, X, y):
        return np.count_nonzero(model.coef_ == 0.0) + abs(model.coef_).max() * 1e-3

    options = {"Cs": [0.3, 0.05], "l1_ratios": [0.0, 0.5, 1.0], "cv": 3}
    model = LogisticRegressionCV(**options, scoring=zeros, refit=False).fit(X, y)
    best = [np.unravel_index(np.argmax(scores), scores.shape) for scores in model.scores_]
    chosen = np.array([model.coefs_paths_[k, r, c] for k, (r, c) in enumerate(best)])
    assert_allclose(model.coef_, chosen.mean(axis=0)[:, :5])
    assert_allclose(model.intercept_, chosen.mean(axis=0)[:, 5])
    assert_allclose(model.C_, np.mean([model.Cs_[c] for _, c in best]))
    assert_allclose(model.l1_ratio_, np.mean([model.l1_ratios_[r] for r, _ in best]))
    assert (chosen == 0.0).any()


def test_means_of_folds_carry_no_certificate_of_an_earlier_fit():
    X, y, _ = make()
    model = LogisticRegressionCV(Cs=CS).fit(X, y)
    assert model.converged_ and model.rank_ == 5
    model.set_params(refit=False).fit(X, y)
    of_all = ("objective_", "certificate_", "converged_", "solver_info_", "rank_")
    assert not any(hasattr(model, name) for name in of_all)


def test_weights_reach_the_scorer_through_a_pipeline():
    """The estimator hands them on, and asks for none itself."""
    X, y, weight = make()
    with config_context(enable_metadata_routing=True):
        scorer = get_scorer("neg_log_loss").set_score_request(sample_weight=True)
        pipeline = make_pipeline(LogisticRegressionCV(Cs=CS, scoring=scorer)).fit(X, y)
        found = pipeline.score(X, y, sample_weight=weight)
    assert_allclose(found, -log_loss(y, pipeline.predict_proba(X), sample_weight=weight))


def test_rows_held_out_leave_no_trace():
    X, y, weight = make()
    fold = [(np.arange(60), np.arange(60, 90))]
    before = LogisticRegressionCV(Cs=CS, cv=fold, l1_ratios=[0, 1]).fit(X, y, weight)
    changed = X.copy()
    changed[60:] *= -3.0
    after = LogisticRegressionCV(Cs=CS, cv=fold, l1_ratios=[0, 1]).fit(changed, y, weight)
    assert_allclose(before.coefs_paths_, after.coefs_paths_, atol=1e-4)
    assert (before.scores_ != after.scores_).any()


def test_threads_change_nothing():
    X, y, _ = make()
    one = LogisticRegressionCV(Cs=CS, l1_ratios=[0, 0.5]).fit(X, y)
    two = LogisticRegressionCV(Cs=CS, l1_ratios=[0, 0.5], n_jobs=2).fit(X, y)
    assert_array_equal(one.coefs_paths_, two.coefs_paths_)
    assert_array_equal(one.coef_, two.coef_)


def test_class_weights_and_float32():
    X, y, _ = make()
    balanced = LogisticRegressionCV(Cs=CS, class_weight="balanced").fit(X, y)
    counts = {label: len(y) / (2 * (y == label).sum()) for label in "ab"}
    given = LogisticRegressionCV(Cs=CS, class_weight=counts).fit(X, y)
    assert_allclose(balanced.coef_, given.coef_, rtol=1e-9)
    single = LogisticRegressionCV(Cs=CS, class_weight="balanced").fit(X.astype(np.float32), y)
    assert single.coef_.dtype == single.coefs_paths_.dtype == np.float32
    assert_allclose(single.coef_, balanced.coef_, atol=1e-4)


def test_score_is_what_was_asked_for():
    X, y, weight = make()
    model = LogisticRegressionCV(Cs=CS, scoring="neg_log_loss").fit(X, y)
    loss = log_loss(y, model.predict_proba(X), sample_weight=weight)
    assert_allclose(model.score(X, y, sample_weight=weight), -loss)


def test_what_it_refuses():
    X, y, _ = make()
    order = np.argsort(y)
    with pytest.raises(ValueError, match=r"no training row of class a\. Use fewer or stratified"):
        LogisticRegressionCV(cv=KFold(2)).fit(X[order], np.repeat(["a", "b"], 45))
    with pytest.raises(ValueError, match="numbers between 0 and 1"):
        LogisticRegressionCV(l1_ratios=[2.0]).fit(X, y)
    with pytest.raises(ValueError, match="Cs must hold numbers > 0"):
        LogisticRegressionCV(Cs=[0.0, 1.0]).fit(X, y)
    with pytest.raises(ValueError, match="use_legacy_attributes must be False"):
        LogisticRegressionCV(use_legacy_attributes=True).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="of 15 fits to folds"):
        LogisticRegressionCV(Cs=[1e4, 1e5, 1e6], max_iter=1, refit=False).fit(X, y)
