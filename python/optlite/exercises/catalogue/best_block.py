"""Which block next, if each is moved to its minimum? The rule GSQ.

For f(x) = x' H x / 2 - c' x, the exact step of a block b lowers f by

    f(x) - min over d of f(x + U_b d) = g_b' H_bb^-1 g_b / 2,        g = grad f(x),

and the rule takes the block of a partition with the largest such number. Cheaper rules look at
|g_b|^2 (GS), or at |g_b|^2 / L_b with L_b the largest eigenvalue of H_bb (GSL), and choose worse.

Source: Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster
greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

import numpy as np

from .._exercise import holds
from .._problems import with_eigenvalues

chapter = "coordinate methods"
difficulty = 2


def returns(H, g, blocks):
    """Return the number of the block in the list, from 0; blocks is a list of arrays of indices."""
    return ()


def problem(rng, size=12):
    """Return H with a wide spectrum, a gradient, and blocks of one to four variables."""
    H, g = with_eigenvalues(rng, 10.0 ** rng.uniform(-2, 2, size=size)), rng.normal(size=size)
    ends = np.cumsum([4, 3, 1, 2, 2])
    return H, g, np.split(rng.permutation(size), ends[:-1])


def decreases(H, g, blocks):
    """Return by how much each block can lower f, from the minimum itself."""
    found = []
    for block in blocks:
        inside, slope = H[np.ix_(block, block)], g[block]
        d = np.linalg.lstsq(inside, -slope, rcond=None)[0]
        found.append(-(0.5 * d @ inside @ d + slope @ d))
    return np.array(found)


@holds(
    "no other block lowers f more",
    "Minimise d -> d' H_bb d / 2 + g_b' d. How deep is that minimum?",
)
def lowers_most(answer, rng):
    for _ in range(20):
        H, g, blocks = problem(rng)
        chosen, gains = answer(H, g, blocks), decreases(H, g, blocks)
        if chosen not in range(len(blocks)) or gains[int(chosen)] < gains.max() * (1 - 1e-9):
            return False
    return True


@holds(
    "the choice does not change if variables are measured in other units",
    "With x = S z the gradient is S g and the matrix S H S, S diagonal. Your score must not see S.",
)
def units(answer, rng):
    for _ in range(20):
        H, g, blocks = problem(rng)
        s = 10.0 ** rng.uniform(-2, 2, size=len(g))
        if answer(H, g, blocks) != answer(s[:, None] * H * s, s * g, blocks):
            return False
    return True


@holds(
    "with a diagonal H the gains of the variables of a block add up",
    "Alone, a variable gains g_i^2 / (2 H_ii). What does a block of them gain?",
)
def diagonal(answer, rng):
    for _ in range(20):
        H, g, blocks = problem(rng)
        gains = g**2 / H.diagonal()
        if answer(np.diag(H.diagonal()), g, blocks) != np.argmax([gains[b].sum() for b in blocks]):
            return False
    return True


@holds(
    "with H the identity it is the block with the longest gradient",
    "Then all rules agree: g_b' g_b.",
)
def identity(answer, rng):
    for _ in range(20):
        _, g, blocks = problem(rng)
        longest = np.argmax([np.linalg.norm(g[block]) for block in blocks])
        if answer(np.eye(len(g)), g, blocks) != longest:
            return False
    return True
