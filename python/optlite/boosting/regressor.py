"""Regression by natural gradient boosting: a distribution of y for each row."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_array

from . import _fit
from ._base import NGBoost
from ._prediction import NumberPredictions


class NGBRegressor(RegressorMixin, NumberPredictions, NGBoost):
    r"""Fit a distribution of y for each row by natural gradient boosting.

    Every stage fits trees to minus the natural gradient of the score and moves the parameters along
    them; see Notes.

    Parameters
    ----------
    Dist : str, class or instance, default=None
        Distribution of y, one of :mod:`optlite.boosting.distributions`; None is the normal one.
    Score : {"log", "crps"}, default="log"
        The scoring rule that is minimised: minus the logarithm of the density, or the continuous
        ranked probability score where the distribution has it in closed form.
    Base : regressor, list of regressors or None, default=None
        None grows histogram trees in the core. Any regressor of scikit-learn may be fitted instead,
        one clone a parameter and stage, which is much slower; parameters of trees have no effect. A
        list has one for each parameter of the distribution. Rows are held out, or cross-validated,
        as for trees of the core: with few rows, `validation_fraction=0.1` saves five fits.
    natural_gradient : bool, default=True
        Whether the slopes that trees fit are multiplied by the inverse of the metric of the score.
        Targets of a distribution with a scale are standardised inside, as the ordinary gradient
        depends on their unit; the natural one does not.
    n_estimators : int, default=500
        Number of stages, at most.
    learning_rate : float, default=0.05
        Share of the step of the line search that is taken.
    minibatch_frac : float in (0, 1], default=1.0
        Share of the rows that each stage sees, drawn without replacement.
    col_sample : float in (0, 1], default=1.0
        Share of the features that each stage sees.
    tol : float, default=1e-4
        Stages end when the mean length of what the trees fit is below it.
    random_state : int, RandomState instance or None, default=None
        Seed of the validation rows and of the shares above.
    validation_fraction : float in (0, 1) or None, default=None
        Share of the rows that is held out to stop early by. None is a tenth; with fewer than 1,000
        rows, 5-fold cross-validation says where to stop, and all rows are fitted.
    early_stopping_rounds : int, "auto" or None, default="auto"
        Stop after so many stages without a better validation score, and go back to the best one.
        ``"auto"`` is 20, if there are at least 100 rows or `X_val` is given.
    max_depth : int or None, default=3
        Depth of a tree.
    max_leaf_nodes : int or None, default=None
        Leaves of a tree; where it is given, the leaf with the largest gain is split next.
    min_samples_leaf : int, default=20
        Rows in a leaf; a row counts as many times as its weight says.
    l2_regularization : float, default=0.0
        Added to the weight of a leaf when its value is computed.
    max_bins : int in [2, 255], default=255
        Bins of a numeric feature; missing values have one more.
    categorical_features : None, "from_dtype" or array-like, default="from_dtype"
        Columns whose values have no order, by name, number or mask; ``"from_dtype"`` takes those
        with the type ``category`` in a data frame. At most 254 categories; unknown ones are treated
        as missing.
    monotonic_cst : array-like of int, dict or None, default=None
        +1 or -1 for features with which the first parameter must not fall or rise.
    tree_sharing : {"separate", "joint"}, default="separate"
        One tree for each parameter, as in ngboost, or one tree with a vector in each leaf.
    line_search : {"doubling", "newton"}, default="doubling"
        How far a stage goes before `learning_rate` shortens it: by ngboost's search, or to the
        lowest mean score along its trees; see Notes.
    n_threads : int or None, default=None
        Threads of a fit or prediction; None leaves it to OpenMP. The model does not depend on it.
    warm_start : bool, default=False
        Whether `fit` adds stages to those of the last fit.

    Attributes
    ----------
    n_iter_ : int
        Stages of the model.
    init_params_, lower_, upper_ : ndarray of shape (n_params,)
        The parameters before the first stage, and the bounds within which they are kept.
    scalings_ : ndarray of shape (n_stages,)
        Step of each stage.
    train_score_, validation_score_ : ndarray
        Mean scores of the last fit, from the start on, before the scale is shifted (see Notes); the
        second is None without validation rows, and the mean over the folds of a cross-validation.
    stop_reason_ : {"stages", "tol", "validation"}
        Why the fit ended.
    forest_, bins_ : dict of ndarray
        Trees and bins in plain arrays, checked whole before each use.
    feature_importances_ : ndarray of shape (n_params, n_features)
        Shares of the features in the gain of the trees.
    n_features_in_, feature_names_in_
        Number of features and, if `X` had names, their names.

    See Also
    --------
    NGBClassifier : The same for classes.

    Notes
    -----
    With :math:`S` the score and :math:`M` its metric, each stage fits trees :math:`f` to

    .. math:: -M(\theta_i)^{-1} \nabla_\theta S(\theta_i, y_i)

    and moves :math:`\theta_i` by learning rate times :math:`\rho f(x_i)`, with :math:`\rho`
    doubled from 1, or halved, until the mean score just falls. Steps above 1 end where a logarithm
    or a logit would move by more than 1 in a stage.

    With ``line_search="newton"`` :math:`\rho` is where the mean score along :math:`f` is lowest: in
    closed form where that is a parabola (``"normal_fixed_var"``), else by Newton's method with
    slopes from the gradient of the score and curvatures from their differences, within a bracket.
    Far from the data this is about 1, the step of Fisher's scoring; where it is a little more,
    doubling takes 2, and learns faster. On 3,000 rows of three problems (power plant, friedman1 and
    houses of ``tests/peer``) the best scores of 200 stages on new rows are alike at the rate 0.05:
    2.719, 1.995 and -0.028 instead of 2.722, 1.986 and -0.041. At the rate 1, which takes whole
    steps, the best ones are 2.83, 2.35 and 0.10 instead of 2.86, 2.37 and 0.08, and after 200
    stages, where all have overfitted, 4.6, 7.4 and 2.6 instead of 6.5, 30 and 7.7. A fit takes up
    to 1.5 times as long.

    The defaults were chosen by held-out log scores, four splits each of diabetes, 300 rows of
    friedman1, and three synthetic sets of 1,500 to 8,000 rows: they give 5.64, 2.36, 1.99, -0.10
    and 1.83. With `min_samples_leaf=1` and no early stopping below 1,000 rows these are 19.2, 167,
    2.00, -0.03 and 1.84; with what ngboost has (500 stages at the learning rate 0.01, leaves of one
    row) 6.31, 4.01, 1.99, 0.26 and 1.84. They are the best of nine settings on these very splits,
    so that new data will find them a little worse, and were measured with a tenth of the rows held
    out and without the shift below.

    Scales are learned on the rows that the means have been fitted to, and come out too small. Where
    rows are held out, the logarithm of the scale is shifted to where these score best, which is
    post-hoc calibration by one number. With fewer than 1,000 rows, a tenth of them is too few for
    it: each is left out by one of five fits, which choose the number of stages together, too. Means
    of ten samples, of new rows in the 90 % interval and of the log score (Normal, defaults):

    ====================================  ========================  ========================
    data (rows)                           cross-validation, shift   tenth held out, shift
    ====================================  ========================  ========================
    friedman1, unequal noise (300)        90 %, 2.35                87 %, 2.38
    diabetes (331)                        90 %, 5.47                87 %, 5.53
    sine, unequal noise (400)             91 %, 0.58                89 %, 0.62
    ten features, equal noise (400)       90 %, 1.50                91 %, 1.52
    ====================================  ========================  ========================

    From 1,000 rows on the held-out tenth covers 89 to 91 % on these; without the shift it is 83 to
    84 % on friedman1 and 1,000 rows. A guarantee needs
    :class:`~optlite.model_selection.ConformalRegressor`.

    References
    ----------
    T. Duan, A. Avati, D. Y. Ding, K. K. Thai, S. Basu, A. Ng and A. Schuler, "NGBoost: Natural
    Gradient Boosting for Probabilistic Prediction", ICML 2020, algorithm 1.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from optlite.boosting import NGBRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = NGBRegressor(random_state=0).fit(X, y)
    >>> model.pred_dist(X[:3]).std().shape
    (3,)
    >>> model.predict_interval(X[:3], 0.8).shape
    (3, 2)
    """

    def _family(self):
        return _fit.family_of("normal" if self.Dist is None else self.Dist, type(self).__name__)

    def _check_targets(self, y, reset):
        family = self._family()
        with np.errstate(over="ignore", invalid="ignore"):  # scikit-learn adds up to look for NaN
            y = check_array(y, ensure_2d=False, dtype="numeric", input_name="y")
            if family.n_outputs == 1:
                y = column_or_1d(y, dtype=np.float64, warn=True)
        return family.check_targets(y), None
