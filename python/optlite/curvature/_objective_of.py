"""The objective that a fitted estimator minimised, and where it stands."""

import numpy as np
import scipy.sparse as sp
from sklearn import linear_model as sklearn_linear
from sklearn import neural_network
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_is_fitted

from .. import linear_model, objectives
from .._validation import check_weights
from ..linear_model.logistic import with_class_weight


def objective_of(estimator, X, y, sample_weight=None):
    r"""Return the objective of a fitted estimator and its variables.

    Parameters
    ----------
    estimator : estimator
        Fitted: ``Ridge``, ``RidgeCV``, ``RidgeClassifier``, ``LogisticRegression`` and
        ``LogisticRegressionCV`` of this package or of scikit-learn; scikit-learn's
        ``RidgeClassifierCV``, ``LinearRegression``, ``PoissonRegressor``, ``HuberRegressor``,
        ``MLPClassifier`` and ``MLPRegressor``.
    X, y : array-like
        The data of the fit, or other data with the same columns and labels.
    sample_weight : array-like of shape (n_samples,), default=None
        As given to the fit.

    Returns
    -------
    objective : objective of optlite.objectives
        On the scale of a mean over the samples, (1/S) sum_i s_i l_i + penalty: the estimator's own
        objective divided by a constant.
    w : ndarray, shaped as the objective's variables
        The estimator's coefficients: at an optimum the gradient is zero.

    Raises
    ------
    TypeError
        For an estimator that is not listed, or not smooth: an L1 penalty, bounds.
    ValueError
        For several targets of a linear model, labels that the estimator does not know or that y
        does not show, an X of other columns, and a sparse X for a network.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.

    Notes
    -----
    The constants by which the estimators' objectives are divided: C S for ``LogisticRegression``,
    2 S for ``Ridge``, ``LinearRegression`` and ``RidgeClassifier`` (of two labels, coded -1 and 1),
    1 for ``PoissonRegressor`` and the networks, and 2 S / sigma for ``HuberRegressor``, whose scale
    sigma is kept as it was fitted. A network with several targets divides its loss, but not its
    gradient, by their number; the objective here is the one to which the gradient belongs. What
    cross-validation fitted counts as if its choice had been given; ``refit=False`` ends beside the
    optimum.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import HessianOperator, objective_of
    >>> from optlite.linear_model import Ridge
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([0.1, 0.9, 2.1])
    >>> f, w = objective_of(Ridge(alpha=0.3).fit(X, y), X, y)
    >>> bool(np.abs(f.gradient(w)).max() < 1e-12)
    True
    >>> HessianOperator(f, w).to_dense().round(4)
    array([[1.7667, 1.    ],
           [1.    , 1.    ]])
    """
    for classes, make in _MAKERS:
        if isinstance(estimator, classes):
            check_is_fitted(estimator)
            X = X if sp.issparse(X) else np.asarray(X)
            y = np.asarray(y)
            weight = None if sample_weight is None else check_weights(sample_weight, X)
            return make(estimator, X, y, weight)
    names = sorted({each.__name__ for classes, _ in _MAKERS for each in classes})
    raise TypeError(
        f"estimator must be a fitted one of {names}, got {type(estimator).__name__} "
        "(objective_of). Make the objective yourself from the classes of optlite.objectives."
    )


def _ridge(estimator, X, y, weight):
    alpha = getattr(estimator, "alpha_", getattr(estimator, "alpha", 0.0))
    _refuse_bounds(estimator)
    if np.ndim(estimator.coef_) != 1 or np.size(alpha) != 1:
        raise ValueError(
            f"{type(estimator).__name__} must have one target, got coef_ of shape "
            f"{np.shape(estimator.coef_)} (objective_of). Fit the columns of y one at a time."
        )
    total = X.shape[0] if weight is None else weight.sum()
    strength = float(np.reshape(alpha, ())) / total
    return _linear(objectives.LeastSquares, estimator, X, y, weight, strength)


def _refuse_bounds(estimator):
    if getattr(estimator, "positive", False):
        raise TypeError(
            f"{type(estimator).__name__} with positive=True has bounds, which no objective of "
            "optlite.objectives knows (objective_of)."
        )


def _ridge_classifier(estimator, X, y, weight):
    """Of two classes: least squares with -1 and 1 for targets."""
    _refuse_bounds(estimator)
    if len(estimator.classes_) != 2:
        raise ValueError(
            f"{type(estimator).__name__} must have two classes, got {len(estimator.classes_)} "
            "(objective_of): of more it is one problem for each."
        )
    classes, codes = np.unique(y, return_inverse=True)
    _check_labels(estimator, classes)
    factors = compute_sample_weight(estimator.class_weight, y)  # of rows, not of their weights
    weight = factors if weight is None else weight * factors
    strength = float(_chosen(estimator, "alpha")) / weight.sum()
    return _linear(objectives.LeastSquares, estimator, X, 2.0 * codes - 1.0, weight, strength)


def _poisson(estimator, X, y, weight):
    return _linear(objectives.Poisson, estimator, X, y, weight, estimator.alpha)


def _huber(estimator, X, y, weight):
    total = X.shape[0] if weight is None else weight.sum()
    strength, delta = (
        estimator.alpha * estimator.scale_ / total,
        estimator.epsilon * estimator.scale_,
    )
    return _linear(objectives.Huber, estimator, X, y, weight, strength, delta=delta)


def _logistic(estimator, X, y, weight):
    if not _is_smooth(estimator):
        raise TypeError(
            f"{type(estimator).__name__} must have the L2 penalty or none, got "
            f"l1_ratio={_chosen(estimator, 'l1_ratio')!r} (objective_of): others have no Hessian."
        )
    classes, codes = np.unique(y, return_inverse=True)
    weight = with_class_weight(estimator.class_weight, classes, codes, y, weight)
    total = X.shape[0] if weight is None else weight.sum()
    kind = objectives.Logistic if len(estimator.coef_) == 1 else objectives.Multinomial
    C = _chosen(estimator, "C")
    strength = 0.0 if np.isinf(C) else 1.0 / (C * total)
    f, w = _linear(kind, estimator, X, y, weight, strength)
    _check_labels(estimator, f.classes_)
    return f, w


def _is_smooth(estimator):
    penalty = getattr(estimator, "penalty", "l2")
    if penalty in ("l2", None):
        return True
    return penalty not in ("l1", "elasticnet") and _chosen(estimator, "l1_ratio") in (0.0, None)


def _chosen(estimator, name):
    """A hyper-parameter, or what cross-validation chose; scikit-learn may say it once a class."""
    if hasattr(estimator, name):
        return getattr(estimator, name)
    chosen = {*np.ravel(getattr(estimator, f"{name}_", None)).tolist()}
    if len(chosen) != 1:
        raise ValueError(
            f"{type(estimator).__name__} must have one {name} for all classes, got {chosen} "
            "(objective_of)."
        )
    return chosen.pop()


def _linear(kind, estimator, X, y, weight, alpha, **fields):
    """Return the generalized linear model and its coefficients, the intercept last."""
    intercept = bool(estimator.fit_intercept)
    f = kind(X, y, alpha=alpha, sample_weight=weight, fit_intercept=intercept, **fields)
    coef = estimator.coef_.toarray() if sp.issparse(estimator.coef_) else estimator.coef_
    coef = np.asarray(coef, dtype=np.float64)
    if coef.shape[-1] != X.shape[1]:
        raise ValueError(
            f"X must have the {coef.shape[-1]} columns of the fit, got {X.shape[1]} (objective_of)."
        )
    if intercept:
        end = np.reshape(np.asarray(estimator.intercept_, dtype=np.float64), (*coef.shape[:-1], -1))
        coef = np.concatenate([coef, np.broadcast_to(end, (*coef.shape[:-1], 1))], axis=-1)
    return f, coef.reshape(f.shape)


def _network(estimator, X, y, weight):
    if sp.issparse(X):
        raise ValueError(
            "X must be dense for a network, got a sparse matrix (objective_of). Use X.toarray()."
        )
    loss, hidden = _network_loss(estimator), [W.shape[1] for W in estimator.coefs_[:-1]]
    total = X.shape[0] if weight is None else weight.sum()
    f = objectives.MLP(
        X,
        y,
        hidden=hidden,
        activation=_ACTIVATIONS[estimator.activation],
        loss=loss,
        alpha=estimator.alpha / total,
        sample_weight=weight,
    )
    if hasattr(f, "classes_"):
        _check_labels(estimator, f.classes_)
    return f, f.flatten(list(zip(estimator.coefs_, estimator.intercepts_, strict=True)))


_ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "logistic": "sigmoid"}


def _network_loss(estimator):
    if estimator.activation not in _ACTIVATIONS:
        raise TypeError(
            f"activation must be one of {sorted(_ACTIVATIONS)}, got {estimator.activation!r} "
            "(objective_of). A network without one is a linear model."
        )
    if isinstance(estimator, neural_network.MLPRegressor):
        return "poisson" if estimator.out_activation_ == "exp" else "squared"
    if estimator.out_activation_ == "logistic" and len(estimator.classes_) != 2:
        raise TypeError(
            "MLPClassifier must have one label for each sample, got several (objective_of)."
        )
    return {"logistic": "logistic", "softmax": "softmax"}[estimator.out_activation_]


def _check_labels(estimator, classes):
    """The classes of y must be those of the fit, or the columns mean something else."""
    if not np.array_equal(estimator.classes_, classes):
        raise ValueError(
            f"y must hold the labels of the fit, {list(estimator.classes_)}, got "
            f"{list(classes)} (objective_of)."
        )


_MAKERS = (
    ((linear_model.LogisticRegression, sklearn_linear.LogisticRegression), _logistic),
    (
        (
            linear_model.Ridge,
            linear_model.RidgeCV,
            sklearn_linear.Ridge,
            sklearn_linear.RidgeCV,
            sklearn_linear.LinearRegression,
        ),
        _ridge,
    ),
    (
        (
            linear_model.RidgeClassifier,
            sklearn_linear.RidgeClassifier,
            sklearn_linear.RidgeClassifierCV,
        ),
        _ridge_classifier,
    ),
    ((sklearn_linear.PoissonRegressor,), _poisson),
    ((sklearn_linear.HuberRegressor,), _huber),
    ((neural_network.MLPClassifier, neural_network.MLPRegressor), _network),
)
