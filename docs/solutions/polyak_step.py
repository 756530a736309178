"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def polyak_step(value, minimum, g):
    square = g @ g
    return (value - minimum) / square if square > 0.0 else 0.0


def divides_by_zero(value, minimum, g):
    return (value - minimum) / (g @ g)


def forgets_the_square(value, minimum, g):
    return (value - minimum) / max(np.linalg.norm(g), 1e-300)


def twice_as_long(value, minimum, g):
    return 2.0 * polyak_step(value, minimum, g)


def guards_with_a_constant(value, minimum, g):
    return (value - minimum) / (g @ g + 1e-3)


MISTAKES = {
    "at_the_minimum": divides_by_zero,
    "cone": forgets_the_square,
    "distance_shrinks": twice_as_long,
    "units": guards_with_a_constant,
}
