"""Solutions of transport problems whose sums are relaxed, and what can be asked of them."""

import functools

import numpy as np

from ._gradients import point_gradients
from ._result import read_only


class RelaxedResult:
    """Hold what solutions of unbalanced and of partial problems have in common.

    Parameters
    ----------
    costs : MatrixCosts or PointCosts
        Costs of the problem.
    a, b : ndarray
        Masses.
    reg : float
        Regularization.
    state : dict
        What the run left: potentials and sums between the atoms that have mass, record, bounds.
    status : str
        How the run ended.
    trace : tuple of TransportRecord, or None
        The iterations, if asked for.
    """

    def __init__(self, costs, a, b, reg, state, status, trace):
        self._costs, self.a, self.b, self.reg, self._state = costs, a, b, reg, state
        record, bounds = state["record"], state["bounds"]
        self.value = float(record["value"])
        self.gap = float(np.maximum(0.0, bounds["regularized"] - self.value))
        self.cost = bounds["cost"]
        self.certificate = bounds["lower"], bounds["upper"]
        self.marginal_error = float(record["marginal_error"])
        self.n_iter = int(record["iteration"])
        self.n_newton = int(record["n_newton"])
        self.n_cg = int(record["n_products"])
        self.n_evaluations = int(record["n_evaluations"])
        self.status, self.converged, self.trace = status, status == "converged", trace

    def __repr__(self):
        """Say what was solved and how well."""
        n, m = self._costs.shape
        return (
            f"{type(self).__name__}({n} x {m}, reg={self.reg:g}, value={self.value:.6g}, "
            f"gap={self.gap:.2g}, n_iter={self.n_iter}, {self.status})"
        )

    @property
    def relative_gap(self):
        """The gap as a share of the value; of the cost, where that is larger."""
        scale = max(abs(self.value), abs(self.cost))
        return self.gap / scale if scale > 0.0 else self.gap

    @property
    def mass(self):
        """Mass of the plan."""
        return float(self._state["row_sums"].sum())

    @property
    def marginals(self):
        """Sums of the rows and of the columns of the plan."""
        return (
            _spread(self._state["row_sums"], self.a, 0.0),
            _spread(self._state["column_sums"], self.b, 0.0),
        )

    @functools.cached_property
    def plan(self):
        """The plan as a matrix."""
        self._costs.refuse_change()
        keep_a, keep_b = self.a > 0.0, self.b > 0.0
        cost = self._costs.make(keep_a, keep_b)
        write = cost.plan_float32 if self._costs.dtype == np.float32 else cost.plan
        plan = np.zeros(self._costs.shape, dtype=self._costs.dtype)
        plan[np.ix_(keep_a, keep_b)] = write(self._state["row_sums"], *self._exponents(), self.reg)
        return read_only(plan)

    def point_gradients(self):
        """Return the gradients of the minimum in the positions X and Y, for a problem of points.

        Returns
        -------
        gradient_X : ndarray of shape (n_sources, n_dimensions)
            Gradient in X. Where a distance has no derivative (points that coincide, for
            "euclidean"; coordinates that do, for "cityblock"), that pair counts as zero.
        gradient_Y : ndarray of shape (n_targets, n_dimensions)
            The same in Y.
        """
        return point_gradients(self.plan, self._costs)

    def _exponents(self):
        """Potentials f, g with ``plan = exp((f + g - M) / reg)``, where there is mass."""
        raise NotImplementedError


class UnbalancedResult(RelaxedResult):
    """Hold the solution of an unbalanced transport problem, with bounds of its error.

    Attributes
    ----------
    plan : ndarray of shape (n_sources, n_targets)
        Mass that moves from each source to each target. float32 if the costs are, else float64.
        Read-only.
    potentials : tuple of ndarray
        ``(f, g)`` with ``plan = R * exp((f[:, None] + g - M) / reg)``, R the reference; at the
        optimum the rows sum to ``a * exp(-f / reg_m)``. -inf where there is no mass. float64.
    marginals : tuple of ndarray
        Sums of the rows and of the columns of the plan.
    mass : float
        Mass of the plan.
    value : float
        Dual value: a lower bound of the objective.
    gap : float
        Objective of the plan, less `value`: the duality gap. It bounds how far either is from the
        minimum. (With one infinite `reg_m`, of the plan whose sums on that side are made exact.)
    relative_gap : float
        The gap over the larger of the absolute values of `value` and `cost`.
    cost : float
        ``<M, plan>``.
    certificate : tuple of float
        ``(lower, upper)``, between which lies the minimum of ``<M, P> + reg_m * KL(...)`` without
        regularization.
    marginal_error : float
        Sum of the absolute differences between the sums of the plan and those that the potentials
        ask for.
    n_iter, n_newton, n_cg, n_evaluations : int
        Iterations of any kind, Newton steps, conjugate-gradient iterations in them, and times that
        all exponentials were taken.
    converged : bool
        Whether `marginal_error` is at most the tolerance.
    status : str
        How the run ended, as of :class:`TransportResult`.
    reg : float
        Regularization of the problem.
    reg_m : tuple of float
        Penalties of the two sides.
    reg_type : str
        "kl" or "entropy".
    trace : tuple of TransportRecord, or None
        The iterations, if asked for. Their potentials leave out the constant, added to f and taken
        from g, that trades mass: the plan does not depend on it.
    """

    def __init__(self, costs, a, b, reg, reg_m, reg_type, state, status, trace=None):
        super().__init__(costs, a, b, reg, state, status, trace)
        self.reg_m, self.reg_type = reg_m, reg_type

    @property
    def potentials(self):
        """Potentials of the sources and of the targets, relative to the reference."""
        constant = self._state["multiplier"]
        return (
            _spread(self._state["f"] + constant, self.a, -np.inf),
            _spread(self._state["g"] - constant, self.b, -np.inf),
        )

    def _exponents(self):
        # Without the constant, which does not matter to the plan and may be large.
        f, g = self._state["f"], self._state["g"]
        if self.reg_type == "kl":
            f = f + self.reg * np.log(self.a[self.a > 0.0])
            g = g + self.reg * np.log(self.b[self.b > 0.0])
        return f, g

    def gradient(self):
        """Return the gradients of the minimum in the masses and the costs.

        By the envelope theorem: those of the objective with the plan held fixed.

        Returns
        -------
        gradient_a : ndarray of shape (n_sources,)
            Gradient in a; NaN where there is no mass. Where both `reg_m` are infinite, for changes
            that keep the sums of a and b equal, with mean zero.
        gradient_b : ndarray of shape (n_targets,)
            The same in b.
        gradient_M : ndarray of shape (n_sources, n_targets)
            Gradient in the costs: the plan.
        """
        masses, names = (self.a, self.b), ("row_sums", "column_sums")
        sides = zip(masses, masses[::-1], self.potentials, names, self.reg_m, strict=True)
        gradients = []
        for own, other, potential, sums, rho in sides:
            u, kept = potential[own > 0.0], own[own > 0.0]
            gradient = u if rho == np.inf else -rho * np.expm1(-u / rho)
            if self.reg_type == "kl":
                gradient = gradient + self.reg * (other.sum() - self._state[sums] / kept)
            if min(self.reg_m) == np.inf:
                gradient = gradient - gradient.mean()
            gradients.append(_spread(gradient, own, np.nan))
        return *gradients, self.plan.copy()


class PartialResult(RelaxedResult):
    """Hold the solution of a partial transport problem, with bounds of its error.

    Attributes
    ----------
    plan : ndarray of shape (n_sources, n_targets)
        Mass that moves from each source to each target. float32 if the costs are, else float64.
        Its rows are within a, and it has the mass asked for, up to rounding; its columns are within
        b up to `marginal_error`. Read-only.
    potentials : tuple of ndarray
        ``(f, g)``, none of them positive, zero where a source or target is not used up, with
        ``plan = exp((f[:, None] + g + multiplier - M) / reg)``. -inf where there is no mass.
        float64.
    multiplier : float
        Potential of the total mass: what a link must cost less than, about, to be used.
    marginals : tuple of ndarray
        Sums of the rows and of the columns of the plan.
    mass : float
        Mass of the plan.
    value : float
        Dual value: a lower bound of the minimum of ``<M, P> + reg * sum(P log P)``.
    gap : float
        That objective, at the plan changed so that it keeps all bounds exactly, less `value`.
    relative_gap : float
        The gap over the larger of the absolute values of `value` and `cost`.
    cost : float
        ``<M, plan>``.
    certificate : tuple of float
        ``(lower, upper)``, between which the cost of partial transport without regularization lies.
        The upper bound is infinite, and so is the gap, where missing mass needs a forbidden link.
    marginal_error : float
        Mass by which the columns miss their optimality conditions.
    n_iter, n_newton, n_cg, n_evaluations : int
        Iterations of any kind, Newton steps, conjugate-gradient iterations in them, and times that
        all exponentials were taken.
    converged : bool
        Whether `marginal_error` is at most the tolerance.
    status : str
        How the run ended, as of :class:`TransportResult`.
    reg : float
        Regularization of the problem.
    trace : tuple of TransportRecord, or None
        The iterations, if asked for.
    """

    def __init__(self, costs, a, b, reg, state, status, trace=None):
        super().__init__(costs, a, b, reg, state, status, trace)
        self.multiplier = state["multiplier"]

    @property
    def potentials(self):
        """Potentials of the caps of the sources and of the targets."""
        return (
            _spread(self._state["f"], self.a, -np.inf),
            _spread(self._state["g"], self.b, -np.inf),
        )

    def _exponents(self):
        return self._state["f"] + self.multiplier, self._state["g"]

    def gradient(self):
        """Return the gradients of the minimum in the masses, the costs and the mass moved.

        Returns
        -------
        gradient_a : ndarray of shape (n_sources,)
            Gradient in a: the potentials of the caps. NaN where there is no mass.
        gradient_b : ndarray of shape (n_targets,)
            The same in b.
        gradient_M : ndarray of shape (n_sources, n_targets)
            Gradient in the costs: the plan.
        gradient_mass : float
            Derivative in the mass that is moved: ``multiplier + reg``.
        """
        return (
            _spread(self._state["f"], self.a, np.nan),
            _spread(self._state["g"], self.b, np.nan),
            self.plan.copy(),
            self.multiplier + self.reg,
        )


def _spread(kept, masses, fill):
    values = np.full(masses.shape, fill)
    values[masses > 0.0] = kept
    return values
