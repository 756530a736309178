"""Probabilistic boosting: predictive distributions, fitted by natural gradients.

Examples
--------
>>> from optlite.boosting import distributions
>>> predicted = distributions.Normal().at([[0.0, 0.0], [10.0, 1.0]])
>>> predicted.mean()
array([ 0., 10.])
"""

from . import distributions
from .classifier import NGBClassifier
from .regressor import NGBRegressor
from .survival import NGBSurvival

__all__ = ["NGBClassifier", "NGBRegressor", "NGBSurvival", "distributions"]
