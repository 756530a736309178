"""Run scikit-learn's estimator checks on every estimator, with no expected failure."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from optlite import boosting, feature_selection, linear_model, model_selection
from optlite.ot import TransportMap

LOGISTIC = [
    linear_model.LogisticRegression(),
    linear_model.LogisticRegression(solver="lbfgs"),
    linear_model.LogisticRegression(solver="newton-cg"),
    linear_model.LogisticRegression(solver="newton-cholesky"),
    linear_model.LogisticRegression(warm_start=True, tol=1e-12),
    linear_model.LogisticRegression(class_weight="balanced", C=10.0),
    linear_model.LogisticRegressionCV(Cs=3, cv=2),
]
OTHERS = [
    linear_model.ElasticNet(),
    linear_model.ElasticNet(alpha=0.01, l1_ratio=0.9, positive=True),
    linear_model.ElasticNetCV(),
    linear_model.Lasso(),
    linear_model.LassoCV(),
    linear_model.GroupLasso(),
    linear_model.SparseGroupLasso(alpha=0.1),
    linear_model.SparseRegressor(),
    linear_model.SparseRegressor(alpha=0.1, penalty="mcp", loss="huber"),
    linear_model.SparseRegressor(alpha=0.1, penalty="slope", loss="poisson"),
    linear_model.SparseRegressor(alpha=0.1, penalty="group", warm_start=True),
    linear_model.SparseRegressor(alpha=0.1, penalty="scad", method="accelerated_gradient"),
    linear_model.SparseClassifier(alpha=0.05),
    linear_model.SparseClassifier(alpha=0.05, penalty="slope", class_weight="balanced"),
    linear_model.SparseRegressor(alpha=0.1, standardize=True),
    linear_model.SparseRegressorCV(alphas=10),
    linear_model.SparseRegressorCV(penalty="elastic_net", loss="huber", alphas=5, standardize=True),
    linear_model.SparseClassifierCV(alphas=5, eps=1e-2, cv=3),
    linear_model.SparseClassifierCV(alphas=5, eps=1e-2, cv=3, scoring="accuracy"),
    linear_model.MultiTaskElasticNet(),
    linear_model.MultiTaskElasticNetCV(alphas=10),
    linear_model.MultiTaskLasso(),
    linear_model.MultiTaskLassoCV(alphas=10),
    linear_model.Ridge(),
    linear_model.RidgeCV(),
    linear_model.RidgeClassifier(),
]
BOOSTING = [
    boosting.NGBRegressor(n_estimators=50),
    boosting.NGBRegressor(n_estimators=50, tree_sharing="joint", max_leaf_nodes=6, max_depth=None),
    boosting.NGBClassifier(n_estimators=50),
    boosting.NGBClassifier(n_estimators=30, tree_sharing="joint"),
    boosting.NGBSurvival(n_estimators=50),
    boosting.NGBSurvival(Dist="exponential", Score="crps", n_estimators=50),
]
BOOSTED = boosting.NGBRegressor(n_estimators=20, random_state=0)
WRAPPERS = [
    model_selection.ConformalRegressor(linear_model.Ridge()),
    model_selection.ConformalRegressor(BOOSTED),
    model_selection.ConformalRegressor(BOOSTED, conformity_score="quantile"),
]
MAPS = [TransportMap(), TransportMap(reg=0.5, metric="euclidean")]
SELECTORS = [
    feature_selection.FeatureGradientSelector(max_iter=20),
    feature_selection.FeatureGradientSelector(2, task="classification", max_iter=5),
]
ALL = LOGISTIC + OTHERS + BOOSTING + WRAPPERS + MAPS + SELECTORS


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
# A check on data with a class of two rows asks for three folds.
@pytest.mark.filterwarnings("ignore:The least populated class:UserWarning")
# Of the few different rows of some checks, those that do not calibrate may have one target.
@pytest.mark.filterwarnings("ignore:y is constant:UserWarning")
@parametrize_with_checks(ALL)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_every_public_estimator_is_checked():
    checked = {type(estimator).__name__ for estimator in ALL}
    public = {*linear_model.__all__, *boosting.__all__, *model_selection.__all__, "TransportMap"}
    public |= {*feature_selection.__all__}
    functions = {"conformal_risk_control", "enet_path", "lasso_path", "sparse_path"}
    assert checked == public - functions - {"distributions"}
    assert np.all([hasattr(estimator, "fit") for estimator in ALL])
