"""Logistic regression, binary and multinomial, with a certificate of its accuracy."""

import logging
from numbers import Integral, Real
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, _fit_context
from sklearn.linear_model._base import LinearClassifierMixin, SparseCoefMixin
from sklearn.utils import compute_class_weight
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets

from .._core import core
from .._estimator import (
    EstimatorShell,
    begin_callbacks,
    end_callbacks,
    is_accurate,
    warn_not_converged,
)
from .._validation import (
    as_design,
    check_class_totals,
    check_class_weight,
    check_fit_data,
    check_magnitudes,
    check_weights,
    warn_of_underflow,
)
from .._warnings import warn
from ..exceptions import SeparationWarning
from ._class_probabilities import ClassProbabilities
from ._conditioning import store_conditioning
from ._former_penalty import SHARES, in_todays_terms
from ._separation import find_separation
from ._sparse_logistic import SparseProblem, sparse_problem_of

logger = logging.getLogger("optlite")

#: Methods of scikit-learn that exist only by name here: the optimum is the same.
ALIASES = {"liblinear": "auto", "sag": "auto", "saga": "auto"}


class LogisticRegression(
    ClassProbabilities, EstimatorShell, LinearClassifierMixin, SparseCoefMixin, BaseEstimator
):
    """Fit a linear classifier by penalised maximum likelihood, to a certified accuracy.

    The parameters are those of scikit-learn's class of the same name, and so is the objective::

        minimise over w, b   (1 - l1_ratio)/2 ||w||^2 + l1_ratio ||w||_1
                             + C sum_i s_i l(w . x_i + b, y_i)

    with `l` the logistic loss for two classes and the softmax cross-entropy (all K classes kept)
    for more. The intercept is never penalised. The columns of `X` are centred and scaled inside the
    solver, without touching `X` and without changing the objective, so that their units do not
    matter to convergence.

    Parameters
    ----------
    C : float in (0, inf], default=1.0
        Inverse strength of the penalty. ``np.inf`` fits without penalty. Columns that depend on
        each other then share their effect: of all coefficients with the same margins the fit
        returns those of least norm, the limit of a vanishing penalty. (Where a Gram matrix of the
        columns would cost more than the fit, the norm is taken in units of equal columns.)
    l1_ratio : float in [0, 1], default=0.0
        Share of the L1 penalty, which makes coefficients zero: 0 is the L2 penalty, 1 the L1
        penalty. Above 0 the solver is proximal Newton on a working set, whatever `solver` says, and
        `tol` bounds the duality gap.
    dual : bool, default=False
        No effect: whether the primal or the dual problem is solved does not change the optimum.
    tol : float >= 0, default=1e-8
        Relative accuracy of the objective at which the solver stops. With a penalty it is
        compared with the duality gap, a proven bound on the suboptimality, or with the squared
        Newton decrement where the method knows it, which exceeds the suboptimality near the
        solution, divided by the objective; without a penalty, with the squared Newton decrement. In
        scikit-learn `tol` bounds the largest entry of the gradient instead, a number that depends
        on the units of the columns; 1e-8 here is far stricter than 1e-4 there. With ``tol=0`` the
        solver runs until rounding stops it.
    fit_intercept : bool, default=True
        Whether `b` is fitted or zero.
    intercept_scaling : float > 0, default=1
        No effect; accepted for compatibility. Only liblinear, which penalises the intercept, needs
        it.
    class_weight : dict, "balanced" or None, default=None
        Factors on the sample weights of each class. ``"balanced"`` gives all classes one total
        weight.
    random_state : int, RandomState instance or None, default=None
        No effect: the fit is deterministic, with the same bits for any number of threads.
    solver : str, default="auto"
        ``"auto"``, ``"lbfgs"``, ``"newton-cg"`` or ``"newton-cholesky"``. The optimum does not
        depend on it, the time does. ``"lbfgs"`` goes on with ``"newton-cg"`` if half of `max_iter`
        was not enough, and ``"newton-cholesky"`` becomes ``"newton-cg"`` where columns depend on
        each other and no penalty decides; `solver_info_` says so. ``"liblinear"``, ``"sag"`` and
        ``"saga"`` are accepted and mean ``"auto"``.
    max_iter : int >= 0, default=100
        Most iterations of the solver.
    verbose : int, default=0
        If positive, the outcome goes to the logger ``optlite`` (level INFO); nothing is printed.
        For progress, attach a callback such as ``sklearn.callback.ProgressBar``.
    warm_start : bool, default=False
        Whether to start from the coefficients of the previous fit.
    record_trace : bool, default=False
        Whether to keep one record for each iteration in `trace_`.
    penalty : {"l1", "l2", "elasticnet"} or None, default="deprecated"
        scikit-learn's former word for the penalty, for code that has it. "l1" and "l2" stand for
        an `l1_ratio` of 1 and 0, whatever that parameter says, "elasticnet" for the one given, and
        None for ``C=np.inf``; each with a ``FutureWarning`` that says what to write.
    n_jobs : int or None, default=None
        No effect: ``threadpoolctl.threadpool_limits`` and ``OMP_NUM_THREADS`` say how many threads
        a fit may use, all by default.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients `w`; one row for two classes. With more classes, and without L1 penalty, they
        sum to zero over classes.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts `b`, which sum to zero over three or more classes.
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    n_iter_ : ndarray of shape (1,), int32
        Iterations done.
    converged_ : bool
        Whether the tolerance was reached, or rounding left nothing to gain: a certificate of at
        most 1e-12.
    certificate_ : float
        What was reached, on the scale of `tol`.
    certificate_kind_ : str
        ``"relative duality gap or Newton decrement"`` (see `tol`), ``"relative duality gap"`` with
        an L1 penalty, or without penalty ``"relative Newton decrement"``.
    objective_ : float
        The objective above divided by ``C S``, with ``S = sum_i s_i``, at the solution.
    solver_info_ : str
        The method that ran.
    rank_ : int or None
        Number of independent columns of `X`, centred if there is an intercept. Below
        `n_features_in_`, some columns are combinations of others. None if nothing was solved.
    rank_kind_ : {"exact", "lower bound"} or None
        What `rank_` is worth. Conjugate gradients on large data know a lower bound only.
    condition_number_ : float or None
        Largest by smallest eigenvalue of the Hessian at the solution, penalty included, in units in
        which its diagonal is about one. None if nothing was solved, or if ``solver="lbfgs"`` never
        met a matrix.
    condition_number_kind_ : {"lower bound", "estimate"} or None
        What `condition_number_` is worth: a lower bound from Ritz values of the Hessian, or an
        estimate from a Hessian near the solution or of a part of the rows.
    trace_ : optlite.trace.Trace
        Only with ``record_trace=True``.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Only if `X` had string column names.

    Warns
    -----
    ConvergenceWarning
        If the solver stops before `tol`.
    SeparationWarning
        Without penalty, if a combination of the features separates the classes: there is no finite
        optimum then, and the coefficients are those where the solver was stopped.
    UserWarning
        If the squares of all values of `X` underflow, so that the features have no effect.

    Notes
    -----
    With the margins ``z_i = w . x_i + b``, the residuals ``r_i = s_i l'(z_i) / S`` of any `(w, b)`
    give a point of the dual problem, and the distance of its value to the primal one bounds the
    suboptimality of both [1]_. For this penalty the gap is ``||dF/dw||^2 S C / 2`` if the residuals
    sum to zero, plus a term for moving the intercept until they do.

    References
    ----------
    .. [1] Yu, H.-F., Huang, F.-L., Lin, C.-J. "Dual coordinate descent methods for logistic
       regression and maximum entropy models", Machine Learning 85 (2011), section 2.
    .. [2] Yuan, G.-X., Ho, C.-H., Lin, C.-J. "An improved GLMNET for l1-regularized logistic
       regression", Journal of Machine Learning Research 13 (2012): proximal Newton steps by
       coordinate descent (``l1_ratio > 0``).
    .. [3] Albert, A., Anderson, J. A. "On the existence of maximum likelihood estimates in logistic
       regression models", Biometrika 71 (1984).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from optlite.linear_model import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression().fit(X, y)
    >>> model.predict(X[:2])
    array([0, 0])
    >>> model.converged_, model.certificate_ <= 1e-8
    (True, True)
    """

    _parameter_constraints: ClassVar[dict] = {
        "C": [Interval(Real, 0, None, closed="right")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "dual": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "random_state": ["random_state"],
        "solver": [StrOptions({"auto", "lbfgs", "newton-cg", "newton-cholesky", *ALIASES})],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "record_trace": ["boolean"],
        "penalty": [StrOptions({*SHARES, "deprecated"}), None],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        *,
        C=1.0,
        l1_ratio=0.0,
        dual=False,
        tol=1e-8,
        fit_intercept=True,
        intercept_scaling=1,
        class_weight=None,
        random_state=None,
        solver="auto",
        max_iter=100,
        verbose=0,
        warm_start=False,
        record_trace=False,
        penalty="deprecated",
        n_jobs=None,
    ):
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.record_trace = record_trace
        self.penalty = penalty
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. float32 and float64 are read in place; everything else becomes float64.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights `s`, each >= 0; a weight of 2 counts a row twice. All ones by default.

        Returns
        -------
        LogisticRegression
            This instance, fitted.

        Raises
        ------
        ValueError
            For data or parameters that cannot be fitted; the message says how to mend them.
        """
        X, y = check_fit_data(self, X, y, values_checked_later=True)
        classes, codes = encode(y)
        weight = check_weights(sample_weight, X)
        weight = with_class_weight(self.class_weight, classes, codes, y, weight)
        check_class_totals(classes, codes, weight)
        settings = self._settings(*in_todays_terms(self, "C", "l1_ratio", float))
        problem = problem_of(settings, X, classes, codes, weight)
        sparse = isinstance(problem, SparseProblem)
        start = self._warm_start_coefficients(problem) if self.warm_start else None

        tasks = 1 if sparse else self.max_iter
        context = begin_callbacks(self, X, y, sample_weight, tasks)
        if context is None or sparse:
            result = problem.fit(start, self.max_iter)
        else:
            result = self._fit_with_callbacks(problem, start, context, X, y, sample_weight)
        self._store(problem, result)
        self._report(problem, result, X)
        end_callbacks(context, self, X, y, sample_weight)
        return self

    def _settings(self, C, l1_ratio):
        """What a problem asks of an estimator, for one penalty."""
        return SimpleNamespace(
            C=float(C),
            l1_ratio=float(l1_ratio),
            tol=self.tol,
            fit_intercept=self.fit_intercept,
            solver=self.solver,
            record_trace=getattr(self, "record_trace", False),  # LogisticRegressionCV has none
        )

    def _warm_start_coefficients(self, problem):
        """Return the previous coefficients in the core's layout, or None before the first fit."""
        if not hasattr(self, "coef_"):
            return None
        expected = (problem.outputs, problem.n_features)
        if self.coef_.shape != expected:
            raise ValueError(
                f"warm_start=True needs coef_ of shape {expected}, got {self.coef_.shape} from the "
                "previous fit. Clone the estimator, or set warm_start=False."
            )
        coef = self.coef_.toarray() if sp.issparse(self.coef_) else self.coef_
        parts = [coef, self.intercept_[:, None]] if self.fit_intercept else [coef]
        return np.hstack(parts).astype(np.float64).ravel()

    def _fit_with_callbacks(self, problem, start, context, X, y, sample_weight):
        """Run one iteration at a time, with a callback task around each."""
        data = {
            "X": X,
            "y": y,
            "metadata": None if sample_weight is None else {"sample_weight": sample_weight},
        }
        total = problem.fit(start, 0)
        for _ in range(self.max_iter):
            if total["status"] != "iteration_limit":
                break
            task = context.subcontext(task_name="iteration")
            task.call_on_fit_task_begin(estimator=self, **data)
            step = problem.fit(total["coefficients"], 1, stepwise=True)
            # The last task may find that its starting point is the optimum, and do nothing.
            step["trace"] = total["trace"] + (step["trace"][-1:] if step["n_iter"] else [])
            step["n_iter"] += total["n_iter"]
            total = step
            state = problem.coefficients(total)
            if task.call_on_fit_task_end(
                estimator=self, **data, reconstruction_attributes=lambda state=state: state
            ):
                total["status"], total["message"] = "stopped", "A callback ended the fit."
                break
        return total

    def _store(self, problem, result):
        """Set the fitted attributes: NumPy arrays and Python scalars only."""
        for name, value in problem.coefficients(result).items():
            setattr(self, name, value)
        self.n_iter_ = np.array([result["n_iter"]], dtype=np.int32)
        self.objective_ = float(result["value"])
        self.certificate_ = relative(result)
        self.certificate_kind_ = problem.certificate_kind
        self.converged_ = has_converged(result, self.certificate_, self.tol)
        self.solver_info_ = result["method"]
        store_conditioning(self, result)
        if getattr(self, "record_trace", False):
            from ..trace import Trace

            self.trace_ = Trace(result["trace"])
        elif hasattr(self, "trace_"):
            del self.trace_

    def _report(self, problem, result, X):
        """Warn about what the numbers do not say by themselves."""
        if self.verbose:
            logger.info(
                "%s: %s, %d iteration(s), %s %.2g. %s",
                type(self).__name__,
                self.solver_info_,
                result["n_iter"],
                self.certificate_kind_,
                self.certificate_,
                result["message"],
            )
        warn_of_underflow(X, self.coef_)
        if problem.alpha == 0.0:
            found = find_separation(problem, result, X, getattr(self, "feature_names_in_", None))
            if found is not None:
                self.converged_ = False
                warn(found, SeparationWarning)
                return
        if self.converged_ or result["status"] == "stopped":
            return
        warn_not_converged(
            estimator=type(self).__name__,
            iterations=result["n_iter"],
            reached=self.certificate_,
            asked=self.tol,
            certificate=self.certificate_kind_,
            reason=result["message"],
            remedy=_remedy(self, result["status"]),
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def problem_of(settings, X, classes, codes, weight):
    """The problem of an estimator's settings."""
    sparse = settings.l1_ratio > 0 and np.isfinite(settings.C)
    return (sparse_problem_of if sparse else _Problem)(settings, X, classes, codes, weight)


class _Problem:
    """The optimisation problem of one fit, in the terms of the core."""

    def __init__(self, estimator, X, classes, codes, weight):
        self.X = X
        self.classes = classes
        self.codes = codes
        self.weight = weight
        self.dtype = X.dtype
        self.n_features = X.shape[1]
        self.outputs = 1 if len(classes) == 2 else len(classes)
        self.intercept = estimator.fit_intercept
        self.tolerance = float(estimator.tol)
        self.solver = ALIASES.get(estimator.solver, estimator.solver)
        self.record = estimator.record_trace
        self.total_weight = float(X.shape[0]) if weight is None else float(weight.sum())
        self.alpha = 0.0 if np.isinf(estimator.C) else _strength(estimator.C, self.total_weight)
        loss = "logistic" if self.outputs == 1 else "multinomial"
        targets = 2.0 * codes - 1.0 if self.outputs == 1 else codes.astype(np.float64)
        self.model = core.Model(
            as_design(X),
            loss,
            targets,
            weight,
            [],
            self.outputs,
            self.intercept,
            self.alpha,
            "squared_l2",
        )

    @property
    def certificate_kind(self):
        if self.alpha > 0:
            return "relative duality gap or Newton decrement"
        return "relative Newton decrement"

    def fit(self, start, max_iter, stepwise=False):
        """Run the core; `stepwise` picks a method without memory from one iteration to the next."""
        solver = self.solver
        if stepwise and solver in ("auto", "lbfgs"):
            small = self.outputs * self.n_features <= 500
            solver = "newton-cholesky" if small else "newton-cg"
        result = self.model.fit(start, solver, self.tolerance, max_iter, self.record)
        finite = np.isfinite(result["coefficients"]).all() and np.isfinite(result["value"])
        if result["status"] != "converged" or not finite:
            # Every entry of X enters the first gradient, so NaN and infinity cannot go unseen.
            check_magnitudes(self.X, "LogisticRegression")
        if result["status"] == "not_finite" or not finite:
            raise ValueError(
                "The objective is not finite: values of X are too large for double precision. "
                "Rescale the columns, for example with sklearn.preprocessing.StandardScaler."
            )
        return self._centre(result) if self.outputs > 1 else result

    def _centre(self, result):
        """Move the mean over classes to zero: no probability changes, and the penalty drops."""
        table = result["coefficients"].reshape(self.outputs, -1)
        mean = table.mean(axis=0)
        gained = (
            0.5 * self.alpha * self.outputs * (mean[: self.n_features] @ mean[: self.n_features])
        )
        result["coefficients"] = (table - mean).ravel()
        result["value"] -= gained
        result["certificate"] = max(result["certificate"] - gained, 0.0)  # the dual value stays
        return result

    def coefficients(self, result):
        """Return the attributes that prediction needs."""
        table = result["coefficients"].reshape(self.outputs, -1)
        coef = table[:, : self.n_features]
        intercept = table[:, -1] if self.intercept else np.zeros(self.outputs)
        return {
            "classes_": self.classes,
            "coef_": np.array(coef, dtype=self.dtype, order="C"),
            "intercept_": np.array(intercept, dtype=self.dtype),
        }


def encode(y):
    """Sorted labels, and the position of each sample's label among them (the smallest integers)."""
    if y.dtype.kind in "biuf":
        # Positions by argsort cost ten times a plain sort: a tenth of a fit of tall data.
        classes = np.unique(y)
        check_classification_targets(classes)
        codes = y == classes[-1] if len(classes) == 2 else np.searchsorted(classes, y)
    else:
        check_classification_targets(y)
        classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y must hold at least 2 classes, got one class only: {classes[0]}. Check how the data "
            "were split or filtered."
        )
    return classes, codes.astype(np.min_scalar_type(len(classes) - 1), copy=False)


def with_class_weight(class_weight, classes, codes, y, weight):
    """Multiply the sample weights by those of the classes."""
    if class_weight is None:
        return weight
    if class_weight == "balanced":
        totals = np.bincount(codes, weights=weight, minlength=len(classes))
        factors = totals.sum() / (len(classes) * np.where(totals > 0, totals, np.inf))
    else:
        check_class_weight(class_weight)
        factors = compute_class_weight(class_weight, classes=classes, y=y)
    return factors[codes] * (1.0 if weight is None else weight)


def _strength(C, total_weight):
    """Penalty on the scale of the mean loss, kept within the range of a double."""
    with np.errstate(over="ignore", divide="ignore"):
        return float(np.clip(1.0 / np.float64(C) / total_weight, 0.0, 1e150))


def relative(result):
    """Certificate divided by the objective (itself, if the objective is zero)."""
    scale = abs(result["value"])
    return float(result["certificate"] / scale) if scale > 0 else float(result["certificate"])


def has_converged(result, certificate, tol):
    """Whether the certificate is what was asked for; where rounding ended the run, it tells."""
    if result["status"] != "precision_limit":
        return result["status"] == "converged"
    return is_accurate(certificate, tol)


def _remedy(estimator, status):
    if status == "iteration_limit":
        return f"Increase max_iter (now {estimator.max_iter}) or tol."
    return (
        "Increase tol, or scale the columns of X (sklearn.preprocessing.StandardScaler); a smaller "
        "C helps where columns depend on each other."
    )
