"""The smallest threshold that keeps an expected loss below a level."""

import numpy as np

from .._validation import check_weights
from .._warnings import warn
from ._quantile import ROUNDING


def conformal_risk_control(losses, lambdas, alpha, *, bound=1.0, sample_weight=None):
    r"""Return the smallest threshold whose expected loss on a new row is at most `alpha`.

    For losses that do not rise with a threshold :math:`\lambda`: the share of the labels of a row
    that a set of labels lacks, which grows with the threshold, is one.

    Parameters
    ----------
    losses : array-like of shape (n_samples, n_lambdas)
        Loss of each row of the calibration at each threshold: never above `bound`, and falling, or
        constant, from left to right. The rows must be new to the model.
    lambdas : array-like of shape (n_lambdas,)
        The thresholds, rising. They are chosen without a look at the losses.
    alpha : float
        What the expected loss may be, below `bound`.
    bound : float, default=1.0
        The largest loss there can be, B.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows, in the unit in which a new row weighs 1.

    Returns
    -------
    float
        The threshold; the last one, with a warning, if none is safe.

    Raises
    ------
    ValueError
        If a loss is above `bound` or rises with the threshold, or the shapes do not fit.

    See Also
    --------
    ConformalRegressor : Intervals around a regressor.

    Notes
    -----
    With the mean loss :math:`\hat R_n(\lambda)` of n rows,

    .. math:: \hat\lambda = \inf \Big\{ \lambda : \frac{n}{n+1} \hat R_n(\lambda)
              + \frac{B}{n+1} \le \alpha \Big\} .

    If a new row is exchangeable with these, and the last threshold has a loss of at most `alpha`
    for every row, :math:`E \, L_{n+1}(\hat\lambda) \le \alpha` (theorem 1; with continuous losses
    it is above :math:`\alpha - 2 B / (n + 1)`, theorem 2). The loss "the score is above
    :math:`\lambda`" gives the quantile of split conformal prediction.

    References
    ----------
    A. N. Angelopoulos, S. Bates, A. Fisch, L. Lei and T. Schuster, "Conformal Risk Control", ICLR
    2024, equation 4.

    Examples
    --------
    Labels with a probability of at least :math:`1 - \lambda`, such that no more than a tenth of the
    true ones is missed on average:

    >>> import numpy as np
    >>> from optlite.model_selection import conformal_risk_control
    >>> rng = np.random.default_rng(0)
    >>> probability = rng.uniform(size=(500, 8))
    >>> truth = rng.uniform(size=(500, 8)) < probability
    >>> lambdas = np.linspace(0.0, 1.0, 101)
    >>> missed = truth[..., None] & (probability[..., None] < 1.0 - lambdas)
    >>> losses = missed.sum(axis=1) / np.maximum(truth.sum(axis=1, keepdims=True), 1)
    >>> limit = conformal_risk_control(losses, lambdas, alpha=0.1)
    >>> labels = probability >= 1.0 - limit
    """
    lambdas, losses = np.asarray(lambdas, dtype=float), np.asarray(losses, dtype=float)
    _check(losses, lambdas, alpha, bound)
    weight = check_weights(sample_weight, losses)
    weight = np.ones(len(losses)) if weight is None else weight
    risk = (weight @ losses + bound) / (weight.sum() + 1.0)
    safe = risk <= alpha + ROUNDING * bound
    if not safe.any():
        warn(
            f"No threshold has a loss below alpha={alpha:g}: with {len(losses)} rows the bound is "
            f"{risk[-1]:.3g} at the last one, which is returned. Calibrate with more rows (at "
            f"least {int(np.ceil(bound / alpha - 1.0))}), or add thresholds.",
            UserWarning,
        )
        return float(lambdas[-1])
    return float(lambdas[np.argmax(safe)])


def _check(losses, lambdas, alpha, bound):
    """Refuse what the guarantee does not hold for."""
    if lambdas.ndim != 1 or len(lambdas) == 0 or not (np.diff(lambdas) > 0.0).all():
        raise ValueError(f"lambdas must be a 1-d array of rising numbers, got {lambdas!r}.")
    if losses.ndim != 2 or losses.shape[1] != len(lambdas) or len(losses) == 0:
        raise ValueError(
            f"losses must have shape (n_samples, {len(lambdas)}), one column for each of lambdas, "
            f"got {losses.shape}."
        )
    if not 0.0 < alpha < bound:
        raise ValueError(f"alpha must be in (0, {bound:g}), below the bound, got {alpha:g}.")
    bad = ~(losses <= bound)  # NaN, too
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(
            f"losses must be at most bound={bound:g}, got {losses[row, column]:g} at row {row}, "
            f"column {column}. Set bound to the largest possible loss."
        )
    rises = np.diff(losses, axis=1) > ROUNDING * max(abs(bound), 1.0)
    if rises.any():
        row, column = np.argwhere(rises)[0]
        raise ValueError(
            f"losses must not rise with the threshold, got {losses[row, column]:g} and then "
            f"{losses[row, column + 1]:g} in row {row}. Replace each loss by the largest at this "
            "or a larger threshold: np.maximum.accumulate(losses[:, ::-1], axis=1)[:, ::-1]."
        )
