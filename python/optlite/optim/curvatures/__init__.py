"""Matrices that stand for the Hessian in a second-order method, one file each.

A class states what a header of the registry does: ``name``, ``doc``, ``formula``, ``reference``,
``fields``. It is made of an objective, its hyper-parameters and a random generator, and knows

- ``is_hessian``: whether it is the Hessian itself of a convex objective;
- ``at(x)``: a function that multiplies vectors in rows with the matrix at x, or a matrix.

``method`` and ``step_size`` are those that go with it when it is asked for by its own name.
"""

from ._base import Curvature
from .gauss_newton import GaussNewton
from .hessian import Hessian
from .natural_gradient import NaturalGradient
from .sketched_newton import SketchedNewton
from .subsampled_newton import SubsampledNewton

#: All of them by name.
CURVATURES = {
    each.name: each
    for each in (Hessian, GaussNewton, NaturalGradient, SketchedNewton, SubsampledNewton)
}

#: Those that are methods of their own.
METHODS = {name: each for name, each in CURVATURES.items() if each.method}

__all__ = [
    "CURVATURES",
    "METHODS",
    "Curvature",
    "GaussNewton",
    "Hessian",
    "NaturalGradient",
    "SketchedNewton",
    "SubsampledNewton",
]
