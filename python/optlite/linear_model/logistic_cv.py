"""Logistic regression with the penalty chosen by cross-validation."""

from numbers import Integral
from typing import ClassVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.model_selection import check_cv
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metadata_routing import UNUSED, _raise_for_params
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_method_params

from .._estimator import begin_callbacks, end_callbacks, keep, warn_not_converged
from .._validation import check_class_totals, check_fit_data, check_weights
from ._conditioning import ATTRIBUTES as CONDITIONING
from ._documented import documented
from ._former_penalty import in_todays_terms
from ._scored_folds import ScoredFolds, told_of
from .elastic_net_cv import check_folds, training_rows
from .logistic import (
    LogisticRegression,
    encode,
    has_converged,
    problem_of,
    relative,
    with_class_weight,
)

_WITHOUT = ("C", "l1_ratio", "warm_start", "record_trace")
_OF_ALL_ROWS = (
    *("objective_", "certificate_", "certificate_kind_", "converged_", "solver_info_"),
    *(f"{name}_" for name in CONDITIONING),
)


@documented
class LogisticRegressionCV(ScoredFolds, LogisticRegression):
    """Choose the penalty of a logistic regression by cross-validation; every fit is certified.

    The parameters and attributes are those of scikit-learn's class of the same name from version
    1.10 on. For each fold and each `l1_ratio` the strengths are solved from the strongest penalty
    to the weakest, each starting at the solution before. Rows that a fold holds out get the weight
    zero: a fold that trains on half of the rows or more copies only those that it holds out, for
    their scores.

    Parameters
    ----------
    Cs : int >= 1 or array-like of shape (n_cs,), default=10
        Inverse strengths to choose from, or how many: then in equal ratios from 1e-4 to 1e4.
    l1_ratios : array-like of shape (n_l1_ratios,), default=(0.0,)
        Shares of the L1 penalty to choose from, each in [0, 1], as in :class:`LogisticRegression`.
    {fit_intercept}
    cv : int, cross-validation generator or iterable, default=None
        How rows are split; five stratified folds by default.
    dual : bool, default=False
        No effect; see :class:`LogisticRegression`.
    scoring : str, callable or None, default=None
        What is maximised on the rows that are held out, and what `score` returns; the accuracy by
        default. ``"neg_log_loss"`` is the better judge: it sees probabilities. As in scikit-learn,
        scores that take `labels` are told of all classes, and the last of two is the positive one.
    solver : str, default="auto"
        See :class:`LogisticRegression`.
    tol : float >= 0, default=1e-8
        Bound on the relative accuracy of each fit; see :class:`LogisticRegression`.
    max_iter : int >= 0, default=100
        Most iterations of each fit.
    class_weight : dict, "balanced" or None, default=None
        Factors on the sample weights of each class, found from all rows.
    {n_jobs}
    verbose : int, default=0
        If positive, the outcome goes to the logger ``optlite``.
    refit : bool, default=True
        Whether the chosen penalty is fitted to all rows. Otherwise `coef_`, `intercept_`, `C_` and
        `l1_ratio_` are the means, over folds, of those that are best in each.
    intercept_scaling : float > 0, default=1.0
        No effect.
    random_state : int, RandomState instance or None, default=None
        No effect: the fit is deterministic.
    use_legacy_attributes : bool, default=False
        Accepted for compatibility; True is refused.
    penalty : str or None, default="deprecated"
        scikit-learn's former word for the penalty, as in :class:`LogisticRegression`: "l1" and "l2"
        stand for ``l1_ratios=(1.0,)`` and ``(0.0,)``, None for ``Cs=(np.inf,)``.

    Attributes
    ----------
    C_ : float
        The chosen inverse strength.
    l1_ratio_ : float
        The chosen share of the L1 penalty.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    Cs_ : ndarray of shape (n_cs,)
        The inverse strengths.
    l1_ratios_ : ndarray of shape (n_l1_ratios,)
        The shares.
    scores_ : ndarray of shape (n_folds, n_l1_ratios, n_cs)
        Score of each held-out fold.
    coefs_paths_ : ndarray of shape (n_folds, n_l1_ratios, n_cs, 1 or n_classes, n_dof)
        Coefficients of each fit, with the intercept last if there is one.
    n_iter_ : ndarray of shape (n_folds, n_l1_ratios, n_cs)
        Iterations of each fit, 1 where its start was the solution.
    certificates_ : ndarray of shape (n_folds, n_l1_ratios, n_cs)
        Certificate of each fit, on the scale of `tol`.
    objective_, certificate_, certificate_kind_, converged_, solver_info_
        Of the fit to all rows, with ``refit=True``; see :class:`LogisticRegression`.
    {features}

    See Also
    --------
    LogisticRegression : The model behind it.

    References
    ----------
    T. Hastie, R. Tibshirani and M. Wainwright, "Statistical Learning with Sparsity", CRC Press,
    2015, sections 2.3 and 3.2.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from optlite.linear_model import LogisticRegressionCV
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> options = {"Cs": [0.01, 1.0], "l1_ratios": [0, 1], "scoring": "neg_log_loss"}
    >>> model = LogisticRegressionCV(**options).fit(X[:, :5] / X[:, :5].std(axis=0), y)
    >>> model.scores_.shape
    (5, 2, 2)
    >>> bool((model.certificates_ <= 1e-8).all())
    True
    """

    # `score` hands its weights on to the scorer, who is asked whether they are wanted.
    __metadata_request__score: ClassVar[dict] = {"sample_weight": UNUSED}
    _parameter_constraints: ClassVar[dict] = {
        **{
            name: rule
            for name, rule in LogisticRegression._parameter_constraints.items()
            if name not in _WITHOUT
        },
        "Cs": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "l1_ratios": ["array-like"],
        "cv": ["cv_object"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "n_jobs": [Integral, None],
        "refit": ["boolean"],
        "use_legacy_attributes": ["boolean"],
    }

    def __init__(
        self,
        *,
        Cs=10,
        l1_ratios=(0.0,),
        fit_intercept=True,
        cv=None,
        dual=False,
        scoring=None,
        solver="auto",
        tol=1e-8,
        max_iter=100,
        class_weight=None,
        n_jobs=None,
        verbose=0,
        refit=True,
        intercept_scaling=1.0,
        random_state=None,
        use_legacy_attributes=False,
        penalty="deprecated",
    ):
        keep(self, locals())

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, **params):
        """Choose the penalty and fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. float32 and float64 are read in place; everything else becomes float64.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, each >= 0, for the fits and for the scores.
        **params : dict
            Parameters for the splitter and the scorer, with metadata routing enabled.

        Returns
        -------
        LogisticRegressionCV
            This instance, fitted.
        """
        _raise_for_params(params, self, "fit")
        Cs, ratios = self._check_grid()
        X, y = check_fit_data(self, X, y)
        classes, codes = encode(y)
        plain = check_weights(sample_weight, X)
        weight = with_class_weight(self.class_weight, classes, codes, y, plain)
        check_class_totals(classes, codes, weight)
        context = begin_callbacks(self, X, y, sample_weight, 1)
        split, score = self._routed(plain, params)
        parts = check_cv(self.cv, y, classifier=True).split(X, y, **split)
        folds = check_folds(parts, X.shape[0], weight)
        for k, (train, _) in enumerate(folds):
            check_classes(k, train, classes, codes, weight)
        data = (X, y, classes, codes, weight)
        jobs = [
            delayed(self._path)(data, train, test, ratio, Cs, score)
            for train, test in folds
            for ratio in ratios
        ]
        found = Parallel(n_jobs=self.n_jobs, prefer="threads")(jobs)
        self._store_paths(found, (len(folds), len(ratios), len(Cs)), classes, Cs, ratios)
        self._refit(data) if self.refit else self._average(X)
        end_callbacks(context, self, X, y, sample_weight)
        return self

    def _check_grid(self):
        """The inverse strengths and the shares of the L1 penalty."""
        if self.use_legacy_attributes:
            raise ValueError(
                "use_legacy_attributes must be False, got True: attributes have one form here, "
                "that of scikit-learn 1.10 (C_ a float, scores_ one array)."
            )
        Cs, shares = in_todays_terms(self, "Cs", "l1_ratios", lambda number: (number,))
        Cs = np.logspace(-4, 4, Cs) if isinstance(Cs, Integral) else np.ravel(Cs)
        Cs = np.asarray(Cs, dtype=np.float64)
        if len(Cs) == 0 or not (Cs > 0).all():
            raise ValueError(f"Cs must hold numbers > 0, got {self.Cs!r}.")
        ratios = np.ravel(np.asarray(shares, dtype=np.float64))
        if len(ratios) == 0 or not ((ratios >= 0) & (ratios <= 1)).all():
            raise ValueError(
                f"l1_ratios must be an array-like of numbers between 0 and 1, got "
                f"l1_ratios={self.l1_ratios!r}."
            )
        return Cs, ratios

    # --- the paths --------------------------------------------------------------------------------

    def _path(self, data, train, test, ratio, Cs, score):
        """Coefficients, scores and outcomes on one fold, for one share of the L1 penalty."""
        X, y, classes, codes, weight = data
        rows, own = training_rows(X.shape[0], weight, train)
        if rows is not None:
            X_train, codes = X[rows], codes[rows]
        else:
            X_train = X
        judge = LogisticRegression(fit_intercept=self.fit_intercept)
        scorer = told_of(classes, self._get_scorer())
        of_test = _check_method_params(X, score, test)
        X_test, y_test = X[test], y[test]
        entries, start = [None] * len(Cs), None
        for place in np.argsort(Cs, kind="stable"):
            problem = problem_of(self._settings(Cs[place], ratio), X_train, classes, codes, own)
            result = problem.fit(start, self.max_iter)
            for name, value in problem.coefficients(result).items():
                setattr(judge, name, value)
            parts = [judge.coef_, judge.intercept_[:, None]]
            table = np.hstack(parts if self.fit_intercept else parts[:1])
            start = table.astype(np.float64).ravel()
            certificate = relative(result)
            accurate = has_converged(result, certificate, self.tol)
            entries[place] = {
                "table": table,
                "score": scorer(judge, X_test, y_test, **of_test),
                "n_iter": max(result["n_iter"], 1),
                "certificate": certificate,
                "missed": None if accurate else result["message"],
                "kind": problem.certificate_kind,
            }
        return entries

    def _store_paths(self, found, shape, classes, Cs, ratios):
        entries = [entry for path in found for entry in path]
        self.classes_, self.Cs_, self.l1_ratios_ = classes, Cs, ratios
        tables = np.array([entry["table"] for entry in entries])
        self.coefs_paths_ = tables.reshape(*shape, *tables.shape[1:])
        self.scores_ = np.array([entry["score"] for entry in entries]).reshape(shape)
        if np.isnan(self.scores_).any():
            fold = int(np.argmax(np.isnan(self.scores_).any(axis=(1, 2))))
            raise ValueError(
                f"scoring={self.scoring!r} must give numbers, got nan for the rows that fold "
                f"{fold} holds out. Use folds that hold out rows of each class, or another score."
            )
        self.n_iter_ = np.array([entry["n_iter"] for entry in entries], np.int32).reshape(shape)
        self.certificates_ = np.array([entry["certificate"] for entry in entries]).reshape(shape)
        missed = [entry for entry in entries if entry["missed"] is not None]
        if not missed:
            return
        worst = max(missed, key=lambda entry: entry["certificate"])
        warn_not_converged(
            estimator=type(self).__name__,
            iterations=worst["n_iter"],
            reached=worst["certificate"],
            asked=self.tol,
            certificate=worst["kind"],
            reason=f"{worst['missed']} So for {len(missed)} of {len(entries)} fits to folds.",
            remedy=f"Increase max_iter (now {self.max_iter}), tol, or leave out the largest Cs.",
        )

    # --- the choice -------------------------------------------------------------------------------

    def _refit(self, data):
        """Fit the best penalty to all rows, from the mean of its solutions on the folds."""
        X, _, classes, codes, weight = data
        totals = self.scores_.sum(axis=0).T  # of equal ones the first C, then the first ratio
        c, r = np.unravel_index(np.argmax(totals), totals.shape)
        self.C_, self.l1_ratio_ = float(self.Cs_[c]), float(self.l1_ratios_[r])
        problem = problem_of(self._settings(self.C_, self.l1_ratio_), X, classes, codes, weight)
        start = self.coefs_paths_[:, r, c].mean(axis=0).astype(np.float64).ravel()
        result = problem.fit(start, self.max_iter)
        counts = self.n_iter_
        self._store(problem, result)
        self.n_iter_ = counts
        self._report(problem, result, X)

    def _average(self, X):
        """The means of what is best on each fold."""
        for name in _OF_ALL_ROWS:
            self.__dict__.pop(name, None)  # of an earlier fit
        n_folds = len(self.scores_)
        flat = self.scores_.transpose(0, 2, 1).reshape(n_folds, -1)
        c, r = np.unravel_index(np.argmax(flat, axis=1), self.scores_.shape[:0:-1])
        self.C_, self.l1_ratio_ = float(self.Cs_[c].mean()), float(self.l1_ratios_[r].mean())
        table = self.coefs_paths_[np.arange(n_folds), r, c].mean(axis=0)
        n_features = X.shape[1]
        self.coef_ = np.ascontiguousarray(table[:, :n_features])
        self.intercept_ = (
            table[:, -1].copy() if self.fit_intercept else np.zeros(len(table), X.dtype)
        )

    def _get_scorer(self):
        return get_scorer(self.scoring or "accuracy")


def check_classes(number, train, classes, codes, weight):
    """Refuse a fold without a training row of each class."""
    totals = np.bincount(
        codes[train], weights=None if weight is None else weight[train], minlength=len(classes)
    )
    if (totals > 0).all():
        return
    missing = classes[int(np.argmin(totals > 0))]
    raise ValueError(
        f"fold {number} of cv has no training row of class {missing}. Use fewer or stratified "
        "folds, or leave out classes of few rows."
    )
