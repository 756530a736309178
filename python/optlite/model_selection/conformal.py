"""Intervals that hold a new target with a given probability, around any regressor."""

from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, _fit_context, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import (
    _safe_indexing,
    assert_all_finite,
    check_array,
    check_random_state,
    column_or_1d,
    get_tags,
    indexable,
)
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from .._estimator import EstimatorShell
from .._validation import check_weights
from .._warnings import warn
from . import _conformity
from ._quantile import threshold
from ._row_split import split_rows


class ConformalRegressor(MetaEstimatorMixin, RegressorMixin, EstimatorShell, BaseEstimator):
    r"""Predict intervals that hold y with at least the asked probability, whatever the model.

    Part of the rows is kept from the fit of the regressor. How far their targets are from its
    predictions says how wide intervals must be; see Notes.

    Parameters
    ----------
    estimator : regressor
        It is cloned and fitted on the other rows. A fitted one in
        :class:`~sklearn.frozen.FrozenEstimator` stays as it is, and all rows of `fit` calibrate it:
        they must be rows that it has not seen.
    conformity_score : str, default="auto"
        What the distance from a prediction is:

        - ``"absolute"``: :math:`|y - m(x)|`, with the prediction m. Intervals of one width.
        - ``"normalized"``: :math:`|y - m(x)| / s(x)`, with the standard deviation that
          ``pred_dist(X)`` or ``predict(X, return_std=True)`` gives.
        - ``"quantile"``: :math:`\max(l(x) - y, y - u(x))`, with the quantiles of
          ``predict_quantile(X, [..., ...])`` or ``pred_dist(X)``: conformalised quantile
          regression.
        - ``"distribution"``: :math:`-\min(F(y|x), 1 - F(y|x))`, with the distribution of
          ``pred_dist(X)``, such as that of :class:`~optlite.boosting.NGBRegressor`.

        ``"auto"`` is the last of ``"absolute"``, ``"quantile"`` and ``"distribution"`` that the
        estimator has the methods for.
    confidence : float in (0, 1), default=0.9
        Probability of the intervals.
    calibration_size : float in (0, 1), default=0.25
        Share of the rows, by weight, that calibrate. Equal rows go to one side together.
    random_state : int, RandomState instance or None, default=None
        Seed of the split.

    Attributes
    ----------
    estimator_ : regressor
        The fitted regressor.
    conformity_score_ : str
        The score in use.
    calibration_scores_, calibration_weights_ : ndarray of shape (n_calibration,)
        Scores of the rows that calibrate, in rising order, and their weights.
    n_features_in_, feature_names_in_
        Those of `estimator_`, if it has them.

    See Also
    --------
    conformal_risk_control : The same for other losses than "y is outside".
    sklearn.calibration.CalibratedClassifierCV : Calibrates the probabilities of classes.

    Notes
    -----
    With :math:`s_1, ..., s_n` the scores of the calibration, the interval of x holds the targets
    whose score is at most the k-th smallest, :math:`k = \lceil c \, (n + 1) \rceil`. If a new row
    is exchangeable with those of the calibration,

    .. math:: c \le P(y_{n+1} \in C(x_{n+1})) \le c + \frac{1}{n + 1} ,

    the second if no two scores are equal (Lei et al., theorem 2). That is a mean over calibrations
    and rows: given the calibration, the probability has the distribution Beta(k, n + 1 - k) (Vovk,
    2012), which for n = 1,000 and c = 0.9 lies in [0.881, 0.918] with a probability of 95 %; and
    some regions of x may be covered better than others. Where k is larger than n, i.e. for
    :math:`n < c / (1 - c)`, the interval is infinite, and a warning says so.

    A weight of 2 counts as two equal rows. For new rows of another distribution of x, pass the
    ratios of the densities as weights, here and to :meth:`predict_interval` (Tibshirani et al.,
    corollary 1).

    References
    ----------
    V. Vovk, A. Gammerman and G. Shafer, Algorithmic Learning in a Random World, 2005, chapter 4.

    J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani and L. Wasserman, "Distribution-Free Predictive
    Inference for Regression", JASA 113, 2018, algorithm 2; section 5.2 for ``"normalized"``.

    V. Vovk, "Conditional Validity of Inductive Conformal Predictors", ACML 2012.

    Y. Romano, E. Patterson and E. J. Candès, "Conformalized Quantile Regression", NeurIPS 2019,
    algorithm 1, for ``"quantile"``.

    V. Chernozhukov, K. Wüthrich and Y. Zhu, "Distributional Conformal Prediction", PNAS 118, 2021,
    for ``"distribution"``.

    R. J. Tibshirani, R. F. Barber, E. J. Candès and A. Ramdas, "Conformal Prediction Under
    Covariate Shift", NeurIPS 2019, for weights.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from optlite.boosting import NGBRegressor
    >>> from optlite.model_selection import ConformalRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = ConformalRegressor(NGBRegressor(random_state=0), random_state=0).fit(X, y)
    >>> model.conformity_score_
    'distribution'
    >>> model.predict_interval(X[:2]).shape
    (2, 2)
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [HasMethods(["fit", "predict"])],
        "conformity_score": [StrOptions({"auto", *_conformity.SCORES})],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
        "calibration_size": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator,
        *,
        conformity_score="auto",
        confidence=0.9,
        calibration_size=0.25,
        random_state=None,
    ):
        self.estimator = estimator
        self.conformity_score = conformity_score
        self.confidence = confidence
        self.calibration_size = calibration_size
        self.random_state = random_state

    def __sklearn_is_fitted__(self):
        """A fit that failed half-way has no scores."""
        return hasattr(self, "calibration_scores_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.target_tags.positive_only = inner.target_tags.positive_only
        tags.regressor_tags = inner.regressor_tags
        return tags

    @property
    def n_features_in_(self):
        """Number of features of the regressor."""
        return self._of_estimator("n_features_in_")

    @property
    def feature_names_in_(self):
        """Names of the features, if X had some."""
        return self._of_estimator("feature_names_in_")

    def _of_estimator(self, name):
        if not hasattr(self, "estimator_"):
            raise AttributeError(f"{type(self).__name__} has no {name} before fit.")
        return getattr(self.estimator_, name)

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Fit the regressor on part of the rows, and calibrate on the others.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features, as the regressor takes them.
        y : array-like of shape (n_samples,)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, each >= 0. A row of weight 2 counts as two rows.

        Returns
        -------
        self
            This instance, fitted.
        """
        X, y, weight = self._check_rows(X, y, sample_weight)
        if isinstance(self.estimator, FrozenEstimator):
            self.estimator_ = self.estimator
            rows = np.arange(len(y)) if weight is None else np.flatnonzero(weight > 0.0)
        else:
            rng = check_random_state(self.random_state)
            others, rows = split_rows(X, y, weight, self.calibration_size, rng)
            if len(rows) == 0 or len(others) == 0:
                raise ValueError(
                    f"{type(self).__name__} needs at least 2 different rows, one to fit and one to "
                    f"calibrate, got {len(y)} sample{'s' * (len(y) != 1)} that are all equal."
                )
            self.estimator_ = self._fit_estimator(X, y, weight, others)
        self._calibrate(_safe_indexing(X, rows), y[rows], None if weight is None else weight[rows])
        return self

    def _check_rows(self, X, y, sample_weight):
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y "
                "is None."
            )
        if len(getattr(X, "shape", ())) != 2:
            X = check_array(X, dtype=None, ensure_all_finite=False)
        y = column_or_1d(y, warn=True)
        y = check_array(y, ensure_2d=False, dtype="numeric", input_name="y")
        assert_all_finite(y, input_name="y")
        X, y = indexable(X, y)
        return X, y, check_weights(sample_weight, X)

    def _fit_estimator(self, X, y, weight, rows):
        given = {}
        if weight is not None:
            if not has_fit_parameter(self.estimator, "sample_weight"):
                raise ValueError(
                    f"sample_weight was given, but {self.estimator!r} takes none in fit. Leave it "
                    "out, or fit the estimator first and pass it in a FrozenEstimator."
                )
            given["sample_weight"] = weight[rows]
        return clone(self.estimator).fit(_safe_indexing(X, rows), y[rows], **given)

    def _calibrate(self, X, y, weight):
        name, score = _conformity.score_of(self.conformity_score, self.estimator_, self.confidence)
        self.conformity_score_ = name
        scores = score.measure(self.estimator_, X, np.asarray(y, dtype=float))
        order = np.argsort(scores, kind="stable")
        self.calibration_weights_ = np.ones(len(y)) if weight is None else weight[order]
        self.calibration_scores_ = scores[order]  # NaN is behind all numbers: strangest of all
        self.calibration_scores_[np.isnan(self.calibration_scores_)] = np.inf
        self._fitted_confidence = self.confidence

    def predict(self, X):
        """Predict with the regressor.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return self.estimator_.predict(X)

    def predict_interval(self, X, confidence=None, *, sample_weight=None):
        """Predict intervals that hold y with this probability.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features.
        confidence : float in (0, 1), default=None
            Probability of the intervals; None takes that of the constructor.
            ``conformity_score="quantile"`` has scores for that one only.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of these rows, in the unit of those of :meth:`fit`; None is 1.

        Returns
        -------
        ndarray of shape (n_samples, 2)
            Lower and upper ends; infinite where the calibration has too few rows.
        """
        check_is_fitted(self)
        confidence = self._check_confidence(confidence)
        new = 1.0 if sample_weight is None else np.asarray(sample_weight, dtype=float)
        if not np.all(np.isfinite(new) & (new >= 0.0)):
            raise ValueError(
                f"sample_weight must be finite and >= 0, got {np.min(new):g} as the smallest."
            )
        limit = threshold(self.calibration_scores_, self.calibration_weights_, confidence, new)
        if np.isinf(limit).any():
            warn(
                f"{len(self.calibration_scores_)} rows are too few for intervals with a confidence "
                f"of {confidence:g}: they are infinite. Calibrate with at least "
                f"{int(np.ceil(confidence / (1.0 - confidence) * (1.0 - 1e-12)))} rows.",
                UserWarning,
            )
        _, score = _conformity.score_of(self.conformity_score_, self.estimator_, confidence)
        return np.column_stack(score.interval(self.estimator_, X, limit))

    def _check_confidence(self, confidence):
        if confidence is None:
            return self._fitted_confidence
        if not 0.0 < confidence < 1.0:
            raise ValueError(f"confidence must be in (0, 1), got {confidence}.")
        if self.conformity_score_ == "quantile" and confidence != self._fitted_confidence:
            raise ValueError(
                f"confidence must be {self._fitted_confidence}, that of the fit, with "
                f"conformity_score='quantile', got {confidence}: the scores belong to its "
                "quantiles. Fit again with confidence set."
            )
        return confidence
