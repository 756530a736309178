"""Entropic optimal transport as a concave function of the target potentials, and its loop.

    minimise  <C, P> + reg sum P log P    subject to  P 1 = a,  P^T 1 = b

For given target potentials g, the source potentials f that make every row of

    P_ij = exp((f_i + g_j - C_ij) / reg)

sum to a_i are known in closed form. What is left is to maximise

    q(g) = <a, f(g)> + <b, g>,    grad q = b - P^T 1

(Cuturi and Peyre, Semidual regularized optimal transport, 2018). The twin of
``cpp/include/optlite/transport/problem.hpp`` and ``cpp/src/transport.cpp``.
"""

import math

import numpy as np


class Problem:
    """Evaluate q and multiply with its Hessian.

    Parameters
    ----------
    cost : ndarray of shape (n, m)
        Costs C of moving a unit of mass.
    a, b : ndarray of shape (n,) and (m,)
        Positive masses of the sources and targets, with equal sums.
    """

    def __init__(self, cost, a, b):
        self.cost, self.a, self.b = cost, a, b
        self.n_evaluations = self.n_products = 0

    def evaluate(self, g, reg, f=None, relaxation=1.0):
        """Return what is known at g: the largest exponent of a row is subtracted first.

        With a relaxation other than one, f goes that share of the way to the potentials that make
        the rows sum to a.
        """
        self.n_evaluations += 1
        z = (g - self.cost) / reg
        shift = z.max(axis=1)
        plan = np.exp(z - shift[:, None])
        sums = plan.sum(axis=1)
        plan *= (self.a / sums)[:, None]
        exact = reg * (np.log(self.a / sums) - shift)
        rest = 0.0 if relaxation == 1.0 else (1.0 - relaxation) * (f - exact)
        return Point(self, g, exact + rest, plan * np.exp(np.reshape(rest, (-1, 1)) / reg), reg)

    def schur_product(self, at, y):
        """Return S y, S = diag(P^T 1) - P^T diag(a)^-1 P: -reg times the Hessian of q."""
        self.n_products += 1
        return at.column_sums * y - at.plan.T @ (at.plan @ y / self.a)

    def schur_diagonal(self, at):
        """Return the diagonal of S."""
        return at.column_sums - (at.plan**2 / self.a[:, None]).sum(axis=0)

    def solve_schur(self, at, right):
        """Return the solution of S y = right whose last entry is zero.

        S is the Laplacian of the links W = P^T diag(a)^-1 P between columns.
        """
        return solve_laplacian(at.plan.T @ (at.plan / self.a[:, None]), right)

    def column_step(self, at):
        """Return the g that makes the columns sum to b; in logarithms where a sum underflowed."""
        lost = at.column_sums <= 1e-290
        g = at.g + at.reg * np.log(self.b / np.where(lost, 1.0, at.column_sums))
        z = (at.f[:, None] - self.cost[:, lost]) / at.reg
        shift = z.max(axis=0)
        g[lost] = at.reg * (np.log(self.b[lost] / np.exp(z - shift).sum(axis=0)) - shift)
        return g


def solve_laplacian(weights, right):
    """Return y with L y = right and y_last = 0; L_ij = -W_ij, L_ii = sum_j W_ij.

    Eliminating a node adds links between its neighbours, and each diagonal entry is a sum of links:
    nothing is subtracted, so that links of any size count (Grassmann, Taksar and Heyman,
    Regenerative analysis and steady state distributions for Markov chains, 1985). Where all links
    between two parts have underflowed, but the right side does not sum to zero on each, they move
    apart as if by a link of 1e-290.

    >>> solve_laplacian(np.array([[0.0, 1e-200], [1e-200, 0.0]]), np.array([1e-200, -1e-200]))
    array([1., 0.])
    """
    weights, right, m = weights.copy(), right.copy(), right.size
    total = np.abs(right).sum()
    degrees = np.zeros(m)
    for k in range(m - 1):
        links = weights[k, k + 1 :]
        degrees[k] = links.sum()
        if degrees[k] > 0.0:
            weights[k + 1 :, k + 1 :] += np.outer(links / degrees[k], links)
            right[k + 1 :] += links / degrees[k] * right[k]
    y = np.zeros(m)
    for k in range(m - 2, -1, -1):
        if degrees[k] <= 1e-25 * degrees.max() and abs(right[k]) <= 1e-4 * total:
            right[k] = 0.0  # rounding, over a weak link: a step that would drown all others
        if degrees[k] > 0.0:
            y[k] = (right[k] + weights[k, k + 1 :] @ y[k + 1 :]) / degrees[k]
        elif right[k] != 0.0:
            y[k] = right[k] / total / 1e-290
    return y


class Point:
    """Hold what is known at one vector of target potentials."""

    def __init__(self, problem, g, f, plan, reg):
        self.g, self.f, self.plan, self.reg = g, f, plan, reg
        self.column_sums, self.row_sums = plan.sum(axis=0), plan.sum(axis=1)
        self.value = problem.a @ f + problem.b @ g - reg * (self.row_sums.sum() - problem.a.sum())
        self.error = (
            np.abs(self.column_sums - problem.b).sum() + np.abs(self.row_sums - problem.a).sum()
        )


def last_stage(reg, scale, annealing):
    """Return the number of the last stage, from 0 on."""
    first = 0.1 * min(scale, np.finfo(float).max)
    if not (annealing > 1.0 and 10.0 * reg < first):
        return 0
    range_of_logs = math.log(first) - math.log(reg)  # their quotient might overflow
    return math.ceil(range_of_logs / math.log(annealing) - 1e-12)


def stages(reg, scale, annealing):
    """Yield regularizations from a tenth of the scale of the costs to reg, in equal ratios.

    >>> [round(stage, 6) for stage in stages(0.001, 1.0, 10.0)]
    [0.1, 0.01, 0.001]
    """
    first, count = 0.1 * min(scale, np.finfo(float).max), last_stage(reg, scale, annealing)
    for k in range(count):
        yield math.exp((1.0 - k / count) * math.log(first) + k / count * math.log(reg))
    yield reg


class TransportRun:
    """Run a method at a falling sequence of regularizations, one iteration at a time.

    Parameters
    ----------
    problem : Problem
        What to solve.
    method : object
        Iteration with ``start(problem, g, reg)`` and ``advance(problem, at, goal)``, which return a
        :class:`Point`.
    reg : float
        Regularization of the last stage.
    g : ndarray of shape (m,)
        Potentials to start from.
    tol : float
        Bound of the marginal error at the end.
    max_iter : int
        Limit of iterations.
    annealing : float
        Ratio of the regularizations of two stages, about; 1 for one stage.
    """

    stage_tolerance = 1e-3

    def __init__(self, problem, method, reg, g, tol=1e-9, max_iter=1000, annealing=4.0):
        self.problem, self.method = problem, method
        self.tol, self.max_iter = tol, max_iter
        finite = problem.cost[np.isfinite(problem.cost)]
        scale = (finite / finite.size).sum() - finite.min()
        self.last_stage = last_stage(reg, scale, annealing)
        self.stages = stages(reg, scale, annealing)
        self.reg = reg
        self.solved = []
        self.iteration = self.n_newton = 0
        self.status = "running"
        self.trying = self.last_stage > 0 and getattr(method, "tries_without_stages", False)
        self.start, self.before = g, [(0, np.inf)] * 2
        self.at = method.start(problem, g, reg if self.trying else next(self.stages))

    def advance(self):
        """Do one iteration; False once the run has ended."""
        last = self.at.reg == self.reg
        mass = self.problem.b.sum()
        goal = self.tol if last else max(self.tol, self.stage_tolerance * mass)
        if self.status == "running" and last and self.at.error <= goal:
            self.status = "converged"
        if self.status == "running" and self.iteration >= self.max_iter:
            self.status = "iteration_limit"
        if self.status != "running":
            return False
        if self.at.error <= goal:
            self._next_stage()
        elif self.trying and not self._promises(goal):
            self._begin_stages()
        else:
            self.before = [self.before[1], (self._passes(), self.at.error)]
            better, self.at = self.method.advance(self.problem, self.at, goal)
            self.n_newton += self.method.was_newton
            if not better and self.trying and self.at.error > goal:
                self._begin_stages()
            elif not better and last and self.at.error > goal:
                self.status = "precision_limit"
            elif not better and not last:
                self._next_stage()
        self.iteration += 1
        return True

    def settle(self):
        """After an early end, go to the last regularization with the potentials there are."""
        if self.status != "converged":
            self.at = self.problem.evaluate(self.at.g, self.reg)

    def _promises(self, goal):
        """Whether iterations like the last two lead to the goal for less than stages cost at least.

        These take an evaluation each, which is worth four passes over a plan in memory, and three
        sweeps, of a pass each, as are the products of Newton's steps.
        """
        if self.iteration < 2:
            return True
        passes, error = self.before[0]
        left, spent = 7 * self.last_stage - self._passes(), self._passes() - passes
        return spent * np.log(self.at.error / goal) <= left * np.log(error / self.at.error)

    def _passes(self):
        return self.iteration + self.problem.n_products

    def _begin_stages(self):
        self.trying = False
        self.at = self.method.start(self.problem, self.start, next(self.stages))

    def _next_stage(self):
        """Start from potentials extrapolated linearly in the regularization."""
        self.solved.append((self.at.reg, self.at.g))
        (one, g_one), (two, g_two) = self.solved[-2:] if len(self.solved) > 1 else [(1, 0)] * 2
        reg, g = next(self.stages), self.at.g
        if len(self.solved) > 1:
            g = g_two + (reg - two) / (two - one) * (g_two - g_one)
        self.at = self.method.start(self.problem, g, reg)

    @property
    def record(self):
        """What an iteration reports, under the names of the compiled run."""
        return {
            "iteration": self.iteration,
            "reg": self.at.reg,
            "value": self.at.value,
            "marginal_error": self.at.error,
            "step_size": self.method.step,
            "n_newton": self.n_newton,
            "n_evaluations": self.problem.n_evaluations,
            "n_products": self.problem.n_products,
        }
