"""A step of Adam, with its correction of bias.

With g the gradient of step t = 1, 2, ..., element by element,

    m_t = beta1 m_(t-1) + (1 - beta1) g_t,        v_t = beta2 v_(t-1) + (1 - beta2) g_t^2,
    x_t = x_(t-1) - eta m^_t / (sqrt(v^_t) + eps),

where m^ and v^ are m and v, corrected for the start at m_0 = v_0 = 0: if all gradients are equal,
m^ is that gradient and v^ its square, in every step.

Source: Kingma and Ba, Adam: a method for stochastic optimization, 2015, algorithm 1.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "adaptive methods"
difficulty = 1
SETTINGS = (0.01, 0.9, 0.999, 1e-8)  # learning rate, beta1, beta2, eps


def returns(x, g, m, v, t, learning_rate, beta1, beta2, eps):
    """Return x_t, m_t, v_t, three arrays like x; m and v are those of step t - 1."""
    return {"x": x.shape, "m": x.shape, "v": x.shape}


@holds(
    "the first step is eta long in each coordinate, however long the gradient is",
    "With t = 1, how much larger than m_1 is the gradient? The correction has to undo that.",
)
def first_step(answer, rng):
    g = rng.choice([-1.0, 1.0], size=5) * 10.0 ** rng.uniform(-3, 3, size=5)
    zero = np.zeros(5)
    x, _, _ = answer(zero, g, zero, zero, 1, *SETTINGS)
    return close(x, -0.01 * np.sign(g), 1e-4)


@holds(
    "equal gradients make equal steps",
    "Sum the geometric series: what is m_t if all gradients are g? Divide by the same factor; it "
    "depends on t.",
)
def equal_steps(answer, rng):
    g, x, m, v = rng.uniform(0.5, 2.0, size=4), *np.zeros((3, 4))
    for t in range(1, 30):
        before = x
        x, m, v = answer(x, g, m, v, t, *SETTINGS)
        if not close(before - x, 0.01 * np.ones(4), 1e-6):
            return False
    return True


@holds(
    "m and v are kept as they are, without the correction",
    "The corrected means are for the step only. What would a correction of a corrected mean be?",
)
def raw_state(answer, rng):
    x, g, m = rng.normal(size=(3, 4))
    v = rng.uniform(size=4)
    _, new_m, new_v = answer(x, g, m, v, 7, 0.1, 0.8, 0.95, 1e-8)
    return close((new_m - g) / (m - g), 0.8, 1e-6) and close(
        (new_v - g**2) / (v - g**2), 0.95, 1e-6
    )


@holds(
    "where v is zero the step is finite and eps sets its length",
    "Is eps added to the root, or below it? With v = 0 the two differ by orders of magnitude.",
)
def small_gradients(answer, rng):
    x, m = rng.normal(size=(2, 4))
    zero = np.zeros(4)
    after, kept, _ = answer(x, zero, m, zero, 2, 0.1, 0.5, 0.9, 1.0e-2)
    corrected = kept / (1.0 - 0.5**2)
    return close((x - after) / corrected, 0.1 / 1.0e-2, 1e-6)
