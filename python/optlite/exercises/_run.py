"""Run the properties of an exercise on somebody's function."""

import operator

import numpy as np

from ._guard import Guard, Misuse
from ._result import CheckResult


def run(exercise, function, seed, repeats):
    """Return the CheckResult."""
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1)[0])
    seed = whole_number("seed", seed, 0)
    repeats = whole_number("repeats", repeats, 1)
    results = dict.fromkeys((each.name for each in exercise.properties), False)
    first = None
    try:
        guard = Guard(exercise, function)
        for each in exercise.properties:
            results[each.name] = all(
                held(each, guard, np.random.default_rng([seed, k])) for k in range(repeats)
            )
            if not results[each.name] and first is None:
                first = (each.sentence, each.hint, guard.last_call())
    except Misuse as misuse:
        first = misuse.args  # nothing that was found before matters as much
    failed, hint, found = first or (None, None, None)
    return CheckResult(exercise.name, failed, hint, found, results, seed)


def held(each, guard, rng):
    """Whether a property holds for one random problem."""
    with np.errstate(all="ignore"):  # a wild answer may overflow what the property computes of it
        try:
            return bool(each.holds(guard, rng))
        except (ArithmeticError, IndexError, ValueError):  # or be no number that it can use
            return False


def whole_number(name, value, least):
    """Check an integer."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}.") from None
    if number < least:
        raise ValueError(f"{name} must be >= {least}, got {number}.")
    return number
