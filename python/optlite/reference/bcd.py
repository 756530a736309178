"""Block coordinate descent for F(x) = f(x) + g(x).

    choose a block b;  compute d;  x_b <- x_b + d

f is smooth, with its gradient at hand; g has kinks and bounds, or is none.

The twin of ``cpp/src/block_descent.cpp``.

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022, algorithm 1.
"""

import functools

import numpy as np

from . import bcd_graphs, bcd_newton

EPSILON = np.finfo(np.float64).eps
MOST_REFRESHES = 20
LARGEST_SUPPORT = 2000


class BlockDescent:
    """Run block coordinate descent, one block at a time.

    Parameters
    ----------
    f, g : object
        Of ``bcd_problems`` and ``bcd_terms``.
    x : ndarray
        The start.
    block_size : int
        Size of the blocks where there is no partition.
    blocks : list of ndarray, or None
        The partition.
    forest : bool
        Whether the graph of a block must have no cycle, where there is no partition.
    selection, update : object
        Twins of a block selection and a block update.
    seed, tolerance, strong_convexity, max_iterations, stride, anderson, final_phase, reference
        As in the compiled run.
    """

    def __init__(
        self,
        f,
        g,
        x,
        block_size,
        blocks,
        forest,
        selection,
        update,
        seed,
        tolerance,
        strong_convexity,
        max_iterations,
        stride=1,
        anderson=0,
        final_phase=False,
        reference=-np.inf,
    ):
        self.f, self.g, self.x, self.forest = f, g, x.copy(), forest
        self.block_size, self.blocks, self.seed = block_size, blocks, seed
        self.selection, self.update = selection, update
        self.tolerance, self.mu, self.max_iterations = tolerance, strong_convexity, max_iterations
        self.stride, self.anderson, self.final_phase = stride, anderson, final_phase
        self.everything = np.arange(len(x))
        self.iteration = self.refreshes = self.identified = 0
        self.score = self.step_norm = 0.0
        self.block = np.zeros(0, dtype=np.int64)
        self.status = "running"
        self.passes = []
        n_blocks = -(-len(x) // block_size) if blocks is None else len(blocks)
        self.pass_length = n_blocks
        self.patience = self.next_phase = 2 * n_blocks
        self.scale = float(np.linalg.norm(f.gradient(np.zeros_like(x))))
        self.refresh()
        self.scale = self.scale or self.gradient_norm
        self.first = max(self.objective, reference)

    def refresh(self):
        """Compute gradient and value from x alone, free of the rounding of earlier moves."""
        self.gradient = self.f.gradient(self.x)
        self.smooth_value = self.f.value(self.x)

    @property
    def objective(self):
        """F at x."""
        return float(self.smooth_value + self.g.value(self.everything, self.x))

    @property
    def subgradient(self):
        """The least of F at x."""
        return self.g.least_subgradient(self.everything, self.x, self.gradient)

    @functools.cached_property
    def lipschitz(self):
        """Largest eigenvalue of H_bb, for each block of the partition: 0 where f is constant."""
        top = np.array([np.linalg.eigvalsh(self.f.bound(b))[-1] for b in self.blocks])
        return np.maximum(top, 0.0)

    def uniform(self, counters):
        """Return one number of [0, 1) for each counter."""
        return philox(self.seed, np.asarray(counters))

    def best(self, keys, factors=1.0):
        """Return the best block: its number (None without a partition), members and score."""
        if self.blocks is None:
            block = self.largest(keys)
            return None, block, keys[block].sum()
        scores = np.array([keys[block].sum() for block in self.blocks]) * factors
        k = int(np.argmax(scores))
        return k, self.blocks[k], scores[k]

    def largest(self, keys):
        """Return the coordinates with the largest keys, without a cycle if that is asked for."""
        if self.forest:
            return bcd_graphs.choose(self.f.H, keys, self.block_size)
        return np.sort(np.argsort(-keys, kind="stable")[: self.block_size])

    def solve(self, block, r):
        """Solve H_bb d = r, in the sense of least norm where H_bb is singular."""
        return self.solve_system(self.f.bound(block), r)[0]

    def solve_system(self, H, r):
        """Return what solves H d = r, of least norm if H is singular, and whether it is."""
        share = 8.0 * EPSILON * len(H)
        try:
            pivots = np.linalg.cholesky(H).diagonal() ** 2
        except np.linalg.LinAlgError:
            pivots = np.zeros(len(H))
        if (pivots > share * H.diagonal()).all():
            return np.linalg.solve(H, r), False
        rounding = share * H.diagonal().max()
        values, vectors = np.linalg.eigh(H)
        if values[0] < -1e3 * rounding:
            raise ValueError(
                f"H must be positive semi-definite, got a block with the eigenvalue {values[0]:g}: "
                "f has no minimum."
            )
        inverse = np.divide(1.0, values, out=np.zeros_like(values), where=values > rounding)
        return vectors @ (inverse * (vectors.T @ r)), True

    @property
    def gradient_norm(self):
        """Euclidean norm of the least subgradient."""
        return float(np.linalg.norm(self.subgradient))

    @property
    def certificate(self):
        """Bound of F - min F from strong convexity: |s|^2 / (2 mu)."""
        return self.gradient_norm**2 / (2.0 * self.mu) if self.mu > 0.0 else np.inf

    def reached(self):
        """Whether the bound is small beside the decrease so far, or s beside the gradient at 0."""
        if self.mu == 0.0:
            return self.gradient_norm <= self.tolerance * self.scale
        whole = self.first - self.objective + self.certificate
        return bool(np.isfinite(whole)) and self.certificate <= self.tolerance * whole

    def look(self):
        """Decide whether the run has ended."""
        is_last = self.iteration >= self.max_iterations
        if (is_last or self.iteration % self.stride == 0) and self.reached():
            self.refresh()
            self.refreshes += not self.reached()
            if self.reached():
                self.status = "converged"
            elif self.refreshes >= MOST_REFRESHES:
                self.status = "precision_limit"
        if self.status == "running" and is_last:
            self.refresh()
            self.status = "iteration_limit"

    def advance(self):
        """Take one iteration; return False once the run has ended."""
        if self.status == "running":
            self.look()
        if self.status != "running":
            return False
        support = self.settled_support()
        if support is None:
            self.chosen, self.block, self.score = self.selection.choose(self)
            self.move(self.update.step(self, self.block))
        else:
            before = self.gradient_norm
            self.block, self.score = support, 0.0
            self.move(bcd_newton.minimise(self, support, 1, 0.0)[0])
            if not self.gradient_norm <= 0.5 * before:
                self.patience *= 2
                self.next_phase = self.iteration + self.patience
        if self.anderson > 0 and self.iteration % self.pass_length == 0:
            quadratic = self.g.none and hasattr(self.f, "H")
            self.minimise_on_hull() if quadratic else self.extrapolate()
        return True

    def move(self, d):
        """x_b <- x_b + d; keep account of which variables are at kinks."""
        b = self.block
        before = self.g.at_kink(b, self.x[b])
        self.x[b] = self.g.settled(b, self.x[b] + d)
        self.refresh()
        self.step_norm = float(np.linalg.norm(d))
        self.iteration += 1
        if (before != self.g.at_kink(b, self.x[b])).any():
            self.identified = self.iteration

    def settled_support(self):
        """Return the variables at no kink once none came to one, or left one, for two passes."""
        if not self.final_phase or self.iteration < self.next_phase:
            return None
        if self.iteration - self.identified < self.patience:
            return None
        support = np.flatnonzero(~self.g.at_kink(self.everything, self.x))
        if not 0 < len(support) <= LARGEST_SUPPORT:
            self.next_phase = self.iteration + self.patience
            return None
        return support

    def minimise_on_hull(self):
        """Go to the minimum of a quadratic over the plane through the ends of the last passes."""
        self.passes.append(self.x.copy())
        self.passes = self.passes[-self.anderson - 1 :]
        U = np.diff(self.passes, axis=0).T
        M = U.T @ np.array([self.f.product(u) for u in U.T]).reshape(U.T.shape).T
        energy = np.maximum(M.diagonal(), 0.0)
        scale = np.divide(1.0, np.sqrt(energy), out=np.zeros_like(energy), where=energy > 0.0)
        M = scale[:, None] * M * scale + 1e-12 * np.eye(len(M))
        c = -scale * np.linalg.solve(M, scale * (U.T @ self.gradient))
        x = self.x + U @ c
        if self.f.value(x) < self.smooth_value:
            self.x, self.passes[-1] = x, x.copy()
            self.refresh()

    def extrapolate(self):
        """Take Anderson's extrapolation of whole passes, within the bounds, if F is less there.

        With U the differences of successive x, the coefficients minimise |U c| with sum 1.
        """
        self.passes.append(self.x.copy())
        if len(self.passes) <= self.anderson:
            return
        X = np.array(self.passes)
        self.passes = []
        U = np.diff(X, axis=0)
        M = U @ U.T
        c = np.linalg.lstsq(M + 1e-12 * np.trace(M) * np.eye(len(M)), np.ones(len(M)), None)[0]
        if c.sum() == 0.0:  # nothing moved
            return
        value, here = self.objective, self.x
        self.x = self.g.settled(self.everything, c @ X[1:] / c.sum())
        self.refresh()
        if not self.objective < value:  # NaN, too
            self.x = here
            self.refresh()
        elif (
            self.g.at_kink(self.everything, self.x) != self.g.at_kink(self.everything, here)
        ).any():
            self.identified = self.iteration

    def run(self):
        """Iterate until the run ends."""
        while self.advance():
            pass

    @property
    def record(self):
        """What is known of the last iteration."""
        return {
            "iteration": self.iteration,
            "score": float(self.score),
            "step_norm": self.step_norm,
            "objective": self.objective,
            "gradient_norm": self.gradient_norm,
            "certificate": self.certificate,
            "identified": self.identified,
        }


def philox(seed, counters):
    """Return a number of [0, 1) with 53 random bits for each counter.

    Philox-4x32-10 (Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3,
    2011), stream 0.

    >>> philox(0, [0]).round(6)
    array([0.399046])
    """
    counters = np.asarray(counters, dtype=np.uint64)
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    x0, x1 = counters & low, counters >> half
    x2 = x3 = np.zeros_like(counters)
    key0, key1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * x0, np.uint64(0xCD9E8D57) * x2
        x0, x1, x2, x3 = (
            (b >> half) ^ x1 ^ np.uint64(key0),
            b & low,
            (a >> half) ^ x3 ^ np.uint64(key1),
            a & low,
        )
        key0, key1 = (key0 + 0x9E3779B9) & 0xFFFFFFFF, (key1 + 0xBB67AE85) & 0xFFFFFFFF
    return ((x0 << half | x1) >> np.uint64(11)).astype(np.float64) * 2.0**-53
