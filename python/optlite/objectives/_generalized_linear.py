"""The one class behind all objectives of this package, and how each is made from its record."""

import inspect

import numpy as np
import scipy.sparse as sp

from .. import _params
from .._core import core
from .._validation import as_design
from ._rows import RowObjective
from ._targets import encode


class GeneralizedLinearObjective(RowObjective):
    """Evaluate the loss of a linear model and its derivatives.

    The classes of this package (``Logistic``, ``Huber``, ...) derive from this one; it is not made
    directly. An objective is immutable: it reads the arrays it was given in place, so they must not
    change while it is in use.

    Attributes
    ----------
    dim : int
        Number of variables.
    shape : tuple
        Shape of w: (d,) or (K, d) for K classes; one more column, the last, with an intercept.
    classes_ : ndarray
        The labels, for losses of labels; the last one of two counts as +1.
    """

    _record = None

    def __init__(
        self,
        X,
        y,
        alpha=0.0,
        sample_weight=None,
        fit_intercept=False,
        penalty="squared_l2",
        **fields,
    ):
        owner = type(self).__name__
        if self._record is None:
            raise TypeError(f"{owner} is a base class; use one of the classes derived from it.")
        put = self.__dict__.update  # the instance is closed for assignments
        put(fields=_params.field_values(self._record, fields))
        put(fit_intercept=_check_flag(fit_intercept, owner), penalty=_check_penalty(penalty))
        self._begin(X, y, alpha, sample_weight)
        codes, classes = encode(y, self._record["target"], self.X.shape[0], owner)
        if classes is not None:
            put(classes_=classes)
        put(_codes=codes, _outputs=1 if self._record["one_margin"] else len(classes))
        put(**self.fields)
        put(_model=self._make_model())

    def _make_model(self, rows=slice(None), weight=None, scale=1.0):
        """Return the core's part, of all rows or of a batch with weights of its own."""
        return core.Model(
            as_design(self.X[rows] if isinstance(rows, np.ndarray) else self.X),
            self._record["name"],
            self._codes[rows],
            weight if isinstance(rows, np.ndarray) else self.sample_weight,
            list(self.fields.values()),
            self._outputs,
            self.fit_intercept,
            self.alpha / scale,
            self.penalty,
        )

    @property
    def _loss_name(self):
        return self._record["name"]

    def _targets(self, rows=slice(None)):
        """Return y as the core takes it, of all rows or of some."""
        return np.ascontiguousarray(self._codes[rows])

    # --- shape ------------------------------------------------------------------------------------

    @property
    def shape(self):
        """Shape of w."""
        columns = self.X.shape[1] + self.fit_intercept
        return (columns,) if self._record["one_margin"] else (self._outputs, columns)

    # --- what linear models have beside -----------------------------------------------------------

    def hessian(self, w):
        """Return the Hessian matrix.

        Parameters
        ----------
        w : array-like of shape `shape`, or flat of length `dim`
            Where it is taken.

        Returns
        -------
        ndarray of shape (dim, dim)
            Rows and columns in the order of ``w.ravel()``.
        """
        return self._out(self._model.hessian(self._flat(w)))

    def lipschitz(self):
        """Return a Lipschitz constant of the gradient.

        Returns
        -------
        float
            The curvature bound of the loss times the largest eigenvalue of the weighted Gram
            matrix, plus alpha; infinite where the curvature of the loss is not bounded (Poisson).

        Notes
        -----
        The eigenvalue comes from the power method, to 0.1 % or better.
        """
        return self._model.lipschitz()

    def duality_gap(self, w):
        """Return a bound on F(w) - minimum.

        Parameters
        ----------
        w : array-like of shape `shape`, or flat of length `dim`
            Coefficients, the intercept last.

        Returns
        -------
        float
            Infinite where no bound is known: no squared_l2 penalty, or an intercept far from its
            best value.
        """
        return self._model.duality_gap(self._flat(w))

    def twin(self):
        """Return the same objective in NumPy, to be read and stepped through.

        Returns
        -------
        optlite.reference.generalized_linear.GeneralizedLinear
            It works on a dense float64 copy of X.
        """
        from ..reference.generalized_linear import GeneralizedLinear

        X = self.X.toarray() if sp.issparse(self.X) else self.X
        return GeneralizedLinear(
            np.asarray(X, dtype=np.float64),
            self._codes,
            self._record["name"],
            penalty=self.penalty,
            alpha=self.alpha,
            weight=self.sample_weight,
            intercept=self.fit_intercept,
            outputs=self._outputs,
            **self.fields,
        )

    # --- as a Python object -----------------------------------------------------------------------

    def _arguments(self):
        return {
            "X": self.X,
            "y": self.y,
            "alpha": self.alpha,
            "sample_weight": self.sample_weight,
            "fit_intercept": self.fit_intercept,
            "penalty": self.penalty,
            **self.fields,
        }

    def __repr__(self):
        """Show the shape of the data and the parameters that are not at their defaults."""
        n, d = self.X.shape
        parts = [f"<{n} x {d} {'sparse ' if sp.issparse(self.X) else ''}{self.X.dtype}>", "y"]
        parts += [f"alpha={self.alpha:g}"] if self.alpha else []
        parts += ["sample_weight=..."] if self.sample_weight is not None else []
        parts += ["fit_intercept=True"] if self.fit_intercept else []
        parts += [f"penalty={self.penalty!r}"] if self.penalty != "squared_l2" else []
        parts += [
            f"{field['name']}={self.fields[field['name']]:g}"
            for field in self._record["fields"]
            if self.fields[field["name"]] != field["default"]
        ]
        return f"{type(self).__name__}({', '.join(parts)})"


def make_class(record, module):
    """Make the Python class of one objective from its registry record."""
    base = GeneralizedLinearObjective

    def __init__(
        self,
        X,
        y,
        alpha=0.0,
        sample_weight=None,
        fit_intercept=False,
        penalty="squared_l2",
        **fields,
    ):
        base.__init__(self, X, y, alpha, sample_weight, fit_intercept, penalty, **fields)

    own = list(inspect.signature(__init__).parameters.values())[:-1]
    __init__.__signature__ = inspect.Signature([*own, *_params.parameters(record)])
    __init__.__qualname__ = f"{record['class_name']}.__init__"
    __init__.__module__ = module
    body = {
        "__init__": __init__,
        "__doc__": _docstring(record),
        "__module__": module,
        "_record": record,
    }
    return type(record["class_name"], (base,), body)


_TARGETS = {
    "real": ("array-like of shape (n_samples,)\n    Numbers.", "[1.0, 2.0, 4.0]"),
    "count": ("array-like of shape (n_samples,)\n    Numbers >= 0.", "[1, 0, 4]"),
    "binary": (
        "array-like of shape (n_samples,)\n    Two labels of any type. In sorted order the first "
        "stands for -1, the second for +1.",
        "[-1, 1, -1]",
    ),
    "label": (
        "array-like of shape (n_samples,)\n    Two or more labels of any type; K in sorted order.",
        '["a", "b", "c"]',
    ),
}


def _docstring(record):
    """Write the numpydoc text of one class."""
    name = record["class_name"]
    target, example = _TARGETS[record["target"]]
    return f"""{record["doc"]}

F(w, b) = (1/S) sum_i s_i l(w . x_i + b, y_i) + alpha sum_j h(w_j), with S = sum_i s_i and the loss
l below.

Parameters
----------
X : array-like or sparse matrix of shape (n_samples, n_features)
    float32 and float64 are read in place; other types become float64.
y : {target}
alpha : float, >= 0, default=0.0
    Strength of the penalty h.
sample_weight : array-like of shape (n_samples,), default=None
    Weights s_i >= 0; None means ones.
fit_intercept : bool, default=False
    Whether there is an intercept b, the last entry of w, never penalised.
penalty : {_smooth_names()}, default="squared_l2"
    The penalty h.
{_params.parameter_docs(record)}
See Also
--------
optlite.optim.minimize : Find the minimum.
optlite.optim.steps : Step through the iterations.

{_params.notes(record)}
Examples
--------
>>> import numpy as np
>>> from optlite.objectives import {name}
>>> X = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 3.0]])
>>> f = {name}(X, {example}, alpha=0.1)
>>> w = np.zeros(f.shape)
>>> value, gradient = f.value_and_gradient(w)
>>> gradient.shape == w.shape
True
>>> bool(f.value(w - 0.01 * gradient) < value)
True
"""


def _smooth_names():
    smooth = sorted(r["name"] for r in _params.records("penalties").values() if r["smooth"])
    return "{" + ", ".join(f'"{name}"' for name in smooth) + "}"


def _check_flag(flag, owner):
    if not isinstance(flag, bool | np.bool_):
        raise TypeError(f"fit_intercept must be True or False, got {flag!r} ({owner}).")
    return bool(flag)


def _check_penalty(name):
    record = _params.find("penalties", name, "penalty")
    if not record["smooth"]:
        raise ValueError(
            f"penalty must be smooth here, one of {_smooth_names()}, got {name!r}: the objectives "
            "of this package have two derivatives."
        )
    return name
