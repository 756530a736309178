"""Exercises that check themselves: ``list()``, ``show(name)``, ``check(name, function)``.

An exercise asks for one function. :func:`check` calls it with random problems and looks whether
properties hold that the mathematics promises; where one does not, it says which, and gives a hint,
not the answer. The solutions are in ``docs/solutions`` of the source, not in the package.
"""

import difflib

from ._exercise import CHAPTERS, Exercise, Property, load, names
from ._result import CheckResult
from ._run import run

__all__ = ["CheckResult", "Exercise", "Property", "check", "get", "list", "show"]


def list(chapter=None):
    """List the names of the exercises, in the order of the course.

    Parameters
    ----------
    chapter : str, default=None
        One of `CHAPTERS`, such as "curvature"; None lists all.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If there is no such chapter.

    Examples
    --------
    >>> from optlite import exercises
    >>> exercises.list("coordinate methods")[:3]
    ['block-step', 'greedy-coordinate', 'soft-threshold']
    """
    if chapter is not None and chapter not in CHAPTERS:
        raise ValueError(f"chapter must be None or one of {[*CHAPTERS]}, got {chapter!r}.")
    found = [load(name) for name in names()]
    found = [each for each in found if chapter in (None, each.chapter)]
    found.sort(key=lambda each: (CHAPTERS.index(each.chapter), each.difficulty, each.name))
    return [each.name for each in found]


def get(name):
    """Return an exercise.

    Parameters
    ----------
    name : str
        One that :func:`list` returns.

    Returns
    -------
    Exercise
        Its title, statement, signature and properties.

    Raises
    ------
    ValueError
        If there is no such exercise; the nearest names are given.

    Examples
    --------
    >>> from optlite import exercises
    >>> exercises.get("momentum-rate").signature
    'momentum_rate(learning_rate, beta, spectrum)'
    """
    if name not in names():
        near = difflib.get_close_matches(str(name), names(), n=3, cutoff=0.4)
        advice = f"did you mean {' or '.join(near)}?" if near else "list() shows all names."
        raise ValueError(f"There is no exercise {name!r}; {advice}")
    return load(name)


def show(name):
    """Print the statement of an exercise: the problem, its source, the function to write.

    Parameters
    ----------
    name : str
        One that :func:`list` returns.

    Raises
    ------
    ValueError
        If there is no such exercise.

    Examples
    --------
    >>> from optlite import exercises
    >>> exercises.show("soft-threshold")  # doctest: +ELLIPSIS
    soft-threshold (coordinate methods, difficulty 1 of 3)
    ...
    """
    print(get(name).text())


def check(name, function, *, seed=None, repeats=5, verbose=True):
    """Check a function against the properties of an exercise.

    Parameters
    ----------
    name : str
        One that :func:`list` returns.
    function : callable
        The answer, with the parameters that :func:`show` prints, by position.
    seed : int >= 0, default=None
        Of the random problems; None takes a new one, which the result names, so that a failure can
        be repeated.
    repeats : int >= 1, default=5
        Random problems for each property.
    verbose : bool, default=True
        Whether the result is printed.

    Returns
    -------
    CheckResult
        True if all properties hold. Otherwise `failed` says which does not, and `hint` where to
        look. A function that raises, returns something else than what was asked for, or changes its
        arguments has failed, too: the result says so, and no exception is raised.

    Raises
    ------
    ValueError
        If there is no such exercise, or `seed` or `repeats` are out of range.
    TypeError
        If `function` is not callable.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import exercises
    >>> def soft_threshold(z, threshold):
    ...     return np.maximum(z - threshold, 0.0)  # forgets the negative side
    >>> result = exercises.check("soft-threshold", soft_threshold, seed=0, verbose=False)
    >>> bool(result)
    False
    >>> result.failed
    'no other point has a smaller value'
    """
    exercise = get(name)
    if not callable(function):
        raise TypeError(
            f"function must be callable, got {function!r}. Pass the function itself, without "
            f"calling it: check({name!r}, {exercise.function_name})."
        )
    result = run(exercise, function, seed, repeats)
    if verbose:
        print(result)
    return result
