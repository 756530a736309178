"""What an iterative method did: one frozen record an iteration, kept in a trace."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

__all__ = ["Record", "Trace"]


@dataclasses.dataclass(frozen=True, eq=False)
class Record:
    """Hold the state of a run at one iteration.

    Two records are the same only if they are the same object: arrays do not compare to one truth
    value.

    Parameters
    ----------
    iteration : int
        0 is the starting point.
    objective : float
        Value of the objective at ``x``.
    gradient_norm : float
        Euclidean norm of the gradient at ``x``.
    certificate : float
        Bound on, or estimate of, objective - minimum (duality gap, squared Newton decrement);
        infinite where none is known.
    step_size : float
        Step t that led here: ``x = x_before + t * direction``. 0 at the start.
    regularization : float
        Shift lambda of the Hessian in that step, where the method has one.
    curvature, curvature_bound : float
        Smallest Ritz value of the Hessian that the method saw at ``x``, and a bound on its distance
        from an eigenvalue. The smallest eigenvalue is not above it: a negative one proves negative
        curvature. NaN where none was seen.
    n_passes : int
        Times the data has been read since the start.
    n_inner : int
        Inner iterations (conjugate gradients, factorisations) since the start.
    seconds : float
        Time since the start.
    x, gradient, direction : ndarray of float64, or None
        The point, the gradient there, and the direction along which it was reached (None at the
        start, and in traces that keep scalars only).
    state : dict or None
        What an update rule remembers there, by the textbook's names: copies of its arrays.

    Examples
    --------
    >>> from optlite.trace import Record
    >>> Record(iteration=0, objective=1.5)
    Record(iteration=0, objective=1.5)
    """

    iteration: int = 0
    objective: float = math.nan
    gradient_norm: float = math.nan
    certificate: float = math.inf
    step_size: float = 0.0
    regularization: float = 0.0
    curvature: float = math.nan
    curvature_bound: float = math.nan
    n_passes: int = 0
    n_inner: int = 0
    seconds: float = 0.0
    x: np.ndarray | None = None
    gradient: np.ndarray | None = None
    direction: np.ndarray | None = None
    state: dict | None = None

    def __repr__(self):
        """Show the scalars that differ from their defaults, to six digits."""
        shown = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, (np.ndarray, dict)) or value is None:
                continue
            if field.name != "iteration" and (value == field.default or value != value):
                continue
            shown.append(f"{field.name}={value:.6g}")
        return f"Record({', '.join(shown)})"


_FIELDS = tuple(field.name for field in dataclasses.fields(Record) if field.name != "state")
_ARRAYS = ("x", "gradient", "direction")
_SCALARS = tuple(name for name in _FIELDS if name not in _ARRAYS)


class Trace(Sequence):
    """Keep the records of a run, and give them back as columns.

    Parameters
    ----------
    records : iterable of Record or of dict, default=()
        One entry an iteration, in order. A dict holds some of the fields of :class:`Record`.

    Examples
    --------
    >>> from optlite.trace import Trace
    >>> trace = Trace([{"iteration": 0, "objective": 2.0}, {"iteration": 1, "objective": 1.0}])
    >>> len(trace)
    2
    >>> trace["objective"]
    array([2., 1.])
    >>> trace[-1].iteration
    1
    """

    def __init__(self, records=()):
        self._records = tuple(_as_record(entry) for entry in records)

    def __len__(self):
        return len(self._records)

    def __iter__(self):
        return iter(self._records)

    def __getitem__(self, key):
        """Return a record (int), a shorter trace (slice) or a column (name)."""
        if isinstance(key, str):
            return self.column(key)
        if isinstance(key, slice):
            return Trace(self._records[key])
        return self._records[key]

    def __repr__(self):
        """Show the length and the last record."""
        if not self._records:
            return "Trace(0 records)"
        return f"Trace({len(self)} records, last {self._records[-1]!r})"

    def column(self, name):
        """Return one field of all records as an array.

        Parameters
        ----------
        name : str
            A field of :class:`Record`.

        Returns
        -------
        ndarray of shape (n_records,) or (n_records, ...)
            For ``x``, ``gradient`` and ``direction``, records without one give a row of NaN.

        Raises
        ------
        KeyError
            If there is no such field.
        ValueError
            If an array was asked for and no record holds one.
        """
        if name not in _FIELDS:
            raise KeyError(f"A trace has the columns {', '.join(_FIELDS)}; got {name!r}.")
        values = [getattr(record, name) for record in self._records]
        if name not in _ARRAYS:
            return np.array(values, dtype=np.int64 if _is_count(name) else np.float64)
        shapes = [value.shape for value in values if value is not None]
        if not shapes:
            raise ValueError(f"No record of this trace holds {name!r}: only scalars were kept.")
        missing = np.full(shapes[0], np.nan)
        return np.array([missing if value is None else value for value in values])

    def to_dict(self):
        """Return the scalar columns as a dict of arrays."""
        return {name: self.column(name) for name in _SCALARS}

    def to_pandas(self):
        """Return the scalar columns as a pandas DataFrame (needs pandas)."""
        import pandas

        return pandas.DataFrame(self.to_dict())

    def to_polars(self):
        """Return the scalar columns as a polars DataFrame (needs polars)."""
        import polars

        return polars.DataFrame(self.to_dict())

    def plot(self, y="objective", x="iteration", minimum=None, ax=None, **line):
        """Draw one column against another (needs matplotlib).

        Parameters
        ----------
        y, x : str, default="objective", "iteration"
            Columns.
        minimum : float, default=None
            If given, it is subtracted from ``y`` and the axis is logarithmic: suboptimality for
            ``y="objective"``. Values that are not positive are left out.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure when None.
        **line
            Passed to ``Axes.plot``.

        Returns
        -------
        matplotlib Axes
        """
        import matplotlib.pyplot as plt

        if ax is None:
            ax = plt.figure(layout="constrained").add_subplot()
        across, up = self.column(x), self.column(y)
        if minimum is not None:
            above = up - minimum
            across, up = across[above > 0.0], above[above > 0.0]
            ax.set_yscale("log")
        finite = np.isfinite(up)
        ax.plot(across[finite], up[finite], **{"marker": "o", "markersize": 3, **line})
        ax.set_xlabel(x.replace("_", " "))
        ax.set_ylabel(y.replace("_", " ") + ("" if minimum is None else " - minimum"))
        return ax


def _is_count(name):
    return name in ("iteration", "n_passes", "n_inner")


def _as_record(entry):
    """Accept a Record, or a dict with some of its fields."""
    if isinstance(entry, Record):
        return entry
    unknown = sorted(set(entry) - {*_FIELDS, "state"})
    if unknown:
        raise ValueError(f"A record has the fields {', '.join(_FIELDS)}; got {unknown}.")
    return Record(**entry)
