"""Planes and lines in the space of the variables."""

import numpy as np


class Plane:
    """Hold origin + sum_k c_k directions[k] for all coordinates c.

    Parameters
    ----------
    origin : ndarray of shape (dim,)
    directions : ndarray of shape (n_directions, dim)
        Linearly independent.
    labels : sequence of str
        What the axes are called.
    """

    def __init__(self, origin, directions, labels):
        self.origin, self.directions, self.labels = origin, directions, tuple(labels)

    def coordinates(self, points):
        """Return the coordinates of the orthogonal projections, (n_points, n_directions).

        Those of points that are not finite are NaN, which matplotlib leaves out.
        """
        result = np.full((len(points), len(self.directions)), np.nan)
        finite = np.isfinite(points).all(axis=1)
        result[finite] = (points[finite] - self.origin) @ np.linalg.pinv(self.directions)
        return result

    def point(self, *coordinates):
        """Return the point with these coordinates, ndarray of shape (dim,)."""
        return self.origin + np.array(coordinates) @ self.directions


def coordinate_plane():
    """Return the plane of two variables, as they are."""
    return Plane(np.zeros(2), np.eye(2), ("$x_1$", "$x_2$"))


def principal_plane(points, origin):
    """Return the plane through `origin` that lies closest to the points.

    Its directions are the first two principal components of the differences from the origin, which
    is a point of the plane, so that the objective there is that of the plane.
    """
    differences = points - origin
    _, sizes, directions = np.linalg.svd(differences, full_matrices=False)
    if len(sizes) < 2 or sizes[1] <= 1e-12 * sizes[0]:
        raise ValueError(
            "The paths must span a plane, but all points lie on a line. Give the plane: "
            "directions=[u, v]."
        )
    names = ("component 1", "component 2")
    return _with_shares(origin, directions[:2], differences, names)


def given_plane(directions, origin, points):
    """Return the plane of two directions through `origin`, with orthogonal axes of length one."""
    directions = independent(directions, len(origin))
    # Gram and Schmidt: the first axis keeps the direction, the second what is orthogonal to it.
    first = directions[0] / np.linalg.norm(directions[0])
    second = directions[1] - (directions[1] @ first) * first
    axes = np.array([first, second / np.linalg.norm(second)])
    names = ("direction 1", "direction 2")
    return _with_shares(origin, axes, points - origin, names)


def _with_shares(origin, directions, differences, names):
    """Say on each axis which share of the squared length of the differences it explains."""
    total = np.sum(differences**2)
    along = np.sum((differences @ directions.T) ** 2, axis=0)
    labels = [
        f"{name} ({share:.0%} of the path)".replace("%", " %")
        for name, share in zip(names, along / (total or 1.0), strict=True)
    ]
    return Plane(origin, directions, labels)


def independent(directions, dim, counts=(2,)):
    """Check that directions are rows of numbers and not multiples of each other."""
    directions = np.array([np.ravel(row) for row in directions], dtype=np.float64)
    wanted = " or ".join(f"({count}, {dim})" for count in counts)
    if directions.ndim != 2 or directions.shape[1] != dim or len(directions) not in counts:
        raise ValueError(f"directions must have shape {wanted}, got {directions.shape}.")
    if not np.isfinite(directions).all():
        raise ValueError("directions must hold finite numbers, got NaN or infinity.")
    sizes = np.linalg.norm(directions, axis=1)
    if sizes.min() == 0.0:
        raise ValueError("directions must not be zero, got a row of zeros.")
    units = directions / sizes[:, None]
    if np.linalg.matrix_rank(units, tol=1e-10) < len(units):
        raise ValueError("directions must not be multiples of each other: they span no plane.")
    return directions
