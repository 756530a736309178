"""Minimise an objective, in one call or one iteration at a time.

:func:`minimize` runs to the end, :func:`steps` yields a record an iteration; both combine a
*direction* (``method``) with a *step size*, each a small file of ``cpp/include/optlite/directions``
and ``step_sizes`` with its NumPy twin. ``newton``, ``lbfgs``, ... are :func:`minimize` with the
method filled in, one for each registered direction.

:class:`Adam`, :class:`SGD`, ... are update rules, one for each header of
``cpp/include/optlite/rules`` and ``matrix_rules``: steps that need gradients only, from wherever
they come.
:mod:`~optlite.optim.schedules` has functions of the step number to take the place of a
hyper-parameter; :class:`ClipNorm`, :class:`Lookahead`, ... of :mod:`~optlite.optim.wrappers` go
around any rule.

>>> import numpy as np
>>> from optlite import optim
>>> rule = optim.Adam(learning_rate=0.1)
>>> x = np.array([1.0, -2.0])
>>> state = rule.init(x)
>>> for _ in range(100):
...     x = rule.step(x, 2.0 * x, state)
>>> bool(np.abs(x).max() < 0.1)
True

Examples
--------
>>> import numpy as np
>>> from optlite import objectives, optim
>>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
>>> f = objectives.Logistic(X, [-1, 1, -1, 1], alpha=0.1, fit_intercept=True)
>>> for record in optim.steps(f, method="newton"):
...     print(record.iteration, f"{record.objective:.6f}")
0 0.693147
1 0.615681
2 0.615513
3 0.615513
"""

from .._params import records
from . import schedules, wrappers
from ._descent import make_function, minimize, steps
from ._names import from_name, list_rules
from ._rules import Rule, make_class, rule_records
from ._state import State
from .curvatures import METHODS

for _record in (*records("directions").values(), *(each.record() for each in METHODS.values())):
    globals()[_record["name"]] = make_function(_record, __name__)

for _record in rule_records().values():
    globals()[_record["class_name"]] = make_class(_record, __name__)

globals().update({name: getattr(wrappers, name) for name in wrappers.__all__})

__all__ = [
    "Rule",
    "State",
    "from_name",
    "list_rules",
    "minimize",
    "schedules",
    "steps",
    "wrappers",
    *wrappers.__all__,
    *sorted([*records("directions"), *METHODS]),
    *sorted(record["class_name"] for record in records("rules").values()),
]
