"""A step of AMSGrad, and the example on which Adam fails.

AMSGrad keeps the largest v seen so far and divides by that:

    m_t = beta1 m_(t-1) + (1 - beta1) g_t,        v_t = beta2 v_(t-1) + (1 - beta2) g_t^2,
    v^_t = max(v^_(t-1), v_t),    x_t = x_(t-1) - eta m_t / (sqrt(v^_t) + eps),

element by element and, as in the paper, without a correction of bias. On [-1, 1] let the gradient
be C in every third step and -1 in the two others. For C > 2 the sum is smallest at x = -1, but
Adam, with beta1 = 0 and beta2 = 1 / (1 + C^2), goes to x = +1: it forgets the large gradient.

Source: Reddi, Kale and Kumar, On the convergence of Adam and beyond, 2018, algorithm 2 and
theorem 1.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "adaptive methods"
difficulty = 2


def returns(x, g, m, v, v_max, learning_rate, beta1, beta2, eps):
    """Return x_t, m_t, v_t and v^_t, four arrays like x; m, v and v_max are those of step t - 1."""
    return {"x": x.shape, "m": x.shape, "v": x.shape, "v_max": x.shape}


@holds(
    "v^ never decreases, in any coordinate",
    "The maximum is taken element by element, with what was returned before.",
)
def never_decreases(answer, rng):
    x, m, v, largest = np.zeros((4, 5))
    for _ in range(20):
        before, g = largest, rng.normal(size=5) * 10.0 ** rng.uniform(-2, 2, size=5)
        x, m, v, largest = answer(x, g, m, v, largest, 0.01, 0.9, 0.5, 1e-8)
        if np.any(largest < np.maximum(before, v)):
            return False
    return True


@holds(
    "v itself goes on as a mean, and forgets",
    "v and v^ are two arrays: the mean is updated from v, not from v^.",
)
def v_forgets(answer, rng):
    x, m, v, largest = np.zeros((4, 3))
    x, m, v, largest = answer(x, np.full(3, 100.0), m, v, largest, 0.01, 0.9, 0.5, 1e-8)
    g = rng.uniform(0.5, 1.5, size=3)
    for _ in range(60):
        x, m, v, largest = answer(x, g, m, v, largest, 0.01, 0.9, 0.5, 1e-8)
    return close(v, g**2) and close(largest, 5000.0)


@holds(
    "after one large gradient all steps stay short",
    "Which of v and v^ is in the denominator?",
)
def remembers(answer, rng):
    zero, g = np.zeros(4), rng.uniform(0.5, 1.0, size=4)
    large = rng.uniform(50.0, 200.0)
    x, m, v, largest = answer(zero, np.full(4, large), zero, zero, zero, 0.1, 0.0, 0.9, 1e-8)
    for _ in range(100):
        before = x
        x, m, v, largest = answer(x, g, m, v, largest, 0.1, 0.0, 0.9, 1e-8)
    return bool(np.all(np.abs(x - before) <= 0.1 * g / (np.sqrt(0.1) * large) * (1 + 1e-9)))


@holds(
    "while gradients grow, the step is -eta m / sqrt(v)",
    "Then v^ = v. Is there a correction of bias, which the paper's algorithm does not have? Is m "
    "in the numerator, and the root taken?",
)
def growing(answer, rng):
    x, m, v, largest = np.zeros((4, 3))
    for t in range(1, 8):
        before, g = x, 2.0**t * rng.uniform(0.9, 1.1, size=3)
        x, m, v, largest = answer(x, g, m, v, largest, 0.1, 0.5, 0.7, 0.0)
    return close((before - x) / m, 0.1 / np.sqrt(v))


@holds(
    "it goes the right way in the example on which Adam fails",
    "Run the example with print statements: how long are the steps after C, and after -1?",
)
def example(answer, rng):
    C, zero = rng.uniform(3.0, 6.0), np.zeros(1)
    beta2 = 1.0 / (1.0 + C**2)
    x, m, v, largest = np.full(1, 0.5), zero, zero, zero
    for t in range(1, 301):
        g = np.full(1, C if t % 3 == 1 else -1.0)
        rate = 0.5 / np.sqrt(t)
        x, m, v, largest = answer(x, g, m, v, largest, rate, 0.0, beta2, 1e-8)
        x = np.clip(x, -1.0, 1.0)
    return x[0] < -0.5
