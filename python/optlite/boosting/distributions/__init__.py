"""Predictive distributions: scores, gradients, natural gradients, and distributions of many rows.

There is one class for each header in ``cpp/include/optlite/distributions``, made from the registry.
Its parameters may be any real numbers (a scale is given by its logarithm), so that boosting can add
to them; :meth:`Distribution.at` turns an array of them into a distribution for each row.

Examples
--------
>>> import numpy as np
>>> from optlite.boosting import distributions
>>> normal = distributions.Normal()
>>> normal.parameter_names
('mu', 'log_sigma')
>>> theta = normal.marginal([1.0, 2.0, 3.0])
>>> theta.round(3)
array([ 2.   , -0.203])
>>> predicted = normal.at(np.array([theta, theta + 1.0]))
>>> predicted.ppf(0.5).round(6)
array([2., 3.])
"""

from ..._params import records
from ._check import gradient_check
from ._family import Distribution, from_name, list_distributions, make_class
from ._predicted import PredictedDistribution
from ._user import UserDistribution, from_user

for _record in records("distributions").values():
    globals()[_record["class_name"]] = make_class(_record, __name__)

__all__ = [
    "Distribution",
    "PredictedDistribution",
    "UserDistribution",
    "from_name",
    "from_user",
    "gradient_check",
    "list_distributions",
    *sorted(record["class_name"] for record in records("distributions").values()),
]
