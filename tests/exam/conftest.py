"""The exam: tests that every registered part takes, without being named anywhere.

A header dropped into ``cpp/include/optlite/<kind>`` and its twin are enrolled by the registry.
"""

import numpy as np
import pytest

from optlite import objectives, reference
from optlite._params import records


def draw_targets(kind, margins, rng):
    """Draw y for a loss, so that neither rows nor classes can be separated."""
    if kind == "real":
        return margins + rng.standard_t(3, size=len(margins))
    if kind == "count":
        return rng.poisson(np.exp(np.clip(margins, -3.0, 2.0))).astype(float)
    if kind == "binary":
        return np.where(margins + rng.logistic(size=len(margins)) > 0.0, 1.0, -1.0)
    return rng.integers(0, 3, size=len(margins)).astype(float)


class Problem:
    """One loss, with data drawn for it."""

    def __init__(self, name, n=60, d=4, seed=0):
        self.record = records("objectives")[name]
        self.rng = np.random.default_rng(seed)
        self.X = self.rng.normal(size=(n, d))
        self.y = draw_targets(
            self.record["target"], self.X @ np.linspace(-0.5, 0.5, d) + 0.2, self.rng
        )
        self.weight = self.rng.uniform(0.5, 2.0, size=n)

    def make(self, X=None, y=None, **options):
        """Make the objective, on this data unless other data is given."""
        cls = getattr(objectives, self.record["class_name"])
        return cls(self.X if X is None else X, self.y if y is None else y, **options)

    def usual(self):
        """An objective with everything switched on."""
        return self.make(alpha=0.1, sample_weight=self.weight, fit_intercept=True)

    def point(self, f):
        """Draw a point."""
        return 0.5 * self.rng.normal(size=f.shape)

    @property
    def twin(self):
        """The NumPy module of the loss."""
        return reference.load("objectives", self.record["name"])


@pytest.fixture(params=sorted(records("objectives")))
def problem(request):
    """Give a small problem for every registered loss."""
    return Problem(request.param)


@pytest.fixture(scope="session")
def make_problem():
    """Give the class, for other sizes."""
    return Problem
