"""The barycenter of histograms for entropic transport, on given points.

    minimise over x   sum_k w_k min { <C, P> + reg sum P log P : P 1 = a_k, P^T 1 = x }

The dual maximises sum_k w_k <a_k, f_k(g_k)> over potentials with sum_k w_k g_k = 0, where f_k makes
the rows of P_k = exp((f_k + g_k - C) / reg) sum to a_k. At the optimum all plans have the same
column sums, x. A scaling takes their geometric mean for x (Benamou, Carlier, Cuturi, Nenna and
Peyre, Iterative Bregman projections for regularized transportation problems, 2015);
Newton's steps solve with the blocks diag(P_k^T 1) - P_k^T diag(a_k)^-1 P_k under the constraint.

Without the bias of entropy, half of the transport from x to itself is subtracted: then
sum_k w_k g_k = h, where exp((h_i + h_j - C_ij) / reg) has the sums x (Janati, Cuturi and Gramfort,
Debiased Sinkhorn barycenters, 2020, algorithm 1). The twin of
``cpp/include/optlite/drivers/barycenter.hpp``.
"""

import numpy as np

from .conjugate_gradients import conjugate_gradients
from .relaxed_transport import log_sum_exp
from .staged_run import StagedRun


class Point:
    """Hold what is known at potentials g, one column a histogram, and h, the last column."""

    mass = 1.0

    def __init__(self, run, g, reg):
        self.g, self.reg, self.own = g, reg, g[:, -1]
        self.shares, self.f, sums = [], [], []
        for k, (cost, a) in enumerate(zip(run.costs, run.masses, strict=True)):
            z = (g[:, k] - cost) / reg
            logs = log_sum_exp(z, axis=1)
            self.shares.append(np.exp(z - logs[:, None]))
            self.f.append(reg * (np.log(a) - logs))
            sums.append(self.shares[k].T @ a)
        self.sums = np.stack(sums, axis=1)
        self.mean = self.sums @ run.weights
        self.value = sum(
            w * (a @ f) for w, a, f in zip(run.weights, run.masses, self.f, strict=True)
        )
        self.error = np.abs(self.sums - self.mean[:, None]).sum(axis=0) @ run.weights
        if run.debiased:
            own_sums = np.exp((self.own - soft_minima(self.own, run.cost, reg)) / reg)
            self.error += np.abs(own_sums - self.mean).sum()

    @property
    def barycenter(self):
        """The weighted mean of the column sums of all plans."""
        return self.mean

    @property
    def potentials(self):
        """Potentials, one row a histogram."""
        return self.g[:, :-1].T


def soft_minima(g, cost, reg):
    """Return -reg log sum_j exp((g_j - C_ij) / reg)."""
    return -reg * log_sum_exp((g - cost) / reg, axis=1)


class BarycenterRun(StagedRun):
    """Scalings, and Newton's steps under the constraint.

    Parameters
    ----------
    cost : ndarray of shape (n, m)
        Costs of moving a unit of mass from a point of the histograms to one of the barycenter.
    histograms : ndarray of shape (n, k)
        Masses >= 0; columns sum to one.
    weights : ndarray of shape (k,)
        Positive weights that sum to one.
    debiased : bool
        Whether to subtract the transport of the barycenter to itself; then there are no Newton
        steps.
    reg, newton, tol, max_iter, annealing
        As of :class:`~optlite.reference.staged_run.StagedRun`.
    """

    most_products, forcing = 1000, 0.01
    stage_tolerance = 1e-5  # points with little mass, hardly seen here, matter at the next stage

    def __init__(
        self,
        cost,
        histograms,
        weights,
        reg,
        newton,
        debiased,
        tol=1e-9,
        max_iter=1000,
        annealing=1.5,
    ):
        super().__init__(cost, reg, newton and not debiased, tol, max_iter, annealing)
        self.weights, self.debiased = weights, debiased
        self.costs = [cost[a > 0.0] for a in histograms.T]
        self.masses = [a[a > 0.0] for a in histograms.T]
        self.start(np.zeros((cost.shape[1], len(weights) + 1)), next(self.stages))

    def point(self, g, reg):
        """Return the point at potentials g and h."""
        self.n_evaluations += 1
        return Point(self, g, reg)

    def sweep(self, at):
        """Column sums of all plans become their geometric mean, times exp(h / reg)."""
        logs = [
            log_sum_exp((f[:, None] - cost) / at.reg, axis=0)
            for f, cost in zip(at.f, self.costs, strict=True)
        ]
        logs, own = np.stack(logs, axis=1), at.own
        log_mean = own / at.reg + logs @ self.weights
        for _ in range(10 if self.debiased else 0):
            own = 0.5 * (own + at.reg * log_mean + soft_minima(own, self.cost, at.reg))
        return self.point(np.column_stack([at.reg * (log_mean[:, None] - logs), own]), at.reg)

    def along(self, at, step, d):
        """Return the slope up to a step along d, and the point there."""
        slope = -step * ((at.sums * d).sum(axis=0) @ self.weights)
        g = at.g + step * np.column_stack([d, np.zeros(len(d))])
        return slope, self.point(g, at.reg)

    def direction(self, at, goal):
        """Return the Newton direction, whose weighted sum over the histograms is zero."""
        w, plans = self.weights, list(zip(at.shares, self.masses, strict=True))
        residual = at.mean[:, None] - at.sums
        squares = np.stack([s.T**2 @ a for s, a in plans], axis=1)
        diagonal = np.maximum(np.maximum(at.sums - squares, 1e-12 * at.sums), 1e-300)

        def size(r):  # without the part that the constraint takes up
            return np.abs(r - (r @ w)[:, None]).sum(axis=0) @ w

        def constrained(r):
            mu = ((r / diagonal) @ w) / ((1.0 / diagonal) @ w)
            z = (r - mu[:, None]) / diagonal
            # Where one is very small, mu is nearly r_k: the constraint gives the difference.
            rows, smallest = np.arange(len(z)), diagonal.argmin(axis=1)
            z[rows, smallest] -= (z @ w) / w[smallest]
            return z

        def dot(x, y):
            return (x * y).sum(axis=0) @ w

        start = size(residual)
        enough = start * self.enough(at, start, goal)

        def product(p):
            self.n_products += 1
            links = [s.T @ (a * (s @ p[:, k])) for k, (s, a) in enumerate(plans)]
            return at.sums * p - np.stack(links, axis=1)

        d, _ = conjugate_gradients(
            residual,
            self.most_products,
            product,
            constrained,
            lambda r: not size(r) > enough,
            dot,
        )
        return self.shortened(at, at.reg * d)

    def first_step(self, at, d):
        """Return all of the direction, which is short enough."""
        return 1.0

    def shortened(self, at, d):
        """Return the direction, cut where points that hardly get any mass ask for long moves.

        Constants that plans do not show, and whose weighted sum is zero, are removed first.
        """
        means = (at.sums * d).sum(axis=0)
        d = d - (means - means @ self.weights)
        with np.errstate(divide="ignore"):
            factors = np.minimum(1.0, self.longest_move * at.reg / np.abs(d).max(axis=1))
        return d * factors[:, None]
