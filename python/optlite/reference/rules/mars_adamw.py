"""AdamW with variance-reduced gradients.

c = g + gamma beta1 / (1 - beta1) (g - previous)
c <- c / max(1, |c|)
then a step of Adam with c for g

previous is the gradient of the step before, the approximate form of the paper: the exact one takes
the gradient of the present batch at the previous point.

Yuan et al., MARS: unleashing the power of variance reduction for training large models, 2024,
algorithm 2, arXiv:2411.10438.
"""

import numpy as np

from . import adam


def update(x, g, state, t, *, learning_rate, beta1, beta2, eps, gamma):
    """Return x after step t."""
    c = g + gamma * beta1 / (1.0 - beta1) * (g - state["previous"])
    state["previous"] = g.copy()
    c = c / max(1.0, np.linalg.norm(c))
    return adam.update(
        x, c, state, t, learning_rate=learning_rate, beta1=beta1, beta2=beta2, eps=eps
    )
