"""Linear models that return how far they are from the optimum."""

from .logistic import LogisticRegression

__all__ = ["LogisticRegression"]
