"""Entropic transport whose plan need not have the sums a and b: penalties, or caps and a mass.

The plan is P_ij = exp((f_i + g_j - C_ij) / reg). For given target potentials g, a row is p_i times
shares that are known,

    s_ij = exp((g_j - C_ij + T_i) / reg),    T_i = -reg log sum_j exp((g_j - C_ij) / reg),

and the best sums p, with the one number that trades mass against potentials, have a closed form.
What is left is a concave function of g. The twin of ``cpp/include/optlite/transport/relaxed.hpp``
and ``cpp/include/optlite/drivers/relaxed_transport.hpp``.
"""

import numpy as np

from .conjugate_gradients import conjugate_gradients
from .staged_run import StagedRun
from .transport import solve_laplacian


def log_sum_exp(z, axis=None):
    """Return log sum exp(z), where the largest exponent is subtracted first."""
    largest = z.max(axis=axis, keepdims=True)
    total = np.log(np.exp(z - largest).sum(axis=axis, keepdims=True)) + largest
    return total.squeeze(axis) if axis is not None else total.item()


class SoftMarginals:
    """Sums that may deviate at a price.

    minimise <C, P> + reg KL(P | R) + rho_a KL(P 1 | a) + rho_b KL(P^T 1 | b), where R is a b^T
    (``product=True``) or ones. At the optimum P 1 = a exp(-f / rho_a), and so for b.

    Adding a constant to f that is taken from g does not change the plan. The best constant is known
    in closed form, for given g together with f (Sejourne, Vialard and Peyre, Faster unbalanced
    optimal transport: translation invariant Sinkhorn and 1-D Frank-Wolfe, 2022): with the mass that
    the rows then have equal to the one that the columns ask for,

        log p_i = (rho_a log a_i + [reg log a_i] - T_i - c) / (rho_a + reg),
        c = (log sum_i p_i(c = 0) - log sum_j b_j exp(-g_j / rho_b))
            / (1 / (rho_a + reg) + 1 / rho_b).

    Potentials here are those of the whole exponent; relative ones are less reg log a, reg log b.
    The constant c is kept apart, as a multiplier: it may be so large that it would take their
    digits.
    """

    def __init__(self, a, b, rho_a, rho_b, product):
        self.a, self.b, self.rho_a, self.rho_b, self.product = a, b, rho_a, rho_b, product
        self.reference_mass = a.sum() * b.sum() if product else float(a.size * b.size)

    def relative(self, at):
        """Return the potentials relative to R, without the constant."""
        if not self.product:
            return at.f, at.g
        return at.f - at.reg * np.log(self.a), at.g - at.reg * np.log(self.b)

    def fit_rows(self, T, at):
        """Set f, the constant and the row sums that are best for g."""
        g = at.g - at.reg * np.log(self.b) if self.product else at.g
        other = log_sum_exp(_log_response(self.b, g, self.rho_b))
        logs, at.multiplier = self._fit(T, self.a, self.rho_a, at.reg, other, self.rho_b)
        at.f, at.row_sums = at.reg * logs + T, np.exp(logs)

    def fit_columns(self, logs, at):
        """Return the best g, given log sum_i exp((f_i - C_ij) / reg)."""
        f, _ = self.relative(at)
        other = log_sum_exp(_log_response(self.a, f, self.rho_a))
        sums, _ = self._fit(-at.reg * logs, self.b, self.rho_b, at.reg, other, self.rho_a)
        return at.reg * (sums - logs)

    def _fit(self, T, a, rho, reg, other, other_rho):
        logs, share = np.log(a), 1.0 / (rho + reg)
        if rho < np.inf:
            logs = share * ((rho + reg if self.product else rho) * logs - T)
        constant = (log_sum_exp(logs) - other) / (share + 1.0 / other_rho)
        return logs - share * constant, constant

    def judge(self, at):
        """Set gradient, value and error."""
        f, g = self.relative(at)
        f, g = f + at.multiplier, g - at.multiplier
        at.gradient = np.exp(_log_response(self.b, g, self.rho_b)) - at.column_sums
        at.value = (
            _dual_term(self.a, f, self.rho_a)
            + _dual_term(self.b, g, self.rho_b)
            - at.reg * (at.row_sums.sum() - self.reference_mass)
        )
        at.error = np.abs(at.gradient).sum()

    def curvature(self, at):
        """Return the matrix of a Newton step."""
        k = 1.0 if self.rho_a == np.inf else self.rho_a / (self.rho_a + at.reg)
        own = at.reg / self.rho_b * (at.gradient + at.column_sums)
        excess = at.reg / (self.rho_a + at.reg) * at.column_sums + own
        free = np.full(at.g.shape, np.nan)
        return Curvature(k * at.row_sums, at.column_sums + own, excess, None, 1.0, free)

    @staticmethod
    def project(g):
        """Return g: all potentials are allowed."""
        return g


def _log_response(a, u, rho):
    return np.log(a) - u / rho


def _dual_term(a, u, rho):
    return a @ u if rho == np.inf else -rho * (a @ np.expm1(-u / rho))


class CappedMarginals:
    """Sums of at most a and b, and a given mass.

    minimise <C, P> + reg sum P log P over P 1 <= a, P^T 1 <= b, sum P = mass (Benamou, Carlier,
    Cuturi, Nenna and Peyre, Iterative Bregman projections for regularized transportation problems,
    2015). Potentials f, g <= 0 belong to the caps, a multiplier t to the mass; here f is
    their sum f + t. A half step fits the caps of one side and the mass together.
    """

    def __init__(self, a, b, mass):
        self.a, self.b, self.mass = a, b, mass

    def fit_rows(self, T, at):
        """Set f, t and the row sums min(a, exp((t - T) / reg)) that are best for g."""
        t = at.multiplier = capped_level(T, np.log(self.a), self.mass, at.reg)
        free = (t - T) / at.reg
        capped = free >= np.log(self.a)
        at.row_sums = np.where(capped, self.a, np.exp(np.where(capped, 0.0, free)))
        at.f = np.where(capped, at.reg * np.log(self.a) + T, t)

    def fit_columns(self, logs, at):
        """Return the best g, given log sum_i exp((f_i - C_ij) / reg)."""
        T = -at.reg * logs
        t = capped_level(T, np.log(self.b), self.mass, at.reg)
        return np.minimum(0.0, T + at.reg * np.log(self.b) - t)

    def judge(self, at):
        """Set gradient, value and error.

        A column below its cap is in order where its potential is zero. Its room counts by how far
        the potential is from that: reg times the sum of these is about what the dual value lacks.
        """
        at.gradient = self.b - at.column_sums
        f = np.minimum(0.0, at.f - at.multiplier)
        at.value = self.a @ f + self.b @ at.g + self.mass * at.multiplier
        share = np.where(at.gradient < 0.0, -1.0, -np.expm1(at.g / at.reg))
        at.error = share @ at.gradient

    def curvature(self, at):
        """Return the matrix of a Newton step: rows below their caps count as one, of joint mass."""
        capped = at.row_sums >= self.a
        free = np.where(capped, 0.0, at.row_sums)
        group = at.shares.T @ free if free.sum() > 0.0 else None
        with np.errstate(divide="ignore"):
            reached = at.g + at.reg * np.log(self.b / at.column_sums) >= 0.0
        held = np.where((at.gradient > 0.0) & reached, -at.g, np.nan)
        weights, zero = np.where(capped, at.row_sums, 0.0), np.zeros(at.g.shape)
        return Curvature(weights, at.column_sums, zero, group, free.sum(), held)

    @staticmethod
    def project(g):
        """Return the nearest potentials that are allowed."""
        return np.minimum(g, 0.0)


def capped_level(T, log_caps, mass, reg):
    """Return t with sum min(cap, exp((t - T) / reg)) = mass.

    >>> level = capped_level(np.zeros(2), np.log([0.1, 1.0]), 0.4, 1.0)
    >>> np.minimum([0.1, 1.0], np.exp(level)).round(12)
    array([0.1, 0.3])
    """
    breaks = T + reg * log_caps
    order = np.argsort(breaks, kind="stable")
    rest = np.logaddexp.accumulate(-T[order][::-1] / reg)[::-1]
    left = mass  # what those that are not at their caps send
    for k, i in enumerate(order):
        level = reg * (np.log(max(left, 1e-300)) - rest[k])
        if level <= breaks[i]:
            return level if left > 0.0 or k == 0 else breaks[order[k - 1]]
        left -= np.exp(log_caps[i])
    return breaks[order[-1]]


class Curvature:
    """Hold diag(diagonal) - sum_i w_i s_i s_i^T - group group^T / mass, on columns not held."""

    def __init__(self, weights, diagonal, excess, group, group_mass, held):
        self.weights, self.diagonal, self.excess = weights, diagonal, excess
        self.group, self.group_mass, self.held = group, group_mass, held
        self.free = np.isnan(held)

    def apply(self, at, y):
        """Return the product with y."""
        out = self.diagonal * y - at.shares.T @ (self.weights * (at.shares @ y))
        if self.group is not None:
            out = out - self.group * ((self.group @ y) / self.group_mass)
        return out

    def jacobi(self, at):
        """Return the diagonal."""
        diagonal = self.diagonal - at.shares.T**2 @ self.weights
        if self.group is not None:
            diagonal = diagonal - self.group**2 / self.group_mass
        return np.maximum(np.maximum(diagonal, 1e-12 * self.diagonal), 1e-300)

    def eliminate(self, at, right):
        """Return the solution on the free columns, without a subtraction.

        The matrix is that of links between free columns, with links to a ground whose potential is
        zero: the columns that are held, and what penalties add.
        """
        links = at.shares.T @ (self.weights[:, None] * at.shares)
        if self.group is not None:
            links = links + np.outer(self.group, self.group) / self.group_mass
        count = self.free.sum()
        graph = np.zeros((count + 1, count + 1))
        graph[:count, :count] = links[np.ix_(self.free, self.free)]
        graph[:count, count] = self.excess[self.free] + links[self.free][:, ~self.free].sum(axis=1)
        sources = np.append(right[self.free], -right[self.free].sum())
        y = np.zeros_like(right)
        y[self.free] = solve_laplacian(graph, sources)[:count]
        return y


class Point:
    """Hold what is known at one vector of target potentials."""

    multiplier = 0.0

    def __init__(self, cost, marginals, g, reg):
        self.g, self.reg = g, reg
        z = (g - cost) / reg
        logs = log_sum_exp(z, axis=1)
        self.shares = np.exp(z - logs[:, None])
        marginals.fit_rows(-reg * logs, self)
        self.column_sums = self.shares.T @ self.row_sums
        self.mass = self.row_sums.sum()
        marginals.judge(self)


class RelaxedTransportRun(StagedRun):
    """Newton's method on the target potentials, some of which a bound may hold.

    Parameters
    ----------
    cost : ndarray of shape (n, m)
        Costs C of moving a unit of mass.
    marginals : SoftMarginals or CappedMarginals
        How sums may deviate.
    reg, newton, tol, max_iter, annealing
        As of :class:`~optlite.reference.staged_run.StagedRun`.
    """

    first_patience, most_products, direct_limit = 500, 10_000, 3000

    def __init__(self, cost, marginals, reg, newton=True, tol=1e-9, max_iter=1000, annealing=4.0):
        super().__init__(cost, reg, newton, tol, max_iter, annealing)
        self.marginals = marginals
        self.start(np.zeros(cost.shape[1]), next(self.stages))

    def start(self, g, reg):
        """Evaluate the start of a stage."""
        self.cut_off, self.patience = False, self.first_patience
        super().start(g, reg)

    def point(self, g, reg):
        """Return the point at the nearest potentials that are allowed."""
        self.n_evaluations += 1
        return Point(self.cost, self.marginals, self.marginals.project(g), reg)

    def sweep(self, at):
        """Return the point after a half step of each side."""
        if at.column_sums.min() > 1e-290:
            logs = np.log(at.column_sums) - at.g / at.reg
        else:
            logs = log_sum_exp((at.f[:, None] - self.cost) / at.reg, axis=0)
        return self.point(self.marginals.fit_columns(logs, at), at.reg)

    def along(self, at, step, d):
        """Return the slope up to a step along d, and the point there."""
        g = self.marginals.project(at.g + step * d)
        return at.gradient @ (g - at.g), self.point(g, at.reg)

    def direction(self, at, goal):
        """Return reg S^-1 gradient on the free columns; the others move to their bounds."""
        curve = self.marginals.curvature(at)
        held = np.where(curve.free, 0.0, curve.held)
        right = at.gradient
        if held.any():
            right = right - curve.apply(at, held) / at.reg
            self.n_products += 1
        right = np.where(curve.free, right, 0.0)
        start = np.abs(right).sum()
        if start == 0.0:
            return held
        # Where they take long, elimination is cheaper, and good for any condition.
        small = right.size <= self.direct_limit
        limit = min(self.first_patience, max(50, right.size // 8)) if small else self.patience
        enough = start * self.enough(at, start, goal)
        diagonal = curve.jacobi(at)

        def product(p):
            self.n_products += 1
            return np.where(curve.free, curve.apply(at, p), 0.0)

        y, solved = conjugate_gradients(
            right, limit, product, lambda r: r / diagonal, lambda r: not np.abs(r).sum() > enough
        )
        self.cut_off = not small and not solved
        if small and not solved:
            exact = curve.eliminate(at, right)
            y = exact if np.isfinite(exact).all() else y
        return at.reg * y + held

    def _climb(self, d):
        """Go along d; where its system was cut off and brings little, the next one gets more."""
        before = self.at.error
        found = super()._climb(d)
        if self.cut_off and self.at.error > 0.5 * before:
            self.patience = min(2 * self.patience, self.most_products)
        return found
