"""Lasso of groups of features, with and without zeros inside them."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from .._estimator import keep
from ._documented import documented
from ._group_problem import GroupProblem
from .elastic_net import _OneStrength


class _GroupModel(_OneStrength):
    """What the models of groups share."""

    _parameter_constraints: ClassVar[dict] = {
        "alpha": [Interval(Real, 0, None, closed="left")],
        "groups": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "weights": ["array-like", None],
        **{
            name: _OneStrength._parameter_constraints[name]
            for name in ("fit_intercept", "max_iter", "tol", "warm_start")
        },
    }

    def _targets(self, X, y, weight):
        self.groups_ = group_numbers(self.groups, X.shape[1])
        problem = GroupProblem(
            X,
            weight,
            self.fit_intercept,
            group_of=self.groups_,
            group_weights=group_weights(self.weights, self.groups_),
            mix=self._mix,
            name=type(self).__name__,
        )
        return [problem.target(column) for column in np.atleast_2d(y.T)]

    def _fit_target(self, target, start):
        ratio = getattr(self, "l1_ratio", 0.0)
        start = None if start is None else start[None]
        return target.path([self.alpha], ratio, tol=self.tol, max_iter=self.max_iter, start=start)[
            0
        ]

    def _mix(self, l1_ratio):
        """Strengths of absolute values, norms and squares where alpha is 1."""
        return l1_ratio, 1.0 - l1_ratio, 0.0

    def _shaped(self, y, targets, fits):
        W = np.concatenate([fit.coefficients for fit in fits])
        pairs = zip(targets, fits, strict=True)
        intercepts = np.concatenate([target.intercept(fit.coefficients) for target, fit in pairs])
        return W[0] if len(fits) == 1 else W, intercepts[0] if y.ndim == 1 else intercepts


def group_numbers(groups, n_features):
    """Return the number of each feature's group, from any of the forms that users give."""
    if isinstance(groups, Integral):
        if n_features % groups:
            raise ValueError(
                f"groups={groups} must divide the number of features, got {n_features} features. "
                "Give one label for each feature, or lists of features."
            )
        return np.arange(n_features) // groups
    entries = list(groups)  # of a series, too, whose index may hold anything
    if entries and not np.isscalar(entries[0]) and np.ndim(entries[0]) == 1:
        return _from_lists(entries, n_features)
    labels = np.asarray(groups)
    if labels.shape != (n_features,):
        raise ValueError(
            f"groups must have one label for each of the {n_features} features, got shape "
            f"{labels.shape}. A number means neighbours; lists of features name them."
        )
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _from_lists(lists, n_features):
    """Each feature must be in one list."""
    lists = [_features_of(each) for each in lists]
    members = np.concatenate(lists)
    if len(members) and (members.min() < 0 or members.max() >= n_features):
        wrong = members[(members < 0) | (members >= n_features)][0]
        raise ValueError(
            f"groups must name features from 0 to {n_features - 1}, got {wrong}. Check the lists."
        )
    counts = np.bincount(members, minlength=n_features)
    if (counts != 1).any():
        feature = int(np.argmax(counts != 1))
        raise ValueError(
            f"groups must name each feature once, got feature {feature} {counts[feature]} times. "
            "Repeat the column of X if groups overlap; give a feature alone a list of its own."
        )
    empty = [k for k, each in enumerate(lists) if len(each) == 0]
    if empty:
        raise ValueError(f"groups must not be empty, got no feature in group {empty[0]}.")
    group_of = np.empty(n_features, dtype=np.int64)
    for k, each in enumerate(lists):
        group_of[each] = k
    return group_of


def _features_of(each):
    """One list, as numbers of features."""
    features = np.asarray(each)
    if features.ndim == 1 and (features.size == 0 or features.dtype.kind in "iu"):
        return features.astype(np.int64)
    raise ValueError(
        f"groups must list features by their numbers, got {each!r}. Names and masks are labels: "
        "give one for each feature."
    )


def group_weights(weights, group_of, zero_allowed=False):
    """Return the factors on the norms of groups: the roots of their sizes, or those given."""
    sizes = np.bincount(group_of)
    if weights is None:
        return np.sqrt(sizes)
    weights = np.array(weights, dtype=np.float64)
    if weights.shape != sizes.shape:
        raise ValueError(
            f"weights must have one number for each of the {len(sizes)} groups, got shape "
            f"{weights.shape}. Leave it out for the square roots of their sizes."
        )
    right = np.isfinite(weights) & ((weights >= 0) if zero_allowed else (weights > 0))
    if not right.all():
        wrong = weights[~right][0]
        if zero_allowed:
            raise ValueError(
                f"weights must be finite and >= 0, got {wrong}. 0 leaves a group without penalty."
            )
        raise ValueError(
            f"weights must be finite and > 0, got {wrong}. For a group without penalty there is "
            'SparseRegressor(penalty="group").'
        )
    return weights


@documented
class GroupLasso(_GroupModel):
    r"""Fit a linear model that selects groups of features, to a certified accuracy.

    The objective is, for each target::

        minimise over w, b   1/(2 S) sum_i s_i (y_i - w . x_i - b)^2 + alpha sum_g v_g ||w_g||

    with ``S = sum_i s_i`` and the Euclidean norms of the parts ``w_g`` of `w`: the coefficients of
    a group are zero together, or none of them is. Indicator columns of one category are such a
    group, or powers of one variable.

    Parameters
    ----------
    alpha : float >= 0, default=1.0
        Strength of the penalty. 0 gives ordinary least squares (the solution of minimum norm where
        there are many).
    groups : int >= 1 or array-like, default=1
        Which features belong together: a number, of neighbours in each group; labels of shape
        (n_features,), equal ones for features of one group; or lists of features, one for each
        group. 1 is the lasso.
    weights : array-like of shape (n_groups,), default=None
        Factors `v` on the norms, each > 0, in the order of the sorted labels, or of the lists. The
        square roots of the sizes of groups by default, so that large groups are not favoured.
    {fit_intercept}
    {max_iter}
    {tol}
    {warm_start}

    Attributes
    ----------
    {several_targets}
    groups_ : ndarray of shape (n_features,)
        The number of each feature's group.
    objective_, certificate_, certificate_kind_, converged_
        As in :class:`ElasticNet`.
    {features}

    See Also
    --------
    SparseGroupLasso : With zeros inside groups, too.
    MultiTaskLasso : Several targets that select the same features.

    Notes
    -----
    The method is that of :class:`MultiTaskElasticNet`. With the residual `r`, ``c = Z^T S r`` (Z
    centred) and ``a = alpha S``, the duality gap (times S) is, for any `t` with
    ``t |c_g| <= a v_g`` for all groups,

    .. math:: \tfrac12 (1 - t)^2 r^T S r + \sum_g \left(a v_g \|w_g\| - t c_g^T w_g\right) .

    References
    ----------
    .. [1] M. Yuan and Y. Lin, "Model selection and estimation in regression with grouped
       variables", Journal of the Royal Statistical Society B 68, 2006.
    .. [2] E. Ndiaye, O. Fercoq, A. Gramfort and J. Salmon, "Gap safe screening rules for sparsity
       enforcing penalties", Journal of Machine Learning Research 18, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.linear_model import GroupLasso
    >>> X = np.random.default_rng(0).normal(size=(50, 6))
    >>> y = X[:, 0] + X[:, 1]
    >>> model = GroupLasso(alpha=0.3, groups=["a", "a", "b", "b", "c", "c"]).fit(X, y)
    >>> model.coef_.round(2)
    array([0.74, 0.7 , 0.  , 0.  , 0.  , 0.  ])
    """

    def __init__(
        self,
        alpha=1.0,
        *,
        groups=1,
        weights=None,
        fit_intercept=True,
        max_iter=10_000,
        tol=1e-8,
        warm_start=False,
    ):
        keep(self, locals())


@documented
class SparseGroupLasso(_GroupModel):
    r"""Fit a linear model that selects groups of features and features in them.

    The objective is, for each target::

        minimise over w, b   1/(2 S) sum_i s_i (y_i - w . x_i - b)^2
                             + alpha l1_ratio ||w||_1 + alpha (1 - l1_ratio) sum_g v_g ||w_g||

    with ``S = sum_i s_i``. It is certified as that of :class:`GroupLasso` is.

    Parameters
    ----------
    alpha : float >= 0, default=1.0
        Strength of the penalty; see :class:`GroupLasso`.
    l1_ratio : float in [0, 1], default=0.5
        Share of the L1 penalty: 1 is the lasso, 0 the group lasso.
    groups : int >= 1 or array-like, default=1
        Which features belong together; see :class:`GroupLasso`.
    weights : array-like of shape (n_groups,), default=None
        Factors `v` on the norms; see :class:`GroupLasso`.
    {fit_intercept}
    {max_iter}
    {tol}
    {warm_start}

    Attributes
    ----------
    {several_targets}
    groups_ : ndarray of shape (n_features,)
        The number of each feature's group.
    objective_, certificate_, certificate_kind_, converged_
        As in :class:`ElasticNet`.
    {features}

    See Also
    --------
    GroupLasso : Only the norms.

    Notes
    -----
    A dual point `t r` has to satisfy ``|soft(t c_g, a l1_ratio)| <= a (1 - l1_ratio) v_g``, with
    the soft threshold of each entry; the largest such `t` is found exactly, by a sort of the
    entries of the group.

    References
    ----------
    N. Simon, J. Friedman, T. Hastie and R. Tibshirani, "A sparse-group lasso", Journal of
    Computational and Graphical Statistics 22, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.linear_model import SparseGroupLasso
    >>> X = np.random.default_rng(0).normal(size=(50, 6))
    >>> y = X[:, 0] + X[:, 1]
    >>> model = SparseGroupLasso(alpha=0.2, groups=3).fit(X, y)
    >>> (model.coef_ != 0).tolist()
    [True, True, False, False, False, False]
    """

    _parameter_constraints: ClassVar[dict] = {
        **_GroupModel._parameter_constraints,
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        alpha=1.0,
        *,
        l1_ratio=0.5,
        groups=1,
        weights=None,
        fit_intercept=True,
        max_iter=10_000,
        tol=1e-8,
        warm_start=False,
    ):
        keep(self, locals())
