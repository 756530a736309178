"""Classification with any registered penalty."""

from typing import ClassVar

from sklearn.base import _fit_context
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.utils._param_validation import StrOptions

from .._estimator import begin_callbacks, end_callbacks, keep
from .._params import find
from .._validation import check_class_totals, check_fit_data, check_weights
from ._class_probabilities import ClassProbabilities
from ._documented import documented
from ._sparse_model import in_order, store_result
from ._sparse_targets import ClassTargets
from .logistic import encode, with_class_weight
from .sparse_regressor import SparseModel


@documented
class SparseClassifier(ClassProbabilities, LinearClassifierMixin, SparseModel):
    r"""Fit a linear classifier with a penalty of choice, to a measured accuracy.

    The objective is::

        minimise over w, b   1/S sum_i s_i l(w . x_i + b, y_i) + alpha sum_j v_j h(w_j)

    with ``S = sum_i s_i``, the logistic loss `l` for two classes and the softmax cross-entropy (all
    K classes kept, each with coefficients of its own) for more, and a penalty `h`. The intercepts
    are never penalised.

    Parameters
    ----------
    {sparse_alpha}
        ``C`` of :class:`LogisticRegression` is ``1 / (alpha S)``.
    {penalty}
    loss : {"auto", "logistic", "multinomial"}, default="auto"
        ``"logistic"`` is for two classes, ``"multinomial"`` for any number; ``"auto"`` takes the
        first one for two classes.
    {sparse_method}
    {penalty_params}
    {loss_params}
    {weights}
    {groups}
        Of all classes together: ``groups=1`` with several classes selects features.
    {fit_intercept}
    {standardize}
    class_weight : dict, "balanced" or None, default=None
        Factors on the sample weights of each class. ``"balanced"`` gives all classes one total
        weight.
    {newton_max_iter}
    {sparse_tol}
    {warm_start}

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients `w`; one row for the logistic loss.
    sparse_coef_ : sparse array of the same shape
        The same, without the zeros.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts `b`, which sum to zero if there are several.
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    {sparse_outcome}
    {features}

    See Also
    --------
    LogisticRegression : Specialised solvers, faster for L2, L1 and elastic-net penalties.
    SparseRegressor : For numbers; its notes are about method and penalties.
    SparseClassifierCV : Chooses the strength by cross-validation.

    Notes
    -----
    MCP and SCAD are bounded: where features separate the classes they have no minimiser, and the
    fit goes on until `max_iter`, unless it stays near zero.

    References
    ----------
    R. Tibshirani, "Regression shrinkage and selection via the lasso", Journal of the Royal
    Statistical Society B 58, 1996, section 8.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from optlite.linear_model import SparseClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SparseClassifier(alpha=0.05).fit(X, y)
    >>> (model.coef_ != 0).sum(axis=1).tolist()
    [1, 0, 1]
    >>> model.certificate_kind_, model.converged_
    ('relative duality gap', True)
    """

    _parameter_constraints: ClassVar[dict] = {
        **SparseModel._parameter_constraints,
        "loss": [StrOptions({"auto", "logistic", "multinomial"})],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        alpha=1.0,
        *,
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
        max_iter=100,
        tol=1e-8,
        warm_start=False,
    ):
        keep(self, locals())

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. float32 and float64 are read in place (sparse ones as CSC, to which CSR is
            converted); everything else becomes float64.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights `s`, each >= 0; only their ratios matter. All ones by default.

        Returns
        -------
        SparseClassifier
            This instance, fitted.
        """
        X, y, weight, targets = self._prepare(X, y, sample_weight)
        context = begin_callbacks(self, X, y, sample_weight, 1)
        coef, intercept, result = self._fit_core(X, weight, targets)
        self._store(coef, intercept, targets)
        store_result(self, result)
        end_callbacks(context, self, X, y, sample_weight)
        return self

    def _prepare(self, X, y, sample_weight):
        """Validate data and weights, with those of classes; the targets come with their loss."""
        X, y = check_fit_data(self, X, y, values_checked_later=True)
        classes, codes = encode(y)
        weight = check_weights(sample_weight, X)
        weight = with_class_weight(self.class_weight, classes, codes, y, weight)
        check_class_totals(classes, codes, weight)
        record = find("objectives", self._loss_for(classes), "loss")
        return (
            X,
            y,
            weight,
            ClassTargets(record, in_order(record, self.loss_params), classes, codes),
        )

    def _store(self, coef, intercept, targets):
        self.classes_ = targets.classes
        self.coef_ = coef
        self.intercept_ = intercept - (0.0 if targets.outputs == 1 else intercept.mean())

    def _loss_for(self, classes):
        """The loss by its name in the registry."""
        if self.loss == "auto":
            return "logistic" if len(classes) == 2 else "multinomial"
        if self.loss == "logistic" and len(classes) > 2:
            raise ValueError(
                f'loss="logistic" is for two classes, got {len(classes)}. Set loss="multinomial", '
                "or wrap the estimator in sklearn.multiclass.OneVsRestClassifier."
            )
        return self.loss

    def _as_margins(self, values):
        """One margin for two classes, also where each has its row of `coef_`."""
        two = values.ndim == 2 and len(self.classes_) == 2
        return values[:, 1] - values[:, 0] if two else values
