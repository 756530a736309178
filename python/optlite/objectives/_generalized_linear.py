"""The one class behind all objectives of this package, and how each is made from its record."""

import inspect
import math

import numpy as np
import scipy.sparse as sp

from .. import _params
from .._core import core
from .._validation import as_design, check_magnitudes, check_sparse_structure, check_weights
from ._targets import encode


class GeneralizedLinearObjective:
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
        put(alpha=_check_alpha(alpha, owner), fit_intercept=_check_flag(fit_intercept, owner))
        put(penalty=_check_penalty(penalty), X=_check_matrix(X, owner), y=np.asarray(y))
        codes, classes = encode(y, self._record["target"], self.X.shape[0], owner)
        if classes is not None:
            put(classes_=classes)
        if sample_weight is not None:
            sample_weight = _flat_weights(sample_weight)
        weight = check_weights(sample_weight, self.X)
        put(sample_weight=weight, _codes=codes)
        # Of the samples with a weight, for mini-batches, which must not read all weights each.
        put(_mean_weight=1.0 if weight is None else weight.sum() / np.count_nonzero(weight))
        put(_outputs=1 if self._record["one_margin"] else len(classes))
        put(**self.fields)
        put(_model=self._make_model())

    def _make_model(self):
        return core.Model(
            as_design(self.X),
            self._record["name"],
            self._codes,
            self.sample_weight,
            list(self.fields.values()),
            self._outputs,
            self.fit_intercept,
            self.alpha,
            self.penalty,
        )

    # --- shape ------------------------------------------------------------------------------------

    @property
    def shape(self):
        """Shape of w."""
        columns = self.X.shape[1] + self.fit_intercept
        return (columns,) if self._record["one_margin"] else (self._outputs, columns)

    @property
    def dim(self):
        """Number of variables."""
        return math.prod(self.shape)

    # --- values and derivatives -------------------------------------------------------------------

    def value(self, w):
        """Return F(w).

        Parameters
        ----------
        w : array-like of shape `shape`, or flat of length `dim`
            Coefficients, the intercept last.

        Returns
        -------
        float
        """
        return self._model.value_and_gradient(self._flat(w))[0]

    def gradient(self, w):
        """Return the gradient of F at w.

        Parameters
        ----------
        w : array-like of shape `shape`, or flat of length `dim`
            Coefficients, the intercept last.

        Returns
        -------
        ndarray, shaped as w
            float32 if X is float32, float64 otherwise; computed in float64.
        """
        return self.value_and_gradient(w)[1]

    def value_and_gradient(self, w):
        """Return F(w) and its gradient, in one read of X.

        Parameters
        ----------
        w : array-like of shape `shape`, or flat of length `dim`
            Coefficients, the intercept last.

        Returns
        -------
        value : float
        gradient : ndarray, shaped as w
        """
        value, gradient = self._model.value_and_gradient(self._flat(w))
        return value, self._out(gradient.reshape(np.shape(w)))

    def hvp(self, w, V):
        """Return Hessian-vector products, in one read of X for all vectors.

        Parameters
        ----------
        w : array-like of shape `shape`, or flat of length `dim`
            Where the Hessian is taken.
        V : array-like
            One vector, shaped as w may be; or a block of them, one a row: ``(n_vectors, dim)``
            or ``(n_vectors, *shape)``.

        Returns
        -------
        ndarray, shaped as V
        """
        V = self._numbers(V, "V")
        n_vectors = self._count(V)
        block = np.ascontiguousarray(V.reshape(n_vectors, self.dim))
        if n_vectors == 0:
            return self._out(np.zeros(V.shape))
        return self._out(self._model.hessian_product(self._flat(w), block).reshape(V.shape))

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

    def batch(self, rows):
        """Return an estimate of this objective from some of its samples.

        Parameters
        ----------
        rows : array-like of int
            Indices of samples; drawn uniformly from those with a weight, they give unbiased
            estimates of F and of its gradient.

        Returns
        -------
        Batch
            With ``value``, ``gradient``, ``value_and_gradient``, ``hvp``, ``shape`` and ``dim``.

        Examples
        --------
        >>> import numpy as np
        >>> from optlite.objectives import LeastSquares
        >>> f = LeastSquares([[1.0], [2.0], [3.0]], [1.0, 3.0, 2.0])
        >>> halves = [f.batch([0, 1]), f.batch([1, 2]), f.batch([2, 0])]
        >>> w = np.array([0.5])
        >>> bool(np.isclose(np.mean([half.value(w) for half in halves]), f.value(w)))
        True
        """
        return Batch(self, np.asarray(rows))

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

    # --- checks -----------------------------------------------------------------------------------

    def _numbers(self, value, name):
        array = _params.real_array(value, name, type(self).__name__)
        return array.astype(np.float64, copy=False)

    def _flat(self, w, name="w"):
        w = self._numbers(w, name)
        if w.shape not in (self.shape, (self.dim,)):
            end = ", the intercept last" if self.fit_intercept else ""
            raise ValueError(
                f"{name} must have shape {self.shape}{end}, got {w.shape} ({type(self).__name__})."
            )
        return np.ascontiguousarray(w.ravel())

    def _count(self, V):
        for single in (self.shape, (self.dim,)):
            if V.shape == single:
                return 1
        if V.ndim >= 2 and V.shape[1:] in (self.shape, (self.dim,)):
            return V.shape[0]
        raise ValueError(
            f"V must have shape {self.shape} (one vector) or (n_vectors, {self.dim}) (a block), "
            f"got {V.shape} ({type(self).__name__})."
        )

    def _out(self, array):
        return array.astype(np.float32) if self.X.dtype == np.float32 else array

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

    def __setattr__(self, name, value):
        """Refuse: the core would not see the change."""
        raise AttributeError(
            f"{type(self).__name__} cannot be changed (tried to set {name!r}); make a new one."
        )

    def __delattr__(self, name):
        """Refuse, as for assignments."""
        raise AttributeError(f"{type(self).__name__} cannot be changed.")

    def __reduce__(self):
        """Pickle the arguments; the core's part is made again."""
        return _rebuild, (type(self), self._arguments())

    def __eq__(self, other):
        """Same class, same hyper-parameters, same data."""
        if type(other) is not type(self):
            return NotImplemented
        ours, theirs = self._arguments(), other._arguments()
        return all(_same(ours[name], theirs[name]) for name in ours)

    __hash__ = None

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


class Batch:
    """Estimate an objective from some of its samples; made by ``objective.batch(rows)``.

    F_B = (n / (b S)) sum over B of s_i l_i + alpha sum_j h(w_j), for a batch B of b samples, and n
    samples with a weight.
    """

    def __init__(self, objective, rows):
        n, weight = objective.X.shape[0], objective.sample_weight
        if rows.ndim != 1 or len(rows) == 0 or rows.dtype.kind not in "iu":
            raise ValueError(
                f"rows must be a list of integers, got {rows.dtype} of shape {rows.shape}."
            )
        if rows.min() < -n or rows.max() >= n:
            raise ValueError(f"rows must lie in 0 to {n - 1}, got {rows.min()} to {rows.max()}.")
        self.shape, self.dim = objective.shape, objective.dim
        self._out = objective._out
        self._flat = objective._flat
        self._scale, own = 1.0, None
        if weight is not None:
            own = weight[rows]
            if not own.any():
                raise ValueError(
                    f"rows must hold a sample with a weight, but {rows.tolist()[:5]} weigh 0: "
                    "they say nothing of the objective."
                )
            self._scale = np.mean(own) / objective._mean_weight
        # The core divides by the weights of the batch; what is left of the scale goes outside.
        self._model = core.Model(
            as_design(objective.X[rows]),
            objective._record["name"],
            objective._codes[rows],
            own,
            list(objective.fields.values()),
            objective._outputs,
            objective.fit_intercept,
            objective.alpha / self._scale,
            objective.penalty,
        )

    def value_and_gradient(self, w):
        """Return the estimates of F(w) and of its gradient, shaped as w."""
        value, gradient = self._model.value_and_gradient(self._flat(w))
        return self._scale * value, self._out(self._scale * gradient.reshape(np.shape(w)))

    def value(self, w):
        """Return the estimate of F(w)."""
        return self.value_and_gradient(w)[0]

    def gradient(self, w):
        """Return the estimate of the gradient, shaped as w."""
        return self.value_and_gradient(w)[1]

    def hvp(self, w, v):
        """Return the estimate of the product of the Hessian with v, shaped as v."""
        block = np.ascontiguousarray(self._flat(v, "v")[None])
        product = self._model.hessian_product(self._flat(w), block)
        return self._out(self._scale * product.reshape(np.shape(v)))


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


def _check_matrix(X, owner):
    """Return X as float32 or float64, dense or sparse, itself if it can be read in place."""
    if sp.issparse(X):
        check_sparse_structure(X)
    else:
        X = np.asarray(X)
    if X.dtype.kind not in "biufO":
        raise TypeError(f"X must hold real numbers, got dtype {X.dtype} ({owner}).")
    if X.ndim != 2:
        hint = " One feature: X.reshape(-1, 1)." if X.ndim == 1 else ""
        raise ValueError(
            f"X must have shape (n_samples, n_features), got {X.shape} ({owner}).{hint}"
        )
    if 0 in X.shape:
        raise ValueError(f"X must have a row and a column at least, got {X.shape} ({owner}).")
    if X.dtype not in (np.float32, np.float64):
        try:
            X = X.astype(np.float64)
        except (TypeError, ValueError):
            raise TypeError(f"X must hold real numbers, got dtype {X.dtype} ({owner}).") from None
    if sp.issparse(X) and X.format not in ("csr", "csc"):
        X = X.tocsr()
    check_magnitudes(X, owner)
    return X


def _check_alpha(alpha, owner):
    alpha = _params.real_number(alpha, "alpha", owner)
    if not (alpha >= 0.0 and math.isfinite(alpha)):
        raise ValueError(f"alpha must be >= 0 and finite, got {alpha!r} ({owner}). 0 means none.")
    return alpha


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


def _flat_weights(weight):
    """Weights must be numbers, one a row; scikit-learn's check does the rest."""
    weight = np.asarray(weight)
    if weight.dtype.kind not in "biuf" or weight.ndim != 1:
        raise TypeError(
            f"sample_weight must be a vector of numbers, one a row, got shape {weight.shape} and "
            f"dtype {weight.dtype}. Leave it out for equal weights."
        )
    return weight


def _same(a, b):
    if sp.issparse(a) or sp.issparse(b):
        return sp.issparse(a) and sp.issparse(b) and a.shape == b.shape and (a != b).nnz == 0
    return np.array_equal(a, b)


def _rebuild(cls, arguments):
    return cls(**arguments)
