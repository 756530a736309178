"""What the estimators of natural gradient boosting share: parameters and fit."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_consistent_length

from .._estimator import EstimatorShell, begin_callbacks, end_callbacks
from .._validation import check_weights
from .._warnings import warn
from . import _features, _fit, _folds, _forest, _spread, _units
from ._prediction import Predictions
from ._run import Run

#: From this number of rows on, "auto" stops early. On 300 rows of friedman1 the held-out score is
#: 2.36 with it and 10.4 without.
AUTO_ROWS = 100
AUTO_ROUNDS = 20
AUTO_FRACTION = 0.1


class NGBoost(Predictions, EstimatorShell, BaseEstimator):
    """Base of the estimators: parameters, and the fit, stage by stage."""

    _parameter_constraints: ClassVar[dict] = {
        "Dist": "no_validation",
        "Score": "no_validation",
        "Base": [HasMethods(["fit", "predict"]), list, tuple, None],
        "natural_gradient": ["boolean"],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "minibatch_frac": [Interval(Real, 0, 1, closed="right")],
        "col_sample": [Interval(Real, 0, 1, closed="right")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "early_stopping_rounds": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
            None,
        ],
        "max_depth": [Interval(Integral, 1, None, closed="left"), None],
        "max_leaf_nodes": [Interval(Integral, 2, None, closed="left"), None],
        "min_samples_leaf": [Interval(Integral, 1, None, closed="left")],
        "l2_regularization": [Interval(Real, 0, None, closed="left")],
        "max_bins": [Interval(Integral, 2, 255, closed="both")],
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "monotonic_cst": ["array-like", None],
        "tree_sharing": [StrOptions({"separate", "joint"})],
        "line_search": [StrOptions({"doubling", "newton"})],
        "n_threads": [Interval(Integral, 1, None, closed="left"), None],
        "warm_start": ["boolean"],
    }

    def __init__(
        self,
        Dist=None,
        Score="log",
        Base=None,
        natural_gradient=True,
        n_estimators=500,
        learning_rate=0.05,
        minibatch_frac=1.0,
        col_sample=1.0,
        tol=1e-4,
        random_state=None,
        validation_fraction=None,
        early_stopping_rounds="auto",
        max_depth=3,
        max_leaf_nodes=None,
        min_samples_leaf=20,
        l2_regularization=0.0,
        max_bins=255,
        categorical_features="from_dtype",
        monotonic_cst=None,
        tree_sharing="separate",
        line_search="doubling",
        n_threads=None,
        warm_start=False,
    ):
        self.Dist = Dist
        self.Score = Score
        self.Base = Base
        self.natural_gradient = natural_gradient
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.minibatch_frac = minibatch_frac
        self.col_sample = col_sample
        self.tol = tol
        self.random_state = random_state
        self.validation_fraction = validation_fraction
        self.early_stopping_rounds = early_stopping_rounds
        self.max_depth = max_depth
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_bins = max_bins
        self.categorical_features = categorical_features
        self.monotonic_cst = monotonic_cst
        self.tree_sharing = tree_sharing
        self.line_search = line_search
        self.n_threads = n_threads
        self.warm_start = warm_start

    def __sklearn_is_fitted__(self):
        """A fit that failed before its first stage has no trees."""
        return hasattr(self, "forest_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags

    # --- fitting ----------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, X_val=None, Y_val=None, val_sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features. NaN is a missing value. float32 and float64 are read in place.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets; each must be in the support of the distribution.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, each >= 0. A row of weight 2 counts as two rows, in `min_samples_leaf`, too;
            one of weight 0 is not there.
        X_val, Y_val : default=None
            Data to stop early by, instead of a share of `X` and `y`.
        val_sample_weight : array-like, default=None
            Weights of those.

        Returns
        -------
        self
            This instance, fitted. After Ctrl-C it holds the stages that were done: none while few
            rows are cross-validated.
        """
        more = self.warm_start and hasattr(self, "forest_")
        stages = self.n_estimators - (self.n_iter_ if more else 0)
        if stages < 0:
            raise ValueError(
                f"n_estimators must be at least the {self.n_iter_} stages that are already fitted "
                f"when warm_start=True, got {self.n_estimators}."
            )
        validation = (X_val, Y_val, val_sample_weight)
        return self._fit(X, y, sample_weight, validation, stages, more)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, *, X_val=None, Y_val=None):
        """Fit `n_estimators` more stages, on these data; the bins stay those of the first call.

        Parameters
        ----------
        X, y, sample_weight, X_val, Y_val
            As in :meth:`fit`.

        Returns
        -------
        self
            This instance.
        """
        more = hasattr(self, "forest_")
        return self._fit(X, y, sample_weight, (X_val, Y_val, None), self.n_estimators, more)

    def _fit(self, X, y, sample_weight, validation, stages, more):
        if more:
            self._check_continuation()
        else:
            self._learn_columns(X)
        data = self._check_rows(X, y, sample_weight, reset=not more).weighted()
        if self._categorical is None:
            self._categorical = np.zeros(self.n_features_in_, dtype=bool)
        n = len(data.y)
        if n < 2:
            raise ValueError(
                f"{type(self).__name__} needs at least 2 samples to fit a distribution, got 1 "
                "sample."
            )
        rng = check_random_state(self.random_state)
        seed = int(rng.randint(2**31))
        few = self._cross_validates(data, validation, more)
        train, held_out, patience = (data, None, -1) if few else self._split(data, validation, rng)
        context = begin_callbacks(self, X, y, sample_weight, stages)
        with _fit.threads(self.n_threads):
            if few:
                checked = _folds.CrossValidation(self, data, self._rounds(n), stages, seed, rng)
            if not more:
                self._start(train)
            run = Run(self, train, held_out, patience, seed, more)
            del data, train  # targets and places that a fit to many rows has no room for
            try:
                run.go(checked.n_stages if few else stages, context, X, y, sample_weight)
            finally:  # Ctrl-C keeps what there is
                for name, value in run.attributes().items():
                    setattr(self, name, value)
            if few:
                self._take_over(checked, stages)
            elif held_out is not None:
                self._widen(self._theta(held_out), held_out)
        end_callbacks(context, self, X, y, sample_weight)
        return self

    def _check_continuation(self):
        """Refuse to add stages of another kind to those that there are."""
        n_params = np.size(self.init_params_)
        values, nodes = (np.size(self.forest_.get(name, ())) for name in ("value", "feature"))
        now = {
            "Base": (self.Base is None, self.bins_ is not None),
            "Dist": (self._family().n_params, n_params),
            "tree_sharing": (self.tree_sharing == "joint" and n_params > 1, values > nodes),
        }
        changed = [name for name, (new, old) in now.items() if new != old]
        if nodes == 0:
            changed = [name for name in changed if name != "tree_sharing"]
        if changed:
            raise ValueError(
                f"{changed[0]} must be that of the stages that are already fitted, to which more "
                "are added (partial_fit, warm_start=True). Clone the estimator to start anew."
            )
        _forest.check(self)

    def _learn_columns(self, X):
        if self.Base is not None:
            self._categorical, self.categories_ = None, {}  # the regressor's own matter
            return
        mask = _features.categorical_mask(self, X, self.categorical_features)
        self._categorical = mask
        self.categories_ = _features.learn_categories(X, mask)

    def _check_rows(self, X, y, sample_weight, reset):
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y "
                "is None."
            )
        X = _features.check_X(self, X, categories=self.categories_, reset=reset)
        y, event = self._check_targets(y, reset)
        _units.check_size(y, type(self).__name__)
        check_consistent_length(X, y)
        return _fit.Data(X, y, check_weights(sample_weight, X), event)

    def _rounds(self, n):
        """Return how many stages may pass without a better score, or None."""
        if self.early_stopping_rounds == "auto":
            return AUTO_ROUNDS if n >= AUTO_ROWS else None
        return self.early_stopping_rounds

    def _cross_validates(self, data, validation, more):
        """Whether the number of stages is chosen by cross-validation."""
        n = len(data.y)
        asked = self._rounds(n) is not None and self.validation_fraction is None
        given = validation[0] is not None or validation[1] is not None
        few = n < _folds.FEW_ROWS and _folds.fill(n, self._strata(data))
        return asked and few and not given and not more

    def _take_over(self, checked, stages):
        """Keep what cross-validation said of the model that all rows are fitted with."""
        self.validation_score_ = checked.scores
        if self.stop_reason_ == "stages" and checked.n_stages < stages:
            self.stop_reason_ = "validation"
        self._widen(checked.theta, checked.rows)

    def _split(self, data, validation, rng):
        """Return training data, validation data (or None) and the patience (-1: no limit)."""
        X_val, Y_val, weight = validation
        if (X_val is None) != (Y_val is None):
            raise ValueError(
                "X_val and Y_val must be given together, got "
                f"{'Y_val' if X_val is None else 'X_val'} only."
            )
        if X_val is not None:
            held_out = self._check_rows(X_val, Y_val, weight, reset=False).weighted()
            rounds = self._rounds(AUTO_ROWS)
            return data, held_out, -1 if rounds is None else rounds
        n = len(data.y)
        rounds = self._rounds(n)
        if rounds is None:
            return data, None, -1
        fraction = AUTO_FRACTION if self.validation_fraction is None else self.validation_fraction
        chosen = _fit.hold_out(n, self._strata(data), fraction, rng)
        if chosen.all():
            raise ValueError(
                f"validation_fraction={fraction:g} leaves no training row of {n}; "
                "make it smaller or set early_stopping_rounds=None."
            )
        return data.take(~chosen), data.take(chosen), rounds

    def _strata(self, data):
        """Return values that rows for early stopping are to have in the shares of all rows."""

    def _start(self, train):
        """Set what does not change from stage to stage: start, bounds, bins."""
        owner = type(self).__name__
        family = self._family()
        score = _fit.score_of(self.Score, family, owner)
        if family.targets == "real" and (train.y == train.y[0]).all():
            warn(
                f"y is constant ({train.y[0]:g}): the scale of the distribution is at its lower "
                "bound, close to 0.",
                UserWarning,
            )
        self.score_rule_ = score
        self.unit_ = _units.unit_of(family, train.y, train.weight)
        y = _units.counted(train.y, self.unit_)
        start = family.marginal(y, sample_weight=train.weight, **_fit.event_of(train))
        factor, shift = _units.parameters_of(family, self.unit_)
        logarithms = [name.startswith("log_") for name in family.parameter_names]
        limit = np.where(logarithms, _units.LOG_BOUND, np.inf)
        lower, upper = _fit.bounds_of(family, start)
        self.init_params_, self.lower_, self.upper_ = (
            np.clip(factor * params + shift, -limit, limit)
            for params in (np.clip(start, lower, upper), lower, upper)
        )
        self.bins_ = None
        if self.Base is None:
            self.bins_ = _features.find_bins(train, self._categorical, self.max_bins)

    def _widen(self, theta, held_out):
        """Change the spread to where rows that were not fitted, predicted as theta, score best."""
        for spread, x in _spread.growths(self._family(), self.score_rule_, theta, held_out):
            for name in ("init_params_", "lower_", "upper_"):
                setattr(self, name, spread.grown(getattr(self, name), x))
            self.stage_factors_ = self.stage_factors_ * spread.factor(x)
            if self.bins_ is not None:
                joint = self.tree_sharing == "joint"
                self.forest_ = _forest.scale(self.forest_, spread.factor(x), joint)
