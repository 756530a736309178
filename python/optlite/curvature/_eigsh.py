"""Some eigenpairs of a symmetric operator, with bounds of their residuals."""

import dataclasses
import functools

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .. import _params
from .._core import core
from .._warnings import warn
from ..reference.block_lanczos import Projection
from ..reference.refinement import refine, with_neighbours
from ._operand import (
    Operand,
    UnitProducts,
    choice,
    generator,
    integer,
    is_smaller_dense,
    products_worth_forming,
    symmetric_eigen,
)

#: Side up to which a matrix is formed after many products (800 MB).
_LARGEST_FORMED = 10_000
_ENDS = ("LA", "SA", "LM", "BE")
#: Steps with random vectors in the block that a set of eigenvalues has to survive, where the block
#: was one vector, and at least.
_STEPS_OF_CHECK, _LEAST_STEPS_OF_CHECK = 10, 5
#: Of a matrix in single precision: eigenvalues so close, relative to the largest, are corrected
#: together, a hundred times what its rounding usually moves them, and how many at most.
_MARGIN, _MOST_NEIGHBOURS = 1e-5, 8


@dataclasses.dataclass(frozen=True, eq=False)
class EigenResult:
    """Hold eigenpairs and how far they can be trusted.

    Attributes
    ----------
    eigenvalues : ndarray of shape (k,)
        In rising order.
    eigenvectors : ndarray of shape (dim, k)
        Orthonormal columns.
    residual_bounds : ndarray of shape (k,)
        Bounds of ``norm(A v - value * v)``, computed from products with the final vectors, with an
        allowance for rounding. An eigenvalue of a symmetric A is no farther from the value than
        that. One can be found for each of the k values, a different one for each, no farther than
        the root of the sum of the squares of the bounds.
    converged : bool
        Whether all residuals are at most ``tol`` times the largest eigenvalue in size. Whether the
        check for values that the first block could not see was over when `max_products` ended the
        run, it does not say.
    method : str
        "lanczos", "dense" where the matrix was formed, or "refined" where it was formed in single
        precision and the pairs corrected by products.
    n_products : int
        Vectors that the operator multiplied.
    n_restarts : int
        How often the basis was reduced.
    norm : float
        The largest absolute value of a Ritz value or of a product with a unit vector: a lower bound
        of the norm of A. With "refined", the largest absolute eigenvalue of the matrix in single
        precision, which may lie on either side of the norm: about 1e-7 of it away.
    asymmetry : float
        How far the operator was seen to be from symmetric, relative to its norm.
    """

    eigenvalues: np.ndarray
    eigenvectors: np.ndarray = dataclasses.field(repr=False)
    residual_bounds: np.ndarray
    converged: bool
    method: str
    n_products: int
    n_restarts: int
    norm: float
    asymmetry: float


def eigsh(
    operator,
    k=6,
    which="LM",
    tol=None,
    *,
    block_size=None,
    v0=None,
    method="auto",
    max_products=None,
    dim=None,
    random_state=0,
):
    r"""Compute k eigenpairs of a symmetric operator.

    Parameters
    ----------
    operator : array, sparse matrix, LinearOperator or callable
        Symmetric. A function takes a vector and returns one of the same length.
    k : int, in [1, dim], default=6
        Number of eigenpairs.
    which : {"LM", "LA", "SA", "BE"}, default="LM"
        The largest in absolute value, the largest, the smallest, or half from both ends, one more
        of the large ones if k is odd.
    tol : float, >= 0, default=None
        Largest residual, relative to the largest eigenvalue in size. None is 1e-10, or 1e-5 for
        operators that compute in float32, as a function does that returns it. Less than rounding is
        not asked for.
    block_size : int, default=None
        Vectors multiplied at once. An eigenvalue with so many independent eigenvectors is found in
        full. None takes 4 where a block costs one read of the data, else 1.
    v0 : array-like of shape (dim,) or (dim, n_vectors), default=None
        Where to start: the eigenvectors of a matrix that is close to this one save most of the
        products. Random when None.
    method : {"auto", "lanczos", "dense"}, default="auto"
        "dense" forms the matrix, from its entries or from dim products, and takes all its
        eigenvalues: it has no use for `block_size`, `v0` and `max_products`. "auto" does so where
        an estimate of the work says that it is less (see Notes).
    max_products : int, default=None
        Limit of vectors multiplied by "lanczos"; None is ``max(2000, 100 * k)``.
    dim : int, default=None
        Length of the vectors; needed for a function without ``shape``.
    random_state : int, numpy.random.Generator or None, default=0
        Seed of random vectors.

    Returns
    -------
    EigenResult

    Raises
    ------
    ValueError
        For k > dim, for an operator that is not square or returns NaN or a wrong shape, and for
        options that the method does not have.

    Warns
    -----
    ConvergenceWarning
        If the residuals were not small enough within `max_products`.
    RuntimeWarning
        If the operator is not symmetric.

    Notes
    -----
    Block Lanczos with thick restarts [1]_ and full reorthogonalisation. When k values have
    converged, random vectors join the block for some more steps: that finds values that the first
    block could not see, such as more copies of a multiple one, with high probability but without
    proof.

    "auto" expects ``60 + 10 k`` products. Forming a matrix of side d costs d products, or, for the
    Hessian of a linear model, half of :math:`n d^2` multiplications in one read of X: where d is
    some hundred that is less. It also forms the matrix once the products that it has made cost as
    much as that, so that it never works much longer than twice what the better way would take.

    Where X is dense and much taller than wide, "auto" forms the Hessian in single precision, which
    takes half as long, and corrects the pairs by exact products until their residuals are small
    enough [2]_. Wanted eigenvalues that are within 1e-5 of many others, relative to the largest,
    and data beyond the range of single precision send it back to double. That the pairs
    are those of the wanted values is without proof here, too: 1e-5 is a hundred times what rounding
    usually moves eigenvalues, not a bound of it. The residual bounds hold in any case.

    References
    ----------
    .. [1] Wu, Simon, Thick-restart Lanczos method for large symmetric eigenvalue problems, SIAM
       Journal on Matrix Analysis and Applications, 2000.
    .. [2] Morgan, Scott, Generalizations of Davidson's method for computing eigenvalues of sparse
       symmetric matrices, SIAM Journal on Scientific and Statistical Computing, 1986.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import eigsh
    >>> found = eigsh(np.diag(np.arange(1000.0)), k=2)
    >>> found.eigenvalues.round(6)
    array([998., 999.])
    >>> bool(found.residual_bounds.max() < 1e-6), found.method
    (True, 'lanczos')
    """
    owner = "eigsh"
    operand = Operand(operator, dim, owner)
    k = integer(k, "k", 1, owner, operand.dim)
    choice(which, "which", _ENDS, owner)
    choice(method, "method", ("auto", "lanczos", "dense"), owner)
    if method == "dense":
        _refuse({"block_size": block_size, "v0": v0, "max_products": max_products}, owner)
    random = generator(random_state, owner)
    goal = functools.partial(_tolerance, tol, operand, owner)
    goal()  # refuses what is none
    start = _start(v0, block_size, operand, random, owner)
    most = max(3 * k, k + 10 * len(start), 40)
    fits = operand.dim >= most + 4 * len(start)  # else the basis is the whole space
    expected = 60 + 10 * k
    if max_products is None:
        max_products = max(2000, 100 * k)
    max_products = integer(max_products, "max_products", 1, owner)
    if method == "dense":
        return _dense(operand, k, which, goal)
    if not fits or (method == "auto" and is_smaller_dense(operand, expected, len(start))):
        return _formed(operand, k, which, goal)
    search = _Search(operand, k, which, goal, start, most, random)
    search.may_form = method == "auto" and operand.dim <= _LARGEST_FORMED
    return search.run(max_products)


def _refuse(options, owner):
    """Say that options of Lanczos' method are none of the other one."""
    for name, value in options.items():
        if value is not None:
            raise ValueError(
                f"{name} must be left out for method='dense', which forms the matrix from as many "
                f"products as it has columns ({owner}). Use method='lanczos'."
            )


def _tolerance(tol, operand, owner):
    """The largest relative residual; what a function computes in, its first product shows."""
    if tol is None:
        return 1e-10 if operand.precision < 1e-10 else 1e-5
    tol = _params.real_number(tol, "tol", owner)
    if not 0.0 <= tol < 1.0:
        raise ValueError(f"tol must be in [0, 1), got {tol} ({owner}).")
    return max(tol, _rounding(operand))


def _rounding(operand):
    """What rounding may add to a residual, relative to the norm of A."""
    return 4.0 * operand.precision * (1.0 + np.sqrt(operand.dim))


def _start(v0, block_size, operand, random, owner):
    if block_size is None:
        block_size = 4 if operand.reads_blocks else 1
    block_size = min(integer(block_size, "block_size", 1, owner), operand.dim)
    if v0 is None:
        return random.standard_normal((block_size, operand.dim))
    v0 = np.array(_params.real_array(v0, "v0", owner), dtype=np.float64)
    rows = v0[None] if v0.ndim == 1 else v0.T
    if rows.ndim != 2 or rows.shape[1] != operand.dim or not 1 <= len(rows) <= operand.dim:
        raise ValueError(
            f"v0 must have shape ({operand.dim},) or ({operand.dim}, n_vectors), got {v0.shape} "
            f"({owner})."
        )
    if not np.isfinite(rows).all():
        raise ValueError(f"v0 must be finite ({owner}).")
    sizes = np.abs(rows).max(axis=1, keepdims=True)
    return np.ascontiguousarray(rows / np.where(sizes > 0.0, sizes, 1.0))


def wanted(values, k, which):
    """Return the places of k of these rising values, in rising order."""
    n = len(values)
    if which == "LA":
        return np.arange(n - k, n)
    if which == "SA":
        return np.arange(k)
    if which == "BE":
        return np.concatenate([np.arange(k // 2), np.arange(n - (k + 1) // 2, n)])
    return np.sort(np.argsort(-np.abs(values), kind="stable")[:k])


def _formed(operand, k, which, goal):
    """Form the matrix, in single precision where products that repair that cost less than it saves.

    What left the range of a float, and values closer than its errors, take double.
    """
    rounded = operand.rounded_work(k)
    refined = None
    if rounded is not None and rounded < operand.dense_work():
        refined = _refined(operand, k, which, goal())
    return _dense(operand, k, which, goal) if refined is None else refined


def _refined(operand, k, which, tol):
    matrix = operand.dense(single=True)
    if not np.isfinite(matrix).all():
        return None
    values, vectors = symmetric_eigen(matrix)
    norm = np.abs(values).max()
    if norm == 0.0:
        return None
    multiply = UnitProducts(operand, norm)
    values, norm = values / multiply.unit, norm / multiply.unit
    margin = _MARGIN * norm
    places = with_neighbours(values, wanted(values, k, which), margin)
    if len(places) > k + _MOST_NEIGHBOURS:
        return None
    found = refine(
        multiply,
        values,
        vectors,
        places,
        lambda thetas: wanted(thetas, k, which),
        tol * norm,
        margin,
        core.extend_basis,
        core.product,
        symmetric_eigen,
    )
    if found is None:
        return None
    return _result(operand, *found, norm, tol, "refined", 0, 0.0, multiply.unit)


def _dense(operand, k, which, goal):
    values, vectors = symmetric_eigen(operand.dense())
    rows = np.ascontiguousarray(vectors[wanted(values, k, which)])
    norm = np.abs(values).max()
    multiply = UnitProducts(operand, norm)
    products = multiply(rows)  # of the operator itself, not of what was formed
    asymmetry, unit = operand.asymmetry or 0.0, multiply.unit
    return _result(operand, rows, products, norm / unit, goal(), "dense", 0, asymmetry, unit)


def _result(operand, rows, products, norm, tol, method, n_restarts, asymmetry, unit=1.0):
    """Values are Rayleigh quotients, for which residuals are smallest; numbers are in units."""
    values = np.einsum("ij,ij->i", rows, products)
    order = np.argsort(values, kind="stable")
    rows, products, values = rows[order], products[order], values[order]
    residuals = np.linalg.norm(products - values[:, None] * rows, axis=1)
    rounding = _rounding(operand) * norm
    single = np.finfo(np.float32).eps if operand.dtype == np.float32 else 0.0
    return EigenResult(
        eigenvalues=(values * unit).astype(operand.dtype),
        eigenvectors=rows.T.astype(operand.dtype),
        residual_bounds=(residuals + rounding + 2.0 * single * norm) * unit,
        converged=bool(residuals.max() <= tol * norm + rounding),
        method=method,
        n_products=operand.n_products,
        n_restarts=n_restarts,
        norm=float(norm * unit),
        asymmetry=asymmetry,
    )


class _Search:
    """A run of block Lanczos until k pairs have converged and survived a check."""

    def __init__(self, operand, k, which, goal, start, most, random):
        self.operand, self.k, self.which, self.goal = operand, k, which, goal
        self.tol = goal()
        self.most, self.block = most, len(start)
        self.fresh = max(1, self.block // 2)
        self.multiply = UnitProducts(operand)
        self.projection = Projection(
            self.multiply,
            start,
            most + len(start),
            lambda: random.standard_normal(operand.dim),
            core.extend_basis,
            core.product,
            symmetric_eigen,
        )
        self.survived = None  # values that wait for the end of their check
        self.since = 0  # steps of it
        self.may_form = False
        self.enough = products_worth_forming(operand, self.block)
        self.n_restarts = 0

    def run(self, max_products):
        """Search, and multiply the vectors found once more for their residuals."""
        projection, operand = self.projection, self.operand
        reserve = self.k + projection.width
        while True:
            projection.advance()
            self.tol = self.goal()
            self.since += 1
            values, vectors, residuals = projection.ritz()
            if len(values) < self.k:
                continue
            chosen = wanted(values, self.k, self.which)
            done = (residuals[chosen] <= self.tol * projection.norm).all()
            if done and self._is_checked(values[chosen]):
                break
            if self.may_form and operand.n_products >= self.enough:
                return _formed(operand, self.k, self.which, self.goal)
            if operand.n_products + reserve > max_products:
                break
            if done and self._may_check():
                if self.k + 2 * (projection.width + self.fresh) > operand.dim:
                    return _formed(operand, self.k, self.which, self.goal)
                self._check(values, vectors, chosen)
            elif projection.size + projection.width > self.most:
                self._restart(values, vectors)
        rows = projection.combine(
            np.ascontiguousarray(vectors[chosen]), projection.Q[: projection.size]
        )
        products = self.multiply(rows)
        operand.report_asymmetry(projection.asymmetry, np.sqrt(operand.precision))
        asymmetry = max(projection.asymmetry, operand.asymmetry or 0.0)
        result = _result(
            operand,
            rows,
            products,
            projection.norm,
            self.tol,
            "lanczos",
            self.n_restarts,
            asymmetry,
            self.multiply.unit,
        )
        if not result.converged:
            largest = result.residual_bounds.max() / result.norm
            warn(
                f"eigsh stopped at max_products={max_products} with a relative residual of "
                f"{largest:.2g}, above tol={self.tol:.2g}. Increase max_products or k (values that "
                "are close together converge slowly), or tol.",
                ConvergenceWarning,
            )
        return result

    def _steps_of_check(self):
        return max(_LEAST_STEPS_OF_CHECK, _STEPS_OF_CHECK // self.block)

    def _is_checked(self, values):
        """Whether these values stood before the check, and it is over."""
        if self.survived is None or self.since < self._steps_of_check():
            return False
        room = 10.0 * self.tol * self.projection.norm
        return bool(np.abs(values - self.survived).max() <= room)

    def _may_check(self):
        return self.survived is None or self.since >= self._steps_of_check()

    def _check(self, values, vectors, chosen):
        """Go on with random vectors in the block, half as many as it began with."""
        self.survived, self.since = values[chosen].copy(), 0
        width = self.projection.width + self.fresh
        kept = self._kept(values)
        if len(kept) + 2 * width > self.operand.dim:
            kept = chosen
        self.projection.restart(values[kept], vectors[kept], n_fresh=self.fresh)
        self.most = max(self.most, len(kept) + 2 * self.projection.width)
        self.n_restarts += 1

    def _restart(self, values, vectors):
        kept = self._kept(values)
        self.projection.restart(values[kept], vectors[kept])
        self.n_restarts += 1

    def _kept(self, values):
        """More pairs than wanted: those next to them converge faster for it."""
        most = max(self.k, self.most - 2 * self.projection.width)
        count = min(self.k + (self.most - self.k) // 3, most, len(values))
        return wanted(values, count, self.which)
