"""The proximal operator of the length: a group of coefficients is kept or dropped as a whole.

    argmin over x of |x - z|^2 / 2 + t |x|,      |x| the Euclidean length, t >= 0.

With |x|_1 instead each coefficient would be judged by itself. Here all of z is set to zero, or none
of it is: this is what the group lasso does with the coefficients of one categorical column.

Source: Yuan and Lin, Model selection and estimation in regression with grouped variables, 2006.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "sparse models"
difficulty = 1


def returns(z, threshold):
    """Return the minimiser, an array like z; threshold is t, a number."""
    return z.shape


@holds(
    "no other point has a smaller value",
    "Away from zero the derivative of |x| is x / |x|. Set that of the whole to zero: in which "
    "direction does x lie, and how long is it?",
)
def minimiser(answer, rng):
    z, t = rng.normal(size=3), rng.uniform(0.2, 1.5)
    x = answer(z, t)
    away = 10.0 ** rng.uniform(-4, 1, size=(400, 1)) * rng.normal(size=(400, 3))
    others = np.concatenate([x + away, [z, np.zeros(3)], np.linspace(0, 1, 101)[:, None] * z])

    def value(point):
        return 0.5 * np.sum((point - z) ** 2, axis=-1) + t * np.linalg.norm(point, axis=-1)

    return bool(np.all(value(others) >= value(x) - 1e-12))


@holds(
    "a group that is not longer than t becomes exactly zero",
    "All of it. What is judged is the length of z, not the size of each entry.",
)
def exact_zero(answer, rng):
    z, t = rng.normal(size=5), rng.uniform(0.2, 1.5)
    return not answer(z * t * rng.uniform(0.1, 0.999) / np.linalg.norm(z), t).any()


@holds(
    "a longer group loses no entry: it keeps its direction",
    "Is every entry multiplied by the same number?",
)
def direction(answer, rng):
    z, t = rng.normal(size=5), rng.uniform(0.2, 1.0)
    z[0] = 1e-3
    z *= t * rng.uniform(1.2, 4.0) / np.linalg.norm(z)
    x = answer(z, t)
    return close(x * np.linalg.norm(z), z * np.linalg.norm(x)) and np.linalg.norm(x) > 0.0


@holds(
    "a rotation before or after makes no difference",
    "The Euclidean length knows no coordinates. Does your formula?",
)
def rotation(answer, rng):
    Q, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    z, t = 2.0 * rng.normal(size=4), rng.uniform(0.2, 1.0)
    return close(answer(Q @ z, t), Q @ answer(z, t))


@holds("zero stays zero", "Do you divide by the length of z?")
def zero(answer, rng):
    return (
        not answer(np.zeros(3), rng.uniform(0.0, 1.0)).any() and not answer(np.zeros(3), 0.0).any()
    )
