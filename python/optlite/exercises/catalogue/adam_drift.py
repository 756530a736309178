"""Which way does Adam drift? The counter-example, solved exactly.

Let the gradient, on a line, be C in every third step and -1 in the two others. If C > 2 the sum of
the losses falls to the left. Adam with beta1 = 0 moves, in units of its learning rate, by

    -g_t / sqrt(v_t),      v_t = beta2 v_(t-1) + (1 - beta2) g_t^2.

After many steps v repeats itself with period three, and the correction of bias has faded. Return by
how much x moves in such a period: negative is the right way.

Source: Reddi, Kale and Kumar, On the convergence of Adam and beyond, 2018, theorem 1.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "adaptive methods"
difficulty = 2


def returns(C, beta2):
    """Return the move in a period, a number; C > 0, and 0 <= beta2 < 1."""
    return ()


@holds(
    "if all gradients have size one, it is one, for every beta2",
    "With C = 1 the mean of the squares is one, in every step. How long is each step, and which "
    "way does it go?",
)
def all_ones(answer, rng):
    return close(answer(1.0, rng.uniform(0.05, 0.99)), 1.0, 1e-12)


@holds(
    "without memory every step is one long, and it is one, too",
    "With beta2 = 0 each gradient is divided by its own size: the large one counts no more than a "
    "small one.",
)
def no_memory(answer, rng):
    return close(answer(rng.uniform(1.5, 9.0), 0.0), 1.0, 1e-12)


@holds(
    "it is what a long run does",
    "Call v after the large gradient u. Follow it for three steps, by the formula: it must be u "
    "again. Does each gradient count in the v that it is divided by?",
)
def long_run(answer, rng):
    C, beta2 = rng.uniform(1.5, 9.0), rng.uniform(0.05, 0.95)
    v, x, before = 0.0, 0.0, 0.0
    for t in range(3 * 400):
        before = x if t % 3 == 0 else before
        g = C if t % 3 == 0 else -1.0
        v = beta2 * v + (1.0 - beta2) * g * g
        x -= g / np.sqrt(v)
    return close(answer(C, beta2), x - before, 1e-8)


@holds(
    "with the theorem's beta2 = 1 / (1 + C^2) it is positive, though C > 2",
    "That is the theorem: Adam goes uphill. Look at the signs of the three steps.",
)
def theorem(answer, rng):
    C = rng.uniform(2.1, 50.0)
    return answer(C, 1.0 / (1.0 + C**2)) > 0.0


@holds(
    "with a long memory it has the sign of the mean gradient, and its size",
    "As beta2 goes to one, all three steps are divided by the same: the root of the mean square.",
)
def long_memory(answer, rng):
    C = rng.uniform(2.5, 9.0)
    return close(answer(C, 1.0 - 1e-7), (2.0 - C) / np.sqrt((C**2 + 2.0) / 3.0), 1e-5)
