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
