"""Linear models that return how far they are from the optimum."""

from ._elastic_net_path import enet_path, lasso_path
from ._sparse_path import sparse_path
from .elastic_net import ElasticNet, Lasso
from .elastic_net_cv import ElasticNetCV, LassoCV
from .group_lasso import GroupLasso, SparseGroupLasso
from .logistic import LogisticRegression
from .logistic_cv import LogisticRegressionCV
from .multi_task import (
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
)
from .ridge import Ridge, RidgeClassifier
from .ridge_cv import RidgeCV
from .sparse_classifier import SparseClassifier
from .sparse_cv import SparseClassifierCV, SparseRegressorCV
from .sparse_regressor import SparseRegressor

__all__ = [
    "ElasticNet",
    "ElasticNetCV",
    "GroupLasso",
    "Lasso",
    "LassoCV",
    "LogisticRegression",
    "LogisticRegressionCV",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "Ridge",
    "RidgeCV",
    "RidgeClassifier",
    "SparseClassifier",
    "SparseClassifierCV",
    "SparseGroupLasso",
    "SparseRegressor",
    "SparseRegressorCV",
    "enet_path",
    "lasso_path",
    "sparse_path",
]
