"""Minimise an objective, in one call or one iteration at a time.

:func:`minimize` runs to the end, :func:`steps` yields a record an iteration; both combine a
*direction* (``method``) with a *step size*, each a small file of ``cpp/include/optlite/directions``
and ``step_sizes`` with its NumPy twin. ``newton``, ``lbfgs``, ... are :func:`minimize` with the
method filled in, one for each registered direction.

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
from ._descent import make_function, minimize, steps

for _record in records("directions").values():
    globals()[_record["name"]] = make_function(_record, __name__)

__all__ = ["minimize", "steps", *sorted(records("directions"))]
