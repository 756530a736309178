"""Warnings that point at the user's line."""

import sys
import warnings

#: Packages whose frames lie between the user's call and the warning.
_INSIDE = frozenset({"optlite", "sklearn", "joblib"})


def warn(message, category):
    """Issue a warning at the first line of the call stack outside of the packages named above.

    A fixed `stacklevel` cannot do that: decorators and shared methods add frames of their own.
    """
    level = 1
    frame = sys._getframe(0)
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] in _INSIDE:
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)


def warn_not_converged(message):
    """Issue scikit-learn's ConvergenceWarning, which is imported for it alone."""
    from sklearn.exceptions import ConvergenceWarning

    warn(message, ConvergenceWarning)
