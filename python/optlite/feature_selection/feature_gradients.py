"""Selection of features along the gradient of what they explain together."""

from numbers import Integral, Real
from typing import ClassVar, NamedTuple

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, _fit_context, clone
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.validation import check_is_fitted

from .._estimator import EstimatorShell, keep
from .._validation import check_fit_data
from ..linear_model._documented import documented
from ..linear_model.logistic import encode
from ..optim import Adam
from ._batches import Batches

#: Batches that the explained variance of the selection is the mean of.
BATCHES_OF_THE_END = 10


class FeatureGradientStep(NamedTuple):
    """One step of the search."""

    iteration: int
    scores: np.ndarray  # u, after it
    shares: np.ndarray  # s: how far each feature is in
    explained_variance: float  # the estimate z(s) of this batch
    gradient: np.ndarray  # of the objective in u


@documented
class FeatureGradientSelector(SelectorMixin, EstimatorShell, BaseEstimator):
    r"""Keep the features that explain a target together, without fitting a model.

    The share of the target's variance that the best linear function of a set of features explains
    can be estimated from a few rows, before there are enough to fit it. Here each feature is in the
    set with a share between zero and one, and the shares follow the gradient of that estimate.

    Parameters
    ----------
    n_features_to_select : int >= 1, float in (0, 1) or None, default=None
        How many features to keep, or which part of them: those with the highest scores. The price
        of a feature then rises and falls until the shares sum up to that. None keeps those whose
        share is above one half, and at least one.
    order : int, in [1, 12], default=4
        Highest power of the covariance of the features. With 1 each feature is judged by its own
        covariance with the target; with more, by what it adds to the others. Where
        batches are small it is lowered: of m batches of n rows to at most ``n // m - 1``, since an
        estimate of order k needs k + 1 rows.
    penalty : float > 0, default=1.0
        Price of all features together, in units of the target's variance: to be kept, one has to
        add about ``penalty / n_features`` or more. With `n_features_to_select`, where the price
        begins.
    task : {"regression", "classification"}, default="regression"
        Whether `y` holds numbers, or labels: then the target is the indicator of each class, all
        classes alike.
    learning_rate : float > 0, default=0.1
        Of Adam, on the logits of the shares.
    max_iter : int >= 1, default=200
        Steps, each on one batch.
    batch_size : int >= 2, default=1000
        Rows that are compared with each other: the work of a step grows with its square.
    random_state : int, RandomState instance or None, default=None
        Seed of the order of the rows.

    Attributes
    ----------
    scores_ : ndarray of shape (n_features,)
        Half the logits of the shares: above zero for features that are in.
    shares_ : ndarray of shape (n_features,)
        The shares, between zero and one.
    explained_variance_ : float
        Estimate for the features that were kept, at most about one. Differences from the truth come
        from chance, and below from directions of little variance.
    n_iter_ : int
        Steps.
    {features}

    See Also
    --------
    optlite.linear_model.Lasso : Keeps few features, and fits them.
    sklearn.feature_selection.SelectKBest : Judges each feature by itself.

    Notes
    -----
    Features have mean zero and variance one, and are divided by the root of the largest eigenvalue
    of their covariance :math:`\Sigma`. With targets of variance one and the strict upper triangle
    :math:`U` of :math:`X \mathrm{diag}(s) X^T` for n rows in random order,

    .. math:: z(s) = \sum_{k=1}^{K} c_k \, y^T U^k y \Big/ \binom{n}{k + 1}

    has the mean :math:`\beta^T q(\Sigma_s) \beta` with :math:`q(t) = \sum_k c_k t^{k+1}` [2]_,
    where :math:`\beta^T \Sigma_s \beta` is the explained variance. Here
    :math:`q(t) = t (1 - (1 - t)^K)`, what K steps of gradient descent explain: it is at most
    :math:`(K / (K + 1))^K / (K + 1)` below t, 0.08 for the default, and :math:`q(t) / t` rises, so
    that the estimate grows with the share of any feature. (Polynomials from a linear program, as in
    [1]_ and [2]_, are nearer to t but wind around it: with them features that explain much may
    leave, since a smaller share explains as much.) The search minimises

    .. math:: 1 - z(s) + \frac{\mathrm{penalty}}{d} \sum_j s_j, \qquad s_j = 1 / (1 + e^{-2 u_j}),

    from :math:`u = 0` by Adam [1]_. A step costs two products of a matrix of n times n by one of n
    times d: it is linear in the number of features and needs no more memory for more rows.

    Only linear effects count: products of features have to be features themselves. What is
    seen beyond the covariance of a feature with the target are its correlations with the other
    features. One that has no correlation with the target, but explains what another one has beside
    the target, is kept.

    References
    ----------
    .. [1] R. Sheth and N. Fusi, "Feature gradients: scalable feature selection via discrete
       relaxation", arXiv 1908.10382, 2019; "Differentiable feature selection by discrete
       relaxation", AISTATS 2020.
    .. [2] W. Kong and G. Valiant, "Estimating learnability in the sublinear data regime", NeurIPS
       2018, algorithm 1.

    Examples
    --------
    The second feature is the error of the first one. It has nothing to do with `y`, but the two
    know `y` together:

    >>> import numpy as np
    >>> from optlite.feature_selection import FeatureGradientSelector
    >>> rng = np.random.default_rng(0)
    >>> y, error = rng.normal(size=(2, 500))
    >>> X = np.column_stack([y + error, error, rng.normal(size=(500, 18))])
    >>> FeatureGradientSelector(random_state=0).fit(X, y).get_support(indices=True).tolist()
    [0, 1]
    >>> selector = FeatureGradientSelector(order=1, random_state=0)  # each by itself
    >>> selector.fit(X, y).get_support(indices=True).tolist()
    [0]
    """

    _parameter_constraints: ClassVar[dict] = {
        "n_features_to_select": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
            None,
        ],
        "order": [Interval(Integral, 1, 12, closed="both")],
        "penalty": [Interval(Real, 0, None, closed="neither")],
        "task": [StrOptions({"regression", "classification"})],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_features_to_select=None,
        *,
        order=4,
        penalty=1.0,
        task="regression",
        learning_rate=0.1,
        max_iter=200,
        batch_size=1000,
        random_state=None,
    ):
        keep(self, locals())

    def __sklearn_is_fitted__(self):
        """A fit that failed half-way has no scores."""
        return hasattr(self, "scores_")

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Search for the features to keep.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. Batches of sparse ones are made dense, the whole never.
        y : array-like of shape (n_samples,)
            Numbers, or labels for ``task="classification"``.

        Returns
        -------
        FeatureGradientSelector
            This instance, fitted.
        """
        batches = self._batches(X, y)
        for record in self._steps(batches):
            scores = record.scores
        self.scores_, self.shares_ = scores, expit(2.0 * scores)
        self.n_iter_ = self.max_iter
        kept = self._get_support_mask().astype(np.float64)
        estimates = [batches.estimate(kept)[0] for _ in range(BATCHES_OF_THE_END)]
        self.explained_variance_ = float(np.mean(estimates))
        return self

    def steps(self, X, y):
        """Yield the search one step at a time.

        Parameters
        ----------
        X, y
            As in :meth:`fit`.

        Yields
        ------
        FeatureGradientStep
            ``iteration``, ``scores`` u after the step, and from before it the ``shares`` s, the
            estimate ``explained_variance`` z(s) and the ``gradient`` of the objective in u.
        """
        fresh = clone(self)
        fresh._validate_params()
        yield from fresh._steps(fresh._batches(X, y))

    def _batches(self, X, y):
        """Check the data."""
        number = self.task == "regression"
        X, y = check_fit_data(self, X, y, y_numeric=number)
        if len(y) < 2:
            raise ValueError(f"{type(self).__name__} needs at least 2 rows, got n_samples = 1.")
        if number:
            Y = y.astype(np.float64)[:, None]
        else:
            classes, codes = encode(y)
            Y = (codes[:, None] == np.arange(len(classes))[None, len(classes) == 2 :]).astype(float)
        most = self.n_features_to_select
        if isinstance(most, Integral) and most > X.shape[1]:
            raise ValueError(
                "n_features_to_select must be at most the number of features, "
                f"n_features = {X.shape[1]}, got {most}. Leave it out to keep those that pay."
            )
        rng = check_random_state(self.random_state)
        return Batches(X, Y, self.order, self.batch_size, rng)

    def _steps(self, batches):
        rule = Adam(learning_rate=self.learning_rate)
        d = len(batches.mean)
        scores, price = np.zeros(d), self.penalty / d
        asked = None if self.n_features_to_select is None else self._count(d)
        state = rule.init(scores)
        for iteration in range(1, self.max_iter + 1):
            shares = expit(2.0 * scores)
            if asked is not None:
                excess = np.clip((shares.sum() - asked) / asked, -1.0, 1.0)
                price *= np.exp(self.learning_rate * excess)
            explained, slopes = batches.estimate(shares)
            gradient = (price - slopes) * 2.0 * shares * (1.0 - shares)
            scores = rule.step(scores, gradient, state)
            yield FeatureGradientStep(iteration, scores.copy(), shares, explained, gradient)

    def _count(self, d):
        """How many features are asked for."""
        count = self.n_features_to_select
        return count if isinstance(count, Integral) else max(1, int(count * d))

    def _get_support_mask(self):
        check_is_fitted(self)
        if self.n_features_to_select is None:
            count = max(1, np.count_nonzero(self.scores_ > 0.0))
        else:
            count = self._count(len(self.scores_))
        mask = np.zeros(len(self.scores_), dtype=bool)
        mask[np.argsort(-self.scores_, kind="stable")[:count]] = True
        return mask

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        return tags
