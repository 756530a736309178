"""Ridge regression and classification with a certificate."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from sklearn.base import MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.linear_model._base import LinearClassifierMixin, LinearModel
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from .._estimator import (
    EstimatorShell,
    begin_callbacks,
    end_callbacks,
    is_accurate,
    warn_not_converged,
)
from .._validation import (
    check_class_totals,
    check_class_weight,
    check_fit_data,
    check_sparse_structure,
    check_weights,
    places_named,
    warn_of_underflow,
)
from ._class_probabilities import ClassMargins
from ._conditioning import store_conditioning
from ._ridge_problem import SOLVERS, LeastSquares


def _target_alphas(alpha, n_targets):
    """One penalty for each target."""
    alphas = np.ravel(np.asarray(alpha, dtype=np.float64))
    if len(alphas) not in (1, n_targets):
        raise ValueError(
            "Number of targets and number of penalties do not correspond: "
            f"{len(alphas)} != {n_targets}. Give one alpha, or one for each column of y."
        )
    if not np.isfinite(alphas).all() or (alphas < 0).any():
        raise ValueError(f"alpha must be finite and >= 0, got {alpha!r}.")
    return np.ascontiguousarray(np.broadcast_to(alphas, n_targets))


class _RidgeBase(EstimatorShell, LinearModel):
    """What Ridge and RidgeClassifier share."""

    _parameter_constraints: ClassVar[dict] = {
        "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left")],
        "solver": [StrOptions(set(SOLVERS))],
        "positive": ["boolean"],
        "random_state": ["random_state"],
    }

    def _check_solver(self, X):
        """Return the solver to run, or refuse a combination that has no meaning."""
        if self.solver == "lbfgs" and not self.positive:
            raise ValueError(
                "'lbfgs' solver can be used only when positive=True. "
                "Please use another solver, or set positive=True."
            )
        if self.positive and self.solver not in ("auto", "lbfgs"):
            raise ValueError(
                f"solver='{self.solver}' does not support positive fitting. Please set the solver "
                "to 'auto' or 'lbfgs', or set `positive=False`."
            )
        if self.solver == "svd" and sp.issparse(X):
            raise ValueError(
                "solver='svd' does not support sparse X, which it would have to make dense. Please "
                "set the solver to 'auto', or pass X.toarray()."
            )
        return "lbfgs" if self.positive else self.solver

    def _fit_targets(self, X, y, weight):
        """Solve and set the fitted attributes; y may have one or two dimensions."""
        solver = self._check_solver(X)
        problem = LeastSquares(X, y, weight, self.fit_intercept)
        alphas = _target_alphas(self.alpha, problem.n_targets)
        result = problem.solve(solver, alphas, self.tol, self.max_iter)
        self._store(problem, result, y)
        self._report(result)
        warn_of_underflow(X, self.coef_)

    def _store(self, problem, result, y):
        self.coef_, self.intercept_ = problem.fitted(result["coefficients"], y)
        self.n_iter_ = int(max(result["n_iter"], 1))
        self.solver_ = result["solver"] if self.solver == "auto" else self.solver
        self.solver_info_ = f"{result['method']}, {result['n_passes']} reads of X"
        self.objective_ = float(result["value"].sum())
        self.certificate_ = float(result["certificate"].max(initial=0.0))
        self.certificate_kind_ = "relative duality gap"
        at_limit = result["status"] == "iteration_limit"
        self.converged_ = not at_limit and is_accurate(self.certificate_, self.tol)
        store_conditioning(self, result)

    def _report(self, result):
        if self.converged_:
            return
        if result["status"] == "iteration_limit":
            remedy = "Increase max_iter or tol, or use solver='auto' with max_iter=None."
        else:
            remedy = (
                "Centre and scale the columns of X (sklearn.preprocessing.StandardScaler), or "
                "increase tol or alpha."
            )
        warn_not_converged(
            estimator=type(self).__name__,
            iterations=result["n_iter"],
            reached=self.certificate_,
            asked=self.tol,
            certificate=self.certificate_kind_,
            reason=result["message"],
            remedy=remedy,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.solver != "svd"
        return tags


class Ridge(MultiOutputMixin, RegressorMixin, _RidgeBase):
    r"""Fit a linear model by least squares with an L2 penalty, to a certified accuracy.

    The parameters are those of scikit-learn's class of the same name, and so is the objective, for
    each target::

        minimise over w, b   sum_i s_i (y_i - w . x_i - b)^2 + alpha ||w||^2

    The intercept is never penalised. Centring and weighting happen inside the products with `X`:
    neither a copy nor a dense form of it is made (only ``solver="svd"`` needs one, for `X` that is
    not tall).

    Parameters
    ----------
    alpha : float >= 0 or array-like of shape (n_targets,), default=1.0
        Strength of the penalty, one number or one for each target. 0 gives ordinary least squares
        (the solution of minimum norm where there are many).
    fit_intercept : bool, default=True
        Whether `b` is fitted or zero.
    copy_X : bool, default=True
        No effect: `X` is never written.
    max_iter : int >= 1, default=None
        Most iterations of an iterative solver. By default as many as ``"auto"`` finds cheaper than
        a direct solver, or ten times the smaller side of `X`.
    tol : float >= 0, default=1e-10
        Relative accuracy of the objective at which a solver stops: it bounds the duality gap
        divided by the objective (scikit-learn's `tol` means something else for each solver). The
        solvers ``"sparse_cg"``, ``"lsqr"``, ``"sag"`` and ``"saga"`` go on until the gradient, too,
        is below `tol` times the one at zero, as in scikit-learn.
    solver : str, default="auto"
        The optimum does not depend on it, the time does.

        - ``"auto"``: by a count of operations; falls back on a stabler solver where needed.
        - ``"cholesky"``: normal equations, with iterative refinement; for wide `X` those of
          ``"dual"``.
        - ``"dual"``: the n_samples x n_samples system.
        - ``"svd"``: singular values of a centred copy, or for tall `X` of a triangle that rotations
          make of it; for ill-conditioned dense `X`.
        - ``"cg"``: conjugate gradients, preconditioned by the diagonal of the centred Gram matrix.
          ``"sparse_cg"``, ``"lsqr"``, ``"sag"`` and ``"saga"`` are names for the same method.
        - ``"lbfgs"``: only with ``positive=True``, and then the same as ``"auto"``.
    positive : bool, default=False
        Whether the coefficients are constrained to be >= 0.
    random_state : int, RandomState instance or None, default=None
        No effect: the fit is deterministic.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients `w`.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept `b`.
    n_iter_ : int
        Iterations of an iterative solver; 1 plus the steps of refinement of a direct one.
    solver_ : str
        The solver that produced the result.
    solver_info_ : str
        What ran, with the number of reads of `X`.
    objective_ : float
        The objective, summed over targets.
    certificate_ : float
        Bound on ``(F(w) - min F) / F(w)``, the largest over the targets. For ``alpha=0`` and an
        iterative solver it is a measure without the force of a bound.
    certificate_kind_ : str
        ``"relative duality gap"``.
    converged_ : bool
        Whether `certificate_` is at most `tol`, or at most 1e-12: what is left then is rounding.
    rank_ : int or None
        Number of independent columns of `X`, centred if there is an intercept. Below
        `n_features_in_`, some columns are combinations of others; for `X` with fewer rows than
        columns that is always so.
    rank_kind_ : {"exact", "estimate", "lower bound"} or None
        What `rank_` is worth.
    condition_number_ : float or None
        Largest by smallest eigenvalue of the matrix that was solved: ``Z^T S Z + alpha I`` (Z
        centred, S the weights), for `X` with fewer rows than columns ``K + alpha I`` with
        ``K = S^(1/2) Z Z^T S^(1/2)``; for conjugate gradients the preconditioned one. Where columns
        depend on each other and there is no penalty, of the part of full rank.
    condition_number_kind_ : {"exact", "estimate", "lower bound"} or None
        What `condition_number_` is worth.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if `X` had names.

    Warns
    -----
    ConvergenceWarning
        If the solver stops before `tol`: at its limit of iterations, or because rounding hides what
        is left.

    See Also
    --------
    RidgeCV : Chooses `alpha` by exact leave-one-out.
    RidgeClassifier : The same for class labels.

    Notes
    -----
    With :math:`g = Z^T S (y - Z w) - \alpha w` (Z, y centred) the objective is strongly convex with
    constant :math:`2 \alpha`, so that

    .. math:: F(w) - \min F \le \|g\|^2 / \alpha,
              \qquad \|w - w^*\| \le \|g\| / \alpha .

    References
    ----------
    A. E. Hoerl and R. W. Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal Problems",
    Technometrics 12, 1970, equation 2.3.

    Å. Björck, "Numerical Methods for Least Squares Problems", SIAM, 1996, sections 2.9 (refinement
    of the normal equations) and 7.4 (conjugate gradients on them).

    D. P. Bertsekas, "Projected Newton Methods for Optimization Problems with Simple Constraints",
    SIAM Journal on Control and Optimization 20, 1982 (``positive=True``).

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.linear_model import Ridge
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 1.0]])
    >>> y = np.array([1.0, 2.0, 5.0, 6.0])
    >>> model = Ridge(alpha=0.5).fit(X, y)
    >>> model.coef_.round(3)
    array([1.529, 0.588])
    >>> model.certificate_ <= 1e-10
    True
    """

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        copy_X=True,
        max_iter=None,
        tol=1e-10,
        solver="auto",
        positive=False,
        random_state=None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. float32 and float64 are read in place; everything else becomes float64.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights `s`, each >= 0. All ones by default.

        Returns
        -------
        Ridge
            This instance, fitted.
        """
        X, y = check_fit_data(
            self,
            X,
            y,
            multi_output=True,
            y_numeric=True,
            values_checked_later=self.solver != "svd" and not self.positive,
        )
        weight = check_weights(sample_weight, X)
        context = begin_callbacks(self, X, y, sample_weight, 1)
        self._fit_targets(X, y, weight)
        end_callbacks(context, self, X, y, sample_weight)
        return self

    def predict(self, X):
        """Predict the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            ``X w + b``.
        """
        check_sparse_structure(X)
        with places_named(X):
            return super().predict(X)


class RidgeClassifier(ClassMargins, LinearClassifierMixin, _RidgeBase):
    """Classify by ridge regression on labels coded as -1 and +1.

    Each class (one of two classes, each label of a multilabel problem) is a target with +1 for its
    samples and -1 for the others; prediction takes the class with the largest value.

    Parameters
    ----------
    alpha : float >= 0 or array-like of shape (n_targets,), default=1.0
        Strength of the penalty.
    fit_intercept : bool, default=True
        Whether intercepts are fitted or zero.
    copy_X : bool, default=True
        No effect: `X` is never written.
    max_iter : int >= 1, default=None
        Most iterations of an iterative solver; see :class:`Ridge`.
    tol : float >= 0, default=1e-10
        Relative accuracy of the objective; see :class:`Ridge`.
    class_weight : dict, "balanced" or None, default=None
        Factors on the sample weights of each class. ``"balanced"`` gives all classes one total
        weight.
    solver : str, default="auto"
        See :class:`Ridge`.
    positive : bool, default=False
        Whether the coefficients are constrained to be >= 0.
    random_state : int, RandomState instance or None, default=None
        No effect: the fit is deterministic.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients; one row for two classes.
    intercept_ : float or ndarray of shape (n_classes,)
        Intercepts.
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    n_iter_, solver_, solver_info_, objective_, certificate_, certificate_kind_, converged_
        As in :class:`Ridge`.
    rank_, rank_kind_, condition_number_, condition_number_kind_
        As in :class:`Ridge`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if `X` had names.

    See Also
    --------
    Ridge : The regression behind it.
    LogisticRegression : Gives probabilities.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from optlite.linear_model import RidgeClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> float(round(RidgeClassifier().fit(X, y).score(X, y), 3))
    0.96
    """

    _parameter_constraints: ClassVar[dict] = {
        **_RidgeBase._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        copy_X=True,
        max_iter=None,
        tol=1e-10,
        class_weight=None,
        solver="auto",
        positive=False,
        random_state=None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.class_weight = class_weight
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. float32 and float64 are read in place; everything else becomes float64.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or an indicator matrix of several labels.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, each >= 0. All ones by default.

        Returns
        -------
        RidgeClassifier
            This instance, fitted.
        """
        X, y = check_fit_data(self, X, y, multi_output=True)
        check_classification_targets(y)
        binarizer = LabelBinarizer(pos_label=1, neg_label=-1)
        Y = binarizer.fit_transform(y)
        if not binarizer.y_type_.startswith("multilabel"):
            y = column_or_1d(y, warn=True)
            if len(binarizer.classes_) < 2:
                raise ValueError(
                    "y must hold at least 2 classes, got one class only: "
                    f"{binarizer.classes_[0]}. Check how the data were split or filtered."
                )
        weight = check_weights(sample_weight, X)
        if self.class_weight is not None:
            check_class_weight(self.class_weight)
            factors = compute_sample_weight(self.class_weight, y)
            weight = check_weights(factors if weight is None else weight * factors, X)
        if weight is not None and not binarizer.y_type_.startswith("multilabel"):
            check_class_totals(binarizer.classes_, np.unique(y, return_inverse=True)[1], weight)
        self._label_binarizer = binarizer
        context = begin_callbacks(self, X, y, sample_weight, 1)
        self._fit_targets(X, Y, weight)
        self.coef_ = np.atleast_2d(self.coef_)
        end_callbacks(context, self, X, y, sample_weight)
        return self

    @property
    def classes_(self):
        """Class labels, sorted."""
        return self._label_binarizer.classes_

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            The class with the largest value, or the labels with a positive one.
        """
        check_is_fitted(self)
        if not self._label_binarizer.y_type_.startswith("multilabel"):
            return super().predict(X)
        signs = np.where(self.decision_function(X) > 0, 1.0, -1.0)
        return self._label_binarizer.inverse_transform(signs)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
