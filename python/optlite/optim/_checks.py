"""Arguments of schedules and wrappers: worded as those of the registry are."""

import math
import numbers

from .. import _params
from ..reference.updates import FORMS


def real(value, name, owner, advice, lower=-math.inf, upper=math.inf, is_open=(True, True)):
    """Return a float within the bounds, or say what it may be; `is_open` is for either end."""
    number = _params.real_number(value, name, owner)
    lower_open, upper_open = is_open
    field = {"lower": lower, "upper": upper, "lower_open": lower_open, "upper_open": upper_open}
    if not _params._contains(field, number):
        raise ValueError(
            f"{name} must be {_params.needed(field, number)}, got {number!r} ({owner}). {advice}"
        )
    return number


def positive(value, name, owner, advice):
    """Return a finite float above zero."""
    return real(value, name, owner, advice, lower=0.0)


def non_negative(value, name, owner, advice):
    """Return a finite float, zero or above."""
    return real(value, name, owner, advice, lower=0.0, is_open=(False, True))


def fraction(value, name, owner, advice, is_open=(False, False)):
    """Return a float between 0 and 1."""
    return real(value, name, owner, advice, lower=0.0, upper=1.0, is_open=is_open)


def integer(value, name, owner, advice, lower=1):
    """Return an int, at least `lower`."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(
            f"{name} must be an integer, got {value!r} of type {type(value).__name__} ({owner}). "
            f"{advice}"
        )
    if value < lower:
        raise ValueError(f"{name} must be >= {lower}, got {int(value)!r} ({owner}). {advice}")
    return int(value)


def weight_decay(strength, form, owner, forms=FORMS):
    """Return the hyper-parameters of weight decay of a rule written in Python."""
    return {
        "weight_decay": non_negative(strength, "weight_decay", owner, "It pulls towards zero."),
        "weight_decay_form": word(
            form, "weight_decay_form", owner, forms, "It says how weight_decay enters a step."
        ),
    }


def flag(value, name, owner):
    """Return a bool."""
    if isinstance(value, bool):
        return value
    raise TypeError(f"{name} must be True or False, got {value!r} ({owner}).")


def word(value, name, owner, words, advice):
    """Return one of the words."""
    if isinstance(value, str) and value in words:
        return value
    raise ValueError(f"{name} must be one of {list(words)}, got {value!r} ({owner}). {advice}")
