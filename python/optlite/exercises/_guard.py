"""Call somebody's function and say in words what is wrong with what it does.

Whatever a student's function does wrong becomes a `Misuse`: a property, a hint and what was found.
"""

import inspect
import pathlib

import numpy as np


class Misuse(Exception):
    """The function cannot be checked: the property that fails, a hint, what was found."""


class Guard:
    """A student's function, which is called with copies and whose results are looked at."""

    def __init__(self, exercise, function):
        self.exercise, self.function, self.arguments = exercise, function, None
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):  # some functions written in C have none
            return
        try:
            signature.bind(*exercise.parameters)
        except TypeError:
            raise Misuse(
                "it takes the parameters of the statement",
                f"It is called as {exercise.signature}, by position.",
                f"its parameters are {signature}",
            ) from None

    def __call__(self, *arguments):
        """Return the function's result: a float, an array of float64, or a tuple of these."""
        self.arguments = arguments
        given = [each.copy() if isinstance(each, np.ndarray) else each for each in arguments]
        try:
            with np.errstate(all="ignore"):  # infinities are reported once, below
                value = self.function(*given)
        except (Exception, SystemExit) as error:
            raise Misuse(
                "it runs without an error",
                "Call the function by hand with the arguments below.",
                f"{type(error).__name__}: {error}{self.place(error)}; {self.last_call()}",
            ) from None
        self.refuse_changes(given)
        shapes = self.exercise.returns(*arguments)
        if not isinstance(shapes, dict):
            return self.number(value, shapes, "the result")
        if not isinstance(value, tuple | list) or len(value) != len(shapes):
            several = isinstance(value, tuple | list)
            count = f"{len(value)} values" if several else f"a value of type {type(value).__name__}"
            raise Misuse(
                "it returns what was asked for",
                f"Return {', '.join(shapes)}, in this order: {len(shapes)} values.",
                f"it returned {count}",
            )
        return tuple(
            self.number(part, shape, name)
            for part, (name, shape) in zip(value, shapes.items(), strict=True)
        )

    def number(self, value, shape, name):
        """Check one result, and return it as a float or an array of float64."""
        if value is None:
            wanted, hint = "it returns what was asked for", "Is a return missing?"
            raise Misuse(wanted, hint, f"{name} is None")
        try:
            array = np.asarray(value)
        except ValueError:  # rows of different lengths
            array = np.asarray(None)
        if array.dtype.kind not in "iuf":
            wanted = "a number" if shape == () else "an array of numbers"
            kind = f" with entries of type {array.dtype}" if array.dtype.kind in "bc" else ""
            raise Misuse(
                "it returns what was asked for",
                f"{name} should be {wanted}: what type has each part of your expression?",
                f"{name} is of type {type(value).__name__}{kind}",
            )
        if array.shape != shape:
            raise Misuse(
                "its result has the right shape",
                f"{name} should {'be a single number' if shape == () else f'have shape {shape}'}; "
                "print the shapes of what you add and multiply.",
                f"{name} has shape {array.shape}; {self.last_call()}",
            )
        if not np.all(np.isfinite(array)):
            raise Misuse(
                "its result is finite",
                "Which operation could overflow, or divide by zero, with the arguments below?",
                f"{name} has NaN or infinity; {self.last_call()}",
            )
        return float(array) if shape == () else array.astype(np.float64)

    def refuse_changes(self, given):
        """Compare the arguments with what they were before the call."""
        for name, before, after in zip(
            self.exercise.parameters, self.arguments, given, strict=True
        ):
            if isinstance(before, np.ndarray) and not np.array_equal(before, after):
                raise Misuse(
                    "it leaves its arguments alone",
                    f"Work on a copy: '{name} -= step' and '{name}[i] = value' change the array "
                    f"of the caller, '{name} = {name} - step' makes a new one.",
                    f"{name} was changed",
                )

    def place(self, error):
        """Return the line of the student's file at which it came to the error, in words."""
        code = getattr(self.function, "__code__", None)
        trace, line = error.__traceback__, None
        while code is not None and trace is not None:
            if trace.tb_frame.f_code.co_filename == code.co_filename:
                line = trace.tb_lineno
            trace = trace.tb_next
        file = pathlib.PurePath(code.co_filename).name if code is not None else ""
        return f" (line {line} of {file})" if line is not None else ""

    def last_call(self):
        """Write the arguments of the last call."""
        if self.arguments is None:
            return "the function was never called"
        pairs = zip(self.exercise.parameters, self.arguments, strict=True)
        return "called with " + ", ".join(f"{name}={short(value)}" for name, value in pairs)


def short(value):
    """Write an argument in a line."""
    if callable(value):
        return "<a function>"
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=4, threshold=8, edgeitems=2, separator=", ")
        return " ".join(text.split())
    return f"{value:.6g}" if isinstance(value, float) else repr(value)
