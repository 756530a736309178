"""How many stages, and how wide, by cross-validation: of few rows, none are to spare."""

import copy
import warnings

import numpy as np

from ._run import Run

#: With fewer rows than this the number of stages is cross-validated. On ten sets of 150 to 400 rows
#: the log score is 0.04 below that with a tenth of the rows held out, and intervals of 90 % cover
#: 90.3 +- 2.5 % instead of 88.5 +- 5.0 %; on 1,000 rows both score alike. It costs 3.5 times
#: the time.
FEW_ROWS = 1000
N_FOLDS = 5


def fill(n, strata):
    """Whether there are rows enough for a fold each, next to those that stay in every fit."""
    most = n if strata is None else np.unique(strata, return_counts=True)[1].max()
    return most >= 2 * N_FOLDS


def fold_numbers(n, strata, rng):
    """Return the fold that each row is held out in; -1 for a row that has no other of its kind.

    Parameters
    ----------
    n : int
        Number of rows.
    strata : ndarray of shape (n,) or None
        Every value of it is shared out alike.
    rng : RandomState

    Returns
    -------
    ndarray of int, shape (n,)
    """
    order = rng.permutation(n)
    folds = np.empty(n, dtype=int)
    alone = np.zeros(n, dtype=bool)
    if strata is not None:
        _, group, counts = np.unique(strata, return_inverse=True, return_counts=True)
        order = order[np.argsort(group[order], kind="stable")]
        alone = counts[group] == 1
    folds[order] = np.arange(n) % N_FOLDS
    folds[alone] = -1
    return folds


class CrossValidation:
    """Fits that leave out a fold each: how many stages score best, and what they predict then.

    Parameters
    ----------
    estimator : NGBoost
        It is not changed.
    data : Data
        All rows.
    patience : int
        Stages without a better validation score before a fit ends.
    stages : int
        Stages of a fit, at most.
    seed : int
        Of the fits.
    rng : RandomState
        Draws the folds.

    Attributes
    ----------
    scores : ndarray
        After each stage, the mean over the rows of the score in the fit that has not seen the row.
        Of a fit that ended early, its last score counts on.
    n_stages : int
        Where that is smallest.
    rows, theta : Data, ndarray of shape (n, n_params)
        The rows that were left out once, and their parameters after so many stages.
    """

    def __init__(self, estimator, data, patience, stages, seed, rng):
        self._arguments = estimator, patience, stages, seed
        folds = fold_numbers(len(data.y), estimator._strata(data), rng)
        parts = [data.take(folds == fold) for fold in range(N_FOLDS)]
        fits = [self._fit(data.take(folds != fold), parts[fold]) for fold in range(N_FOLDS)]
        curves = [run.attributes()["validation_score_"] for _, run in fits]
        length = max(map(len, curves))
        padded = [np.pad(curve, (0, length - len(curve)), mode="edge") for curve in curves]
        weights = [len(part.y) if part.weight is None else part.weight.sum() for part in parts]
        self.scores = np.average(padded, axis=0, weights=weights)
        self.n_stages = int(np.argmin(self.scores))
        self.rows = data.take(np.concatenate([np.flatnonzero(folds == f) for f in range(N_FOLDS)]))
        self.theta = np.concatenate(
            [self._predict(*fit, part) for fit, part in zip(fits, parts, strict=True)]
        )

    def _fit(self, train, held_out):
        """Return a copy of the estimator, and its run on some of the rows."""
        estimator, patience, stages, seed = self._arguments
        fit = copy.copy(estimator)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what concerns the user, the fit to all rows says
            fit._start(train)
            run = Run(fit, train, held_out, patience, seed, False)
        run.go(stages, None, None, None, None)
        return fit, run

    def _predict(self, fit, run, part):
        """Return the parameters of the rows that a fit has not seen, after the common stage."""
        vars(fit).update(run.stages(min(self.n_stages, len(run.core.history()) - 1)))
        return fit._theta(part)
