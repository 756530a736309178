"""Quadratics that block coordinate descent minimises."""

import numpy as np
import scipy.sparse as sp

from .. import _params
from .._core import core
from .._validation import check_finite, check_matrix, check_number, check_vector

#: Rows that are compared with columns at a time.
_ROWS = 256


class SmoothProblem:
    """Base of what has a gradient everywhere; terms with kinks are those of `Composite`."""

    #: A number below the smallest eigenvalue of all Hessians; 0 if none is known.
    strong_convexity = 0.0
    #: Of x, as runs return it: that of the data, if it is float32. All sums are of float64.
    dtype = np.dtype(np.float64)

    @property
    def smooth(self):
        """The problem itself."""
        return self

    def terms(self):
        """There are none."""
        return ()

    def terms_twin(self):
        """There are none, in the twin."""
        from ..reference.bcd_terms import NoTerms

        return NoTerms()

    def gradient(self, x):
        """Return the gradient at x."""
        return self.slopes(np.asarray(x, dtype=np.float64)).astype(self.dtype, copy=False)

    def at_kink(self, x):
        """No variable is at a kink or at a bound."""
        return np.zeros(self.dim, dtype=bool)

    def start(self):
        """Where runs begin by default."""
        return np.zeros(self.dim)


class Quadratic(SmoothProblem):
    """Hold the quadratic f(x) = x' H x / 2 - c' x + constant.

    Parameters
    ----------
    H : array-like or sparse matrix of shape (n, n)
        Symmetric and positive semi-definite. Copied. If it is of float32, so is x.
    c : array-like of shape (n,)
        Linear part.
    constant : float, default=0.0
        Added to f.
    strong_convexity : float, >= 0, default=0.0
        A number below the smallest eigenvalue of H, if one is known: with it a run bounds
        ``f - min f``. It is taken on trust.

    Raises
    ------
    ValueError
        If H is not square or not symmetric, a number is not finite, a number on the diagonal is
        negative, or f decreases without bound along a variable that H does not contain.

    Examples
    --------
    >>> from optlite import bcd
    >>> f = bcd.Quadratic([[2.0]], [4.0])
    >>> f.value([2.0]), f.gradient([1.0])
    (-4.0, array([-2.]))
    """

    def __init__(self, H, c, constant=0.0, strong_convexity=0.0):
        owner, given = type(self).__name__, H
        H = check_matrix(H, "H", owner)
        if H.shape[0] != H.shape[1]:
            raise ValueError(f"H must be square, got shape {H.shape} ({owner}).")
        self._refuse_asymmetric(H)
        c = check_vector(c, "c", H.shape[0], owner)
        constant = _params.real_number(constant, "constant", owner)
        if not np.isfinite(constant):
            raise ValueError(f"constant must be finite, got {constant!r} ({owner}).")
        mu = check_number(strong_convexity, "strong_convexity", owner)
        self.dtype = dtype_of(given)
        if not sp.issparse(H):
            H = np.array(H, order="C")
        elif (H != H.T).nnz > 0:  # rounding; the graph of H must have each edge in both directions
            H = sp.csc_array((H + H.T) / 2.0)
        else:
            H = H.copy()
        self._take(H, c, constant, mu)

    def _take(self, H, c, constant, mu):
        """Keep what is the problem's own: nobody else holds H."""
        if sp.issparse(H):  # a zero that is stored would be an edge of the graph
            H.eliminate_zeros()
        self.H, self.c, self.constant, self.strong_convexity = H, c, constant, mu
        self._refuse_unbounded()

    @staticmethod
    def _refuse_asymmetric(H):
        """Compare some rows at a time: a difference of all would be two more matrices."""
        if sp.issparse(H):
            skew, size = abs(H - H.T).max(), abs(H).max()
        else:
            skew, size = 0.0, 0.0
            for i in range(0, len(H), _ROWS):
                rows = H[i : i + _ROWS]
                skew = max(skew, np.abs(rows - H[:, i : i + _ROWS].T).max())
                size = max(size, rows.max(), -rows.min())
        if skew > 1e-12 * size:
            raise ValueError(
                f"H must be symmetric, got entries that differ by {skew:.3g} from those across the "
                "diagonal. Use (H + H.T) / 2."
            )

    def _refuse_unbounded(self):
        """A diagonal of zero leaves a row of zeros, or H is indefinite."""
        diagonal = self.diagonal
        if (diagonal < 0.0).any():
            i = int(np.argmin(diagonal))
            raise ValueError(
                f"H must be positive semi-definite, got H[{i}, {i}] = {diagonal[i]:.3g}."
            )
        empty = np.flatnonzero(diagonal == 0.0)
        columns = np.asarray(abs(self.H[:, empty]).sum(axis=0)).ravel()
        linear = empty[(self.c[empty] != 0.0) | (columns > 0.0)]
        if len(linear) > 0:
            i = int(linear[0])
            raise ValueError(
                f"f must have a minimum, but H[{i}, {i}] is 0 and row {i} of H, or c[{i}], is not: "
                "f decreases without bound. Add a positive number to the diagonal of H."
            )

    @property
    def dim(self):
        """Number of variables."""
        return len(self.c)

    @property
    def diagonal(self):
        """The Lipschitz constant of the derivative in each variable."""
        return self.H.diagonal()

    @property
    def row_sums(self):
        """Sums of the absolute values of the rows of H."""
        return np.ravel(abs(self.H).sum(axis=0))

    @property
    def graph(self):
        """H in sparse columns, or None: i and j have an edge if H_ij is not zero."""
        return self.H if sp.issparse(self.H) else None

    def value(self, x):
        """Return f(x)."""
        x = np.asarray(x, dtype=np.float64)
        return float(0.5 * x @ (self.H @ x) - self.c @ x + self.constant)

    def slopes(self, x):
        """Return the gradient in double precision."""
        return self.H @ x - self.c

    def compiled(self, x):
        """Return what the core moves, at x."""
        H = self.H
        if sp.issparse(H):
            H = (H.indptr.astype(np.int64), H.indices.astype(np.int64), H.data)
        return core.block_quadratic(H, self.c, self.constant, x)

    def twin(self):
        """Return the same for the readable engine."""
        from ..reference.bcd_problems import Quadratic as Twin

        H = self.H.toarray() if sp.issparse(self.H) else self.H
        return Twin(H, self.c, self.constant, self.graph is not None)


class LeastSquares(Quadratic):
    """Hold the sum of squares of A x - b, halved, as a quadratic, with a ridge penalty if asked.

    Parameters
    ----------
    A : array-like or sparse matrix of shape (m, n)
        H is sparse if A is, and x of float32 if A is.
    b : array-like of shape (m,)
        Right-hand side.
    alpha : float, >= 0, default=0.0
        Also the constant of strong convexity.

    Examples
    --------
    >>> from optlite import bcd
    >>> bcd.solve(bcd.LeastSquares([[1.0, 0.0], [1.0, 1.0]], [1.0, 3.0])).x.round(6)
    array([1., 2.])
    """

    def __init__(self, A, b, alpha=0.0):
        owner, given = "LeastSquares", A
        A = check_matrix(A, "A", owner)
        b = check_vector(b, "b", A.shape[0], owner)
        alpha = check_number(alpha, "alpha", owner)
        with np.errstate(over="ignore", invalid="ignore"):
            H, c, squares = A.T @ A, A.T @ b, b @ b
        if sp.issparse(A):
            H = sp.csc_array(H + alpha * sp.eye_array(A.shape[1], format="csc"))
            H.sort_indices()
        else:
            H[np.diag_indices(len(H))] += alpha
        for array, name in ((H, "A' A"), (c, "A' b"), (np.atleast_1d(squares), "b' b")):
            check_finite(array, name, owner)
        self.dtype = dtype_of(given)
        self._take(H, c, 0.5 * float(squares), alpha)


class LabelPropagation(Quadratic):
    """Hold the energy of a graph of which some nodes have values, a quadratic in the others.

    With the weights w of the edges, f is the sum of w_ij (x_i - x_j)^2 / 2 over the edges. Its H is
    sparse, and block coordinate descent can move trees of it at once.

    Parameters
    ----------
    weights : array-like or sparse matrix of shape (n_nodes, n_nodes)
        Symmetric and >= 0; zero where there is no edge. The diagonal is not looked at. If they are
        of float32, so is x.
    labelled : array-like of int of shape (n_labelled,)
        Nodes that have a value.
    labels : array-like of shape (n_labelled,)
        Their values.

    Attributes
    ----------
    free : ndarray of int of shape (n,)
        The node of each variable.

    Examples
    --------
    A chain whose ends are 0 and 3:

    >>> import numpy as np
    >>> from optlite import bcd
    >>> chain = np.eye(4, k=1) + np.eye(4, k=-1)
    >>> f = bcd.LabelPropagation(chain, [0, 3], [0.0, 3.0])
    >>> bcd.solve(f, "forest", "gs", "message_passing").x.round(6)
    array([1., 2.])
    """

    def __init__(self, weights, labelled, labels):
        owner = "LabelPropagation"
        W = sp.csc_array(check_matrix(weights, "weights", owner), copy=True)
        if W.shape[0] != W.shape[1]:
            raise ValueError(f"weights must be square, got shape {W.shape} ({owner}).")
        W.setdiag(0.0)
        W.eliminate_zeros()
        self._refuse_weights(W, owner)
        labelled = np.asarray(labelled)
        inside = labelled.ndim == 1 and labelled.dtype.kind in "iu"
        if not inside or len(set(labelled.tolist()) - set(range(W.shape[0]))) > 0:
            raise ValueError(
                f"labelled must list nodes in [0, {W.shape[0]}), got {labelled!r} ({owner})."
            )
        labels = check_vector(labels, "labels", len(labelled), owner)
        self.free = np.setdiff1d(np.arange(W.shape[0]), labelled)
        if len(self.free) == 0 or len(set(labelled.tolist())) < len(labelled):
            raise ValueError(
                f"labelled must name nodes once and leave one free, got {len(labelled)} of "
                f"{W.shape[0]} nodes ({owner})."
            )
        degree = W.sum(axis=0)
        among = W[labelled][:, labelled]
        constant = 0.5 * float(labels @ (among.sum(axis=0) * labels - among @ labels))
        to_labelled = W[self.free][:, labelled]
        constant += 0.5 * float(to_labelled.sum(axis=0) @ labels**2)
        H = sp.csc_array(sp.diags_array(degree[self.free]) - W[self.free][:, self.free])
        H.sort_indices()
        self.dtype = dtype_of(weights)
        self._take(H, to_labelled @ labels, constant, 0.0)

    @staticmethod
    def _refuse_weights(W, owner):
        if W.nnz > 0 and W.data.min() < 0.0:
            raise ValueError(f"weights must be >= 0, got {W.data.min():.3g} ({owner}).")
        skew = abs(W - W.T)
        if skew.nnz > 0 and skew.max() > 1e-12 * W.max():
            raise ValueError(
                f"weights must be symmetric, got two that differ by {skew.max():.3g} ({owner}). "
                "Use (W + W.T) / 2."
            )


def dtype_of(data):
    """Return the type of x for checked data, an array or a sparse matrix."""
    given = data.dtype if sp.issparse(data) else np.asarray(data).dtype
    single = given.newbyteorder("=") == np.float32
    return np.dtype(np.float32 if single else np.float64)


def check_problem(problem):
    """Raise where it is no problem of this package."""
    if not hasattr(problem, "smooth") or not isinstance(problem.smooth, SmoothProblem):
        raise TypeError(
            "problem must be a bcd.Quadratic or another problem of optlite.bcd, got "
            f"{type(problem).__name__}."
        )
