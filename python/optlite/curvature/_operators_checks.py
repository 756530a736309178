"""What operators check of objectives, points and vectors, and how their refusals are worded."""

import numpy as np

from .. import _params
from .._warnings import warn
from ..objectives import Batch, GeneralizedLinearObjective, RowObjective


class RowSource:
    """An objective over rows, or a batch of it, behind one face.

    Attributes
    ----------
    objective : RowObjective
        The objective of all rows.
    rows : ndarray or None
        Those of the batch; None for all.
    scale : float
        What the core's products of a batch are multiplied by.
    """

    def __init__(self, objective, part):
        self.objective, self._part = objective, part
        self.rows = getattr(part, "_rows", None)
        self.scale = getattr(part, "_scale", 1.0)
        self.dim, self.shape = objective.dim, objective.shape
        self.dtype = objective.X.dtype
        self.is_linear = isinstance(objective, GeneralizedLinearObjective)
        self.loss_name = objective._loss_name

    def at(self, w):
        """Return the core's part at w."""
        return self._part._at(w)

    def targets(self):
        """Return y as the core takes it."""
        return self._part._targets()

    def weight(self):
        """Return the weights of the rows as shares that sum to 1."""
        weight = self.objective.sample_weight
        if weight is None:
            n = len(self.objective.y) if self.rows is None else len(self.rows)
            return np.full(n, 1.0 / n)
        weight = weight if self.rows is None else weight[self.rows]
        return weight / weight.sum()


def has_rows(objective):
    """Whether an objective is one over the rows of a matrix."""
    return isinstance(objective, RowObjective | Batch)


def row_source(objective, rows, owner):
    """Return the source of an operator, or say which objectives have rows."""
    if not has_rows(objective):
        raise TypeError(
            "objective must be a generalized linear model or an MLP of optlite.objectives, got "
            f"{type(objective).__name__} ({owner}). For fitted estimators there is "
            "curvature.objective_of."
        )
    if rows is None:
        whole = objective if isinstance(objective, RowObjective) else objective._objective
        return RowSource(whole, objective)
    if isinstance(objective, Batch):
        raise TypeError(f"rows must be None for a batch, which has its own ({owner}).")
    return RowSource(objective, objective.batch(rows))


def point(objective, w, owner):
    """Return a flat copy of w in float64."""
    w = _params.real_array(w, "w", owner)
    shape, dim = tuple(objective.shape), objective.dim
    if dim == 0:
        raise ValueError(f"objective must have a variable at least, got dim=0 ({owner}).")
    if w.shape not in (shape, (dim,)):
        raise ValueError(f"w must have shape {shape}, got {w.shape} ({owner}).")
    if not np.isfinite(w).all():
        place = [int(i) for i in np.argwhere(~np.isfinite(w))[0]]
        raise ValueError(f"w must be finite, got {w[tuple(place)]} at position {place} ({owner}).")
    return np.array(w, dtype=np.float64).ravel()


def rows_of(V, operator):
    """Return the columns of a block as rows of float64."""
    V = np.asarray(V)
    if V.dtype.kind not in "biuf":
        raise TypeError(
            f"Vectors must hold real numbers, got dtype {V.dtype} ({type(operator).__name__}). "
            "Multiply real and imaginary parts apart."
        )
    return np.ascontiguousarray(V.T, dtype=np.float64)


def needs_hvp(objective, owner):
    """Refuse an objective in Python without products with its Hessian."""
    if not all(hasattr(objective, name) for name in ("dim", "shape", "hvp")) or (
        getattr(objective, "_hvp", objective) is None
    ):
        raise TypeError(
            f"objective must have dim, shape and hvp, but {type(objective).__name__} lacks one "
            f"({owner}). Without an hvp use curvature.FiniteDifferenceOperator(objective, w), "
            "which needs gradients only."
        )


def python_products(objective, owner, name="hvp"):
    """Return multiply(w, V) by a method of an objective in Python, for V with one vector a row."""
    shape, method = tuple(objective.shape), getattr(objective, name)

    def multiply(w, V):
        # Copies: the method might write into its arguments.
        at = [(w.reshape(shape).copy(), v.reshape(shape).copy()) for v in V]
        products = [np.asarray(method(*arguments), dtype=float) for arguments in at]
        for product in products:
            if product.shape != shape:
                raise ValueError(
                    f"{name} must return shape {shape}, as w has, got {product.shape} ({owner})."
                )
            if not np.isfinite(product).all():
                raise ValueError(
                    f"{name} returned {product[~np.isfinite(product)][0]} ({owner}). Look for an "
                    "overflow or a division by zero at this w."
                )
        return np.stack(products).reshape(len(V), -1)

    return multiply


def same_twice(products, w, name, owner):
    """Refuse a function that gives two results for the same vector."""
    v = np.random.default_rng(0).normal(size=(1, len(w)))
    first, second = products(v), products(v.copy())
    if not np.array_equal(first, second):
        gap = np.abs(first - second).max() / max(np.abs(first).max(), 1e-300)
        raise ValueError(
            f"{name} must return the same numbers for the same arguments, got two results that "
            f"differ by {gap:.2g} relative to the largest ({owner}). Freeze the batch, the order "
            "of sums and the seed."
        )


def rounding(products, w):
    """Return the relative error of a function that should be linear: what A (u + v) - A u - A v is.

    Of float64 that is about 1e-16; of a function that computes in float32, or takes differences,
    more.
    """
    u, v = np.random.default_rng(1).normal(size=(2, 1, len(w)))
    parts = [products(u + v), products(u), products(v)]
    largest = max(np.abs(each).max() for each in parts) or 1.0
    whole, first, second = (each / largest for each in parts)
    size = np.linalg.norm(whole) + np.linalg.norm(first) + np.linalg.norm(second)
    return float(np.linalg.norm(whole - first - second) / max(size, 1e-300))


def asymmetry(operator, random_state=0):
    """Measure how far an operator is from symmetric.

    Parameters
    ----------
    operator : LinearOperator or array-like of shape (dim, dim)
    random_state : int, numpy.random.Generator or None, default=0
        Seed of the vectors.

    Returns
    -------
    float
        \\|u . A v - v . A u\\| relative to \\|u\\| \\|A v\\| + \\|v\\| \\|A u\\|, the largest over
        three pairs of random normal vectors. 0 for an operator of zeros.

    Raises
    ------
    ValueError
        For an operator that is not square.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import asymmetry
    >>> asymmetry(np.diag([1.0, 2.0])) < 1e-15, asymmetry(np.array([[1.0, 1.0], [0.0, 1.0]])) > 0.01
    (True, True)
    """
    from scipy.sparse.linalg import aslinearoperator

    A = aslinearoperator(np.asarray(operator) if isinstance(operator, list) else operator)
    if A.shape[0] != A.shape[1]:
        raise ValueError(f"operator must be square, got shape {A.shape} (asymmetry).")
    random = np.random.default_rng(random_state)
    U, V = random.normal(size=(2, A.shape[0], 3))
    AU, AV = (np.asarray(A @ block, dtype=np.float64) for block in (U, V))
    largest = max(np.abs(AU).max(), np.abs(AV).max()) or 1.0  # squares may overflow or vanish
    AU, AV = AU / largest, AV / largest
    gap = np.abs(np.sum(U * AV, axis=0) - np.sum(V * AU, axis=0))
    norm = [np.linalg.norm(block, axis=0) for block in (U, V, AU, AV)]
    size = norm[0] * norm[3] + norm[1] * norm[2]
    return float(np.max(gap / np.maximum(size, np.finfo(float).tiny)))


def measured_asymmetry(operator, name, limit, remedy):
    """Return the asymmetry of an operator from Python; warn where it is above a limit."""
    value = asymmetry(operator)
    if value > limit:
        warn(
            f"{name} is not symmetric: u . H v and v . H u differ by {value:.2g} relative to their "
            f"size ({type(operator).__name__}). Lanczos and CG assume symmetry. {remedy}",
            RuntimeWarning,
        )
    return value
