"""Linear models that return how far they are from the optimum."""

from ._elastic_net_path import enet_path, lasso_path
from .elastic_net import ElasticNet, Lasso
from .elastic_net_cv import ElasticNetCV, LassoCV
from .logistic import LogisticRegression
from .ridge import Ridge, RidgeClassifier
from .ridge_cv import RidgeCV

__all__ = [
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "LogisticRegression",
    "Ridge",
    "RidgeCV",
    "RidgeClassifier",
    "enet_path",
    "lasso_path",
]
