"""Linear models that return how far they are from the optimum."""

from .logistic import LogisticRegression
from .ridge import Ridge, RidgeClassifier
from .ridge_cv import RidgeCV

__all__ = ["LogisticRegression", "Ridge", "RidgeCV", "RidgeClassifier"]
