"""Linear models that return how far they are from the optimum."""

from .logistic import LogisticRegression
from .ridge import Ridge, RidgeClassifier, RidgeCV

__all__ = ["LogisticRegression", "Ridge", "RidgeCV", "RidgeClassifier"]
