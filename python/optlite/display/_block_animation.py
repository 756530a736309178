"""Runs of block coordinate descent that move: which block, and what becomes of x."""

import html
import json
import pathlib

import numpy as np

from ._animation import fill_template


def animate_blocks(records, *, shape=None, places=None, n_frames=40, interval=250, title=None):
    """Show the blocks that a run of block coordinate descent moves, one after the other.

    Each variable is a cell of a picture. On the left the block of an iteration is orange, and other
    variables are the bluer the more often they moved; on the right is x.

    Parameters
    ----------
    records : iterable of BlockRecord
        What :func:`optlite.bcd.steps` yields, or the trace of a result.
    shape : tuple of two int, default=None
        Rows and columns of the picture; None makes it nearly square.
    places : array-like of int of shape (n,), default=None
        The cell of each variable, row after row: `LabelPropagation.free` of a lattice. None puts
        them into the cells in turn.
    n_frames : int, >= 2, default=40
        Largest number of frames; iterations between two frames are left out.
    interval : int, > 0, default=250
        Time between two frames in milliseconds.
    title : str, default=None
        Name of the picture.

    Returns
    -------
    BlockAnimation
        With ``to_html(path)``; notebooks show it as it is.

    Raises
    ------
    ValueError
        If there are no records, the variables do not fit into the shape, or places are taken twice.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import bcd
    >>> from optlite.display import animate_blocks
    >>> f = bcd.Quadratic(np.diag(np.arange(1.0, 13.0)), np.ones(12))
    >>> movie = animate_blocks(bcd.steps(f, block_size=3), shape=(3, 4))
    >>> len(movie.frames), movie.frames[1]["block"]
    (5, [0, 1, 2])
    >>> movie.to_html()[:15]
    '<!DOCTYPE html>'
    """
    for name, value, least in (("n_frames", n_frames, 2), ("interval", interval, 1)):
        if not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(
                f"{name} must be an integer >= {least}, got {value!r} (animate_blocks)."
            )
    records = list(records)
    if not records:
        raise ValueError("records must hold one record at least, got none (animate_blocks).")
    size = len(records[0].x)
    shape = _shape(shape, size)
    return BlockAnimation(records, shape, _places(places, size, shape), n_frames, interval, title)


class BlockAnimation:
    """Hold the frames of an animation; made by :func:`animate_blocks`.

    Attributes
    ----------
    frames : list of dict
        Of each: iteration, block, moves (how often each variable moved until then), x as whole
        numbers, 127 for the largest of the run, and a text.
    shape : tuple of two int
        Rows and columns.
    places : ndarray of int of shape (n,)
        The cell of each variable.
    """

    def __init__(self, records, shape, places, n_frames, interval, title):
        self.shape, self.places, self.interval = shape, places, int(interval)
        self.title = title or "Blocks, one after the other"
        chosen = np.linspace(0, len(records) - 1, min(n_frames, len(records)))
        chosen = set(np.round(chosen).astype(int).tolist())
        largest = max((float(np.abs(record.x).max(initial=0.0)) for record in records), default=0.0)
        moves = np.zeros(len(places), dtype=int)
        self.frames = []
        for k, record in enumerate(records):
            moves[record.block] += 1
            if k in chosen:
                self.frames.append(_frame(record, moves, largest or 1.0))

    def to_html(self, path=None):
        """Return or write a page with the animation: one file, which needs nothing else.

        Parameters
        ----------
        path : str or path-like, default=None
            Where to write it; None only returns it.

        Returns
        -------
        str
            The page: a button plays and pauses, a slider goes to a frame.
        """
        rows, columns = self.shape
        data = {
            "rows": rows,
            "columns": columns,
            "places": self.places.tolist(),
            "interval": self.interval,
            "frames": self.frames,
        }
        page = fill_template(
            "block_animation.html",
            {
                "title": html.escape(self.title),
                "description": html.escape(f"{self.title}: {self.frames[-1]['text']}"),
                "width": "640",
                "last": str(len(self.frames) - 1),
                "data": json.dumps(data),
            },
        )
        if path is not None:
            pathlib.Path(path).write_text(page, encoding="utf-8")
        return page

    def _repr_html_(self):
        """Show the page in a frame of its own, in which its script disturbs no other."""
        rows, columns = self.shape
        height = 150 + round(320 * rows / columns)
        source = html.escape(self.to_html(), quote=True)
        return (
            f'<iframe srcdoc="{source}" width="660" height="{height}" '
            f'style="border: 0; max-width: 100%" title="{html.escape(self.title, quote=True)}">'
            "</iframe>"
        )


def _frame(record, moves, largest):
    text = (
        f"{len(record.block)} variables moved; objective {record.objective:.6g}, gradient norm "
        f"{record.gradient_norm:.2g}"
    )
    return {
        "iteration": int(record.iteration),
        "block": np.asarray(record.block).tolist(),
        "moves": moves.tolist(),
        "x": np.round(127.0 * np.asarray(record.x, dtype=np.float64) / largest)
        .astype(int)
        .tolist(),
        "text": text,
    }


def _shape(shape, size):
    """Return rows and columns, as asked for or nearly square."""
    if shape is None:
        columns = int(np.ceil(np.sqrt(size)))
        return -(-size // columns), columns
    rows, columns = (int(number) for number in shape)
    if rows < 1 or columns < 1 or rows * columns < size:
        raise ValueError(
            f"shape must have room for {size} variables, got {rows} x {columns} (animate_blocks)."
        )
    return rows, columns


def _places(places, size, shape):
    """Return the cell of each variable."""
    if places is None:
        return np.arange(size)
    places = np.asarray(places)
    cells = shape[0] * shape[1]
    if places.shape != (size,) or places.dtype.kind not in "iu":
        raise ValueError(
            f"places must hold one integer for each of {size} variables, got shape {places.shape} "
            f"and dtype {places.dtype} (animate_blocks)."
        )
    if places.min() < 0 or places.max() >= cells or len(np.unique(places)) < size:
        raise ValueError(
            f"places must be different cells in [0, {cells}), got from {places.min()} to "
            f"{places.max()}, {size - len(np.unique(places))} taken twice (animate_blocks)."
        )
    return places
