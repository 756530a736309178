"""Intervals and thresholds with a guarantee, around any model.

Examples
--------
>>> import numpy as np
>>> from sklearn.linear_model import Ridge
>>> from optlite.model_selection import ConformalRegressor
>>> rng = np.random.default_rng(0)
>>> X = rng.normal(size=(200, 3))
>>> y = X[:, 0] + rng.normal(size=200)
>>> model = ConformalRegressor(Ridge(), confidence=0.8, random_state=0).fit(X, y)
>>> model.predict_interval(X[:2]).shape
(2, 2)
"""

from .conformal import ConformalRegressor
from .risk_control import conformal_risk_control

__all__ = ["ConformalRegressor", "conformal_risk_control"]
