"""Times to an event, some of them censored, in the forms that users have them."""

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_array, check_consistent_length

#: One row of it says when something happened, or until when nothing had.
OUTCOME = np.dtype([("event", np.bool_), ("time", np.float64)])


def outcome_of(y, E=None):
    """Return times and events as one structured array.

    Parameters
    ----------
    y : array-like
        Times, shape (n,); or, without `E`, times and events: a structured array with a field of
        bool and one of numbers, a data frame with two columns of these kinds, or two columns of
        numbers, time and event, in this order. Times alone are all observed.
    E : array-like of shape (n,), optional
        1 or True where the event was observed, 0 or False where the row is censored.

    Returns
    -------
    ndarray of shape (n,), with the fields ``event`` and ``time``

    Raises
    ------
    ValueError
        For events other than 0 and 1, with the row, and for other forms.
    """
    if E is not None:
        _refuse_two_events(y)
        return _together(y, E, "E")
    if getattr(np.asarray(y), "dtype", None) is not None and np.asarray(y).dtype.names:
        return _from_fields(np.asarray(y))
    if hasattr(y, "columns") and len(y.columns) == 2:
        first, second = (np.asarray(y[name]) for name in y.columns)
        swapped = first.dtype == bool and second.dtype != bool
        return _together(*((second, first) if swapped else (first, second)), "event")
    y = check_array(y, ensure_2d=False, dtype="numeric", input_name="y")
    if y.ndim == 2 and y.shape[1] == 2:
        return _from_columns(y)
    y = column_or_1d(y, dtype=np.float64, warn=True)
    return _together(y, np.ones(len(y)), "E")


def _refuse_two_events(y):
    array = np.asarray(y)
    if array.dtype.names or (array.ndim == 2 and array.shape[1] == 2):
        raise ValueError(
            "Events must be given once, got both E and a y that holds events. Drop E, or pass the "
            "times alone."
        )


def _from_fields(y):
    """Split what scikit-survival and ngboost take: a field of bool and a field of numbers."""
    kinds = {name: y.dtype[name].kind for name in y.dtype.names}
    events = [name for name, kind in kinds.items() if kind == "b"]
    times = [name for name, kind in kinds.items() if kind in "iuf"]
    if len(kinds) != 2 or len(events) != 1 or len(times) != 1:
        raise ValueError(
            "A structured y must have two fields, a bool that says whether the event was observed "
            f"and a number that is the time, got {y.dtype}."
        )
    return _together(y[times[0]], y[events[0]], events[0])


def _from_columns(y):
    is_event = np.isin(y, (0, 1)).all(axis=0)
    if is_event[0] and not is_event[1]:
        raise ValueError(
            "The two columns of y must be time and event, in this order, and seem to be the other "
            f"way round: the second one holds {y[~np.isin(y[:, 1], (0, 1)), 1][0]:g}. Pass "
            "y[:, ::-1]."
        )
    return _together(y[:, 0], y[:, 1], "The second column of y")


def _together(time, event, name):
    time = check_array(time, ensure_2d=False, dtype="numeric", input_name="T")
    time = column_or_1d(time, dtype=np.float64, warn=True)
    event = column_or_1d(np.asarray(event), warn=True)
    check_consistent_length(time, event)
    bad = ~np.isin(event, (0, 1))
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(
            f"{name} must be 1 where the event was observed and 0 where the row is censored, got "
            f"{event[at]} at row {at}."
        )
    outcome = np.empty(len(time), dtype=OUTCOME)
    outcome["time"], outcome["event"] = time, event == 1
    return outcome
