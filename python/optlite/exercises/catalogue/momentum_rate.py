"""How fast heavy ball converges on a quadratic.

Heavy ball adds a multiple of the last step to a step of gradient descent:

    x_(t+1) = x_t - eta grad f(x_t) + beta (x_t - x_(t-1)).

On f(x) = x' A x / 2, with a symmetric positive definite A, the error e_t = x_t - x* obeys a linear
recurrence for each eigenvalue lambda of A alone. From a generic start the error shrinks, in the
long run, by one factor a step: rho = lim |e_t|^(1/t). Compute it without a run.

Source: Polyak, Some methods of speeding up the convergence of iteration methods, 1964.
"""

import numpy as np

from .._exercise import holds

chapter = "first-order methods"
difficulty = 2


def returns(learning_rate, beta, spectrum):
    """Return rho, a number.

    learning_rate is eta, spectrum the array of the eigenvalues of A.
    """
    return ()


def spectrum_of(rng):
    """Draw some eigenvalues."""
    return rng.uniform(1.0, 2.0) * np.geomspace(1.0, rng.uniform(5.0, 60.0), 6)


@holds(
    "without momentum it is the rate of gradient descent",
    "With beta = 0 each error is multiplied by one number a step. Which eigenvalue is the slowest? "
    "It need not be the smallest one.",
)
def no_momentum(answer, rng):
    spectrum = spectrum_of(rng)
    low, high = spectrum.min(), spectrum.max()
    anywhere = rng.uniform(0.2, 1.95) / high
    # From 2 / (low + high) to 2 / high, where it diverges, the largest eigenvalue is the slowest.
    edges = np.array([2.0 / (low + high), 2.0 / high])
    late = edges[0] + rng.uniform(0.1, 0.9) * (edges[1] - edges[0])
    return all(
        abs(answer(rate, 0.0, spectrum) - np.abs(1.0 - rate * spectrum).max()) < 1e-9
        for rate in (float(anywhere), float(late))
    )


@holds(
    "it predicts what a long run does",
    "Write (e_(t+1), e_t) as a 2 by 2 matrix times (e_t, e_(t-1)). What decides how the powers of "
    "a matrix grow? Take the slowest of all eigenvalues of A.",
)
def predicts_a_run(answer, rng):
    spectrum, beta = spectrum_of(rng), rng.uniform(0.1, 0.9)
    rate = rng.uniform(0.3, 0.9) * 2.0 * (1.0 + beta) / spectrum.max()
    now, before, logs = np.ones(6), np.ones(6), []
    for _ in range(1000):
        now, before = (1.0 + beta - rate * spectrum) * now - beta * before, now
        size = np.sqrt(now @ now + before @ before)
        now, before = now / size, before / size
        logs.append(np.log(size))
    return abs(np.log(answer(rate, beta, spectrum)) - np.mean(logs[500:])) < 0.02


@holds(
    "where all eigenvalues oscillate it depends on the momentum alone",
    "Two conjugate complex roots have the same modulus, and their product is a coefficient of the "
    "quadratic equation. Did you take the real part, or the square root of a negative number?",
)
def oscillation(answer, rng):
    beta, rate = rng.uniform(0.5, 0.95), rng.uniform(0.01, 1.0)
    low, high = (1.0 - np.sqrt(beta)) ** 2 / rate, (1.0 + np.sqrt(beta)) ** 2 / rate
    one, two = (low + (high - low) * rng.uniform(0.05, 0.95, size=(2, 4))).copy()
    first, second = answer(rate, beta, one), answer(rate, beta, two)
    return abs(first - second) < 1e-9 and first < 1.0


@holds(
    "with Polyak's best constants it is (sqrt kappa - 1) / (sqrt kappa + 1)",
    "At the best constants the smallest and the largest eigenvalue are equally slow; both matter.",
)
def best_constants(answer, rng):
    spectrum = spectrum_of(rng)
    low, high = np.sqrt(spectrum[[0, -1]])
    best = float((high - low) / (high + low))
    return abs(answer(4.0 / float(high + low) ** 2, best**2, spectrum) - best) < 1e-5


@holds(
    "it is above one exactly where the iteration diverges",
    "How large may eta lambda be, with this momentum? A rate may exceed one: nothing is cut off.",
)
def divergence(answer, rng):
    spectrum, beta = spectrum_of(rng), rng.uniform(0.1, 0.9)
    edge = 2.0 * (1.0 + beta) / spectrum.max()
    return answer(1.02 * edge, beta, spectrum) > 1.0 > answer(0.98 * edge, beta, spectrum)
