"""Generators of the data of papers, by their recipes.

Examples
--------
>>> from optlite import bcd, datasets
>>> f = bcd.LabelPropagation(*datasets.lattice_labels(random_state=0))
>>> f.dim, bcd.solve(f, "forest", "gsd", block_size=None).converged
(2400, True)
"""

from ._block_problems import (
    lattice_labels,
    scaled_classes,
    scaled_labels,
    scaled_regression,
    two_moons_labels,
)

__all__ = [
    "lattice_labels",
    "scaled_classes",
    "scaled_labels",
    "scaled_regression",
    "two_moons_labels",
]
