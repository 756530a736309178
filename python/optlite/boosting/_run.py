"""A run of the core: the rows that it reads, the stages that it does, and what is kept of them."""

import numpy as np
from sklearn.base import clone

from .._core import core
from .._estimator import task_of_callbacks
from .._warnings import warn
from . import _features, _fit, _forest, _units

#: What grows from one fit to the next.
_GROWING = ("scalings_", "stage_factors_", "forest_", "base_models_", "col_idxs_")


class Run:
    """Stages of a fit, from where the estimator stands.

    Parameters
    ----------
    estimator : NGBoost
        Its start, bounds, unit and bins are set.
    train, held_out : Data
        Rows to fit and rows to stop early by, or None.
    patience : int
        Stages without a better validation score before the end; -1 for no limit.
    seed : int
    more : bool
        Whether the stages are added to those that there are.
    """

    def __init__(self, estimator, train, held_out, patience, seed, more):
        self.estimator, self.validated = estimator, held_out is not None
        self.before = None
        if more:
            self.before = {name: getattr(estimator, name, None) for name in _GROWING}
        self.stopped = False
        other = held_out if self.validated else train.take(np.arange(0))
        self.factor, self.shift = _units.parameters_of(estimator._family(), estimator.unit_)
        self.observed = np.array([train.observed, held_out.observed if self.validated else 1.0])
        sides = [self._side(data) for data in (train, other)]
        objective = _fit.objective_of(
            estimator._family(), estimator.score_rule_, estimator.natural_gradient
        )
        options = self._options(seed, patience)
        self.base = None
        if estimator.Base is not None:
            bases = base_learners(estimator)
            self.base = PythonBase(bases, train, other if self.validated else None)
            self.core = core.boost_python(objective, *sides, options, self.base)
            return
        self.core = core.boost_trees(
            objective,
            *sides,
            options,
            _forest.checked_bins(estimator.bins_),
            _features.encode(train, estimator.bins_),
            _features.encode(other, estimator.bins_),
            tree_options(estimator, train),
            _features.monotone_signs(estimator),
            estimator.tree_sharing == "joint",
        )

    def _side(self, data):
        """Return what the core reads of rows."""
        estimator = self.estimator
        params = self._counted(estimator.init_params_)[:, None]  # of every row
        if self.before is not None and len(data.y):
            params = self._counted(estimator._sum(data).T).T
        y, unit = _units.targets_of(data.y, estimator.unit_)
        return core.BoostingRows(np.ascontiguousarray(params), y, data.weight, data.event, unit)

    def _counted(self, params):
        """Return parameters (..., n_params) for targets in the unit of the fit."""
        return (params - self.shift) / self.factor

    def _options(self, seed, patience):
        estimator = self.estimator
        return {
            "learning_rate": float(estimator.learning_rate),
            "minibatch_frac": float(estimator.minibatch_frac),
            "col_sample": float(estimator.col_sample),
            "tol": float(estimator.tol),
            "line_search": estimator.line_search,
            "seed": seed,
            "first_stage": 0 if self.before is None else len(self.before["scalings_"]),
            "patience": patience,
            "lower": list(self._counted(estimator.lower_)),
            "upper": list(self._counted(estimator.upper_)),
            "reach": _fit.reach_of(estimator._family()),
            "features": estimator.n_features_in_,
        }

    def go(self, stages, context, X, y, sample_weight):
        """Do at most so many stages; with callbacks, each of them is a task."""
        if context is None:
            self.core.run(stages)
            return
        running = True
        for _ in range(stages):
            if not running or self.stopped:
                break
            task = task_of_callbacks(context, "stage", self.estimator, X, y, sample_weight)
            running = self.core.run(1)
            self.stopped = bool(task(self.attributes))

    def forest(self, n_stages):
        """Return the trees of the first stages."""
        joint = self.estimator.tree_sharing == "joint"
        trees = n_stages * (1 if joint else len(self.factor))
        return _forest.scale(_forest.cut(self.core.forest(), trees), self.factor, joint)

    def stages(self, n_stages):
        """Return the attributes of the estimator that grow: those of the first stages."""
        steps = self.core.history()[1 : n_stages + 1, 0]
        factors = self.estimator.learning_rate * np.outer(steps, self.factor)
        kept = {"scalings_": steps, "stage_factors_": factors, "forest_": {}}
        if self.base is None:
            kept["forest_"] = self.forest(n_stages)
        else:
            kept["base_models_"] = self.base.models[:n_stages]
            kept["col_idxs_"] = self.base.features[:n_stages]
        if self.before is not None:
            kept = {name: _behind(self.before[name], new) for name, new in kept.items()}
        return kept

    def attributes(self):
        """Return the attributes of the estimator if the fit ends here."""
        estimator, history = self.estimator, self.core.history()
        done = self.core.best_stages if self.validated else len(history) - 1
        scores = _units.score_of_user(
            history[:, 1:3], estimator.score_rule_, estimator.unit_, self.observed
        )
        kept = self.stages(done)
        return {
            **kept,
            "n_iter_": len(kept["scalings_"]),
            "train_score_": scores[:, 0],
            "validation_score_": scores[:, 1] if self.validated else None,
            "stop_reason_": "callback" if self.stopped else self.core.reason,
        }


def _behind(first, second):
    """Return what a longer fit has: the parts of the first, then those of the second."""
    if isinstance(first, dict):
        return _forest.join(first, second) if second else second
    return first + second if isinstance(first, list) else np.concatenate([first, second])


def base_learners(estimator):
    """Return the regressor for each parameter."""
    given, n_params = estimator.Base, len(estimator.init_params_)
    if not isinstance(given, (list, tuple)):
        return [given] * n_params
    names = list(estimator._family().parameter_names)
    if len(given) != n_params or not all(hasattr(base, "fit") for base in given):
        raise ValueError(
            f"Base must be one regressor, or a list of one for each parameter {names}, got "
            f"{given!r} ({type(estimator).__name__})."
        )
    return given


class PythonBase:
    """Fits clones of regressors, one for each parameter of each stage."""

    def __init__(self, bases, train, validation):
        self.bases, self.X, self.weight = bases, train.features, train.weight
        self.validation_X = None if validation is None else validation.features
        self.models, self.features = [], []

    def __call__(self, targets, rows, features):
        """Fit a stage; values for all rows of training and validation, (n_params, n) each."""
        X = _features.some_columns(self.X, features)
        seen = slice(None) if rows is None else rows
        part = X if rows is None else X[rows]
        given = {} if self.weight is None else {"sample_weight": self.weight[seen]}
        models = [
            clone(base).fit(part, t[seen], **given)
            for base, t in zip(self.bases, targets, strict=True)
        ]
        self.models.append(models)
        self.features.append(features)
        values = np.array([m.predict(X) for m in models], dtype=float)
        if self.validation_X is None:
            return values, np.zeros((len(models), 0))
        Z = _features.some_columns(self.validation_X, features)
        return values, np.array([m.predict(Z) for m in models], dtype=float)


def tree_options(estimator, train):
    """Return the limits of a tree, and warn where they leave one leaf."""
    total = len(train.y) if train.weight is None else train.weight.sum()
    if total < 2 * estimator.min_samples_leaf <= len(train.y):
        warn(
            f"The weights add up to {total:g}, less than two leaves of min_samples_leaf="
            f"{estimator.min_samples_leaf}: no tree can split. A row of weight 2 counts as two "
            "rows; multiply the weights so that their mean is 1.",
            UserWarning,
        )
    return core.TreeOptions(
        -1 if estimator.max_depth is None else estimator.max_depth,
        -1 if estimator.max_leaf_nodes is None else estimator.max_leaf_nodes,
        float(estimator.min_samples_leaf),
        float(estimator.l2_regularization),
    )
