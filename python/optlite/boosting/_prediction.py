"""What a fitted model of natural gradient boosting answers, whatever its targets are."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from . import _features, _fit, _forest


class Predictions:
    """Distributions of rows from the stages of a fitted model."""

    def _check_predict(self, X):
        check_is_fitted(self)
        _forest.check(self, nodes=False)
        return _features.check_X(self, X, categories=self.categories_, reset=False)

    def _stages(self, X):
        """Yield the sums (n_params, n) after each stage; one array, changed in place."""
        raw = np.repeat(self.init_params_[:, None], X.shape[0], axis=1)
        p = len(self.init_params_)
        if self.bins_ is None:
            for models, features, factors in zip(
                self.base_models_, self.col_idxs_, self.stage_factors_, strict=True
            ):
                part = _features.some_columns(X, features)
                raw += factors[:, None] * np.array([m.predict(part) for m in models])
                yield raw
            return
        trees = 1 if self.tree_sharing == "joint" else p
        forest, bins = _forest.views(self)
        codes = _features.encode(_fit.Data(X, None), self.bins_)
        for stage in range(self.n_iter_):
            forest.add(bins, codes, stage * trees, (stage + 1) * trees, raw)
            yield raw

    def _sum(self, data):
        """Return the sums (n_params, n) of all stages for the rows of `data`."""
        if self.bins_ is None:
            X = data.features
            raw = np.repeat(self.init_params_[:, None], X.shape[0], axis=1)
            for sums in self._stages(X):
                raw = sums
            return raw
        forest, bins = _forest.views(self)
        codes = _features.encode(data, self.bins_)
        raw = np.repeat(self.init_params_[:, None], codes.shape[1], axis=1)
        forest.add(bins, codes, 0, len(self.forest_["target"]), raw)
        return raw

    def _theta(self, data):
        """Return the parameters (n, n_params) of the predicted distributions."""
        return self._distribution(self._sum(data)).theta

    def _distribution(self, raw):
        theta = np.clip(raw, self.lower_[:, None], self.upper_[:, None])
        return self._family().at(np.ascontiguousarray(theta.T))

    def _params(self, X):
        X = self._check_predict(X)
        threads = _fit.threads if self.bins_ is None else _fit.core_threads
        with threads(self.n_threads):
            return self._sum(_fit.Data(X, None))

    def pred_dist(self, X):
        """Predict the distribution of y for each row.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        PredictedDistribution
            One object for all rows: ``mean()``, ``std()``, ``ppf(q)``, ``interval(level)``, ...
        """
        return self._distribution(self._params(X))

    def staged_pred_dist(self, X):
        """Yield the predicted distributions after each stage.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features.

        Yields
        ------
        PredictedDistribution
        """
        for raw in self._stages(self._check_predict(X)):
            yield self._distribution(raw)

    def apply(self, X):
        """Return the leaf of each row in each tree.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of int32, shape (n_samples, n_trees)
            Numbers of nodes, counted from the root of each tree.
        """
        X = self._check_predict(X)
        if self.bins_ is None:
            raise ValueError("apply needs trees of this library: it is not there with Base.")
        forest, bins = _forest.views(self)
        return forest.apply(bins, _features.encode(_fit.Data(X, None), self.bins_))

    @property
    def feature_importances_(self):
        """Shares of the features in the gain of the trees, shape (n_params, n_features)."""
        check_is_fitted(self)
        if self.bins_ is None:
            raise AttributeError("feature_importances_ needs trees of this library, not Base.")
        _forest.check(self)
        return _forest.importances(
            self.forest_,
            len(self.init_params_),
            self.n_features_in_,
            self.tree_sharing == "joint",
            self.scalings_,
        )

    def loss(self, X, y, sample_weight=None):
        """Return the mean score of the predicted distributions; the lower, the better.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        float
            In nats for ``Score="log"``.
        """
        predicted = self.pred_dist(X)
        y, event = self._check_targets(y, reset=False)
        given = {} if event is None else {"event": event}
        scores = self._family().score(predicted.theta, y, score=self.score_rule_, **given)
        return float(np.average(scores, weights=sample_weight))


class NumberPredictions:
    """Point predictions, intervals and quantiles, where y is a number."""

    def predict(self, X):
        """Predict the mean of y.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Means of the distributions of :meth:`pred_dist`; NaN where there is none (Cauchy), and
            quantiles are what to ask for.
        """
        return self.pred_dist(X).mean()

    def staged_predict(self, X):
        """Yield the predicted means after each stage.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features.

        Yields
        ------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        for predicted in self.staged_pred_dist(X):
            yield predicted.mean()

    def predict_interval(self, X, confidence=0.9):
        """Predict the interval that holds y with this probability, equal tails.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features.
        confidence : float in [0, 1], default=0.9
            Probability of the interval.

        Returns
        -------
        ndarray of shape (n_samples, 2) or (n_samples, n_outputs, 2)
            Lower and upper ends; of each output by itself, if there are several.
        """
        return np.stack(self.pred_dist(X).interval(confidence), axis=-1)

    def predict_quantile(self, X, q=0.5):
        """Predict quantiles of y.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features.
        q : float or array-like of shape (k,), each in [0, 1], default=0.5
            Probabilities.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, k)
            With several outputs, their number comes behind `n_samples`.
        """
        if np.ndim(q) > 1 or np.size(q) == 0:
            raise ValueError(
                f"q must be a probability or a list of at least one, got {q!r} "
                f"({type(self).__name__}.predict_quantile)."
            )
        predicted = self.pred_dist(X)
        if np.ndim(q) == 0:
            return predicted.ppf(q)
        return np.stack([predicted.ppf(one) for one in q], axis=-1)
