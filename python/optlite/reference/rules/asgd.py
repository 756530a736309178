"""Accelerated stochastic gradient descent.

alpha = 1 - c^2 xi / kappa
x_bar <- alpha x_bar + (1 - alpha) (x - kappa eta / c g)
x <- (c (x - eta g) + (1 - alpha) x_bar) / (c + 1 - alpha)

Kidambi, Netrapalli, Jain and Kakade, On the insufficiency of existing momentum schemes for
stochastic optimization, 2018, algorithm 3; Jain et al., Accelerating stochastic gradient descent
for least squares regression, 2018, algorithm 1.
"""


def start(x, **_):
    """Return the state before the first step."""
    return {"x_bar": x.copy()}


def update(x, g, state, t, *, learning_rate, long_step, advantage, small_constant):
    """Return x after step t."""
    c = small_constant
    alpha = 1.0 - c**2 * advantage / long_step
    far = x - long_step * learning_rate / c * g
    x_bar = state["x_bar"] = alpha * state["x_bar"] + (1.0 - alpha) * far
    return (c * (x - learning_rate * g) + (1.0 - alpha) * x_bar) / (c + 1.0 - alpha)


def shift(by, state):
    """Move along with what weight decay adds to x."""
    state["x_bar"] = state["x_bar"] + by
