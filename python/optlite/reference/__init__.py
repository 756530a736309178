"""The library again, in NumPy, to be read: one small file for each C++ header, same names.

Nothing here imports the compiled core. ``reference.objectives.logistic`` is
``cpp/include/optlite/objectives/logistic.hpp``, and so on; the test suite holds the two together.

Examples
--------
>>> from optlite import reference
>>> logistic = reference.load("objectives", "logistic")
>>> float(logistic.value(0.0, 1.0).round(6))
0.693147
"""

import importlib
import pathlib

KINDS = (
    "objectives",
    "activations",
    "penalties",
    "directions",
    "step_sizes",
    "rules",
    "distributions",
    "transport_methods",
    "block_selections",
    "block_updates",
)
MODULES = (
    "bcd",
    "bcd_graphs",
    "bcd_lipschitz",
    "bcd_newton",
    "bcd_problems",
    "bcd_promise",
    "bcd_terms",
    "block_lanczos",
    "boosting",
    "descent",
    "elastic_net",
    "factored",
    "generalized_linear",
    "group_lasso",
    "inverse_root",
    "krylov",
    "lanczos",
    "natural_gradient",
    "network",
    "newton_schulz",
    "partial_likelihood",
    "psgd",
    "radial_projection",
    "ridge",
    "row_distributions",
    "sparse_model",
    "subspace",
    "transport",
    "trees",
    "updates",
)

__all__ = ["KINDS", "load", "names"]


def load(kind, name):
    """Import the twin of one header.

    Parameters
    ----------
    kind : str
        One of `KINDS`, such as "objectives" or "rules".
    name : str
        File name without its ending.

    Returns
    -------
    module
        Functions for an objective, a penalty, an update rule or a distribution; for a direction, a
        step size or a method of transport one class, named as the C++ struct is.
    """
    if name not in names(kind):
        raise ValueError(
            f"No NumPy twin for {kind}/{name}; there are {', '.join(names(kind))}. "
            f"Create python/optlite/reference/{kind}/{name}.py."
        )
    return importlib.import_module(f"{__name__}.{kind}.{name}")


def names(kind):
    """List the twins of a kind.

    >>> from optlite import reference
    >>> "huber" in reference.names("objectives")
    True
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {list(KINDS)}, got {kind!r}.")
    folder = pathlib.Path(__file__).parent / kind
    files = (path.stem for path in folder.glob("*.py"))
    return sorted(stem for stem in files if stem not in ("__init__", "concept"))


def __getattr__(name):
    """Import a part of this package when it is first used."""
    if name in (*KINDS, *MODULES):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'optlite.reference' has no attribute {name!r}")
