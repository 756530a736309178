"""Objectives: value, gradient, Hessian-vector products.

Of generalized linear models there is one class for each header in
``cpp/include/optlite/objectives``, made from the registry. All share the model

    F(w, b) = (1/S) sum_i s_i l(w . x_i + b, y_i) + alpha sum_j h(w_j),      S = sum_i s_i,

and differ in the loss l. :mod:`optlite.optim` minimises them; :mod:`optlite.reference` has the same
formulas in NumPy.

:class:`MLP` is a fully connected network of any depth with one of these losses.

Beside them: test functions of a few variables, with known minima (:class:`Rosenbrock`,
:class:`Quadratic`, ...), and :func:`from_callable` for functions of your own.

Examples
--------
>>> import numpy as np
>>> from optlite import objectives
>>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
>>> f = objectives.Logistic(X, ["no", "yes", "no", "yes"], alpha=0.1)
>>> value, gradient = f.value_and_gradient(np.zeros(1))
>>> round(value, 4), gradient
(0.6931, array([-0.25]))
"""

from .._params import records
from ._callable import CallableObjective, from_callable
from ._generalized_linear import GeneralizedLinearObjective, make_class
from ._mlp import MLP
from ._rows import Batch, RowObjective
from ._test_functions import (
    Beale,
    Booth,
    Himmelblau,
    Quadratic,
    Rastrigin,
    Rosenbrock,
    TestFunction,
)

for _record in records("objectives").values():
    globals()[_record["class_name"]] = make_class(_record, __name__)

__all__ = [
    "MLP",
    "Batch",
    "Beale",
    "Booth",
    "CallableObjective",
    "GeneralizedLinearObjective",
    "Himmelblau",
    "Quadratic",
    "Rastrigin",
    "Rosenbrock",
    "RowObjective",
    "TestFunction",
    "from_callable",
    *sorted(record["class_name"] for record in records("objectives").values()),
]
