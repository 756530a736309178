"""Make scikit-learn's own tests run our estimators: a pytest plugin (``-p swap_plugin``).

It is imported before any test module, rebinds the classes in scikit-learn's public and private
modules, and so reaches every ``from sklearn.linear_model import Ridge`` of the tests. It counts the
fits, because a swap that did not happen would pass every test, and writes what each test did.
Everything is kept by the module of the tests.
"""

import collections
import functools
import json
import os
from pathlib import Path

import sklearn.linear_model
import sklearn.linear_model._coordinate_descent
import sklearn.linear_model._logistic
import sklearn.linear_model._ridge

import optlite.linear_model

PRIVATE = {
    "ElasticNet": sklearn.linear_model._coordinate_descent,
    "ElasticNetCV": sklearn.linear_model._coordinate_descent,
    "Lasso": sklearn.linear_model._coordinate_descent,
    "LassoCV": sklearn.linear_model._coordinate_descent,
    "MultiTaskElasticNet": sklearn.linear_model._coordinate_descent,
    "MultiTaskElasticNetCV": sklearn.linear_model._coordinate_descent,
    "MultiTaskLasso": sklearn.linear_model._coordinate_descent,
    "MultiTaskLassoCV": sklearn.linear_model._coordinate_descent,
    "LogisticRegression": sklearn.linear_model._logistic,
    "LogisticRegressionCV": sklearn.linear_model._logistic,
    "Ridge": sklearn.linear_model._ridge,
    "RidgeClassifier": sklearn.linear_model._ridge,
    "RidgeCV": sklearn.linear_model._ridge,
}
FITS = collections.defaultdict(collections.Counter)
OUTCOMES = collections.defaultdict(dict)
RESULTS = Path(os.environ["OPTLITE_PEER_RESULTS"])
running = ""


def _counted(cls):
    """Count fits; translate `tol` of all but the ridge classes.

    scikit-learn's tests ask for a gradient entry, or a change of the coefficients, below `tol`; the
    suboptimality that goes with it is of the order of its square, and that is what our `tol`
    bounds.
    """
    original = cls.fit

    @functools.wraps(original)
    def fit(self, *args, **kwargs):
        FITS[running][cls.__name__] += 1
        if not isinstance(getattr(self, "tol", None), float) or "Ridge" in cls.__name__:
            return original(self, *args, **kwargs)
        asked = self.tol
        self.tol = max(asked**2, 1e-15) if asked > 0 else asked
        try:
            return original(self, *args, **kwargs)
        finally:
            self.tol = asked

    cls.fit = fit


for _name, _module in PRIVATE.items():
    _ours = getattr(optlite.linear_model, _name)
    _counted(_ours)
    setattr(sklearn.linear_model, _name, _ours)
    setattr(_module, _name, _ours)

for _name in ("enet_path", "lasso_path"):
    setattr(sklearn.linear_model, _name, getattr(optlite.linear_model, _name))


def pytest_runtest_logstart(location):
    """Fits count for the module of the test that runs."""
    global running
    running = Path(location[0]).stem


def pytest_runtest_logreport(report):
    """Remember the worst outcome of set-up, test and tear-down."""
    outcomes, name = OUTCOMES[Path(report.location[0]).stem], report.location[2]
    if report.failed:
        outcomes[name] = "failed"
    elif report.skipped:
        outcomes.setdefault(name, "skipped")
    elif report.when == "call":
        outcomes.setdefault(name, "passed")


def pytest_sessionfinish():
    """Write everything."""
    RESULTS.write_text(json.dumps({"fits": FITS, "outcomes": OUTCOMES}))
