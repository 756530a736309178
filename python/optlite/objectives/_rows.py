"""What objectives over the rows of a matrix share: shapes, mini-batches, and being immutable."""

import math

import numpy as np
import scipy.sparse as sp

from .. import _params
from .._validation import check_magnitudes, check_sparse_structure, check_weights


class RowObjective:
    """Evaluate a weighted mean over rows of a matrix, plus a penalty.

    The base class of :class:`GeneralizedLinearObjective` and :class:`MLP`. An objective is
    immutable: it reads the arrays it was given in place, so they must not change while it is in
    use.

    Attributes
    ----------
    dim : int
        Number of variables.
    shape : tuple
        Shape of w.
    """

    def _begin(self, X, y, alpha, sample_weight):
        """Check what all objectives take; the instance is closed for assignments."""
        owner = type(self).__name__
        put = self.__dict__.update
        put(alpha=_check_alpha(alpha, owner), X=_check_matrix(X, owner), y=np.asarray(y))
        if sample_weight is not None:
            sample_weight = _flat_weights(sample_weight)
        weight = check_weights(sample_weight, self.X)
        put(sample_weight=weight)
        # Of the samples with a weight, for mini-batches, which must not read all weights each.
        put(_mean_weight=1.0 if weight is None else weight.sum() / np.count_nonzero(weight))

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
            The variables; of a linear model the coefficients, the intercept last.

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
            The variables; of a linear model the coefficients, the intercept last.

        Returns
        -------
        ndarray, shaped as w
            float32 if X is float32, float64 otherwise; sums are in float64.
        """
        return self.value_and_gradient(w)[1]

    def value_and_gradient(self, w):
        """Return F(w) and its gradient, in one read of X.

        Parameters
        ----------
        w : array-like of shape `shape`, or flat of length `dim`
            The variables; of a linear model the coefficients, the intercept last.

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
        return self._out(self._multiply(self._model, self._flat(w), block).reshape(V.shape))

    def _multiply(self, model, w, block):
        """Multiply vectors, one a row, by the Hessian of the core's part."""
        return model.hessian_product(w, block)

    def _at(self, w):
        """Return the core's objective at w: what only depends on w is computed once."""
        return self._model.at(self._flat(w))

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

    # --- checks -----------------------------------------------------------------------------------

    def _numbers(self, value, name):
        array = _params.real_array(value, name, type(self).__name__)
        return array.astype(np.float64, copy=False)

    def _flat(self, w, name="w"):
        w = self._numbers(w, name)
        if w.shape not in (self.shape, (self.dim,)):
            end = ", the intercept last" if getattr(self, "fit_intercept", False) else ""
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
        self._objective, self._rows = objective, rows
        self._out, self._flat = objective._out, objective._flat
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
        self._model = objective._make_model(rows, own, self._scale)

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
        product = self._objective._multiply(self._model, self._flat(w), block)
        return self._out(self._scale * product.reshape(np.shape(v)))

    def _targets(self):
        """Return y as the core takes it."""
        return self._objective._targets(self._rows)

    def _at(self, w):
        """Return the core's part at w, without the scale."""
        return self._model.at(self._flat(w))


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
