"""Classification by natural gradient boosting: the probability of each class."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from . import _fit, distributions
from ._base import NGBoost


class NGBClassifier(ClassifierMixin, NGBoost):
    """Fit the probability of each class by natural gradient boosting.

    Parameters
    ----------
    Dist : str, class or instance, default=None
        Distribution of the class; None is the Bernoulli distribution for two classes and the
        categorical one for more.
    Score, Base, natural_gradient, n_estimators, learning_rate, minibatch_frac, col_sample, tol, \
    random_state, validation_fraction, early_stopping_rounds, max_depth, max_leaf_nodes, \
    min_samples_leaf, l2_regularization, max_bins, categorical_features, monotonic_cst, \
    tree_sharing, line_search, n_threads, warm_start
        As in :class:`NGBRegressor`, with the same defaults.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted; any labels that can be sorted.
    n_iter_, init_params_, lower_, upper_, scalings_, train_score_, validation_score_, \
    stop_reason_, forest_, bins_, feature_importances_, n_features_in_, feature_names_in_
        As in :class:`NGBRegressor`.

    See Also
    --------
    NGBRegressor : The same for numbers; it states the algorithm and its source.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from optlite.boosting import NGBClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = NGBClassifier(random_state=0).fit(X, y)
    >>> model.predict_proba(X[:3]).shape
    (3, 2)
    """

    def _family(self):
        if self.Dist is not None:
            return _fit.family_of(self.Dist, type(self).__name__)
        if len(self.classes_) == 2:
            return _fit.family_of("bernoulli", type(self).__name__)
        return distributions.from_name("categorical", k=len(self.classes_))

    def _check_targets(self, y, reset):
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        if reset:
            announced = getattr(self, "_announced", None)
            self.classes_ = np.unique(y) if announced is None else announced
            if len(self.classes_) < 2:
                raise ValueError(
                    f"{type(self).__name__} needs samples of at least 2 classes, but y contains "
                    f"one class only: {self.classes_[0]}."
                )
        place = np.searchsorted(self.classes_, y)
        known = np.take(self.classes_, np.minimum(place, len(self.classes_) - 1)) == y
        if not known.all():
            raise ValueError(
                f"y contains a label that was not there before: {y[np.argmin(known)]}. "
                f"The classes are {list(self.classes_)}."
            )
        return place.astype(np.float64), None

    def _strata(self, data):
        return data.y

    def partial_fit(self, X, y, classes=None, sample_weight=None, *, X_val=None, Y_val=None):
        """Fit `n_estimators` more stages, on these data; the bins stay those of the first call.

        Parameters
        ----------
        X, y, sample_weight, X_val, Y_val
            As in :meth:`fit`.
        classes : array-like of shape (n_classes,), default=None
            All classes there will be; in the first call only, and by default those in `y`.

        Returns
        -------
        self
            This instance.
        """
        self._announced = None if classes is None else np.unique(classes)
        try:
            return super().partial_fit(X, y, sample_weight, X_val=X_val, Y_val=Y_val)
        finally:
            del self._announced

    def _probabilities(self, raw):
        raw = np.clip(raw, self.lower_[:, None], self.upper_[:, None])
        logits = np.vstack([np.zeros(raw.shape[1]), raw])  # class 0 is the reference
        odds = np.exp(logits - logits.max(axis=0))
        return np.ascontiguousarray((odds / odds.sum(axis=0)).T)

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return self._probabilities(self._params(X))

    def predict_log_proba(self, X):
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return np.log(self.predict_proba(X))

    def predict(self, X):
        """Predict the most probable class.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        probabilities = self.predict_proba(X)
        return self.classes_[np.argmax(probabilities, axis=1)]

    def staged_predict_proba(self, X):
        """Yield the probabilities after each stage.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features.

        Yields
        ------
        ndarray of shape (n_samples, n_classes)
        """
        for raw in self._stages(self._check_predict(X)):
            yield self._probabilities(raw)

    def staged_predict(self, X):
        """Yield the most probable classes after each stage.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features.

        Yields
        ------
        ndarray of shape (n_samples,)
        """
        for probabilities in self.staged_predict_proba(X):
            yield self.classes_[np.argmax(probabilities, axis=1)]
