"""Every linear estimator by its name, as the tests of input and of faults meet it.

Those tests give one target, as a vector. Models of several tasks refuse a vector: here they take it
as their only task.
"""

import numpy as np

from optlite import linear_model


def of_one_task(Estimator):
    """Return the estimator, but with a `fit` that takes a vector as a matrix of one column."""

    class OneTask(Estimator):
        def fit(self, X, y, *args, **kwargs):
            one = np.ndim(y) == 1
            return super().fit(X, np.asarray(y)[:, None] if one else y, *args, **kwargs)

    OneTask.__name__ = Estimator.__name__
    return OneTask


MODELS = {
    name: of_one_task(value) if name.startswith("MultiTask") else value
    for name, value in ((name, getattr(linear_model, name)) for name in linear_model.__all__)
    if isinstance(value, type)
}
ESTIMATORS = list(MODELS.values())
NAMES = list(MODELS)


def with_few_fits(name):
    """Make an estimator; of two strengths and two folds, not 100 and 5, where it has folds."""
    if not name.endswith("CV") or name == "RidgeCV":
        return MODELS[name]()
    strengths = {"Cs": 2} if name == "LogisticRegressionCV" else {"alphas": [0.003, 0.001]}
    return MODELS[name](**strengths, cv=2)
