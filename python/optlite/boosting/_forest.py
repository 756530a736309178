"""Trees in plain arrays: cutting, joining, prediction, importances.

A forest is a dict of arrays, as ``cpp/include/optlite/trees/forest.hpp`` describes them; the core
checks them whole before each use.
"""

import numpy as np

from .._core import core

_NODES = ("feature", "left", "code", "missing_left", "level_set", "gain", "weight")


_TYPES = {
    **dict.fromkeys(("feature", "left", "level_set", "target"), np.int32),
    **dict.fromkeys(("code", "missing_left"), np.uint8),
    **dict.fromkeys(("gain", "weight", "value"), np.float64),
    "starts": np.int64,
    "level_sets": np.uint64,
}
_BIN_TYPES = {"starts": np.int64, "values": np.float64, "categorical": np.uint8}


def views(model):
    """Return the core's views of the trees and bins of a model; their use checks the nodes."""
    p, bins = len(model.init_params_), model.bins_
    forest = core.Forest(model.forest_, p if model.tree_sharing == "joint" else 1, p)
    return forest, checked_bins(bins)


def checked_bins(bins):
    """Return the core's view of bins."""
    return core.Bins(bins["starts"], bins["values"], bins["categorical"])


def check(model, nodes=True):
    """Check whatever a fitted model has stored, but the regressors of `Base`.

    Parameters
    ----------
    model : estimator
    nodes : bool, default=True
        Whether the nodes of the trees are checked, too: the core does that at each use.

    Raises
    ------
    ValueError
        If an array is missing, has another type or shape than a fit gives it, points outside
        another one, or holds NaN: nothing is trusted that may come from a file.
    """
    _check_numbers(model)
    if model.bins_ is None:
        return
    for arrays, types, what in (
        (model.forest_, _TYPES, "trees"),
        (model.bins_, _BIN_TYPES, "bins"),
    ):
        for name, kind in types.items():
            array = arrays.get(name)
            _require(
                isinstance(array, np.ndarray) and array.dtype == kind and array.ndim == 1,
                what,
                f"{name} is missing or has another type",
            )
    count, joint = len(model.forest_["feature"]), model.tree_sharing == "joint"
    stages = len(model.forest_["target"]) // (1 if joint else len(model.init_params_))
    _require(stages == model.n_iter_, "trees", "their number is not that of the stages")
    for name in ("gain", "weight"):
        _require(len(model.forest_[name]) == count, "trees", f"{name} has another length")
    _require(np.isfinite(model.forest_["value"]).all(), "trees", "a value is not finite")
    _require(
        len(model.bins_["categorical"]) == model.n_features_in_,
        "bins",
        "their number is not that of the features",
    )
    if nodes:
        forest, bins = views(model)
        forest.apply(bins, np.zeros((model.n_features_in_, 0), dtype=np.uint8))


def _check_numbers(model):
    """Check what is stored beside trees and bins."""
    family = model._family()
    p, d, n = family.n_params, family.n_outputs, model.n_iter_
    shapes = {"init_params_": (p,), "lower_": (p,), "upper_": (p,), "unit_": (2, d)}
    for name, shape in {**shapes, "scalings_": (n,), "stage_factors_": (n, p)}.items():
        array = getattr(model, name)
        fits = isinstance(array, np.ndarray) and array.dtype == np.float64 and array.shape == shape
        _require(fits, "numbers", f"{name} has another type or shape")
        good = ~np.isnan(array) if name in ("lower_", "upper_") else np.isfinite(array)
        _require(good.all(), "numbers", f"{name} is not finite")


def _require(holds, what, fault):
    if not holds:
        raise ValueError(
            f"The {what} of this model are damaged: {fault}. Load the model again from an intact "
            "file."
        )


def scale(forest, factors, joint):
    """Return the forest with the values for parameter k multiplied by ``factors[k]``."""
    if joint:
        value = (forest["value"].reshape(-1, len(factors)) * factors).ravel()
    else:
        value = forest["value"] * factors[np.repeat(forest["target"], np.diff(forest["starts"]))]
    return {**forest, "value": value}


def cut(forest, n_trees):
    """Return the first trees of a forest."""
    nodes = int(forest["starts"][n_trees])
    total = len(forest["feature"])
    outputs = len(forest["value"]) // total if total else 1
    short = {name: forest[name][:nodes].copy() for name in _NODES}
    short["value"] = forest["value"][: nodes * outputs].copy()
    short["starts"] = forest["starts"][: n_trees + 1].copy()
    short["target"] = forest["target"][:n_trees].copy()
    sets = int(short["level_set"].max(initial=-1)) + 1  # they are numbered in the order of nodes
    short["level_sets"] = forest["level_sets"][: 4 * sets].copy()
    return short


def join(first, second):
    """Return the trees of one forest and, behind them, those of another."""
    shift = len(first["level_sets"]) // 4
    level_set = np.where(second["level_set"] < 0, -1, second["level_set"] + shift)
    moved = {
        **second,
        "level_set": level_set.astype(np.int32),
        "starts": second["starts"][1:] + first["starts"][-1],
    }
    return {name: np.concatenate([first[name], moved[name]]) for name in first}


def importances(forest, n_params, n_features, joint, steps):
    """Return the share of each feature in the gain of the trees, for each parameter.

    Each tree's gains are scaled to a sum of 1 and weighted by the step that was taken with it.

    Returns
    -------
    ndarray of shape (n_params, n_features)
        Rows add up to 1; a parameter whose trees have no splits has zeros.
    """
    n_trees = len(forest["target"])
    tree = np.repeat(np.arange(n_trees), np.diff(forest["starts"]))
    split = forest["feature"] >= 0
    tree, gain, feature = tree[split], forest["gain"][split], forest["feature"][split]
    total = np.bincount(tree, weights=gain, minlength=n_trees)
    weight = np.repeat(steps, n_trees // max(len(steps), 1))
    table = np.zeros((n_params, n_features))
    np.add.at(table, (forest["target"][tree], feature), gain / total[tree] * weight[tree])
    if joint:
        table[:] = table[0]
    sums = table.sum(axis=1, keepdims=True)
    return np.divide(table, sums, out=np.zeros_like(table), where=sums > 0)
