"""Survival analysis by natural gradient boosting: a distribution of the time for each row."""

import numpy as np
from sklearn.base import RegressorMixin, _fit_context

from . import _fit, distributions
from ._base import NGBoost
from ._concordance import concordance
from ._outcome import outcome_of
from ._prediction import NumberPredictions


class NGBSurvival(RegressorMixin, NumberPredictions, NGBoost):
    r"""Fit the distribution of a time that is not always observed, by natural gradient boosting.

    A row either has the time of its event, or is censored: nothing has happened up to its time.

    Parameters
    ----------
    Dist : str, class or instance, default=None
        Distribution of the time: "log_normal" (which None stands for), "weibull", "exponential" or
        "gamma" of :mod:`optlite.boosting.distributions`.
    Score : {"log", "crps"}, default="log"
        The scoring rule that is minimised. A censored row contributes minus the logarithm of the
        probability of a longer time, or the part of the continuous ranked probability score that
        lies before its time; the latter is there for all but "gamma".
    Base, natural_gradient, n_estimators, learning_rate, minibatch_frac, col_sample, tol
        As in :class:`NGBRegressor`, with the same defaults, as are those of the next three lines.
    random_state, early_stopping_rounds, max_depth, max_leaf_nodes, min_samples_leaf, max_bins
        See above.
    l2_regularization, categorical_features, monotonic_cst, tree_sharing, n_threads, warm_start
        See above.
    line_search
        See above.
    validation_fraction : float in (0, 1) or None, default=None
        Share of the rows that is held out to stop early by, with the same share of events. None is
        a tenth; with fewer than 1,000 rows, 5-fold cross-validation says where to stop, and all
        rows are fitted.

    Attributes
    ----------
    n_iter_, init_params_, lower_, upper_, scalings_, train_score_, validation_score_
        As in :class:`NGBRegressor`, as are those of the next line.
    stop_reason_, forest_, bins_, feature_importances_, n_features_in_, feature_names_in_
        See above.

    See Also
    --------
    NGBRegressor : The same where all values are known; it states the algorithm and its source.

    Notes
    -----
    The natural gradient of a censored row has the metric of an observed one, as in ngboost. With
    :math:`F` the distribution function, :math:`S = 1 - F` and a time :math:`T`, the scores are

    .. math::

        -\log f(T), \quad \int (F(t) - 1\{T \le t\})^2 dt \qquad \text{observed,}

        -\log S(T), \quad \int_0^T F(t)^2 dt \qquad \text{censored,}

    the integrals over the logarithm of the time for "log_normal". Censoring must not depend on the
    event beyond what the features say.

    The censored CRPS is not proper: an observed row is scored beyond the time at which its
    observation would have ended, a censored one is not. Exponential times with mean 1, observed
    until exponential times that do not depend on them, get the lowest expected score at the mean
    0.90 if 20 % of them are censored, at 0.72 if 50 % are, at 0.45 if 80 % are. The log score is
    lowest at the truth.

    References
    ----------
    A. Avati, T. Duan, S. Zhou, K. Jung, N. H. Shah and A. Y. Ng, "Countdown Regression: Sharp and
    Calibrated Survival Predictions", UAI 2019, section 3.

    T. Duan, A. Avati, D. Y. Ding, K. K. Thai, S. Basu, A. Ng and A. Schuler, "NGBoost: Natural
    Gradient Boosting for Probabilistic Prediction", ICML 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.boosting import NGBSurvival
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 3))
    >>> time, end_of_study = np.exp(X[:, 0] + 0.5 * rng.normal(size=400)), 2.0
    >>> T, E = np.minimum(time, end_of_study), time <= end_of_study
    >>> model = NGBSurvival(random_state=0).fit(X, T, E)
    >>> model.pred_dist(X[:3]).sf(1.0).shape  # the probabilities to survive the time 1
    (3,)
    >>> model.score(X, T, E) > 0.75  # the share of pairs in the right order
    True

    The form for pipelines and searches has times and events in one array:

    >>> from sklearn.model_selection import cross_val_score
    >>> scores = cross_val_score(NGBSurvival(random_state=0), X, np.column_stack([T, E]), cv=3)
    >>> bool(scores.min() > 0.7)
    True
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = True
        return tags

    def _family(self):
        name = type(self).__name__
        family = _fit.family_of("log_normal" if self.Dist is None else self.Dist, name)
        if not any(family.takes_censored(score) for score in family.scores):
            possible = [distributions.from_name(n) for n in distributions.list_distributions()]
            names = [f.name for f in possible if f.takes_censored()]
            raise ValueError(
                f"Dist must be a distribution with a censored score, one of {names}, got "
                f"{family!r} ({name})."
            )
        return family

    def _check_targets(self, y, reset):
        outcome = outcome_of(y)
        time = self._family().check_targets(outcome["time"], name="T")
        return time, outcome["event"].astype(np.float64)

    def _check_rows(self, X, y, sample_weight, reset):
        data = super()._check_rows(X, y, sample_weight, reset)
        weight = 1.0 if data.weight is None else data.weight
        if reset and not (data.event * weight).any():
            raise ValueError(
                f"All {len(data.y)} rows are censored: {type(self).__name__} needs at least one "
                "with an observed event (E = 1) and a weight > 0, or the time has no upper end."
            )
        return data

    def _strata(self, data):
        return data.event

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y=None,
        E=None,
        X_val=None,
        T_val=None,
        E_val=None,
        sample_weight=None,
        val_sample_weight=None,
        *,
        T=None,
    ):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features. NaN is a missing value. float32 and float64 are read in place.
        y : array-like of shape (n_samples,) or (n_samples, 2), or structured array
            Times, each > 0 (the exponential distribution takes 0, too); or, without `E`, times and
            events together: two columns, time and event, or a structured array with a field of bool
            (the event) and one of numbers (the time), as in scikit-survival. Times without events
            are all observed.
        E : array-like of shape (n_samples,), default=None
            1 or True where the event was observed, 0 or False where the row is censored.
        X_val, T_val, E_val : default=None
            Data to stop early by, instead of a share of the others.
        sample_weight, val_sample_weight : array-like of shape (n_samples,), default=None
            Weights, as in :meth:`NGBRegressor.fit`.
        T : array-like of shape (n_samples,), default=None
            Another name of `y`, that of ngboost.

        Returns
        -------
        self
            This instance, fitted. After Ctrl-C it holds the stages that were done: none while few
            rows are cross-validated.
        """
        return super().fit(
            X,
            _joined(y, T, E),
            sample_weight,
            X_val=X_val,
            Y_val=_joined(T_val, None, E_val),
            val_sample_weight=val_sample_weight,
        )

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X, y=None, E=None, sample_weight=None, *, X_val=None, T_val=None, E_val=None, T=None
    ):
        """Fit `n_estimators` more stages, on these data; the bins stay those of the first call.

        Parameters
        ----------
        X, y, E, sample_weight, X_val, T_val, E_val, T
            As in :meth:`fit`.

        Returns
        -------
        self
            This instance.
        """
        validation = {"X_val": X_val, "Y_val": _joined(T_val, None, E_val)}
        return super().partial_fit(X, _joined(y, T, E), sample_weight, **validation)

    def loss(self, X, y=None, E=None, sample_weight=None, *, T=None):
        """Return the mean score of the predicted distributions; the lower, the better.

        Parameters
        ----------
        X, y, E, sample_weight, T
            As in :meth:`fit`.

        Returns
        -------
        float
            In nats for ``Score="log"``.
        """
        return super().loss(X, _joined(y, T, E), sample_weight)

    def score(self, X, y=None, E=None, sample_weight=None, *, T=None):
        """Return the concordance of predicted and observed times; the higher, the better.

        It is Harrell's index: the share of the pairs of which it is known who has the longer time,
        whose predictions (:meth:`predict`) are in this order. 0.5 is chance. (ngboost returns minus
        what is here :meth:`loss`, and releases before 0.6 :meth:`loss` itself.)

        Parameters
        ----------
        X, y, E, sample_weight, T
            As in :meth:`fit`.

        Returns
        -------
        float
            Between 0 and 1; NaN if no pair can be compared.
        """
        outcome = outcome_of(_joined(y, T, E))
        return concordance(outcome["time"], outcome["event"], self.predict(X), sample_weight)


def _joined(y, T, E):
    """Return times and events as one argument."""
    if y is not None and T is not None:
        raise TypeError("T is another name of y: pass one of them.")
    y = T if y is None else y
    return y if y is None or E is None else outcome_of(y, E)
