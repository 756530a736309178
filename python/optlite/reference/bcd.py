"""Block coordinate descent for f(x) = x' H x / 2 - c' x + constant.

    choose a block b;  compute d;  x_b <- x_b + d;  grad f <- grad f + H[:, b] d

The twin of ``cpp/src/block_descent.cpp``.

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022, algorithm 1.
"""

import functools

import numpy as np

EPSILON = np.finfo(np.float64).eps
MOST_REFRESHES = 20


class BlockDescent:
    """Run block coordinate descent, one block at a time.

    Parameters
    ----------
    H, c, constant, x
        The quadratic, and the start.
    block_size : int
        Size of the blocks where there is no partition.
    blocks : list of ndarray, or None
        The partition.
    selection, update : object
        Twins of a block selection and a block update.
    seed, tolerance, strong_convexity, max_iterations
        As in the compiled run.
    """

    def __init__(
        self,
        H,
        c,
        constant,
        x,
        block_size,
        blocks,
        selection,
        update,
        seed,
        tolerance,
        strong_convexity,
        max_iterations,
    ):
        self.H, self.c, self.constant, self.x = H, c, constant, x.copy()
        self.block_size, self.blocks, self.seed = block_size, blocks, seed
        self.selection, self.update = selection, update
        self.tolerance, self.mu, self.max_iterations = tolerance, strong_convexity, max_iterations
        self.iteration = self.refreshes = 0
        self.score = self.step_norm = 0.0
        self.block = np.zeros(0, dtype=np.int64)
        self.status = "running"
        self.refresh()
        self.first = self.objective

    def refresh(self):
        """Compute gradient and value from x alone, free of the rounding of earlier moves."""
        self.gradient = self.H @ self.x - self.c
        self.objective = 0.5 * self.x @ (self.gradient - self.c) + self.constant

    @functools.cached_property
    def lipschitz(self):
        """Largest eigenvalue of H_bb, for each block of the partition."""
        top = np.array([np.linalg.eigvalsh(self.H[np.ix_(b, b)])[-1] for b in self.blocks])
        return np.where(top > 0.0, top, 1.0)

    def uniform(self, counters):
        """Return one number of [0, 1) for each counter."""
        return philox(self.seed, np.asarray(counters))

    def best(self, keys, divisor=1.0):
        """Return the best block: its number (None without a partition), members and score."""
        if self.blocks is None:
            block = np.sort(np.argsort(-keys, kind="stable")[: self.block_size])
            return None, block, keys[block].sum()
        scores = np.array([keys[block].sum() for block in self.blocks]) / divisor
        k = int(np.argmax(scores))
        return k, self.blocks[k], scores[k]

    def solve(self, block, r):
        """Solve H_bb d = r, in the sense of least norm where H_bb is singular."""
        H = self.H[np.ix_(block, block)]
        rounding = 8.0 * EPSILON * len(block) * H.diagonal().max()
        try:
            pivots = np.linalg.cholesky(H).diagonal() ** 2
        except np.linalg.LinAlgError:
            pivots = np.zeros(1)
        if pivots.min() > rounding:
            return np.linalg.solve(H, r)
        values, vectors = np.linalg.eigh(H)
        if values[0] < -1e3 * rounding:
            raise ValueError(
                f"H must be positive semi-definite, got a block with the eigenvalue {values[0]}: "
                "f has no minimum."
            )
        inverse = np.divide(1.0, values, out=np.zeros_like(values), where=values > rounding)
        return vectors @ (inverse * (vectors.T @ r))

    @property
    def gradient_norm(self):
        """Euclidean norm of the gradient."""
        return float(np.linalg.norm(self.gradient))

    @property
    def certificate(self):
        """Bound of f - min f from strong convexity: |grad f|^2 / (2 mu)."""
        return self.gradient_norm**2 / (2.0 * self.mu) if self.mu > 0.0 else np.inf

    def reached(self):
        """Whether the bound is small beside the decrease so far, or the gradient beside c."""
        if self.mu == 0.0:
            return self.gradient_norm <= self.tolerance * np.linalg.norm(self.c)
        whole = self.first - self.objective + self.certificate
        return self.certificate <= self.tolerance * whole

    def advance(self):
        """Take one iteration; return False once the run has ended."""
        if self.status != "running":
            return False
        if self.reached():
            self.refresh()
            self.refreshes += not self.reached()
            if self.reached():
                self.status = "converged"
            elif self.refreshes >= MOST_REFRESHES:
                self.status = "precision_limit"
        if self.status == "running" and self.iteration >= self.max_iterations:
            self.refresh()
            self.status = "iteration_limit"
        if self.status != "running":
            return False
        _, self.block, self.score = self.selection.choose(self)
        d = self.update.step(self, self.block)
        before = self.gradient[self.block]
        self.gradient = self.gradient + self.H[:, self.block] @ d
        self.x[self.block] += d
        self.objective += 0.5 * d @ (before + self.gradient[self.block])
        self.step_norm = float(np.linalg.norm(d))
        self.iteration += 1
        return True

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
            "objective": float(self.objective),
            "gradient_norm": self.gradient_norm,
            "certificate": self.certificate,
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
