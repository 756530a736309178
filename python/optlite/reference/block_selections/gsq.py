"""The block whose exact step decreases the quadratic most.

b = argmax grad_b f^T H_bb^-1 grad_b f

Among all blocks of one size the best is hard to find. Iterated hard thresholding looks for it, from
the block of GSD on: d <- the largest entries of d - (g + H d) / L, with L doubled until the model
majorises the quadratic.

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

import numpy as np

MOST_STEPS = 10


class GSQ:
    """The block whose exact step decreases f most: for a quadratic the maximum improvement."""

    L = 0.0

    def choose(self, state):
        """Return the number of the block (None without a partition), its members, and the score."""
        g = state.gradient
        if state.blocks is None:
            block = self.threshold(state, g)
            return None, block, float(g[block] @ state.solve(block, g[block]))
        scores = [g[b] @ state.solve(b, g[b]) for b in state.blocks]
        k = int(np.argmax(scores))
        return k, state.blocks[k], float(scores[k])

    def threshold(self, state, g):
        """Return the block that iterated hard thresholding finds."""
        D = state.f.diagonal
        self.L = self.L or D.max()
        safe = np.where(D > 0.0, D, 1.0)
        block = state.largest(np.where(D > 0.0, g * g / safe, 0.0))
        d = np.zeros_like(g)
        d[block] = np.where(D > 0.0, -g / safe, 0.0)[block]
        for _ in range(MOST_STEPS):
            slopes = g + state.f.product(d)
            while self.L > 0.0:
                trial = d - slopes / self.L
                chosen = state.largest(np.abs(trial))
                moved = np.zeros_like(d)
                moved[chosen] = trial[chosen]
                change = moved - d
                if not change @ change > 1e-20 * (d @ d):
                    return block
                if change @ state.f.product(change) <= self.L * (change @ change) * (1.0 + 1e-12):
                    d, block = moved, chosen
                    break
                self.L *= 2.0
        return block
