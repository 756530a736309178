"""Problems with kinks and bounds."""

import numpy as np
import scipy.sparse as sp

from .. import _params
from .._validation import check_finite, check_matrix, check_number
from ._models import check_signs
from ._problems import Quadratic, SmoothProblem, dtype_of


class Composite:
    """Hold F = f + g, with g a sum of absolute values, bounds, or norms of groups.

    Parameters
    ----------
    f : Quadratic, Logistic or another smooth problem
        The smooth part.
    l1 : float or array-like of shape (n,), >= 0, default=0.0
        Weights of the absolute values.
    lower, upper : float or array-like of shape (n,), default=-inf, inf
        Bounds of the variables, rounded to float32 where x is of float32.
    groups : list of array-like of int, default=None
        Each variable in one of them, once. Blocks are then the groups.
    group_l1 : float or array-like of shape (n_groups,), >= 0, default=0.0
        Weights of the Euclidean norms of the groups.

    Raises
    ------
    ValueError
        For negative or infinite weights, bounds that cross, groups that overlap, or groups beside
        other terms.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import bcd
    >>> f = bcd.Quadratic(np.eye(3), [3.0, 0.5, -2.0])
    >>> bcd.solve(bcd.Composite(f, l1=1.0), block_size=1).x  # the lasso
    array([ 2.,  0., -1.])
    >>> bcd.solve(bcd.Composite(f, lower=0.0), block_size=1).x  # not negative
    array([3. , 0.5, 0. ])
    >>> bcd.solve(bcd.Composite(f, groups=[[0, 2], [1]], group_l1=1.0)).active_set
    array([1])
    """

    def __init__(self, f, l1=0.0, lower=-np.inf, upper=np.inf, groups=None, group_l1=0.0):
        if not isinstance(f, SmoothProblem):
            raise TypeError(
                f"f must be a smooth problem of optlite.bcd, got {type(f).__name__} (Composite)."
            )
        self.smooth, n = f, f.dim
        self.strong_convexity = f.strong_convexity
        self.l1 = _weights(l1, "l1", n)
        self.lower = _representable(_spread(lower, "lower", n), f.dtype)
        self.upper = _representable(_spread(upper, "upper", n), f.dtype)
        if not (self.lower < np.inf).all() or not (self.upper > -np.inf).all():
            raise ValueError("lower must be < inf and upper > -inf, and not NaN (Composite).")
        if (self.lower > self.upper).any():
            i = int(np.argmax(self.lower > self.upper))
            raise ValueError(
                f"lower must be <= upper, got {self.lower[i]:g} > {self.upper[i]:g} at {i} "
                "(Composite)."
            )
        self.groups = None
        if groups is not None:
            self._take_groups(groups, group_l1)
        elif np.any(group_l1):
            raise ValueError("group_l1 needs groups (Composite).")

    def _take_groups(self, groups, group_l1):
        from ._partitions import check_partition

        if self.l1.any() or np.isfinite(self.lower).any() or np.isfinite(self.upper).any():
            raise ValueError("groups do not go with l1, lower or upper (Composite).")
        self.groups = check_partition(groups, self.dim, "groups")
        self.group_l1 = _weights(group_l1, "group_l1", len(self.groups))
        self._group_of = np.empty(self.dim, dtype=np.int64)
        for k, group in enumerate(self.groups):
            self._group_of[group] = k

    @property
    def dim(self):
        """Number of variables."""
        return self.smooth.dim

    @property
    def diagonal(self):
        """That of f."""
        return self.smooth.diagonal

    @property
    def row_sums(self):
        """Those of f."""
        return self.smooth.row_sums

    @property
    def graph(self):
        """That of f."""
        return self.smooth.graph

    def value(self, x):
        """Return F(x); infinite outside of the bounds."""
        x = np.asarray(x, dtype=np.float64)
        if (x < self.lower).any() or (x > self.upper).any():
            return np.inf
        g = self.l1 @ np.abs(x)
        if self.groups is not None:
            g = sum(
                w * np.linalg.norm(x[b]) for w, b in zip(self.group_l1, self.groups, strict=True)
            )
        return self.smooth.value(x) + float(g)

    def at_kink(self, x):
        """Say which variables are zero, with a weight, or at a bound."""
        weight = self.l1 if self.groups is None else self.group_l1[self._group_of]
        return ((x == 0.0) & (weight > 0.0)) | (x <= self.lower) | (x >= self.upper)

    def start(self):
        """Zero, or the point within the bounds that is nearest to it."""
        return np.clip(np.zeros(self.dim), self.lower, self.upper)

    def terms(self):
        """Return g for the core."""
        if self.groups is not None:
            return self._group_of, self.group_l1
        return self.l1, self.lower, self.upper

    def terms_twin(self):
        """Return g for the readable engine."""
        from ..reference.bcd_terms import Groups, Separable

        return (Separable if self.groups is None else Groups)(*self.terms())


class SVMDual(Composite):
    """Hold the dual of a support vector machine without intercept.

    Minimise w' w / 2 - sum_i x_i where 0 <= x <= C, with w the sum of x_i y_i a_i.

    Parameters
    ----------
    A : array-like or sparse matrix of shape (m, n)
        One row a sample; there are m variables. If it is of float32, so is x.
    y : array-like of shape (m,)
        Labels, -1 or 1.
    C : float, > 0, default=1.0
        Weight of the hinge losses.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import bcd
    >>> dual = bcd.SVMDual([[2.0], [1.0], [-1.0]], [1.0, 1.0, -1.0])
    >>> dual.coef(bcd.solve(dual, block_size=2).x).round(6)
    array([1.])
    """

    def __init__(self, A, y, C=1.0):
        given, A = A, check_matrix(A, "A", "SVMDual")
        y = check_signs(y, A.shape[0], "SVMDual")
        C = check_number(C, "C", "SVMDual", positive=True)
        self._signed = sp.csr_array(sp.diags_array(y) @ A) if sp.issparse(A) else A * y[:, None]
        with np.errstate(over="ignore", invalid="ignore"):
            gram = self._signed @ self._signed.T
        check_finite(gram, "A A'", "SVMDual")
        f = _Gram(gram, np.ones(len(y)))
        f.dtype = dtype_of(given)
        super().__init__(f, lower=0.0, upper=C)

    def coef(self, x):
        """Return the weights of the features, shape (n,), at a dual point."""
        w = np.ravel(self._signed.T @ np.asarray(x, dtype=np.float64))
        return w.astype(self.smooth.dtype, copy=False)


class _Gram(Quadratic):
    """Hold a quadratic of a Gram matrix, which may be linear in variables that have bounds."""

    def _refuse_unbounded(self):
        """Gram matrices are positive semi-definite; a sample of zeros goes to its bound."""


def _weights(value, name, size):
    """Return a vector of weights, or name the first that is none."""
    array = _spread(value, name, size)
    wrong = array[~(np.isfinite(array) & (array >= 0.0))]
    if len(wrong) > 0:
        raise ValueError(f"{name} must be finite and >= 0, got {wrong[0]:.3g} (Composite).")
    return array


def _representable(bounds, dtype):
    """Return bounds that x can reach in its type; beyond its range there are none."""
    with np.errstate(over="ignore"):
        return bounds.astype(dtype).astype(np.float64)


def _spread(value, name, size):
    """Return a vector from a number or a vector; infinities are let pass."""
    array = np.array(_params.real_array(value, name, "Composite"), dtype=np.float64)
    if array.ndim == 0:
        return np.full(size, float(array))
    if array.shape != (size,):
        raise ValueError(
            f"{name} must be a number or have shape ({size},), got {array.shape} (Composite)."
        )
    return array
