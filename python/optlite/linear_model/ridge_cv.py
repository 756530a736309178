"""Ridge regression with the penalty chosen by exact leave-one-out."""

from functools import partial
from numbers import Real
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.linear_model._base import LinearModel
from sklearn.metrics import check_scoring, get_scorer, get_scorer_names
from sklearn.model_selection import GridSearchCV
from sklearn.utils import check_scalar
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)

from .._blas_threads import single_blas_thread_if_small
from .._estimator import EstimatorShell, begin_callbacks, end_callbacks
from .._validation import (
    check_fit_data,
    check_sparse_structure,
    check_weights,
    places_named,
    warn_of_underflow,
)
from .._warnings import warn
from ._conditioning import ATTRIBUTES, of_eigenvalues, store_conditioning
from ._ridge_problem import LeastSquares
from .ridge import Ridge


class _Identity(RegressorMixin, BaseEstimator):
    """Hand leave-one-out predictions to a scorer that expects an estimator."""

    def predict(self, predictions):
        """Return the predictions."""
        return predictions


class RidgeCV(EstimatorShell, MultiOutputMixin, RegressorMixin, LinearModel):
    r"""Fit ridge regression with the penalty chosen by exact leave-one-out.

    One eigendecomposition yields, for every `alpha`, the predictions of all n_samples models that
    were fitted without one sample each. The parameters are those of scikit-learn's class of the
    same name, and so are the scores.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,), default=(0.1, 1.0, 10.0)
        Penalties to try, each >= 0; see :class:`Ridge`. Zero stands for the limit from above.
    fit_intercept : bool, default=True
        Whether the intercept is fitted or zero.
    scoring : str, callable or None, default=None
        What the leave-one-out predictions are compared by. None: the negative mean of
        ``s_i (y_i - prediction)^2``. ``"gcv"``: the negative generalised cross-validation score of
        Golub, Heath and Wahba. Any other name or scorer of scikit-learn. With `cv`: the scorer of
        the grid search.
    cv : int, cross-validation generator or iterable, default=None
        None: leave-one-out. Otherwise a grid search over `alphas` with these splits.
    gcv_mode : {"auto", "svd", "eigen"}, default=None
        What is decomposed: ``"eigen"`` (as None and ``"auto"``) the smaller of the two Gram
        matrices, in place of `X`; ``"svd"`` a centred copy of a dense `X`, which keeps twice the
        digits of tiny singular values. Sparse `X` always uses ``"eigen"``.
    store_cv_results : bool, default=False
        Whether to keep `cv_results_`; only with ``cv=None``.
    alpha_per_target : bool, default=False
        Whether each target gets its own alpha; only with ``cv=None``.

    Attributes
    ----------
    alpha_ : float or ndarray of shape (n_targets,)
        The chosen penalty.
    best_score_ : float or ndarray of shape (n_targets,)
        Its score.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients at `alpha_`, fitted to all samples.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept.
    cv_results_ : ndarray of shape (n_samples, n_alphas) or (n_samples, n_targets, n_alphas)
        With ``store_cv_results=True``: weighted squared leave-one-out errors, or the leave-one-out
        predictions if `scoring` needs them.
    certificate_ : float
        Bound on the relative suboptimality of `coef_`; see :class:`Ridge`.
    rank_, rank_kind_, condition_number_, condition_number_kind_
        As in :class:`Ridge`, at the smallest `alpha_`; exact with ``cv=None``.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if `X` had names.

    See Also
    --------
    Ridge : The model behind it.

    Notes
    -----
    With :math:`Z^T S Z = V \mathrm{diag}(e) V^T` and :math:`q_i = V^T z_i`, sample `i` has leverage
    :math:`h_i = s_i (1/\sum s + \sum_j q_{ij}^2 / (e_j + \alpha))`, and

    .. math:: y_i - \hat y_{-i} = (y_i - \hat y_i) / (1 - h_i).

    A sample of leverage one determines its own fitted value; it has no leave-one-out prediction.
    Such samples are warned about, and :math:`1 - h_i` is kept away from zero.

    References
    ----------
    G. H. Golub, M. Heath and G. Wahba, "Generalized Cross-Validation as a Method for Choosing a
    Good Ridge Parameter", Technometrics 21, 1979.

    R. Rifkin and R. Lippert, "Notes on Regularized Least Squares", MIT-CSAIL-TR-2007-025, 2007.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from optlite.linear_model import RidgeCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = RidgeCV(alphas=[0.001, 0.01, 0.1, 1.0]).fit(X, y)
    >>> model.alpha_
    0.01
    """

    _parameter_constraints: ClassVar[dict] = {
        "alphas": ["array-like", Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "scoring": [StrOptions({*get_scorer_names(), "gcv"}), callable, None],
        "cv": ["cv_object"],
        "gcv_mode": [StrOptions({"auto", "svd", "eigen"}), None],
        "store_cv_results": ["boolean"],
        "alpha_per_target": ["boolean"],
    }

    def __init__(
        self,
        alphas=(0.1, 1.0, 10.0),
        *,
        fit_intercept=True,
        scoring=None,
        cv=None,
        gcv_mode=None,
        store_cv_results=False,
        alpha_per_target=False,
    ):
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, **params):
        """Choose the penalty and fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. float32 and float64 are read in place; everything else becomes float64.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, each >= 0; with leave-one-out they weigh the errors, too.
        **params : dict
            Parameters for the scorer and the splitter, with metadata routing enabled.

        Returns
        -------
        RidgeCV
            This instance, fitted.
        """
        _raise_for_params(params, self, "fit")
        alphas = self._check_alphas()
        if sample_weight is not None:
            params["sample_weight"] = sample_weight
        X, y = check_fit_data(self, X, y, multi_output=True, y_numeric=True)
        weight = check_weights(sample_weight, X)
        context = begin_callbacks(self, X, y, sample_weight, 1)
        if self.cv is not None:
            self._fit_grid(X, y, alphas, params)
        else:
            with single_blas_thread_if_small(min(X.shape)):
                self._fit_leave_one_out(X, y, weight, alphas, self._score_params(params))
        end_callbacks(context, self, X, y, sample_weight)
        return self

    def _check_alphas(self):
        """Validate each penalty by its position."""
        check = partial(check_scalar, target_type=Real, min_val=0.0, include_boundaries="left")
        if np.ndim(self.alphas) == 0:
            check(self.alphas, "alphas")
        elif len(self.alphas) == 0:
            raise ValueError("alphas must not be empty. Give at least one penalty >= 0.")
        else:
            for index, alpha in enumerate(self.alphas):
                check(alpha, f"alphas[{index}]" if len(self.alphas) > 1 else "alphas")
        alphas = np.ravel(np.asarray(self.alphas, dtype=np.float64))
        for index in np.flatnonzero(~np.isfinite(alphas)):  # check_scalar lets these pass
            raise ValueError(
                f"alphas[{index}] must be a finite number >= 0, got {alphas[index]}. "
                "Remove it, or use a large number for a model that is nearly constant."
            )
        return alphas

    # --- grid search ------------------------------------------------------------------------------

    def _fit_grid(self, X, y, alphas, params):
        for name in ("store_cv_results", "alpha_per_target"):
            if getattr(self, name):
                raise ValueError(
                    f"cv!=None and {name}=True are incompatible. Set cv=None or {name}=False."
                )
        if self.scoring == "gcv":
            raise ValueError("scoring='gcv' needs cv=None, got a cv. Set cv=None.")
        model = Ridge(fit_intercept=self.fit_intercept)
        if _routing_enabled():
            model.set_fit_request(sample_weight=True)
        search = GridSearchCV(model, {"alpha": alphas}, cv=self.cv, scoring=self._get_scorer())
        search.fit(X, y, **params)
        best = search.best_estimator_
        self.alpha_ = best.alpha
        self.best_score_ = search.best_score_
        self.coef_ = best.coef_
        self.intercept_ = best.intercept_
        self.certificate_ = best.certificate_
        store_conditioning(self, {name: getattr(best, name + "_") for name in ATTRIBUTES})

    # --- leave-one-out ----------------------------------------------------------------------------

    def _fit_leave_one_out(self, X, y, weight, alphas, score_params):
        problem = LeastSquares(X, y, weight, self.fit_intercept)
        # Where the model can fit every row, 1 - leverage is all rounding; the dual has no 1 - h.
        dual = X.shape[0] <= X.shape[1] + int(self.fit_intercept)
        if self.gcv_mode == "svd" and not sp.issparse(X):
            e, basis = problem.svd_basis(dual)
        else:
            e, basis = problem.eigen_kernel() if dual else problem.eigen_gram()
        # Zero stands for the limit from above, and rounding hides everything below this.
        floor = problem.noise(e)
        effective = np.maximum(alphas, floor if floor > 0 else np.finfo(float).tiny)
        by_prediction = self.scoring not in (None, "gcv")
        keep = self.store_cv_results or by_prediction
        loo = problem.core.leave_one_out(dual, basis, e, effective, keep)
        fits = _Fits(problem, dual, e, basis)
        if keep:
            fits.fill_unweighted(loo["errors"], effective)
        scores = self._scores(problem, loo, y, score_params)  # alphas, or alphas x targets
        self._warn_leverage(loo["clipped"])
        self._store(problem, fits, alphas, scores, y)
        if self.store_cv_results:
            results = loo["errors"]
            if not by_prediction:
                factor = 1.0 if weight is None else weight[:, None, None]
                results = factor * np.square(results)
            else:
                results = problem.Y.T[:, :, None] - results
            shape = (X.shape[0], len(alphas)) if y.ndim == 1 else results.shape
            self.cv_results_ = results.reshape(shape).astype(X.dtype)

    def _scores(self, problem, loo, y, score_params):
        n = problem.X.shape[0]
        per_target = self.alpha_per_target
        if self.scoring is None:
            scores = -loo["squared_errors"] / n
            return scores if per_target else scores.mean(axis=1)
        if self.scoring == "gcv":
            left = np.maximum(1.0 - loo["degrees_of_freedom"] / n, np.finfo(float).eps)
            scores = -loo["squared_residuals"] / n / left[:, None] ** 2
            return scores if per_target else scores.mean(axis=1)
        scorer = self._get_scorer()
        predictions = problem.Y.T[:, :, None] - loo["errors"]
        if per_target:
            Y = y.reshape(n, -1)
            return np.array(
                [
                    [
                        scorer(_Identity(), predictions[:, t, k], Y[:, t], **score_params)
                        for t in range(problem.n_targets)
                    ]
                    for k in range(predictions.shape[2])
                ]
            )
        shaped = predictions[:, 0] if y.ndim == 1 else predictions
        return np.array(
            [
                scorer(_Identity(), shaped[..., k], y, **score_params)
                for k in range(shaped.shape[-1])
            ]
        )

    def _store(self, problem, fits, alphas, scores, y):
        several = self.alpha_per_target and problem.n_targets > 1
        if several:
            best = np.argmax(scores, axis=0)
            chosen = alphas[best]
            self.alpha_ = chosen
            self.best_score_ = scores[best, np.arange(problem.n_targets)]
        else:
            flat = scores[:, 0] if scores.ndim == 2 else scores
            best = int(np.argmax(flat))
            chosen = np.full(problem.n_targets, alphas[best])
            self.alpha_ = float(alphas[best])
            self.best_score_ = float(flat[best])
        W = fits.coefficients(chosen)
        G, value = problem.evaluate(W, chosen)
        gap = fits.gap(G, chosen)
        self.certificate_ = float(problem.relative(gap, value).max(initial=0.0))
        found = of_eigenvalues(fits.e, min(problem.X.shape), chosen)
        if (
            self.certificate_ > 1e-10
        ):  # columns of very different size: their squares lose the small
            direct = problem.solve("auto", chosen, 1e-10, None)
            reached = float(direct["certificate"].max(initial=0.0))
            if reached < self.certificate_:
                W, found, self.certificate_ = direct["coefficients"], direct, reached
        self.coef_, self.intercept_ = problem.fitted(W, y)
        store_conditioning(self, found)
        warn_of_underflow(problem.X, self.coef_)

    def _warn_leverage(self, clipped):
        if clipped == 0:
            return
        warn(
            f"{clipped} leave-one-out prediction(s) do not exist: without that sample the model is "
            "not determined (its leverage is one). Their errors are computed with 1 - leverage "
            "kept at 1e-11. Use larger alphas, or drop columns that single out one sample.",
            UserWarning,
        )

    # --- scorers and routing ----------------------------------------------------------------------

    def _get_scorer(self):
        if self.scoring == "gcv":
            return None
        if _routing_enabled() and self.scoring is None:
            return get_scorer("r2").set_score_request(sample_weight=True)
        return check_scoring(estimator=self, scoring=self.scoring, allow_none=True)

    def _score_params(self, params):
        """Parameters of `fit` that go to the scorer."""
        if _routing_enabled():
            return process_routing(self, "fit", **params).scorer.score
        return {k: v for k, v in params.items() if k == "sample_weight"}

    def get_metadata_routing(self):
        """Say which parameters go to the scorer and to the splitter.

        Returns
        -------
        MetadataRouter
            Routing information for scikit-learn.
        """
        to_score = MethodMapping().add(caller="fit", callee="score")
        to_split = MethodMapping().add(caller="fit", callee="split")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(scorer=self._get_scorer(), method_mapping=to_score).add(
            splitter=self.cv, method_mapping=to_split
        )

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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class _Fits:
    """Coefficients for any penalty from one decomposition."""

    def __init__(self, problem, dual, e, basis):
        self.problem = problem
        self.dual = dual
        keep = e > 0
        self.e = e[keep]
        self.basis = basis if keep.all() else np.ascontiguousarray(basis[keep])
        if dual:
            self.moments = (self.basis @ problem.scaled_targets()).T
        else:
            self.moments = problem.core.target_moments() @ self.basis.T

    def coefficients(self, alphas):
        """One row for each target, with its own alpha."""
        return self._combine(self.moments / (self.e + alphas[:, None]))

    def _combine(self, rotated):
        W = rotated @ self.basis
        return self.problem.core.from_dual(np.ascontiguousarray(W)) if self.dual else W

    def gap(self, G, alphas):
        """F(w) - min F, or for wide data the bound |g|^2 / alpha on it."""
        if self.dual:
            total = np.einsum("tj,tj->t", G, G)
            return np.divide(total, alphas, out=np.zeros_like(total), where=alphas > 0)
        inside = G @ self.basis.T
        gap = np.sum(inside**2 / (self.e + alphas[:, None]), axis=1)
        outside = np.maximum(np.einsum("tj,tj->t", G, G) - np.sum(inside**2, axis=1), 0.0)
        return gap + np.divide(outside, alphas, out=np.zeros_like(gap), where=alphas > 0)

    def fill_unweighted(self, errors, alphas):
        """Rows of weight zero are not part of K: they are predicted by the model as it is."""
        problem = self.problem
        if not self.dual or problem.weight is None or problem.weight.min() > 0:
            return
        rows = np.flatnonzero(problem.weight == 0)
        for k, alpha in enumerate(alphas):
            W = self.coefficients(np.full(problem.n_targets, alpha))
            fitted = problem.X[rows] @ W.T + problem.intercept(W)
            errors[rows, :, k] = problem.Y.T[rows] - fitted
