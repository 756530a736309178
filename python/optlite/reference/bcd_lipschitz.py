"""By how much at most the gradient of a block changes with the block, known or estimated.

L_b with f(x + d) <= f(x) + grad_b' d + L_b |d|^2 / 2: the largest eigenvalue of H_bb, the sum of
its diagonal, or an estimate, at first the largest number of its diagonal, that is doubled until
this holds.

The twin of ``cpp/src/block_lipschitz.cpp``.

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

import numpy as np


class BlockLipschitz:
    """Hold the rule, and by variable what was found.

    Parameters
    ----------
    rule : {"eigenvalue", "sum", "doubling"}
        Where L comes from.
    """

    def __init__(self, rule):
        self.rule, self.found = rule, None

    def take(self, state, block, step):
        """Return step(L) by an L that is large enough: at once, or at least for this step."""
        if self.rule != "doubling":
            H = state.f.bound(block)
            L = np.trace(H) if self.rule == "sum" else np.linalg.eigvalsh(H)[-1]
            return step(L if L > 0.0 else 1.0)
        if self.found is None:
            self.found = state.f.diagonal.copy()
        L = self.found[block].max() or 1.0
        gradient = state.gradient[block]
        for _ in range(201):
            d = step(L)
            bound = gradient @ d + 0.5 * L * (d @ d)
            slack = state.f.rounding + 1e-12 * L * (d @ d)
            if not state.f.change(state.x, state.gradient, block, d) > bound + slack:
                break
            L *= 2.0
        self.found[block] = L
        return d
