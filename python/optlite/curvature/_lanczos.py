"""Lanczos' method, step by step or as a whole."""

import functools

import numpy as np

from .. import _params
from .._core import core
from ..reference import lanczos as twin
from ._operand import Operand, UnitProducts, choice, generator, integer, tridiagonal_eigen

_WAYS = ("full", "selective", "none")


class LanczosResult:
    """Hold what some steps of Lanczos' method have found.

    With Q the basis and T the tridiagonal matrix of `alphas` and `betas`,
    ``A @ Q = Q @ T`` but for the last column, which differs by ``betas[-1]`` times the next vector.

    Attributes
    ----------
    alphas : ndarray of shape (n_steps,)
        Diagonal of T.
    betas : ndarray of shape (n_steps,)
        Entries beside the diagonal, and last the norm of the remainder.
    basis : ndarray of shape (dim, n_steps)
        Q, one vector a column.
    next_vector : ndarray of shape (dim,)
        The vector that the next step would multiply; zeros after a breakdown.
    ritz_values : ndarray of shape (n_steps,)
        Eigenvalues of T, in rising order.
    ritz_vectors : ndarray of shape (dim, n_steps)
        Q times the eigenvectors of T, of length one.
    residual_bounds : ndarray of shape (n_steps,)
        For each Ritz value: some eigenvalue of a symmetric A is no farther away. That is
        ``betas[-1] * abs(s[-1])`` for the eigenvector s of T, over the length of Q s, and an
        allowance for rounding; with "selective" also what late corrections took from the vectors,
        which the Ritz values do not feel.
    weights : ndarray of shape (n_steps,)
        Squares of the first entries of the eigenvectors of T: with the Ritz values they are Gauss'
        quadrature for the spectrum as the start vector sees it.
    breakdown : bool
        Whether the basis spans an invariant subspace: the Ritz values are then eigenvalues.
    reorthogonalized : ndarray of int
        The steps, from 0, whose vectors were made orthogonal to all before.
    asymmetry : float
        How far the operator was seen to be from symmetric, relative to its largest product: T and
        all that comes of it are those of a symmetric one. "none" and "selective" see neighbours in
        T alone.
    n_products : int
        Products with the operator.
    """

    def __init__(self, multiply, steps):
        operand, unit = multiply.operand, multiply.unit
        self.alphas = np.array([step.alpha for step in steps]) * unit
        self.betas = np.array([step.beta for step in steps]) * unit
        self._rows = steps[-1].basis
        self.n_products = operand.n_products
        self.reorthogonalized = np.flatnonzero([step.reorthogonalized for step in steps])
        self.breakdown = bool(self.betas[-1] == 0.0)
        self._dtype, self._precision = operand.dtype, operand.precision
        self._removed = np.linalg.norm([step.removed for step in steps]) * unit
        self.asymmetry = max(operand.asymmetry or 0.0, *(step.asymmetry for step in steps))

    @property
    def basis(self):
        """The basis, one vector a column."""
        return self._rows[:-1].T.astype(self._dtype, copy=False)

    @property
    def next_vector(self):
        """The vector that the next step would multiply."""
        return self._rows[-1].astype(self._dtype)

    @functools.cached_property
    def _ritz(self):
        return tridiagonal_eigen(self.alphas, self.betas)

    @property
    def ritz_values(self):
        """Eigenvalues of T, in rising order."""
        return self._ritz[0]

    @property
    def weights(self):
        """Weights of Gauss' quadrature."""
        return self._ritz[1][:, 0] ** 2

    @functools.cached_property
    def _lengths_and_vectors(self):
        vectors = core.product(self._ritz[1], np.ascontiguousarray(self._rows[:-1]))
        return np.linalg.norm(vectors, axis=1), vectors

    @property
    def ritz_vectors(self):
        """Ritz vectors, one a column."""
        lengths, vectors = self._lengths_and_vectors
        return (vectors / lengths[:, None]).T.astype(self._dtype, copy=False)

    @functools.cached_property
    def residual_bounds(self):
        """Distance of each Ritz value to some eigenvalue, at most."""
        size = max(np.abs(self.alphas).max(), self.betas.max())
        # Of products, sums and a remainder that counted as zero.
        rounding = 16.0 * self._precision * (1.0 + np.sqrt(self._rows.shape[1])) * size
        left = self.betas[-1] * np.abs(self._ritz[1][:, -1])
        return (left + rounding + self._removed) / self._lengths_and_vectors[0]

    def __repr__(self):
        """Say how many steps there were and where the Ritz values lie."""
        low, high = self.ritz_values[[0, -1]]
        end = ", breakdown" if self.breakdown else ""
        return f"LanczosResult({len(self.alphas)} steps, Ritz values {low:.4g} to {high:.4g}{end})"


def lanczos(
    operator,
    n_steps,
    v0=None,
    reorthogonalize="full",
    *,
    breakdown="stop",
    dim=None,
    random_state=0,
    engine="core",
):
    r"""Make a symmetric operator tridiagonal, one product with a vector a step.

    Parameters
    ----------
    operator : array, sparse matrix, LinearOperator or callable
        Symmetric. A function takes a vector and returns one of the same length.
    n_steps : int, >= 1
        Steps; fewer are taken if the basis spans an invariant subspace before.
    v0 : array-like of shape (dim,), default=None
        Where to start, not zero; a random vector when None.
    reorthogonalize : {"full", "selective", "none"}, default="full"
        How new vectors are kept orthogonal to old ones. "full" takes every old part out of each new
        vector, twice; "selective" does so when an estimate of the loss exceeds
        :math:`\sqrt\varepsilon` [2]_; "none" never does: Ritz values that have converged then come
        again, as ghosts.
    breakdown : {"stop", "restart"}, default="stop"
        What to do when the basis spans an invariant subspace: end, or go on from a random vector,
        as all eigenvalues or copies of a multiple one need.
    dim : int, default=None
        Length of the vectors; needed for a function without ``shape``.
    random_state : int, numpy.random.Generator or None, default=0
        Seed of random vectors.
    engine : {"core", "numpy"}, default="core"
        Who makes the vectors orthogonal: the compiled core or the twin
        ``optlite.reference.lanczos``.

    Returns
    -------
    LanczosResult

    Raises
    ------
    ValueError
        For an operator that is not square or returns NaN or a wrong shape, and a v0 that is zero,
        not finite or of a wrong length.

    Warns
    -----
    RuntimeWarning
        If the operator is not symmetric.

    See Also
    --------
    lanczos_steps : The same, one step at a time.
    eigsh : Some eigenpairs to a tolerance.

    References
    ----------
    .. [1] Lanczos, An iteration method for the solution of the eigenvalue problem of linear
       differential and integral operators, 1950.
    .. [2] Simon, The Lanczos algorithm with partial reorthogonalization, 1984.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import lanczos
    >>> result = lanczos(np.diag([1.0, 2.0, 5.0]), 3, v0=np.ones(3))
    >>> result.ritz_values
    array([1., 2., 5.])
    >>> lanczos(np.diag([1.0, 2.0, 2.0]), 3, v0=np.ones(3)).breakdown
    True
    """
    multiply, run = _run(
        "lanczos", operator, n_steps, v0, reorthogonalize, breakdown, dim, random_state, engine
    )
    steps = list(run)
    _report(multiply.operand, steps)
    return LanczosResult(multiply, steps)


def lanczos_steps(
    operator,
    n_steps,
    v0=None,
    reorthogonalize="full",
    *,
    breakdown="stop",
    dim=None,
    random_state=0,
    engine="core",
):
    """Yield what Lanczos' method has found after each step.

    Parameters
    ----------
    operator, n_steps, v0, reorthogonalize, breakdown, dim, random_state, engine
        As of :func:`lanczos`.

    Yields
    ------
    LanczosResult
        Of the steps so far. What it can tell is computed when it is asked for.

    Raises
    ------
    TypeError, ValueError
        As :func:`lanczos`; at the call, or in the step in which an operator returns NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import lanczos_steps
    >>> for found in lanczos_steps(np.diag([1.0, 2.0, 5.0]), 3, v0=np.ones(3)):
    ...     print(found.ritz_values.round(3))
    [2.667]
    [1.357 4.873]
    [1. 2. 5.]
    """
    multiply, run = _run(
        "lanczos_steps",
        operator,
        n_steps,
        v0,
        reorthogonalize,
        breakdown,
        dim,
        random_state,
        engine,
    )
    return _results(multiply, run)


def _results(multiply, run):
    steps, reported = [], False
    for step in run:
        steps.append(step)
        reported = reported or _report(multiply.operand, steps)
        yield LanczosResult(multiply, list(steps))


def _report(operand, steps):
    """Warn of a product that is not that of a symmetric operator; return whether one is."""
    seen = max(step.asymmetry for step in steps)
    return operand.report_asymmetry(seen, np.sqrt(operand.precision))


def _run(owner, operator, n_steps, v0, reorthogonalize, breakdown, dim, random_state, engine):
    operand = Operand(operator, dim, owner)
    n_steps = integer(n_steps, "n_steps", 1, owner)
    choice(reorthogonalize, "reorthogonalize", _WAYS, owner)
    choice(breakdown, "breakdown", ("stop", "restart"), owner)
    choice(engine, "engine", ("core", "numpy"), owner)
    random = generator(random_state, owner)
    start = random.standard_normal(operand.dim) if v0 is None else start_vector(v0, operand, owner)
    if reorthogonalize == "full":
        n_steps = min(n_steps, operand.dim)
    restart = functools.partial(random.standard_normal, operand.dim)
    multiply = UnitProducts(operand)
    run = twin.steps(
        multiply,
        start,
        n_steps,
        reorthogonalize,
        core.extend_basis if engine == "core" else twin.extend_basis,
        restart if breakdown == "restart" else None,
    )
    return multiply, run


def start_vector(v0, operand, owner):
    """Return v0 as a vector of float64 that is not zero."""
    v0 = np.array(_params.real_array(v0, "v0", owner), dtype=np.float64)
    if v0.shape != (operand.dim,):
        raise ValueError(f"v0 must have shape ({operand.dim},), got {v0.shape} ({owner}).")
    if not np.isfinite(v0).all() or not v0.any():
        raise ValueError(f"v0 must be finite and not zero ({owner}).")
    return v0 / np.abs(v0).max()  # its square neither overflows nor vanishes
