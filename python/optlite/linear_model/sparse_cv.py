"""Sparse models with the strength of the penalty chosen by cross-validation."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import _fit_context, is_classifier
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.model_selection import check_cv
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.metadata_routing import UNUSED, _raise_for_params
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_method_params

from .._estimator import begin_callbacks, end_callbacks, keep
from .._validation import check_weights
from ._documented import documented
from ._scored_folds import ScoredFolds, told_of
from ._sparse_model import store_result
from ._sparse_path import report, strengths_of
from .elastic_net_cv import check_folds, training_rows
from .sparse_classifier import SparseClassifier
from .sparse_regressor import SparseRegressor


class _CrossValidated(ScoredFolds):
    """What the two classes share; it stands left of the model."""

    # `score` hands its weights on to the scorer, who is asked whether they are wanted.
    __metadata_request__score: ClassVar[dict] = {"sample_weight": UNUSED}
    _own_constraints: ClassVar[dict] = {
        "eps": [Interval(Real, 0, None, closed="neither")],
        "alphas": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "cv": ["cv_object"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "n_jobs": [Integral, None],
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, **params):
        """Choose the strength and fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. float32 and float64 are read in place (sparse ones as CSC, to which CSR is
            converted); everything else becomes float64.
        y : array-like of shape (n_samples,)
            Targets, in the forms that the model without cross-validation takes.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, each >= 0, for the fits and for the scores of each fold. Folds count alike.
        **params : dict
            Parameters for the splitter and the scorer, with metadata routing enabled.

        Returns
        -------
        self
            This instance, fitted.
        """
        _raise_for_params(params, self, "fit")
        X, y, weight, targets = self._prepare(X, y, sample_weight)
        plain = check_weights(sample_weight, X)
        context = begin_callbacks(self, X, y, sample_weight, 1)
        problem = targets.problem(self, X, weight)
        penalty = self._penalty_on(X, targets)
        self.alphas_ = strengths_of(self.alphas, self.eps, problem, penalty)
        split, score = self._routed(plain, params)
        parts = check_cv(self.cv, y, classifier=is_classifier(self)).split(X, y, **split)
        folds = check_folds(parts, X.shape[0], weight)
        for k, (train, _) in enumerate(folds):
            targets.check_fold(k, train, weight)
        data = (X, y, plain, weight, targets)
        jobs = (delayed(self._fold)(data, train, test, score) for train, test in folds)
        self._choose(Parallel(n_jobs=self.n_jobs, prefer="threads")(jobs))
        result = self._refit(problem, penalty)
        self._store(*self._finish(X, penalty, result)[:2], targets)
        store_result(self, result)
        end_callbacks(context, self, X, y, sample_weight)
        return self

    # --- the folds --------------------------------------------------------------------------------

    def _fold(self, data, train, test, score):
        """Scores of a fold, one for each strength, and how the fits ended."""
        X, y, plain, weight, targets = data
        rows, own = training_rows(X.shape[0], weight, train)
        problem = targets.problem(self, X if rows is None else X[rows], own, rows)
        results = self._path(problem, self._penalty_on(X, targets), self.alphas_)
        if self.scoring is None:
            scores = self._losses(X, plain, targets, train, test, results)
        else:
            scores = self._scores(X, y, targets, test, results, score)
        kept = ("certificate", "has_gap", "n_iter", "status", "message")
        return scores, [{name: result[name] for name in kept} for result in results]

    def _losses(self, X, weight, targets, train, test, results):
        """Minus the mean loss of the rows held out."""
        rows = targets.judged_rows(train, test)
        W = np.concatenate([result["coefficients"] for result in results])
        active = np.flatnonzero(W.any(axis=0))
        margins = safe_sparse_dot(X[rows][:, active], W[:, active].T, dense_output=True)
        margins = margins + np.concatenate([result["intercepts"] for result in results])
        parts = np.split(margins.astype(np.float64), len(results), axis=1)
        return [-targets.held_out_loss(part, train, test, weight) for part in parts]

    def _scores(self, X, y, targets, test, results, score):
        """What the scorer says of each strength."""
        judge = self._judge()
        scorer = told_of(getattr(targets, "classes", None), self._get_scorer())
        own = _check_method_params(X, score, test)
        scores = []
        for result in results:
            judge._store(
                result["coefficients"].astype(X.dtype),
                result["intercepts"].astype(X.dtype),
                targets,
            )
            scores.append(scorer(judge, X[test], self._labels(y, targets)[test], **own))
        return scores

    def _labels(self, y, targets):
        """What a scorer takes for the truth."""
        return targets.values if self.loss == "cox" else y

    def _get_scorer(self):
        return None if self.scoring is None else get_scorer(self.scoring)

    # --- the choice -------------------------------------------------------------------------------

    def _choose(self, found):
        """Take the strength of the highest mean score."""
        self.scores_ = np.array([scores for scores, _ in found])
        if not np.isfinite(self.scores_).all():
            fold = int(np.argmin(np.isfinite(self.scores_).all(axis=1)))
            raise ValueError(
                f"scoring={self.scoring!r} must give finite numbers, got "
                f"{self.scores_[fold].min()} for the rows that fold {fold} holds out. Choose other "
                "folds, another score, or larger alphas."
            )
        results = [result for _, of_fold in found for result in of_fold]
        certificates = [result["certificate"] for result in results]
        self.certificates_ = np.reshape(certificates, self.scores_.shape)
        report(results, type(self).__name__, self.tol, self.max_iter)
        self._best = int(np.argmax(self.scores_.mean(axis=0)))
        self.alpha_ = float(self.alphas_[self._best])

    def _refit(self, problem, penalty):
        """Fit all rows; where that matters, along the strengths that the folds went."""
        best = self.__dict__.pop("_best")
        alone = penalty.is_convex or self.method in ("lla", "adaptive")
        first = best if alone else 0
        results = self._path(problem, penalty, self.alphas_[first : best + 1])
        return results[-1]


@documented
class SparseRegressorCV(_CrossValidated, SparseRegressor):
    """Choose the strength of a sparse model of numbers by cross-validation.

    The model is :class:`SparseRegressor`, with any of its losses and penalties. For each fold the
    strengths are solved from the largest to the smallest, each starting at the solution before.
    Rows that a fold holds out get the weight zero: a fold that trains on half of the rows or more
    copies only those that it holds out, for their scores.

    Parameters
    ----------
    {path_eps}
    {path_alphas}
    {penalty}
    loss : {"squared", "huber", "poisson", "cox"}, default="squared"
        The loss; see :class:`SparseRegressor`.
    {sparse_method}
    {penalty_params}
    {loss_params}
    {weights}
    {groups}
    {fit_intercept}
    {standardize}
    {cv}
    scoring : str, callable or None, default=None
        What is maximised on the rows that are held out, and what `score` returns. By default minus
        the mean loss (half the mean squared error for ``loss="squared"``); for ``loss="cox"`` minus
        what the rows add to the loss of the training rows [2]_; `score` is then that of
        :class:`SparseRegressor`.
    {n_jobs}
    {newton_max_iter}
    {sparse_tol}

    Attributes
    ----------
    {sparse_scores}
    coef_ : ndarray of shape (n_features,)
        Coefficients, fitted to all rows.
    sparse_coef_ : sparse array of shape (1, n_features)
        The same, without the zeros.
    intercept_ : float
        Intercept.
    {sparse_outcome}
    {features}

    See Also
    --------
    SparseRegressor : The model behind it.
    LassoCV, ElasticNetCV : Specialised solvers, faster for their problems.

    References
    ----------
    .. [1] T. Hastie, R. Tibshirani and M. Wainwright, "Statistical Learning with Sparsity", CRC
       Press, 2015, section 2.3.
    .. [2] P. J. M. Verweij and H. C. van Houwelingen, "Cross-validation in survival analysis",
       Statistics in Medicine 12, 1993, equation 1.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.linear_model import SparseRegressorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> y = 2.0 * X[:, 0] - X[:, 1] + 0.1 * rng.normal(size=60)
    >>> model = SparseRegressorCV(penalty="mcp", alphas=20).fit(X, y)
    >>> np.flatnonzero(model.coef_)
    array([0, 1])
    >>> model.scores_.shape
    (5, 20)
    """

    _parameter_constraints: ClassVar[dict] = {
        **{
            name: rule
            for name, rule in SparseRegressor._parameter_constraints.items()
            if name not in ("alpha", "warm_start")
        },
        **_CrossValidated._own_constraints,
    }

    def __init__(
        self,
        *,
        eps=1e-3,
        alphas=100,
        penalty="l1",
        loss="squared",
        method="direct",
        penalty_params=None,
        loss_params=None,
        weights=None,
        groups=1,
        fit_intercept=True,
        standardize=False,
        cv=None,
        scoring=None,
        n_jobs=None,
        max_iter=100,
        tol=1e-8,
    ):
        keep(self, locals())

    def _judge(self):
        return SparseRegressor(loss=self.loss, fit_intercept=self.fit_intercept)


@documented
class SparseClassifierCV(_CrossValidated, SparseClassifier):
    """Choose the strength of a sparse classifier by cross-validation.

    The model is :class:`SparseClassifier`, with any of its penalties. For each fold the strengths
    are solved from the largest to the smallest, each starting at the solution before. Rows that a
    fold holds out get the weight zero, as in :class:`SparseRegressorCV`.

    Parameters
    ----------
    {path_eps}
    {path_alphas}
    {penalty}
    loss : {"auto", "logistic", "multinomial"}, default="auto"
        The loss; see :class:`SparseClassifier`.
    {sparse_method}
    {penalty_params}
    {loss_params}
    {weights}
    {groups}
    {fit_intercept}
    {standardize}
    class_weight : dict, "balanced" or None, default=None
        Factors on the sample weights of each class in the fits, found from all rows.
    {cv}
        For an int, or None, stratified ones.
    scoring : str, callable or None, default=None
        What is maximised on the rows that are held out, and what `score` returns. By default minus
        the mean loss, which sees probabilities, and `score` is the accuracy. Scores that take
        `labels` are told of all classes, and the last of two is the positive one.
    {n_jobs}
    {newton_max_iter}
    {sparse_tol}

    Attributes
    ----------
    {sparse_scores}
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients, fitted to all rows; one row for the logistic loss.
    sparse_coef_ : sparse array of the same shape
        The same, without the zeros.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts, which sum to zero if there are several.
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    {sparse_outcome}
    {features}

    See Also
    --------
    SparseClassifier : The model behind it.
    LogisticRegressionCV : Specialised solvers, faster for L2, L1 and elastic-net penalties.

    References
    ----------
    T. Hastie, R. Tibshirani and M. Wainwright, "Statistical Learning with Sparsity", CRC Press,
    2015, sections 2.3 and 3.2.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from optlite.linear_model import SparseClassifierCV
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SparseClassifierCV(penalty="group", alphas=10, eps=1e-2).fit(X, y)
    >>> model.scores_.shape
    (5, 10)
    >>> model.converged_
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        **{
            name: rule
            for name, rule in SparseClassifier._parameter_constraints.items()
            if name not in ("alpha", "warm_start")
        },
        **_CrossValidated._own_constraints,
    }

    def __init__(
        self,
        *,
        eps=1e-3,
        alphas=100,
        penalty="l1",
        loss="auto",
        method="direct",
        penalty_params=None,
        loss_params=None,
        weights=None,
        groups=1,
        fit_intercept=True,
        standardize=False,
        class_weight=None,
        cv=None,
        scoring=None,
        n_jobs=None,
        max_iter=100,
        tol=1e-8,
    ):
        keep(self, locals())

    def _judge(self):
        return SparseClassifier(loss=self.loss, fit_intercept=self.fit_intercept)
