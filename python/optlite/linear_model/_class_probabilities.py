"""Margins and probabilities of the classes, from coefficients and intercepts."""

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.utils.validation import check_is_fitted

from .._validation import check_sparse_structure, places_named


class ClassMargins:
    """Mixin of linear classifiers, left of scikit-learn's ``LinearClassifierMixin``."""

    def decision_function(self, X):
        """Return the margins of the samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            ``X w + b``; for two classes, positive values speak for ``classes_[1]``.
        """
        check_is_fitted(self)
        check_sparse_structure(X)
        with places_named(X):
            return self._as_margins(super().decision_function(X))

    def _as_margins(self, values):
        """From the values of the rows of `coef_`."""
        return values


class ClassProbabilities(ClassMargins):
    """Mixin of linear classifiers with logistic or softmax probabilities."""

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`; each row sums to one.
        """
        margins = self.decision_function(X)
        if margins.ndim == 1:
            # Each tail from its own side: 1 - p would lose the digits of a small probability.
            return np.stack([expit(-margins), expit(margins)], axis=1)
        return softmax(margins, axis=1)

    def predict_log_proba(self, X):
        """Return the logarithm of the probability of each class, finite however small it is.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.
        """
        margins = self.decision_function(X)
        if margins.ndim == 1:
            return np.stack([log_expit(-margins), log_expit(margins)], axis=1)
        return log_softmax(margins, axis=1)
