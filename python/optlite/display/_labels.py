"""Where to write a label beside its curve, so that it covers no curve."""

import numpy as np


def samples(points, spacing=0.01):
    """Return points along a path in the axes, `spacing` apart if it is not very long."""
    points = np.clip(points[np.isfinite(points).all(axis=1)], -50.0, 50.0)
    steps = np.diff(points, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    spacing = max(spacing, lengths.sum() / 50_000)
    counts = np.maximum(np.ceil(lengths / spacing), 1).astype(int)
    segment = np.repeat(np.arange(len(steps)), counts)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    share = (np.arange(len(segment)) - first[segment]) / counts[segment]
    along = points[segment] + share[:, None] * steps[segment]
    along = np.concatenate([along, points[-1:]])
    return along[np.all((along >= 0.0) & (along <= 1.0), axis=1)]


def place(texts, candidates, obstacles, character, gap):
    """Find for each text a place beside one of its candidates that is free; None if one has none.

    Parameters
    ----------
    texts : list of str
    candidates : list of ndarray of shape (n, 2)
        Points that a text may stand beside, in units of the axes (0 to 1).
    obstacles : list of ndarray of shape (n, 2)
        Points that no text may cover; ``obstacles[i]`` are those of text i, from which it need not
        keep its distance.
    character : tuple of float
        Width and height of a character, in the same units.
    gap : tuple of float
        Distance from a point to its text, in the same units.

    Returns
    -------
    list of tuple or None
        For each text: the point (2,), and the side of it on which the text stands, (+-1, +-1).
    """
    obstacles = [_thinned(points) for points in obstacles]
    everything = np.concatenate(obstacles)
    taken, places = [], []
    for i, text in enumerate(texts):
        others = [points for j, points in enumerate(obstacles) if j != i] or [np.full((1, 2), 9.0)]
        size = np.array([len(text) * character[0], character[1]])
        found = _best(candidates[i], np.concatenate(others), everything, taken, size, gap)
        if found is None:
            return None
        point, side, box = found
        taken.append(box)
        places.append((point, side))
    return places


def _thinned(points, cell=0.005):
    """One point of those in each cell of a fine grid."""
    _, first = np.unique(np.floor(points / cell), axis=0, return_index=True)
    return points[np.sort(first)]


def _best(candidates, others, everything, taken, size, gap):
    """The free place beside the candidate that is farthest from all other curves."""
    inside = candidates[:: 1 + len(candidates) // 300]
    if len(inside) == 0:
        return None
    apart = np.linalg.norm(inside[:, None] - others[None], axis=2).min(axis=1)
    for k in np.argsort(-apart):
        for side in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
            corner = inside[k] + np.array(side) * gap
            box = np.sort([corner, corner + np.array(side) * size], axis=0)
            if _is_free(box, everything, taken):
                return inside[k], side, box
    return None


def _is_free(box, points, taken):
    """Whether a box lies in the axes, holds no point and meets no other box."""
    if box[0].min() < 0.01 or box[1].max() > 0.99:
        return False
    if np.any(np.all((points > box[0]) & (points < box[1]), axis=1)):
        return False
    return all(np.any(box[1] < other[0]) or np.any(other[1] < box[0]) for other in taken)


def free_corner(points, size):
    """Return the corner ("upper left", ...) where a box covers none of the points, or None."""
    for corner in ("upper right", "upper left", "lower right", "lower left"):
        low = np.array([1.0 - size[0] if "right" in corner else 0.0, 0.0])
        low[1] = 1.0 - size[1] if "upper" in corner else 0.0
        if not np.any(np.all((points >= low) & (points <= low + size), axis=1)):
            return corner
    return None
