"""The matrix step by a sparse LDL' factorization of the block.

P H_bb P' = L D L',  d = -H_bb^-1 grad_b f

The twin solves the same system densely: the order of elimination changes rounding only.

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022; Amestoy,
Davis and Duff, An approximate minimum degree ordering algorithm, 1996.
"""

import numpy as np


class SparseCholesky:
    """For graphs of bounded treewidth; on a forest the fill is none, as with messages."""

    def step(self, state, block):
        """Return the change of the variables of the block."""
        return np.linalg.solve(state.f.bound(block), -state.gradient[block])
