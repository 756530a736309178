"""What each kind of loss takes as y, and how labels become numbers."""

import numpy as np


def encode(y, target, n_samples, owner):
    """Validate y for a loss.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Numbers, or labels of any type.
    target : str
        "real", "count" (>= 0), "binary" (two labels) or "label" (two or more).
    n_samples : int
        Rows of X.
    owner : str
        Class name, for messages.

    Returns
    -------
    codes : ndarray of float64
        For labels: -1 and +1, or 0 to K - 1, in sorted order of the labels.
    classes : ndarray or None
        The labels.
    """
    y = _column(y, n_samples, owner)
    if target in ("real", "count"):
        return _numbers(y, target, owner), None
    classes, index = _labels(y, owner)
    if target == "binary":
        if len(classes) > 2:
            raise ValueError(
                f"y must hold two labels, got {len(classes)}: {_shown(classes)} ({owner}). Use "
                "Multinomial for more than two."
            )
        return 2.0 * index - 1.0, classes
    return index.astype(np.float64), classes


def _column(y, n_samples, owner):
    y = np.asarray(y)
    if y.ndim != 1:
        hint = " Use y.ravel()." if y.ndim == 2 and 1 in y.shape else ""
        raise ValueError(f"y must have shape (n_samples,), got {y.shape} ({owner}).{hint}")
    if len(y) != n_samples:
        raise ValueError(
            f"X and y must have as many rows, got {n_samples} and {len(y)} ({owner}). Check that "
            "both come from the same data."
        )
    return y


def _numbers(y, target, owner):
    if y.dtype.kind not in "biufO":
        raise TypeError(f"y must hold numbers, got dtype {y.dtype} ({owner}).")
    try:
        y = np.array(y, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"y must hold numbers, got dtype {y.dtype} ({owner}).") from None
    _check(np.isfinite(y), y, "y must be finite", "Drop or impute that row.", owner)
    if target == "count":
        _check(y >= 0.0, y, "y must be >= 0", "Counts and rates are never negative.", owner)
    return y


def _check(good, y, rule, remedy, owner):
    if not good.all():
        row = int(np.argmin(good))
        raise ValueError(f"{rule}, got y[{row}] = {y[row]} ({owner}). {remedy}")


def _labels(y, owner):
    if y.dtype.kind == "f":
        _check(np.isfinite(y), y, "Labels must be finite", "Drop that row.", owner)
    try:
        classes, index = np.unique(y, return_inverse=True)
    except TypeError:
        raise TypeError(
            f"The labels in y must be of one type that can be sorted, got {y[:3]} ... ({owner})."
        ) from None
    if len(classes) < 2:
        raise ValueError(
            f"y must hold two labels or more, got only {_shown(classes)} ({owner}). A model of one "
            "class has nothing to learn."
        )
    return classes, index


def _shown(classes):
    text = ", ".join(repr(label) for label in classes[:5].tolist())
    return text + (", ..." if len(classes) > 5 else "")
