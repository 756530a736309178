"""A step of AdamW: weight decay that Adam does not divide.

Adding lambda x to the gradient, as one does for gradient descent, would let Adam divide it by
sqrt(v): weights whose gradients are large would hardly decay. AdamW keeps the two apart. With m^
and v^ as in Adam,

    m_t = beta1 m_(t-1) + (1 - beta1) g_t,        v_t = beta2 v_(t-1) + (1 - beta2) g_t^2,
    m^_t = m_t / (1 - beta1^t),                   v^_t = v_t / (1 - beta2^t),
    x_t = x_(t-1) - eta (m^_t / (sqrt(v^_t) + eps) + lambda x_(t-1)).

Source: Loshchilov and Hutter, Decoupled weight decay regularization, 2019, algorithm 2, with the
learning rate in front of the decay as programs have it.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "adaptive methods"
difficulty = 1
SETTINGS = (0.01, 0.9, 0.999, 1e-8)  # learning rate, beta1, beta2, eps


def returns(x, g, m, v, t, learning_rate, beta1, beta2, eps, decay):
    """Return x_t, m_t, v_t, three arrays like x; decay is lambda, m and v are of step t - 1."""
    return {"x": x.shape, "m": x.shape, "v": x.shape}


def draw(rng, size=5):
    """Draw a point, a gradient and the state before some later step."""
    x, g, m = rng.normal(size=(3, size)) * 10.0 ** rng.uniform(-2, 2, size=(3, size))
    return x, g, m, rng.uniform(0.1, 2.0, size=size)


@holds(
    "without decay equal gradients make equal steps, eta long",
    "With lambda = 0 it is Adam. Are both means corrected for their start at zero?",
)
def is_adam(answer, rng):
    g, x, m, v = rng.uniform(0.5, 2.0, size=4), *np.zeros((3, 4))
    for t in range(1, 20):
        before = x
        x, m, v = answer(x, g, m, v, t, *SETTINGS, 0.0)
        if not close(before - x, 0.01 * np.ones(4), 1e-6):
            return False
    return True


@holds(
    "without gradients the weights shrink by the factor 1 - eta lambda",
    "Set g, m and v to zero in the last line. Is the decay multiplied by eta, and by x?",
)
def shrinks(answer, rng):
    x, zero, decay = rng.normal(size=5), np.zeros(5), rng.uniform(0.1, 5.0)
    after, _, _ = answer(x, zero, zero, zero, 1, *SETTINGS, decay)
    return close(after, (1.0 - 0.01 * decay) * x)


@holds(
    "the means know nothing of the decay",
    "If lambda x is in the gradient, m and v see it: that is the coupled form, which this is not.",
)
def means(answer, rng):
    x, g, m, v = draw(rng)
    _, new_m, new_v = answer(x, g, m, v, 6, *SETTINGS, rng.uniform(0.1, 1.0))
    return close(new_m, 0.9 * m + 0.1 * g) and close(new_v, 0.999 * v + 0.001 * g**2)


@holds(
    "the decay is the same, whatever the gradients are",
    "Compare a step with decay and one without: how far are the ends apart, and does v have a part "
    "in that?",
)
def decoupled(answer, rng):
    x, g, m, v = draw(rng)
    decay = rng.uniform(0.1, 1.0)
    ends = [answer(x, g, m, v, 6, *SETTINGS, each)[0] for each in (0.0, decay)]
    return close((ends[0] - ends[1]) / (0.01 * decay * x), 1.0, 1e-6)


@holds(
    "the decay takes its share of x before the step, not of what the step leaves",
    "Which x stands in the last line on the right?",
)
def decays_the_old_point(answer, rng):
    x, g, zero = rng.uniform(0.5, 1.0, size=4), rng.uniform(0.5, 1.0, size=4), np.zeros(4)
    after, _, _ = answer(x, g, zero, zero, 1, 0.5, 0.9, 0.999, 1e-12, 0.4)
    return close(after, x - 0.5 - 0.2 * x, 1e-8)
