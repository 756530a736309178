"""What the matrices share: how they are described and made."""

import numpy as np

from ...objectives import GeneralizedLinearObjective, RowObjective

POSITIVE = {"lower": 0.0, "upper": np.inf, "lower_open": True, "upper_open": True}


def field(name, default, doc, **limits):
    """Describe a hyper-parameter as the registry does."""
    words = limits.pop("words", [])
    is_integer = limits.pop("is_integer", False)
    shown = {"name": name, "default": default, "doc": doc, "words": words, "is_integer": is_integer}
    return {**POSITIVE, **shown, **limits}


class Curvature:
    """A matrix in the place of the Hessian.

    Parameters
    ----------
    objective : object with ``shape`` and ``value_and_gradient(x)``
    random : numpy.random.Generator
        What is drawn is drawn once for each new point.
    use_twin : bool
        Whether products come from the NumPy twin of an objective over rows, where it has them.
    **fields
        Hyper-parameters.
    """

    name = doc = formula = reference = method = step_size = ""
    fields = ()
    is_hessian = False

    def __init__(self, objective, random, use_twin=False, **fields):
        self.objective, self.random = objective, random
        self.shape = tuple(objective.shape)
        for key, value in fields.items():
            setattr(self, key, value)
        has_rows = isinstance(objective, RowObjective)
        self.is_linear = isinstance(objective, GeneralizedLinearObjective)
        self.twin = objective.twin() if use_twin and has_rows else None
        self.check(has_rows)

    def check(self, has_rows):
        """Raise TypeError for an objective that lacks what is needed."""

    def at(self, x):
        """Return a function (rows -> rows), or a matrix."""
        raise NotImplementedError  # abstract: each matrix has its own

    def own_products(self, name, x):
        """Products by a method of an objective in Python, ``name(w, v)``."""
        from ...curvature._operators_checks import python_products

        multiply = python_products(self.objective, "optim", name)
        return lambda V: multiply(x, V)

    @classmethod
    def record(cls):
        """Return the description in the form of the registry."""
        return {
            "kind": "curvatures",
            "name": cls.name,
            "class_name": cls.__name__,
            "doc": cls.doc,
            "formula": cls.formula,
            "reference": cls.reference,
            "fields": list(cls.fields),
            "as_method": [cls.method, cls.step_size] if cls.method else [],
        }
