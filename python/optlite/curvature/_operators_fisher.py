"""The Fisher information matrix: exact, from sampled targets, and what is called empirical."""

import numpy as np

from ._operand import generator, integer
from ._operators import RowOperator


class FisherOperator(RowOperator):
    r"""The Fisher information matrix of the model's predictive distribution.

    Parameters
    ----------
    objective : objective of optlite.objectives over rows
        With the loss of a likelihood: squared (a normal of variance 1), logistic, softmax or
        Poisson; a generalized linear model, an :class:`~optlite.objectives.MLP` or a batch.
    w : array-like
        The point.
    rows : array-like of int, default=None
        Indices of samples; None takes all.
    n_draws : int, >= 1, default=None
        Targets to draw for each sample: an unbiased estimate whose error falls as
        1 / sqrt(n_draws * n_samples). None takes the expectation in closed form.
    random_state : int, numpy.random.Generator or None, default=None
        Seed of the draws.
    penalty : bool, default=False
        Whether the curvature of the penalty is added.

    Raises
    ------
    TypeError
        If the loss is no negative log-likelihood (Huber).

    See Also
    --------
    EmpiricalFisherOperator : With the observed targets.

    Notes
    -----
    .. math:: F = \frac1S \sum_i s_i\, \mathbb E_{\tilde y \sim p(\cdot \mid x_i, w)}
              \nabla_w \ell(z_i, \tilde y)\, \nabla_w \ell(z_i, \tilde y)^T

    The losses named above have natural links: the expectation is the Gauss-Newton matrix [1]_, and
    the Hessian of a linear model.

    References
    ----------
    .. [1] Martens, New insights and perspectives on the natural gradient method, Journal of Machine
       Learning Research, 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import FisherOperator
    >>> from optlite.objectives import Logistic
    >>> f = Logistic([[1.0], [1.0]], [-1, 1])
    >>> FisherOperator(f, [0.0]) @ np.ones(1)
    array([0.25])
    """

    is_positive_semidefinite = True

    def __init__(self, objective, w, rows=None, *, n_draws=None, random_state=None, penalty=False):
        super().__init__(objective, w, rows)
        self.penalty, self.n_draws = bool(penalty), n_draws
        name = self._source.loss_name
        if name not in DRAWS:
            raise TypeError(
                f"objective must have the loss of a likelihood, one of {sorted(DRAWS)}, got {name} "
                "(FisherOperator). GaussNewtonOperator takes any loss."
            )
        if n_draws is not None:
            n_draws = integer(n_draws, "n_draws", 1, "FisherOperator")
            random = generator(random_state, "FisherOperator")
            self._gradients = sampled_gradients(self._at, name, n_draws, random)

    def _products(self, V):
        if self.n_draws is None:
            product = self._at.gauss_newton_product(V, self.penalty)
        else:
            product = self._at.outer_product(self._gradients, V, self.penalty)
        return self._source.scale * product


class EmpiricalFisherOperator(RowOperator):
    r"""The mean outer product of the gradients of the samples, at their observed targets.

    Parameters
    ----------
    objective : objective of optlite.objectives over rows
        A generalized linear model, an :class:`~optlite.objectives.MLP`, or a batch of either.
    w : array-like
        The point.
    rows : array-like of int, default=None
        Indices of samples; None takes all.
    penalty : bool, default=False
        Whether the curvature of the penalty is added.

    Raises
    ------
    TypeError
        For an objective without rows.
    ValueError
        For a w that does not fit or is not finite, and rows that are none.

    Notes
    -----
    .. math:: E = \frac1S \sum_i s_i\, \nabla_w \ell(z_i, y_i)\, \nabla_w \ell(z_i, y_i)^T

    It is neither the Fisher matrix nor an approximation of the Hessian, except near the optimum of
    a model that fits the distribution of the data [1]_: it measures the noise of gradients.

    References
    ----------
    .. [1] Kunstner, Balles, Hennig, Limitations of the empirical Fisher approximation for natural
       gradient descent, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import EmpiricalFisherOperator
    >>> from optlite.objectives import LeastSquares
    >>> f = LeastSquares([[1.0], [2.0]], [1.0, 1.0])
    >>> EmpiricalFisherOperator(f, [0.0]) @ np.ones(1)  # (1 + 2^2) / 2
    array([2.5])
    """

    is_positive_semidefinite = True

    def __init__(self, objective, w, rows=None, *, penalty=False):
        super().__init__(objective, w, rows)
        self.penalty = bool(penalty)
        self._gradients = self._at.residuals(self._source.targets())[None]

    def _products(self, V):
        return self._source.scale * self._at.outer_product(self._gradients, V, self.penalty)


def sampled_gradients(at, loss_name, n_draws, random):
    """Return gradients in the outputs for drawn targets, shape (n_draws, n_samples, n_outputs)."""
    margins = at.margins
    draws = [DRAWS[loss_name](margins, random) for _ in range(n_draws)]
    return np.stack([at.residuals(np.ascontiguousarray(y.T)) for y in draws])


def _normal(z, random):
    return z + random.normal(size=z.shape)


def _label(z, random):
    """Draw classes: the largest of logits plus Gumbel noise."""
    return np.argmax(z + random.gumbel(size=z.shape), axis=1).astype(np.float64)[:, None]


def _sign(z, random):
    return np.where(z + random.logistic(size=z.shape) > 0.0, 1.0, -1.0)


def _count_of(z, random):
    return random.poisson(np.exp(z)).astype(np.float64)


#: How targets are drawn from the outputs of a model, by loss; shape (n_samples, n_targets).
DRAWS = {
    "least_squares": _normal,
    "logistic": _sign,
    "multinomial": _label,
    "poisson": _count_of,
}
