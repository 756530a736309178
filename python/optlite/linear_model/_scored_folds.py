"""What estimators share that choose a penalty by scores of held-out rows."""

import inspect

from sklearn.metrics import make_scorer
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted


class ScoredFolds:
    """Mixin for parameters `cv` and `scoring`; it stands left of the model.

    A class has ``_get_scorer``, which returns None where the model's own score is meant.
    """

    def _routed(self, weight, params):
        """Parameters of the splitter, and of the scorer."""
        if not _routing_enabled():
            return {}, dict(params) if weight is None else {**params, "sample_weight": weight}
        if self._get_scorer() is None:
            return process_routing(self, "fit", **params).splitter.split, {}
        routed = process_routing(self, "fit", sample_weight=weight, **params)
        return routed.splitter.split, routed.scorer.score

    def score(self, X, y, *, sample_weight=None, **score_params):
        """Return the score that `scoring` names.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            True labels or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        **score_params : dict
            Parameters for the scorer, with metadata routing enabled.

        Returns
        -------
        float
            The score; without `scoring` the accuracy of a classifier, and the ``score`` of the
            model behind any other.
        """
        _raise_for_params(score_params, self, "score")
        check_is_fitted(self)
        scorer = self._get_scorer()
        if scorer is None:
            return super().score(X, y, sample_weight)
        if sample_weight is not None:
            score_params["sample_weight"] = sample_weight
        if _routing_enabled():
            score_params = process_routing(self, "score", **score_params).scorer.score
        return told_of(getattr(self, "classes_", None), scorer)(self, X, y, **score_params)

    def get_metadata_routing(self):
        """Say which parameters go to the splitter and to the scorer.

        Returns
        -------
        MetadataRouter
            Routing information for scikit-learn.
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        router.add(
            splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split")
        )
        scorer = self._get_scorer()
        if scorer is None:
            return router
        mapping = MethodMapping()
        mapping.add(caller="score", callee="score").add(caller="fit", callee="score")
        return router.add(scorer=scorer, method_mapping=mapping)


def told_of(classes, scorer):
    """The scorer, told of all classes: some of them may not be among the rows that it sees."""
    function = getattr(scorer, "_score_func", None)
    takes = () if function is None else inspect.signature(function).parameters
    if classes is None or "labels" not in takes:
        return scorer
    of_classes = {"labels": classes}
    if len(classes) == 2 and "pos_label" in takes:
        of_classes["pos_label"] = classes[-1]
    return make_scorer(
        function,
        response_method=scorer._response_method,
        greater_is_better=scorer._sign > 0,
        **{**of_classes, **scorer._kwargs},
    )
