"""What the gradients of single samples have in common: coherence, and signal to noise."""

import dataclasses

import numpy as np
import scipy.sparse as sp

from ._operand import integer
from ._operators_checks import point, row_source


@dataclasses.dataclass(frozen=True, eq=False)
class GradientStatistics:
    """Hold sums over the gradients of samples.

    Attributes
    ----------
    n_samples : int
        Number of samples.
    mean : ndarray of shape (dim,)
        Mean of the gradients.
    variance : ndarray of shape (dim,)
        Variance of each coordinate over the samples (with ``n_samples``, not one less, below).
    coherence : float
        Squared norm of the mean over the mean of the squared norms, in [0, 1]: 1 where all samples
        agree, 1 / n_samples where their gradients are orthogonal and of one length.
    signal_to_noise : ndarray of shape (dim,)
        Squared mean over variance, coordinate by coordinate; infinite where only the variance is 0,
        NaN where both are.
    noise_scale : float
        Sum of the variances over the squared norm of the mean: the batch size at which the noise of
        a mini-batch is as large as the gradient.
    """

    n_samples: int
    mean: np.ndarray
    variance: np.ndarray
    coherence: float
    signal_to_noise: np.ndarray
    noise_scale: float


def gradient_statistics(objective, w, *, rows=None, block_size=1024):
    r"""Compute mean, variance, coherence and signal to noise of the gradients of samples.

    Parameters
    ----------
    objective : objective of optlite.objectives over rows
        A generalized linear model, an :class:`~optlite.objectives.MLP`, or a batch of either. The
        losses alone count: neither weights nor the penalty.
    w : array-like
        The point.
    rows : array-like of int, default=None
        Indices of samples; None takes all.
    block_size : int, >= 1, default=1024
        Samples whose gradients are in memory at once.

    Returns
    -------
    GradientStatistics

    Raises
    ------
    TypeError
        For an objective without rows.
    ValueError
        For a w that does not fit, rows that are none, and a block size below 1.

    See Also
    --------
    per_sample_gradients : The gradients themselves.

    Notes
    -----
    With gradients :math:`g_i` and their mean :math:`\bar g`,

    .. math:: \text{coherence} = \frac{\|\bar g\|^2}{\frac1n \sum_i \|g_i\|^2}, \qquad
              \text{signal to noise}_j = \frac{\bar g_j^2}{\frac1n \sum_i (g_{ij} - \bar g_j)^2},
              \qquad \text{noise scale} = \frac{\sum_j \operatorname{var} g_j}{\|\bar g\|^2} .

    The first, times n, is m-coherence [1]_: how many samples one sample's step helps.
    The second says which parameters will generalise [2]_. The third is the simple noise
    scale of [3]_.

    References
    ----------
    .. [1] Chatterjee, Zielinski, Making coherence out of nothing at all: measuring the evolution of
       gradient alignment, 2020.
    .. [2] Liu, Bai, Jiang, Chen, Wang, Understanding why neural networks generalize well through
       GSNR of parameters, ICLR 2020.
    .. [3] McCandlish, Kaplan, Amodei, An empirical model of large-batch training, 2018.

    Examples
    --------
    >>> from optlite.curvature import gradient_statistics
    >>> from optlite.objectives import LeastSquares
    >>> f = LeastSquares([[1.0, 0.0], [1.0, 1.0]], [1.0, 1.0])  # gradients (-1, 0), (-1, -1)
    >>> found = gradient_statistics(f, [0.0, 0.0])
    >>> round(found.coherence, 4), found.signal_to_noise
    (0.8333, array([inf,  1.]))
    """
    owner = "gradient_statistics"
    source = row_source(objective, rows, owner)
    block_size = integer(block_size, "block_size", 1, owner)
    at = source.at(point(source, w, owner))
    targets = source.targets()
    n = np.asarray(at.margins).shape[0]
    blocks = [slice(first, first + block_size) for first in range(0, n, block_size)]
    gradients = _Gradients(source, at, targets)
    mean = sum(gradients(block).sum(axis=0) for block in blocks) / n
    # Around the mean in a second pass: a difference of squares would cancel.
    variance = sum(np.sum((gradients(block) - mean) ** 2, axis=0) for block in blocks) / n
    signal, noise = float(mean @ mean), float(variance.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        return GradientStatistics(
            n_samples=n,
            mean=mean,
            variance=variance,
            coherence=float(np.divide(signal, signal + noise)),
            signal_to_noise=mean**2 / variance,
            noise_scale=float(np.divide(noise, signal)),
        )


def per_sample_gradients(objective, w, rows=None):
    """Return the gradient of the loss of each sample.

    Parameters
    ----------
    objective : objective of optlite.objectives over rows
        A generalized linear model, an :class:`~optlite.objectives.MLP`, or a batch of either.
    w : array-like
        The point.
    rows : array-like of int, default=None
        Indices of samples; None takes all.

    Returns
    -------
    ndarray of shape (n_samples, dim)
        Of the losses alone, without weights and penalty.

    Raises
    ------
    TypeError
        For an objective without rows.
    ValueError
        For a w that does not fit, and rows that are none.

    Examples
    --------
    >>> from optlite.curvature import per_sample_gradients
    >>> from optlite.objectives import LeastSquares
    >>> per_sample_gradients(LeastSquares([[1.0, 2.0], [1.0, 1.0]], [1.0, 1.0]), [0.0, 0.0])
    array([[-1., -2.],
           [-1., -1.]])
    """
    source = row_source(objective, rows, "per_sample_gradients")
    at = source.at(point(source, w, "per_sample_gradients"))
    return _Gradients(source, at, source.targets())(slice(None))


class _Gradients:
    """Gradients of some samples, from the inputs of each layer and the derivatives at its outputs.

    The gradient of a layer's weights is the outer product of the two.
    """

    def __init__(self, source, at, targets):
        residuals = at.residuals(targets)
        if source.is_linear:
            objective = source.objective
            self._layers = [(self._linear_inputs(objective, source.rows), residuals)]
            self._ones, self._by_input = objective.fit_intercept, False
        else:
            deltas = at.backward(residuals)
            self._layers = [(at.layer_inputs(i), delta) for i, delta in enumerate(deltas)]
            self._ones, self._by_input = True, True

    @staticmethod
    def _linear_inputs(objective, rows):
        return objective.X if rows is None else objective.X[rows]

    def __call__(self, block):
        """Return the gradients of a slice of the samples, (n, dim)."""
        parts = []
        for inputs, delta in self._layers:
            a = inputs[block]
            a = np.asarray(a.toarray() if sp.issparse(a) else a, dtype=float)
            if self._ones:
                a = np.column_stack([a, np.ones(len(a))])
            d = np.asarray(delta[block], dtype=float).reshape(len(a), -1)
            # Of a network W has a row for each input, of a linear model one for each output.
            outer = a[:, :, None] * d[:, None, :] if self._by_input else d[:, :, None] * a[:, None]
            parts.append(outer.reshape(len(a), -1))
        return np.hstack(parts)
