"""A step of schedule-free SGD: an average in the place of a schedule.

The average of the points of SGD is as good as a schedule that decays, but the gradients should not
be taken there: averages move too slowly. Nor only at the points of SGD. Take them in between:

    y_t     = (1 - beta) z_t + beta x_t,
    z_(t+1) = z_t - gamma grad f(y_t),
    x_(t+1) = (1 - c_(t+1)) x_t + c_(t+1) z_(t+1),

with c_(t+1) such that x_(t+1) is the plain mean of z_1, ..., z_(t+1), where x_1 = z_1 is the start.

Source: Defazio, Yang, Mehta, Mishchenko, Khaled and Cutkosky, The road less scheduled, 2024,
arXiv:2405.15682.
"""

import numpy as np

from .._exercise import holds
from .._problems import Counted, close

chapter = "adaptive methods"
difficulty = 2


def returns(gradient, x, z, t, learning_rate, beta):
    """Return x_(t+1) and z_(t+1), two arrays like x; t = 1, 2, ..., learning_rate is gamma."""
    return {"x": x.shape, "z": z.shape}


@holds(
    "one gradient is taken, at a point between z (beta = 0) and x (beta = 1)",
    "Which of x and z does beta multiply? Print y for both ends.",
)
def between(answer, rng):
    x, z = rng.normal(size=(2, 4))
    for beta in (0.0, 1.0, rng.uniform(0.2, 0.8)):
        gradient = Counted(lambda point: 0.1 * point)
        answer(gradient, x, z, 3, 0.1, beta)
        if gradient.calls != 1 or not close(gradient.last, z + beta * (x - z)):
            return False
    return True


@holds(
    "z moves by the learning rate times that gradient",
    "From z, not from y or x.",
)
def moves_z(answer, rng):
    x, z, g = rng.normal(size=(3, 4))
    rate = rng.uniform(0.1, 1.0)
    _, after = answer(lambda point: g, x, z, 4, rate, 0.9)
    return close(z - after, rate * g)


@holds(
    "x is the mean of all z, the start and the newest one included",
    "How many z are averaged in x_(t+1)? What share has the newest of them?",
)
def mean_of_z(answer, rng):
    start, pulls = rng.normal(size=3), iter(rng.normal(size=(12, 3)))
    x, z, points = start, start, [start]
    for t in range(1, 11):
        x, z = answer(lambda point: next(pulls), x, z, t, 0.3, 0.9)
        points.append(z)
        if not close(x, np.mean(points, axis=0)):
            return False
    return True


@holds(
    "a start at the minimum stays there",
    "Where all three points agree, and the gradient is zero, nothing moves: do the shares of x and "
    "z add to one?",
)
def fixed_point(answer, rng):
    optimum = rng.normal(size=4)
    x, z = answer(lambda point: 3.0 * (point - optimum), optimum, optimum, 5, 0.2, 0.9)
    return close(x, optimum) and close(z, optimum)


@holds(
    "with a constant rate, f of the mean goes on falling where SGD circles",
    "Run it on f(x) = |x|, where the gradient does not shrink: x should come to the minimum, and z "
    "need not.",
)
def no_schedule(answer, rng):
    x = z = start = rng.uniform(1.0, 2.0, size=1)
    for t in range(1, 601):
        x, z = answer(np.sign, x, z, t, 0.05, 0.9)
    # The bound for convex f with |g| <= 1, gamma = 0.05: D^2 / (2 gamma T) + gamma / 2.
    return abs(float(x[0])) <= float(start[0]) ** 2 / (0.1 * 600) + 0.025
