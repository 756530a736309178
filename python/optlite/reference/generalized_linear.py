"""A loss, a data matrix and a penalty, made one objective.

F(w, b) = (1/S) sum_i s_i l(w . x_i + b, y_i) + alpha sum_j h(w_j),   S = sum_i s_i

The intercept b is never penalised. With K outputs, w and b have K columns, and the variables are
laid out output by output: the features of the first, its intercept, the features of the second...

As in cpp/include/optlite/problems/generalized_linear.hpp, without its scaling of variables.
"""

import dataclasses

import numpy as np

from . import load


@dataclasses.dataclass
class Point:
    """A place in the search space and what is known there."""

    x: np.ndarray
    value: float
    gradient: np.ndarray
    margins: np.ndarray  # (n, K)
    precision: float = np.finfo(float).eps  # of the numbers that the value was computed with


class GeneralizedLinear:
    """Evaluate F, its gradient and its Hessian.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    y : ndarray of shape (n,)
    loss, penalty : str
        Names of twins.
    alpha : float
        Strength of the penalty.
    weight : ndarray of shape (n,), or None for ones
    intercept : bool
    outputs : int
        K, the number of margins per sample.
    **fields
        Hyper-parameters of the loss.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.reference.generalized_linear import GeneralizedLinear
    >>> f = GeneralizedLinear(np.eye(2), np.array([1.0, 3.0]), "least_squares")
    >>> point = f.evaluate(np.zeros(2))
    >>> float(point.value), point.gradient
    (2.5, array([-0.5, -1.5]))
    """

    def __init__(
        self,
        X,
        y,
        loss,
        penalty="squared_l2",
        alpha=0.0,
        weight=None,
        intercept=False,
        outputs=1,
        **fields,
    ):
        self.X, self.y = X, y
        self.loss, self.penalty_name = load("objectives", loss), penalty
        self.penalty = load("penalties", penalty)
        self.alpha, self.intercept, self.outputs, self.fields = alpha, intercept, outputs, fields
        self.share = (np.ones(len(y)) if weight is None else weight) / (
            len(y) if weight is None else weight.sum()
        )  # s_i / S
        self.dimension = (X.shape[1] + intercept) * outputs
        self.passes = 0
        self._moments = None

    def evaluate(self, x):
        """Return the point with value, gradient and margins."""
        w, b = self._split(x)
        self.passes += 1
        return self._at(x, self.X @ w.T + b)

    def line_value(self, a, b, t):
        """Return F at a.x + t (b.x - a.x), from the margins of both."""
        margins = (1.0 - t) * a.margins + t * b.margins
        w, _ = self._split(a.x + t * (b.x - a.x))
        return self.share @ self._loss("value", margins) + self._penalty(w)

    def move_on_line(self, a, b, t):
        """Return the point a.x + t (b.x - a.x), from the margins of both."""
        self.passes += 1
        return self._at(a.x + t * (b.x - a.x), (1.0 - t) * a.margins + t * b.margins)

    def hessian_product(self, at, V):
        """Return H V for rows V of shape (m, dimension)."""
        w, _ = self._split(at.x)
        S = self._weighted_second(at.margins)
        self.passes += 1
        rows = []
        for v in V:
            vw, vb = self._split(v)
            U = np.einsum("nab,nb->na", S, self.X @ vw.T + vb)
            rows.append(self._join(U.T @ self.X + self._curvature(w) * vw, U.sum(axis=0)))
        return np.array(rows)

    def hessian(self, at):
        """Return the Hessian, shape (dimension, dimension)."""
        w, _ = self._split(at.x)
        S = self._weighted_second(at.margins)
        Z = np.hstack([self.X, np.ones((len(self.X), 1))]) if self.intercept else self.X
        blocks = [
            [Z.T @ (S[:, a, b, None] * Z) for b in range(self.outputs)] for a in range(self.outputs)
        ]
        self.passes += self.outputs * (self.outputs + 1) // 2
        return np.block(blocks) + np.diag(self._join(self._curvature(w), np.zeros(self.outputs)))

    def fill_null_space(self, H):
        """Return H with curvature along u = (e_j, ..., e_j) wherever u . H u vanishes.

        Softmax probabilities stay the same when a coordinate moves alike in all K outputs. The
        gradient has no part along u, so H p = -g keeps its solution.
        """
        K, size = self.outputs, H.shape[0] // self.outputs
        if K == 1:
            return H
        own = np.einsum("ajbj->jab", H.reshape(K, size, K, size))
        trace = np.trace(own, axis1=1, axis2=2)
        flat = np.abs(own.sum(axis=(1, 2))) <= 1e-13 * trace
        return H + np.kron(np.ones((K, K)), np.diag(np.where(flat, trace, 0.0) / K**2))

    def hessian_diagonal(self, at):
        """Estimate the diagonal of H: mean curvature of each output times second moments of X.

        Exact where curvature and columns are uncorrelated; good enough to precondition.
        """
        w, _ = self._split(at.x)
        mean = np.diag(self._weighted_second(at.margins).sum(axis=0))
        squares = mean[:, None] * self._second_moments()
        return self._join(squares + self._curvature(w), mean)

    def certificate(self, at):
        """Bound F - minimum by the duality gap, for the penalty squared_l2 with alpha > 0.

        With the dual point made from the residuals r_i = s_i l'(z_i) / S the gap is exactly
        ||dF/dw||^2 / (2 alpha), provided the residuals sum to zero. If they sum to g != 0, moving
        the intercept by -C^+ g makes them so (C: mean curvature); that lowers F by about nu / 2,
        nu = g . C^+ g, and changes dF/dw by at most sqrt(kappa T nu) (kappa: curvature bound, T:
        mean of ||x||^2).
        """
        if not self._has_gap():
            return np.inf
        if self.intercept:
            return self._gap_of_intercepts(at, self._inverse_mean_curvature(at))
        gw, _ = self._split(at.gradient)
        return np.linalg.norm(gw) ** 2 / (2.0 * self.alpha)

    def closer_certificate(self, at, known, enough):
        """From a bound above `enough` to the one through better intercepts, if that may help.

        What F falls by on the way to b - C^+ g, and the gap that is left there: Cauchy's inequality
        is far too wide where only the intercepts are not optimal. The curvature there is at least
        exp(-c m) of that at hand (c: self-concordance of the loss, m: largest entry of the move).
        """
        gw, g = self._split(at.gradient)
        is_hopeless = np.linalg.norm(gw) ** 2 > 2.0 * self.alpha * enough
        if is_hopeless or not self.intercept or not self._has_gap():
            return known
        inverse = self._inverse_mean_curvature(at)
        shift = inverse @ g
        move = np.max(np.abs(shift))
        concordance = self.loss.self_concordance
        if not move < 0.1 or np.isinf(concordance):
            return known
        there = self.evaluate(at.x - self._join(np.zeros_like(gw), shift))
        gap = np.exp(concordance * move) * self._gap_of_intercepts(there, inverse)
        return min(known, max(0.0, at.value - there.value) + gap)

    def _has_gap(self):
        return self.alpha > 0.0 and self.penalty_name == "squared_l2"

    def _inverse_mean_curvature(self, at):
        """Return C^+; shifting all classes alike changes nothing."""
        values, vectors = np.linalg.eigh(self._weighted_second(at.margins).sum(axis=0))
        kept = values > 1e-13 * values.max()
        return (vectors[:, kept] / values[kept]) @ vectors[:, kept].T

    def _gap_of_intercepts(self, at, inverse):
        gw, g = self._split(at.gradient)
        shift = inverse @ g
        nu = g @ shift
        move = np.max(np.abs(shift))
        kappa = self.loss.curvature_bound(**self.fields)
        concordance = self.loss.self_concordance
        if not move < 0.1 or np.isinf(kappa) or np.isinf(concordance):
            return np.inf
        total = np.linalg.norm(gw) + np.sqrt(kappa * self._second_moments().sum() * nu)
        return np.exp(concordance * move) * (total**2 / (2.0 * self.alpha) + 0.5 * nu)

    is_convex = True

    def scale(self, at):
        """What the tolerance of the certificate is relative to."""
        return abs(at.value)

    def stationarity(self, at):
        """Infinite: the certificate ends runs."""
        return np.inf

    def lipschitz(self):
        """Return curvature bound times the largest eigenvalue of Z^T diag(s) Z / S, plus alpha."""
        Z = np.hstack([self.X, np.ones((len(self.X), 1))]) if self.intercept else self.X
        largest = np.linalg.norm(np.sqrt(self.share)[:, None] * Z, 2) ** 2
        return self.loss.curvature_bound(**self.fields) * largest + self.alpha

    def _at(self, x, margins):
        w, _ = self._split(x)
        # An infinite value is an answer: the line search then shortens the step.
        with np.errstate(over="ignore", invalid="ignore"):
            value = self.share @ self._loss("value", margins) + self._penalty(w)
            R = self.share[:, None] * self._loss("first", margins).reshape(margins.shape)
            slope = self.alpha * self.penalty.first(w) if self.alpha else 0.0
            gradient = self._join(R.T @ self.X + slope, R.sum(axis=0))
        return Point(x, value, gradient, margins)

    def _loss(self, name, margins):
        """Call value, first or second; a loss of one margin gets it as a vector."""
        z = margins if self.outputs > 1 else margins[:, 0]
        return getattr(self.loss, name)(z, self.y, **self.fields)

    def _weighted_second(self, margins):
        """Return s_i / S times the K x K second derivative of each sample."""
        shape = (len(self.y), self.outputs, self.outputs)
        return self.share[:, None, None] * self._loss("second", margins).reshape(shape)

    def _penalty(self, w):
        return self.alpha * self.penalty.value(w).sum() if self.alpha else 0.0

    def _curvature(self, w):
        return self.alpha * self.penalty.second(w) if self.alpha else np.zeros_like(w)

    def _second_moments(self):
        """Return the weighted mean of x_j^2 for each column; X is read for it once."""
        if self._moments is None:
            self._moments = self.share @ self.X**2
            self.passes += 1
        return self._moments

    def _split(self, x):
        """Return w of shape (K, d) and b of shape (K,)."""
        rows = x.reshape(self.outputs, -1)
        if self.intercept:
            return rows[:, :-1], rows[:, -1]
        return rows, np.zeros(self.outputs)

    def _join(self, w, b):
        """Undo _split."""
        return (np.hstack([w, b[:, None]]) if self.intercept else w).ravel()
