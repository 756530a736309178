"""What the sparse models say of parameters and attributes that they share, said once."""

import re

ENTRIES = {
    "fit_intercept": """
fit_intercept : bool, default=True
    Whether the intercept is fitted or zero; it is never penalised.""",
    "copy_X": """
copy_X : bool, default=True
    No effect: `X` is never written.""",
    "max_iter": """
max_iter : int >= 1, default=10000
    Most sweeps over the coordinates, for each strength.""",
    "tol": """
tol : float >= 0, default=1e-8
    Relative accuracy of the objective at which the solver stops: it bounds the duality gap
    divided by the objective. (scikit-learn compares the gap with `tol` times the mean of `y^2`,
    which is larger than the objective.)""",
    "warm_start": """
warm_start : bool, default=False
    Whether to start from the coefficients of the previous fit.""",
    "positive": """
positive : bool, default=False
    Whether the coefficients are constrained to be >= 0.""",
    "selection": """
random_state : int, RandomState instance or None, default=None
    No effect: the fit is deterministic, with the same bits for any number of threads.
selection : {"cyclic", "random"}, default="cyclic"
    No effect on the result; coordinates are visited in turn.""",
    "eps": """
eps : float > 0, default=1e-3
    Ratio of the smallest to the largest strength, where `alphas` is a number of them.""",
    "alphas": """
alphas : int >= 1 or array-like of shape (n_alphas,), default=100
    The strengths to choose from, or how many: then in equal ratios from the smallest that
    makes all coefficients zero.""",
    "cv": """
cv : int, cross-validation generator or iterable, default=None
    How rows are split; five folds by default.""",
    "verbose": """
verbose : bool or int, default=False
    No effect: nothing is printed.""",
    "n_jobs": """
n_jobs : int, default=None
    Folds that run at once, in threads. The result does not depend on it.""",
    "one_target": """
coef_ : ndarray of shape (n_features,)
    Coefficients, fitted to all rows.
sparse_coef_ : sparse array of shape (1, n_features)
    The same, without the zeros.
intercept_ : float
    Intercept.""",
    "several_targets": """
coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
    Coefficients `w`.
sparse_coef_ : sparse array of shape (n_targets, n_features)
    The same, without the zeros.
intercept_ : float or ndarray of shape (n_targets,)
    Intercept `b`.
dual_gap_ : float or ndarray of shape (n_targets,)
    Bound on ``F(w) - min F``: the duality gap.
n_iter_ : int or list of int
    Sweeps over the coordinates; 0 if the start was a solution.""",
    "tasks": """
coef_ : ndarray of shape (n_tasks, n_features)
    Coefficients, one row for each task; a column is zero as a whole, or not at all.
sparse_coef_ : sparse array of shape (n_tasks, n_features)
    The same, without the zeros.
intercept_ : ndarray of shape (n_tasks,)
    Intercepts.""",
    "outcome": """
dual_gap_ : float
    Bound on ``F(w) - min F``: the duality gap.
n_iter_ : int
    Sweeps over the coordinates; 0 if the start was a solution.
objective_ : float
    The objective.
certificate_ : float
    `dual_gap_` divided by the objective.
certificate_kind_ : str
    ``"relative duality gap"``.
converged_ : bool
    Whether `certificate_` is at most `tol`, or at most 1e-12: what is left then is rounding.""",
    "sparse_alpha": """
alpha : float >= 0, default=1.0
    Strength of the penalty. MCP and SCAD bend in units of it: at strength `a` they are
    ``a^2 h(w / a)``.""",
    "penalty": """
penalty : str, default="l1"
    Any :ref:`registered penalty <part-penalties-l1>`: ``"l1"``, ``"elastic_net"``, ``"mcp"``,
    ``"scad"``, ``"l_half"`` (or ``"l0.5"``), ``"slope"``, ``"group"``,
    ``"non_negative"``, ``"non_negative_elastic_net"``, ... ``"positive"`` is the last one as a
    lasso of coefficients >= 0, which they are for ``alpha=0``, too.""",
    "penalty_params": """
penalty_params : dict, default=None
    Hyper-parameters of the penalty, such as ``{"gamma": 3.0}`` for MCP; the pages of the
    penalties list them.""",
    "sparse_method": """
method : {"direct", "lla", "adaptive", "accelerated_gradient"}, default="direct"
    ``"direct"`` minimises the objective. ``"lla"``, for MCP and SCAD, replaces the penalty by its
    tangents, which makes a weighted lasso, and does it again until the conditions of the
    objective are met; it starts from the lasso, and `dual_gap_` is that of the last one.
    ``"adaptive"``, for ``"l1"``, is the lasso with weights ``m / (|u_j| + m / 100)``, where `u`
    are the coefficients of a first lasso and `m` is the largest size of them.
    ``"accelerated_gradient"`` minimises the objective by gradient steps, which form no
    matrix: for losses of bounded curvature (not ``"poisson"`` or ``"cox"``) and any penalty but
    ``"l0.5"``. It stops on `kkt_violation_`. Up to 1000 columns without penalty (``alpha=0``, or
    weights of 0) are an exception: with one target and a penalty of single coefficients they are
    set to their best at the end, by Newton steps that form their matrix.""",
    "loss_params": """
loss_params : dict, default=None
    Hyper-parameters of the loss, such as ``{"delta": 1.35}`` for ``"huber"``.""",
    "weights": """
weights : array-like, default=None
    Factors `v` on the strength. For a penalty of coefficients: one for each feature, ones by
    default; 0 leaves a feature without penalty, and without bounds. For groups: one for each
    group, the square roots of their sizes by default; 0 leaves a group without penalty. For
    ``"slope"``: the level of each rank, descending; by default those of Benjamini and Hochberg,
    ``F(1 - 0.1 i / (2 p))`` with the normal quantiles `F`, divided by the first.""",
    "groups": """
groups : int >= 1 or array-like, default=1
    For ``penalty="group"``: which features belong together; see :class:`GroupLasso`.""",
    "standardize": """
standardize : bool, default=False
    Whether the penalty sees the coefficients in units in which the columns have weighted
    standard deviations of one, as in glmnet; celer and skglm, and the default, judge them in
    the units of `X`. `X` is neither scaled nor centred in memory, nor densified, and
    `coef_` is in its units; `objective_` is that of the scaled problem. Columns of one value keep
    their units.""",
    "newton_max_iter": """
max_iter : int >= 1, default=100
    Most Newton steps; with ``method="lla"``, of each lasso, and most lassos; with
    ``method="accelerated_gradient"``, most hundreds of gradient steps.""",
    "path_eps": """
eps : float > 0, default=1e-3
    Ratio of the smallest to the largest strength, where `alphas` is a number of them.""",
    "path_alphas": """
alphas : int >= 1 or array-like of shape (n_alphas,), default=100
    The strengths to choose from, or how many: then in equal ratios from the smallest that makes all
    coefficients zero.""",
    "sparse_scores": """
scores_ : ndarray of shape (n_folds, n_alphas)
    Score of each held-out fold.
alpha_ : float
    The chosen strength: of the highest mean score, and the largest one of equals.
alphas_ : ndarray of shape (n_alphas,)
    The strengths, in descending order.
certificates_ : ndarray of shape (n_folds, n_alphas)
    Certificate of each fit to a fold, on the scale of `tol`.""",
    "sparse_tol": """
tol : float >= 0, default=1e-8
    What `certificate_` has to reach.""",
    "sparse_outcome": """
n_iter_ : int
    Newton steps, or gradient steps.
objective_ : float
    The objective; that of counts without its constant, the mean of ``log(y!)``.
dual_gap_ : float or None
    Bound on the objective less its minimum, if loss and penalty are convex (for
    ``method="lla"``: that of the last weighted lasso).
kkt_violation_ : float
    Largest distance of minus a partial derivative of the loss from the subdifferential of the
    penalty, divided by the largest derivative where all coefficients are zero. (Coefficients that
    are proven to be zero in every solution do not count.)
certificate_ : float
    `dual_gap_` divided by the objective (less its lower bound, for counts), where there is a
    gap; else, and with ``method="accelerated_gradient"``, `kkt_violation_`.
certificate_kind_ : str
    ``"relative duality gap"`` or ``"relative KKT violation"``.
weights_ : ndarray of shape (n_outputs, n_features)
    Weights that ``method="adaptive"`` has found.
converged_ : bool
    Whether `certificate_` is at most `tol`, or at most 1e-12: what is left then is rounding.""",
    "features": """
n_features_in_ : int
    Number of features.
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Their names, if `X` had names.""",
}


def documented(cls):
    """Put the entries in the places of a class's docstring that name them, such as ``{tol}``."""

    def entry(match):
        lines = ENTRIES[match[2]].strip("\n").splitlines()
        return "\n".join(match[1] + line if line else line for line in lines)

    if cls.__doc__ is not None:  # python -OO
        cls.__doc__ = re.sub(r"^( *)\{(\w+)\}$", entry, cls.__doc__, flags=re.MULTILINE)
    return cls
