"""The largest eigenvalue of the Hessian, followed along a run of training."""

import dataclasses
import math

import numpy as np

from .. import _params
from .._core import core
from ..reference.block_lanczos import Projection
from ._eigsh import _rounding, eigsh
from ._operand import Operand, UnitProducts, generator, integer, symmetric_eigen
from ._operators import CurvatureOperator, HessianOperator
from ._operators_preconditioned import PreconditionedOperator
from ._stability import _PRECONDITIONED, _known_rule, adam_preconditioner, stability_threshold

#: Steps of block Lanczos at least: fewer would believe a start that has missed an eigenvalue.
_LEAST_STEPS = 3


@dataclasses.dataclass(frozen=True, eq=False)
class SharpnessRecord:
    """Hold the curvature at one point of a run.

    Attributes
    ----------
    iteration : int
        Where in the run.
    sharpness : float
        The largest eigenvalue.
    residual_bound : float
        Some eigenvalue is no farther from `sharpness` than this.
    eigenvalues : ndarray of shape (k,)
        The k largest, in rising order.
    converged : bool
        Whether the residuals reached the tolerance.
    n_products : int
        Hessian products that it took.
    objective : float
        Value of the objective, where the run has told it; NaN otherwise.
    gradient_share : float
        Share of the squared norm of the gradient along the k eigenvectors; NaN where the gradient
        is not known or the Hessian is preconditioned.
    """

    iteration: int
    sharpness: float
    residual_bound: float
    eigenvalues: np.ndarray
    converged: bool
    n_products: int
    objective: float = math.nan
    gradient_share: float = math.nan


class SharpnessTracker:
    r"""Follow the largest eigenvalues of the Hessian along a run.

    Each measurement starts from the eigenvectors of the last one: along a run of training the
    Hessian changes slowly, and a few products are enough.

    Parameters
    ----------
    objective : object of optlite.objectives
        What is minimised; with ``hvp``.
    k : int, >= 1, default=1
        Number of eigenvalues.
    rule : Rule, default=None
        The update rule of the run: it gives the `threshold`. Of Adam and RMSprop the eigenvalues
        are those of the Hessian preconditioned by the state of the rule.
    every : int, >= 1, default=1
        Measure at iterations that it divides.
    tol : float in (0, 1), default=1e-3
        Largest residual, relative to the largest eigenvalue in size.
    operator : callable, default=None
        ``operator(objective, w)`` returns the operator to take eigenvalues of; None is
        :class:`HessianOperator`. :class:`GaussNewtonOperator`, for example, or
        :class:`FiniteDifferenceOperator` for an objective without ``hvp``.
    max_products : int, default=300
        Limit of products of a measurement; one that has not converged then says so.
    random_state : int, numpy.random.Generator or None, default=0
        Seed of random vectors.

    Attributes
    ----------
    records : list of SharpnessRecord
        What was measured so far.
    threshold : float or None
        :func:`stability_threshold` of the rule.
    eigenvectors : ndarray of shape (dim, k) or None
        Of the last measurement, in the order of its eigenvalues.

    Raises
    ------
    TypeError
        For an operator that cannot be called, and what :func:`stability_threshold` refuses.
    ValueError
        For k outside of [1, dim] and numbers out of range; also what the operator raises, as for
        NaN.

    See Also
    --------
    sharpness : At one point.
    optlite.display.StabilityDisplay : A picture of it.

    Notes
    -----
    Block Lanczos: the block holds the last k + 1 Ritz vectors and a random one. The additional
    ones notice an eigenvalue that overtakes the others. At least three steps are made, 3 (k + 2)
    products.

    Examples
    --------
    As a callback, or around the steps of a run:

    >>> import numpy as np
    >>> from optlite import curvature, objectives, optim
    >>> f = objectives.MLP(np.linspace(-1, 1, 20)[:, None], np.linspace(-1, 1, 20) ** 2, hidden=8)
    >>> rule = optim.SGD(learning_rate=0.05)
    >>> tracker = curvature.SharpnessTracker(f, rule=rule, every=10)
    >>> for record in tracker.follow(optim.steps(f, f.init(0), rule, max_iter=40)):
    ...     pass
    >>> tracker.iterations
    array([ 0, 10, 20, 30, 40])
    >>> bool(np.all(tracker.sharpness < tracker.threshold))
    True
    """

    def __init__(
        self,
        objective,
        k=1,
        *,
        rule=None,
        every=1,
        tol=1e-3,
        operator=None,
        max_products=300,
        random_state=0,
    ):
        owner = "SharpnessTracker"
        self.objective = objective
        self.k = integer(k, "k", 1, owner, getattr(objective, "dim", None))
        self.every = integer(every, "every", 1, owner)
        self.tol = _params.real_number(tol, "tol", owner)
        if not 0.0 < self.tol < 1.0:
            raise ValueError(f"tol must be in (0, 1), got {tol} ({owner}).")
        if operator is not None and not callable(operator):
            raise TypeError(f"operator must be callable or None, got {operator!r} ({owner}).")
        self.operator = HessianOperator if operator is None else operator
        self.max_products = integer(max_products, "max_products", 1, owner)
        self.rule = None if rule is None else _known_rule(rule, {}, owner)
        self.threshold = None if rule is None else stability_threshold(self.rule)
        self._random = generator(random_state, owner)
        self._start = None
        self.records, self.eigenvectors = [], None

    # --- along a run ------------------------------------------------------------------------------

    def __call__(self, record):
        """Measure at the point of a :class:`~optlite.trace.Record`, if its turn has come.

        Where a run has diverged there is nothing to measure.
        """
        if record.iteration % self.every or not _is_finite(record):
            return
        diagonal = None
        if self.rule is not None and self.rule.name in _PRECONDITIONED:
            if record.iteration == 0:
                return  # no squared gradient is known yet
            diagonal = self._diagonal(record)
        self.measure(
            record.x,
            iteration=record.iteration,
            objective=record.objective,
            gradient=record.gradient,
            diagonal=diagonal,
        )

    def follow(self, run):
        """Pass the records of a run on, measuring on the way.

        Parameters
        ----------
        run : iterable of Record
            Such as :func:`optlite.optim.steps`.

        Yields
        ------
        optlite.trace.Record
        """
        for record in run:
            self(record)
            yield record

    def measure(self, w, *, iteration=None, objective=math.nan, gradient=None, diagonal=None):
        """Measure at a point.

        Parameters
        ----------
        w : array-like
            The point, shaped as the objective's variables or flat.
        iteration : int, default=None
            Its place in the run; None counts the measurements.
        objective : float, default=nan
            Value there, to be kept with the record.
        gradient : array-like, default=None
            Gradient there, for `gradient_share`.
        diagonal : array-like, default=None
            Diagonal preconditioner: see :class:`PreconditionedOperator`.

        Returns
        -------
        SharpnessRecord
            Also the last of `records`.
        """
        operator = self.operator(self.objective, np.ravel(w))
        if diagonal is not None:
            if not isinstance(operator, CurvatureOperator):
                raise TypeError(
                    f"operator must return a CurvatureOperator for a preconditioner, got "
                    f"{type(operator).__name__} (SharpnessTracker)."
                )
            operator = PreconditionedOperator(operator, diagonal)
        operand = Operand(operator, None, "SharpnessTracker")
        values, vectors, bounds, converged = self._pairs(operand)
        self.eigenvectors = vectors.T
        share = math.nan
        if gradient is not None and diagonal is None:
            share = share_in(vectors, np.ravel(gradient))
        found = SharpnessRecord(
            iteration=len(self.records) if iteration is None else int(iteration),
            sharpness=float(values[-1]),
            residual_bound=float(bounds[-1]),
            eigenvalues=values,
            converged=converged,
            n_products=operand.n_products,
            objective=float(objective),
            gradient_share=share,
        )
        self.records.append(found)
        return found

    def _diagonal(self, record):
        hyper = self.rule.hyperparameters()
        if self.rule.name == "adam":
            given = {name: hyper[name] for name in ("beta1", "beta2", "eps")}
            return adam_preconditioner(record.state["v"], record.iteration, **given)
        return np.sqrt(record.state["s"]) + hyper["eps"]

    # --- eigenpairs -------------------------------------------------------------------------------

    def _pairs(self, operand):
        """Values in rising order, vectors in rows, bounds, and whether they are small."""
        k, width = self.k, self.k + 2
        if operand.dim < 6 * width:  # the basis would be the whole space
            found = eigsh(operand.operator, k, "LA", method="dense")
            operand.n_products = found.n_products
            vectors = np.array(found.eigenvectors.T, dtype=float)
            return np.array(found.eigenvalues, float), vectors, found.residual_bounds, True
        multiply = UnitProducts(operand)
        most = min(max(20, 5 * width), operand.dim - width)
        fresh = self._fresh(operand.dim)
        start = np.array([fresh() for _ in range(width)])
        if self._start is not None and self._start.shape[1] == operand.dim:
            start[: len(self._start)] = self._start
        projection = Projection(
            multiply, start, most, fresh, core.extend_basis, core.product, symmetric_eigen
        )
        for step in range(1, self.max_products + 1):
            projection.advance()
            values, vectors, residuals = projection.ritz()
            done = (residuals[-k:] <= self.tol * projection.norm).all()
            spent = operand.n_products + projection.width > self.max_products
            if step >= _LEAST_STEPS and (done or spent):
                break
            if projection.size + projection.width > most:
                projection.restart(values[-width:], vectors[-width:])
        kept = np.ascontiguousarray(vectors[-(k + 1) :])
        rows = projection.combine(kept, projection.Q[: projection.size])
        self._start = rows
        operand.report_asymmetry(projection.asymmetry, math.sqrt(operand.precision))
        bounds = (residuals[-k:] + _rounding(operand) * projection.norm) * multiply.unit
        return values[-k:] * multiply.unit, rows[-k:], bounds, bool(done)

    def _fresh(self, dim):
        return lambda: self._random.standard_normal(dim)

    # --- as columns -------------------------------------------------------------------------------

    @property
    def iterations(self):
        """Iterations that were measured, ndarray of int."""
        return np.array([each.iteration for each in self.records], dtype=np.int64)

    @property
    def sharpness(self):
        """The largest eigenvalue of each measurement, ndarray."""
        return np.array([each.sharpness for each in self.records])

    @property
    def residual_bounds(self):
        """Bound of each, ndarray."""
        return np.array([each.residual_bound for each in self.records])

    @property
    def n_products(self):
        """Hessian products of all measurements."""
        return sum(each.n_products for each in self.records)

    def __repr__(self):
        """Say how many points were measured, and the last value."""
        last = f", last {self.records[-1].sharpness:.4g}" if self.records else ""
        return f"SharpnessTracker({self.objective!r}, {len(self.records)} records{last})"


def sharpness(objective, w, k=1, *, tol=1e-3, operator=None, max_products=300, random_state=0):
    """Return the largest eigenvalue of the Hessian at a point.

    Parameters
    ----------
    objective : object of optlite.objectives
        With ``hvp``.
    w : array-like
        The point, shaped as the objective's variables or flat.
    k : int, >= 1, default=1
        Number of eigenvalues.
    tol, operator, max_products, random_state
        As of :class:`SharpnessTracker`, which follows it along a run.

    Returns
    -------
    SharpnessRecord

    Raises
    ------
    TypeError, ValueError
        As :class:`SharpnessTracker`.

    Examples
    --------
    >>> from optlite.curvature import sharpness
    >>> from optlite.objectives import Quadratic
    >>> round(sharpness(Quadratic([1.0, 5.0]), [0.0, 0.0]).sharpness, 6)
    5.0
    """
    tracker = SharpnessTracker(
        objective,
        k,
        tol=tol,
        operator=operator,
        max_products=max_products,
        random_state=random_state,
    )
    return tracker.measure(w)


def _is_finite(record):
    """Whether a run has not diverged."""
    arrays = (record.objective, record.x, record.gradient)
    return all(np.isfinite(each).all() for each in arrays if each is not None)


def share_in(rows, gradient):
    """Share of the squared norm of a gradient along orthonormal rows; NaN for a gradient of 0."""
    size = float(np.abs(gradient).max(initial=0.0))
    if not 0.0 < size < math.inf:
        return math.nan
    unit = np.asarray(gradient, dtype=float) / size
    return float(np.sum((rows @ unit) ** 2) / (unit @ unit))
