"""The learning curve of SGD on a noisy quadratic, without a run.

    f(x) = sum_i lambda_i x_i^2 / 2,       g_i = lambda_i x_i + s_i xi_i,

where the xi are new in each step, independent, with mean zero and variance one. Constant steps
x <- x - eta g shrink what is left of the start, and keep adding noise. As everything is linear,
the mean of x_i^2 after a step follows from that before it, exactly, whatever else the distribution
of the noise is. Return the expected f after 0, 1, ..., n steps.

Sources: Schaul, Zhang and LeCun, No more pesky learning rates, 2013; Zhang et al., Which
algorithmic choices matter at which batch sizes? Insights from a noisy quadratic model, 2019.
"""

from itertools import product

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "first-order methods"
difficulty = 2


def returns(eigenvalues, start, noise, learning_rate, n_steps):
    """Return n_steps + 1 values; eigenvalues, start and noise, the s_i, are arrays (size,)."""
    return (n_steps + 1,)


def draw(rng, size=3):
    """Draw eigenvalues, a start, noise and a stable step size."""
    eigenvalues = rng.uniform(0.1, 2.0, size=size)
    rate = rng.uniform(0.1, 1.9) / eigenvalues.max()
    return eigenvalues, rng.normal(size=size), rng.uniform(0.2, 1.0, size=size), rate


@holds(
    "it begins with f at the start",
    "Before the first step nothing is random. Is the half there?",
)
def begins(answer, rng):
    eigenvalues, start, noise, rate = draw(rng)
    return close(answer(eigenvalues, start, noise, rate, 4)[0], 0.5 * eigenvalues @ start**2)


@holds(
    "without noise it is gradient descent",
    "By which factor does x_i change in a step? f has its square.",
)
def no_noise(answer, rng):
    eigenvalues, x, noise, rate = draw(rng)
    values, start = [], x
    for _ in range(8):
        values.append(0.5 * eigenvalues @ x**2)
        x = x - rate * eigenvalues * x
    return close(answer(eigenvalues, start, 0.0 * noise, rate, 7), values)


@holds(
    "it is the mean over all that can happen, where the noise is a coin",
    "Square (1 - eta lambda) x - eta s xi, and take the mean: which term vanishes, and is every "
    "factor of the last one squared?",
)
def coins(answer, rng):
    eigenvalues, start, noise, rate = draw(rng, size=1)
    n_steps, values = 6, []
    for flips in product((-1.0, 1.0), repeat=n_steps):
        x, run = start, [float(0.5 * eigenvalues @ start**2)]
        for flip in flips:
            x = x - rate * (eigenvalues * x + noise * flip)
            run.append(float(0.5 * eigenvalues @ x**2))
        values.append(run)
    found = answer(eigenvalues, start, noise, rate, n_steps)
    return close(found, np.mean(values, axis=0))


@holds(
    "directions do not mix: the curves of single ones add up",
    "f is a sum over i, and so is its mean. Is there a sum, or a maximum, too early?",
)
def adds(answer, rng):
    eigenvalues, start, noise, rate = draw(rng)
    whole = answer(eigenvalues, start, noise, rate, 9)
    parts = [
        answer(eigenvalues[i : i + 1], start[i : i + 1], noise[i : i + 1], rate, 9)
        for i in range(3)
    ]
    return close(whole, np.sum(parts, axis=0))


@holds(
    "it ends on a floor, where a step takes away as much as it adds",
    "Run it for long. Where the mean of x_i^2 does not change any more, what is it? A half of the "
    "step size lowers the floor by more than a half.",
)
def floor(answer, rng):
    eigenvalues, start, noise, rate = draw(rng)
    rate = min(rate, 1.5 / eigenvalues.max())
    long, half = (answer(eigenvalues, start, noise, r, 4000)[-1] for r in (rate, rate / 2.0))
    second = noise**2 * rate / (eigenvalues * (2.0 - rate * eigenvalues))  # of x, where it rests
    return close(long, 0.5 * eigenvalues @ second, 1e-6) and half < long / 2.0


@holds(
    "with too large steps it grows",
    "Nothing is cut off, and no error is raised: the mean of a run that diverges is large.",
)
def diverges(answer, rng):
    eigenvalues, start, noise, _ = draw(rng)
    curve = answer(eigenvalues, start, noise, 2.2 / eigenvalues.max(), 60)
    return curve[-1] > 10.0 * curve[0] and curve[-1] > 2.0 * curve[-6]
