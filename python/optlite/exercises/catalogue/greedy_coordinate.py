"""Which coordinate next? The rule of Gauss, Southwell and Lipschitz.

A step of length 1 / L_i along coordinate i lowers a smooth f by a certain amount at least, if the
i-th partial derivative is Lipschitz with constant L_i along that coordinate. The rule takes the
coordinate with the largest guaranteed decrease.

Source: Nutini, Schmidt, Laradji, Friedlander and Koepke, Coordinate descent converges faster with
the Gauss-Southwell rule than random selection, 2015.
"""

import numpy as np

from .._exercise import holds

chapter = "coordinate methods"
difficulty = 1


def returns(g, lipschitz):
    """Return the index i, a number; g is the gradient, lipschitz the array of the L_i."""
    return ()


@holds(
    "with equal constants it is the largest entry of the gradient, whatever its sign",
    "A large negative derivative promises as much as a large positive one.",
)
def largest(answer, rng):
    g, place = rng.uniform(-1.0, 1.0, size=8), int(rng.integers(8))
    g[place] = rng.choice([-2.0, 2.0])
    return answer(g, np.full(8, 3.0)) == place


@holds(
    "with equal derivatives it is the smallest constant",
    "Along which coordinate may one go further, the flat one or the steep one?",
)
def smallest_constant(answer, rng):
    lipschitz, place = rng.uniform(1.0, 9.0, size=8), int(rng.integers(8))
    lipschitz[place] = 0.5
    return answer(rng.choice([-1.0, 1.0], size=8), lipschitz) == place


@holds(
    "the choice does not change if a variable is measured in other units",
    "With x_i = c z_i the derivative is multiplied by c, and the constant by c^2. Which quotient "
    "of the two stays the same?",
)
def units(answer, rng):
    for _ in range(20):
        g, lipschitz = rng.normal(size=8), rng.uniform(0.1, 10.0, size=8)
        c = 10.0 ** rng.uniform(-2, 2, size=8)
        if answer(g, lipschitz) != answer(c * g, c**2 * lipschitz):
            return False
    return True


@holds(
    "on a quadratic with a diagonal Hessian no other coordinate gains more",
    "There the guaranteed decrease is the true one. Compute it: by how much does "
    "L x^2 / 2 + g x fall at its minimum?",
)
def gains_most(answer, rng):
    for _ in range(20):
        g, lipschitz = rng.normal(size=8), 10.0 ** rng.uniform(-1, 1, size=8)
        chosen = answer(g, lipschitz)
        x = -np.linspace(0.8, 1.2, 5)[:, None] * g / lipschitz  # the bottom is in the middle
        gains = -(0.5 * lipschitz * x**2 + g * x).min(axis=0)
        if chosen not in range(8) or gains[int(chosen)] < gains.max() * (1.0 - 1e-12):
            return False
    return True
