"""Which features to keep, without a fit of a model for each choice.

Examples
--------
>>> import numpy as np
>>> from optlite.feature_selection import FeatureGradientSelector
>>> rng = np.random.default_rng(0)
>>> X = rng.normal(size=(300, 8))
>>> y = X[:, 1] - X[:, 4] + 0.5 * rng.normal(size=300)
>>> FeatureGradientSelector(random_state=0).fit(X, y).get_support(indices=True).tolist()
[1, 4]
"""

from .feature_gradients import FeatureGradientSelector

__all__ = ["FeatureGradientSelector"]
