"""From a registry record to the parts of a Python class: signature, checks, documentation.

A hyper-parameter is described once, in the header of the thing that has it. Everything Python says
about it is made here from that description.
"""

import difflib
import functools
import inspect
import itertools
import math
import numbers

import numpy as np

from ._core import core


@functools.cache
def records(kind):
    """Return the registry records of one kind ("objectives", "directions", ...), by name."""
    return {record["name"]: record for record in core.registry() if record["kind"] == kind}


def find(kind, name, argument):
    """Return the record of this kind and name, or explain which names there are."""
    known = records(kind)
    if isinstance(name, str) and name in known:
        return known[name]
    error = ValueError if isinstance(name, str) else TypeError
    raise error(f"{argument} must be one of {sorted(known)}, got {name!r}.{hint(name, known)}")


def hint(name, known):
    """Ask for the known name that looks most like this one; empty if none does."""
    close = difflib.get_close_matches(name, known, n=1) if isinstance(name, str) else []
    return f" Did you mean {close[0]!r}?" if close else ""


def allowed(field):
    """Say which values a field takes: "> 0", "in (0, 1)", "a number".

    >>> allowed({"lower": 0.0, "upper": math.inf, "lower_open": True, "upper_open": True})
    '> 0'
    """
    lower, upper = field["lower"], field["upper"]
    if math.isinf(lower) and math.isinf(upper):
        return "finite"
    if math.isinf(upper):
        return f"{'>' if field['lower_open'] else '>='} {lower:g}"
    if math.isinf(lower):
        return f"{'<' if field['upper_open'] else '<='} {upper:g}"
    opening, closing = "(["[not field["lower_open"]], ")]"[not field["upper_open"]]
    return f"in {opening}{lower:g}, {upper:g}{closing}"


def needed(field, value):
    """Say which values a field takes, so that it is clear why this one is not among them.

    >>> needed({"lower": 1.0, "upper": math.inf, "lower_open": False, "upper_open": True}, math.inf)
    'finite and >= 1'
    """
    words = allowed(field)
    infinite_side = field["upper"] if value > 0 else field["lower"]
    if math.isinf(value) and infinite_side == value and words != "finite":
        return f"finite and {words}"
    return words


def _contains(field, value):
    low, high = field["lower"], field["upper"]
    above = value > low if field["lower_open"] else value >= low
    below = value < high if field["upper_open"] else value <= high
    # An infinite bound is a value only where the range is closed there; NaN fails both comparisons.
    return above and below


def real_number(value, name, owner):
    """Return a float, or raise TypeError naming the argument."""
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:  # an integer past 1e308
            return math.inf if value > 0 else -math.inf
    raise TypeError(
        f"{name} must be a number, got {value!r} of type {type(value).__name__} ({owner})."
    )


def real_array(value, name, owner):
    """Return an array of real numbers, in its own type, or raise naming the argument."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(
            f"{name} must be an array, got rows of different lengths ({owner})."
        ) from None
    if array.dtype.kind == "O":
        array = _from_objects(array)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype} ({owner}).")
    return array


def _from_objects(array):
    """Return objects as doubles where all are numbers: not None, nor words that look like some."""
    if any(isinstance(value, (str, bytes, type(None))) for value in array.flat):
        return array
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        return array


def check_field(field, value, owner):
    """Return the value of one hyper-parameter, or teach what it may be.

    Numbers become floats; an integer stays an int, a flag a bool, a choice one of its words.
    """
    words = field.get("words")
    if words == FLAG:
        if isinstance(value, bool):
            return value
        raise TypeError(f"{field['name']} must be True or False, got {value!r} ({owner}).")
    if words:
        if value in words:
            return value
        raise ValueError(
            f"{field['name']} must be one of {words}, got {value!r} ({owner}). {field['doc']}"
        )
    number = real_number(value, field["name"], owner)
    if not _contains(field, number):
        is_int = isinstance(value, numbers.Integral) and math.isfinite(number)
        shown = int(value) if is_int and field.get("is_integer") else number
        raise ValueError(
            f"{field['name']} must be {needed(field, number)}, got {shown!r} ({owner}). "
            f"{field['doc']} The default is {field['default']:g}."
        )
    if not field.get("is_integer"):
        return number
    if isinstance(value, numbers.Integral):
        return int(value)
    raise TypeError(
        f"{field['name']} must be an integer, got {value!r} of type {type(value).__name__} "
        f"({owner}). {field['doc']} The default is {field['default']:g}."
    )


#: The words of a hyper-parameter that is a flag.
FLAG = ["false", "true"]


def as_word(field, number):
    """Return what the stored number of a flag or a choice stands for."""
    word = field["words"][int(number)]
    return word == "true" if field["words"] == FLAG else word


def default(field):
    """Return the default of a hyper-parameter as a user would give it."""
    number = field["default"]
    return as_word(field, number) if field.get("words") and isinstance(number, float) else number


def stored(field, value):
    """Return the number that stands for the value of a hyper-parameter in the core."""
    if not field.get("words"):
        return float(value)
    return float(value if field["words"] == FLAG else field["words"].index(value))


def field_values(record, given):
    """Check hyper-parameters and return all of them by name, defaults filled in.

    Parameters
    ----------
    record : dict
        A registry record.
    given : dict
        Hyper-parameters by name.

    Raises
    ------
    TypeError
        For a name the part does not have, or a value that is no number.
    ValueError
        For a value out of range.
    """
    owner = record["class_name"]
    names = [field["name"] for field in record["fields"]]
    unknown = [name for name in given if name not in names]
    if unknown:
        has = f"it has {', '.join(names)}" if names else "it has none"
        raise TypeError(f"{owner} has no hyper-parameter {unknown[0]!r}: {has}.")
    values = {
        field["name"]: check_field(field, given.get(field["name"], default(field)), owner)
        for field in record["fields"]
    }
    _check_rising(record, values)
    return values


def _check_rising(record, values):
    """Check hyper-parameters each of which has to be less than the next."""
    fields = {field["name"]: field for field in record["fields"]}
    for low, high in itertools.pairwise(record.get("rising", ())):
        if not values[low] < values[high]:
            defaults = " and ".join(f"{name}={fields[name]['default']:g}" for name in (low, high))
            raise ValueError(
                f"{low} must be < {high}, got {low}={values[low]!r} and {high}={values[high]!r} "
                f"({record['class_name']}). {fields[high]['doc']} The defaults are {defaults}."
            )


def split_fields(parts, given):
    """Hand each given hyper-parameter to the part that declares it.

    Parameters
    ----------
    parts : list of dict
        Registry records.
    given : dict
        Hyper-parameters by name, for any of the parts.

    Returns
    -------
    list of dict
        All hyper-parameters of each part, checked, defaults filled in.
    """
    owners = {field["name"]: part for part in parts for field in part["fields"]}
    unknown = [name for name in given if name not in owners]
    if unknown:
        who = " with ".join(part["class_name"] for part in parts)
        has = ", ".join(sorted(owners)) or "none"
        raise TypeError(f"{who} has no hyper-parameter {unknown[0]!r}; there are: {has}.")
    return [
        field_values(part, {name: value for name, value in given.items() if owners[name] is part})
        for part in parts
    ]


def parameters(record):
    """Return the hyper-parameters as keyword-only parts of a signature."""
    return [
        inspect.Parameter(field["name"], inspect.Parameter.KEYWORD_ONLY, default=_tidy(field))
        for field in record["fields"]
    ]


def parameter_docs(record):
    """Return the numpydoc entries of the hyper-parameters."""
    return "".join(
        f"{field['name']} : {_type(field)}, default={_tidy(field)!r}\n"
        f"    {_capital(field['doc'])}\n"
        for field in record["fields"]
    )


def _type(field):
    """Say what a hyper-parameter takes: its type and range, or its words."""
    words = field.get("words")
    if not words:
        return f"{'int' if field.get('is_integer') else 'float'}, {allowed(field)}"
    return "bool" if words == FLAG else "{" + ", ".join(f'"{word}"' for word in words) + "}"


def notes(record):
    """Return the numpydoc sections with the equation and its source."""
    formula = "\n".join(f"    {line.strip()}" for line in record["formula"].splitlines())
    references = "\n".join(
        f".. [{i}] {_sentence(source)}"
        for i, source in enumerate(record["reference"].split("; "), 1)
    )
    cited = " ".join(f"[{i}]_" for i in range(1, record["reference"].count("; ") + 2))
    return (
        f"Notes\n-----\n.. math::\n\n{formula}\n\nSource: {cited}.\n\n"
        f"References\n----------\n{references}\n"
    )


def _tidy(field):
    """The default, as an int where that says the same."""
    value = field["default"]
    if field.get("words"):
        return value
    whole = math.isfinite(value) and value == int(value) and abs(value) >= 2
    return int(value) if whole else value


def _capital(text):
    return text[:1].upper() + text[1:]


def _sentence(text):
    return text if text.endswith(".") else text + "."
