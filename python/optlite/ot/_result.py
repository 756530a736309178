"""What a solution of entropic transport is, and what can be asked of it."""

import dataclasses
import functools

import numpy as np

from ._gradients import point_gradients, pull_back


@dataclasses.dataclass(frozen=True, eq=False)
class TransportRecord:
    """Hold the state of a run at one iteration.

    Parameters
    ----------
    iteration : int
        0 is the starting point.
    reg : float
        Regularization of the stage that the run is in.
    value : float
        Dual value ``<a, f> + <b, g>``: a lower bound of the regularised minimum at this ``reg``.
    marginal_error : float
        Sum of the absolute differences between the marginals of the plan and a, b; or, where the
        step was small enough to be judged in single precision, an upper bound of it: above it by a
        fifth of the tolerance at most.
    step_size : float
        Share of the computed step that was taken.
    n_newton, n_evaluations, n_products : int
        Newton steps, times that all exponentials were taken, and conjugate-gradient iterations,
        since the start.
    seconds : float
        Time since the start.
    work : float
        What was computed since the start, counted, in passes over a plan in memory in single
        precision: the same on any machine. NaN from the twins.
    f, g : ndarray of float64, or None
        Potentials of the sources and the targets that have mass.
    """

    iteration: int
    reg: float
    value: float
    marginal_error: float
    step_size: float
    n_newton: int
    n_evaluations: int
    n_products: int
    seconds: float
    work: float = float("nan")
    f: np.ndarray | None = dataclasses.field(default=None, repr=False)
    g: np.ndarray | None = dataclasses.field(default=None, repr=False)


class TransportResult:
    """Hold the solution of an entropic transport problem, with bounds of its error.

    What costs a read of all costs is computed when it is first asked for.

    Attributes
    ----------
    plan : ndarray of shape (n_sources, n_targets)
        Mass that moves from each source to each target. Its rows sum to a up to rounding, its
        columns to b up to `marginal_error`. float32 if the costs are, else float64; entries are
        rounded to float32 one by one, so that its sums are off by 6e-8 of the mass more. Read-only,
        as other attributes are computed from it.
    potentials : tuple of ndarray
        ``(f, g)`` with ``plan = exp((f[:, None] + g - M) / reg)``, -inf where there is no mass.
        Determined up to a constant that is added to one and subtracted from the other. Always
        float64: the plan is sensitive to their last digits.
    value : float
        ``<a, f> + <b, g>``, the dual value: a lower bound of the minimum of
        ``<M, P> + reg * sum(P log P)``.
    gap : float
        Duality gap of the regularised problem: its objective at the rounded plan, less `value`.
    cost : float
        ``<M, plan>``.
    certificate : tuple of float
        ``(lower, upper)``, between which the cost of unregularised transport lies: a feasible
        value of the dual linear program, and the cost of the plan rounded to the marginals. The
        upper bound is infinite, and so is the gap, where rounding needs a forbidden link.
    marginal_error : float
        Sum of the absolute differences between the marginals of the plan, in float64, and a, b; or,
        where the last step was small enough to be judged in single precision, an upper bound of it:
        above it by a fifth of the tolerance at most.
    n_iter : int
        Iterations of any kind, over all stages.
    n_newton, n_cg : int
        Newton steps, and conjugate-gradient iterations in them.
    n_evaluations : int
        Times that all exponentials were taken.
    work : float
        All that the run computed, in passes over a plan in memory in single precision. It is
        counted, and so the same on any machine: what methods can be compared by.
    converged : bool
        Whether `marginal_error` is at most the tolerance.
    status : str
        How the run ended, in a word: "converged", "iteration_limit", "precision_limit" (rounding
        hides what is left), "not_finite", or "stopped" by the callback.
    reg : float
        Regularization of the problem.
    trace : tuple of TransportRecord, or None
        The iterations, if asked for.
    """

    def __init__(self, costs, a, b, reg, f, g, record, status, trace=None):
        self._costs, self.a, self.b, self.reg = costs, a, b, reg
        self._f, self._g = f, g
        self.value = float(record["value"])
        self.marginal_error = float(record["marginal_error"])
        self.n_iter = int(record["iteration"])
        self.n_newton = int(record["n_newton"])
        self.n_cg = int(record["n_products"])
        self.n_evaluations = int(record["n_evaluations"])
        self.work = float(record.get("work", np.nan))
        self.status = status
        self.converged = status == "converged"
        self.trace = trace

    def __repr__(self):
        """Say what was solved and how well."""
        n, m = self._costs.shape
        return (
            f"TransportResult({n} x {m}, reg={self.reg:g}, value={self.value:.6g}, "
            f"marginal_error={self.marginal_error:.2g}, n_iter={self.n_iter}, {self.status})"
        )

    @property
    def potentials(self):
        """Potentials of the sources and of the targets."""
        return _spread(self._f, self.a), _spread(self._g, self.b)

    @functools.cached_property
    def plan(self):
        """The plan as a matrix."""
        self._costs.refuse_change()
        cost = self._costs.make(self.a > 0.0, self.b > 0.0)
        write = cost.plan_float32 if self._costs.dtype == np.float32 else cost.plan
        kept = write(self.a[self.a > 0.0], self._f, self._g, self.reg)
        if kept.shape == self._costs.shape:
            return read_only(kept)
        plan = np.zeros(self._costs.shape, dtype=kept.dtype)
        plan[np.ix_(self.a > 0.0, self.b > 0.0)] = kept
        return read_only(plan)

    def gradient(self, of="value"):
        """Return the gradients of a number in the masses and the costs.

        Parameters
        ----------
        of : {"value", "cost"} or array-like of shape (n_sources, n_targets), default="value"
            "value" for the regularised minimum (envelope theorem: no system is solved), "cost" for
            ``<M, plan>``, or the gradient in the plan of another number (one system is solved).

        Returns
        -------
        gradient_a : ndarray of shape (n_sources,)
            Gradient in a, for changes that keep the sums of a and b equal: determined up to a
            constant, chosen so that its mean over the sources that have mass is zero. There is
            none (NaN) where there is no mass.
        gradient_b : ndarray of shape (n_targets,)
            The same in b.
        gradient_M : ndarray of shape (n_sources, n_targets)
            Gradient in the costs. float32 if they are, else float64; those in the masses, which
            are potentials or found like them, are float64.
        """
        keep_a, keep_b = self.a > 0.0, self.b > 0.0
        if isinstance(of, str) and of == "value":
            return _centre(self._f, keep_a), _centre(self._g, keep_b), self.plan.copy()
        if isinstance(of, str) and of != "cost":
            raise ValueError(f'of must be "value", "cost" or a gradient in the plan, got {of!r}.')
        if self.reg == 0.0:
            raise ValueError(
                'of must be "value" where reg = 0: the plan of exact transport jumps, so that it '
                "has no derivative. Solve with reg > 0."
            )
        self._costs.refuse_change()
        kept = np.ix_(keep_a, keep_b)
        upstream = np.asarray(self._costs.matrix() if isinstance(of, str) else of, dtype=np.float64)
        if upstream.shape != self._costs.shape:
            raise ValueError(
                f"of must have the shape of the plan, {self._costs.shape}, got {upstream.shape}."
            )
        plan = self.plan[kept].astype(np.float64)
        upstream = np.where(plan > 0.0, upstream[kept], 0.0)  # of forbidden links
        u, v, kept_M = pull_back(plan, self.reg, upstream)
        gradient_M = np.zeros(self._costs.shape, dtype=self._costs.dtype)
        gradient_M[kept] = kept_M + (self.plan[kept] if isinstance(of, str) else 0.0)
        return _centre(u, keep_a), _centre(v, keep_b), gradient_M

    def point_gradients(self, of="value"):
        """Return the gradients of a number in the positions X and Y, for a problem of points.

        Parameters
        ----------
        of : {"value", "cost"} or array-like of shape (n_sources, n_targets), default="value"
            As in :meth:`gradient`.

        Returns
        -------
        gradient_X : ndarray of shape (n_sources, n_dimensions)
            Gradient in X. Where a distance has no derivative (points that coincide, for
            "euclidean"; coordinates that do, for "cityblock"), that pair counts as zero.
        gradient_Y : ndarray of shape (n_targets, n_dimensions)
            The same in Y. Both are float32 where both clouds are.
        """
        value = isinstance(of, str) and of == "value"
        return point_gradients(self.plan if value else self.gradient(of)[2], self._costs)

    def plan_sparse(self, threshold=1e-12):
        """Return the entries of the plan above a threshold, as a SciPy array in CSR format.

        Parameters
        ----------
        threshold : float, >= 0, default=1e-12
            Entries at or below it are left out.
        """
        from scipy.sparse import csr_array

        plan = self.plan
        return csr_array(np.where(plan > threshold, plan, 0.0))

    @functools.cached_property
    def _bounds(self):
        self._costs.refuse_change()
        keep_a, keep_b = self.a > 0.0, self.b > 0.0
        cost = self._costs.make(keep_a, keep_b)
        return cost.bounds(self.a[keep_a], self.b[keep_b], self._f, self._g, self.reg)

    @property
    def cost(self):
        """Cost of the plan."""
        return self._bounds["cost"]

    @property
    def certificate(self):
        """Bounds of the cost of unregularised transport."""
        return self._bounds["lower"], self._bounds["upper"]

    @property
    def gap(self):
        """Duality gap of the regularised problem."""
        return float(np.maximum(0.0, self._bounds["regularized"] - self.value))


def read_only(array):
    """Return the array, which nothing can be written to any more."""
    array.flags.writeable = False
    return array


def _centre(values, keep):
    spread = np.full(keep.shape, np.nan)
    spread[keep] = values - values.mean()
    return spread


def _spread(kept, masses):
    values = np.full(masses.shape, -np.inf)
    values[masses > 0.0] = kept
    return values
