"""Kronecker-factored approximations of the Fisher matrix of a network, layer by layer."""

import math

import numpy as np

from .._core import core
from ..objectives import MLP
from ._operand import choice, generator, integer, number, symmetric_eigen
from ._operators import CurvatureOperator, RowOperator
from ._operators_fisher import sampled_gradients

FISHERS = ("exact", "sampled", "empirical")


class KFACOperator(RowOperator):
    r"""K-FAC: each layer's block of the Fisher matrix as one Kronecker product.

    Parameters
    ----------
    objective : optlite.objectives.MLP
        The network, or a batch of it.
    w : array-like of shape (dim,)
        The point.
    rows : array-like of int, default=None
        Indices of samples; None takes all.
    fisher : {"exact", "sampled", "empirical"}, default="exact"
        Whose gradients make the second factor: all outputs, weighted as in the Gauss-Newton matrix;
        of drawn targets; or of the observed targets.
    n_draws : int, >= 1, default=1
        Targets to draw for each sample if `fisher` is "sampled".
    random_state : int, numpy.random.Generator or None, default=None
        Seed of the draws.

    Attributes
    ----------
    factors : list of (ndarray, ndarray)
        A_l of shape (inputs + 1, inputs + 1) and G_l of shape (outputs, outputs) for each layer.

    Raises
    ------
    TypeError
        For an objective that is no network, and "sampled" of a loss that is no likelihood.
    ValueError
        For a w that does not fit, rows that are none, and fewer than one draw.

    See Also
    --------
    EKFACOperator : The same eigenvectors with better eigenvalues.

    Notes
    -----
    With :math:`\bar h = (h_{l-1}, 1)`, which goes into layer l, and the gradient :math:`\delta` in
    what comes out of its sums,

    .. math:: F_l \approx A_l \otimes G_l, \qquad
              A_l = \mathbb E\, \bar h \bar h^T, \quad G_l = \mathbb E\, \delta \delta^T

    and all blocks of two different layers are zero [1]_. A block maps V, the layer's variables as a
    matrix of shape (inputs + 1, outputs), to A V G. The penalty is no part of it. For one layer and
    one sample it is exact.

    References
    ----------
    .. [1] Martens, Grosse, Optimizing neural networks with Kronecker-factored approximate
       curvature, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import FisherOperator, KFACOperator
    >>> from optlite.objectives import MLP
    >>> f = MLP([[1.0, 2.0]], [[0.5, 0.0]])  # one sample, one layer
    >>> w = f.init(random_state=0)
    >>> bool(np.allclose(KFACOperator(f, w).to_dense(), FisherOperator(f, w).to_dense()))
    True
    """

    is_positive_semidefinite = True

    def __init__(self, objective, w, rows=None, *, fisher="exact", n_draws=1, random_state=None):
        super().__init__(objective, w, rows)
        owner = type(self).__name__
        if not isinstance(self.objective, MLP):
            raise TypeError(
                f"objective must be an MLP, got {type(self.objective).__name__} ({owner}). Of a "
                "linear model FisherOperator is cheap."
            )
        self.fisher = choice(fisher, "fisher", FISHERS, owner)
        random = generator(random_state, owner)
        gradients = self._output_gradients(integer(n_draws, "n_draws", 1, owner), random)
        self._blocks = self._factorised(gradients)
        self._at = None  # the activations are not needed any more

    # --- factors ----------------------------------------------------------------------------------

    def _output_gradients(self, n_draws, random):
        """Return g of shape (n, K) whose outer products sum to those of the Fisher matrix."""
        if self.fisher == "empirical":
            return [self._at.residuals(self._source.targets())]
        name = self._source.loss_name
        if self.fisher == "sampled":
            draws = sampled_gradients(self._at, name, n_draws, random)
            return list(draws / math.sqrt(n_draws))
        return _roots(self._at.margins, name)

    def _factorised(self, gradients):
        """Return the block of each layer; a list for EKFAC to change."""
        share = self._source.weight()[:, None] * self._source.scale
        deltas = [self._at.backward(np.ascontiguousarray(g)) for g in gradients]
        blocks = []
        for layer in range(len(self.objective.widths) - 1):
            inputs = self._at.layer_inputs(layer)
            inputs = np.column_stack([inputs, np.ones(len(inputs))])
            own = [delta[layer] for delta in deltas]
            blocks.append(self._block(inputs, own, share))
        return blocks

    def _block(self, inputs, deltas, share):
        A = _product(inputs.T, share / self._source.scale * inputs)
        G = sum(_product(delta.T, share * delta) for delta in deltas)
        return KroneckerBlock.of_factors(0.5 * (A + A.T), 0.5 * (G + G.T))

    @property
    def factors(self):
        """The factors A_l and G_l of each layer."""
        return [(block.A, block.G) for block in self._blocks]

    # --- products ---------------------------------------------------------------------------------

    def _products(self, V):
        return _by_layers(self._blocks, V, lambda block, own: block.multiply(own))

    def eigenvalues(self):
        """Return all eigenvalues, ascending, ndarray of shape (dim,)."""
        return np.sort(np.concatenate([block.values.ravel() for block in self._blocks]))

    def inverse(self, damping=0.0):
        """Return the operator (A + damping I)^-1, from the eigenvectors of the factors.

        Parameters
        ----------
        damping : float, >= 0, default=0.0
            Added to every eigenvalue. Grosse et al. (Studying large language model generalization
            with influence functions, 2023) take a tenth of the mean eigenvalue.

        Returns
        -------
        KroneckerInverseOperator

        Raises
        ------
        ValueError
            If an eigenvalue is zero up to rounding and there is no damping.
        """
        return KroneckerInverseOperator(self, damping)


class EKFACOperator(KFACOperator):
    r"""EK-FAC: the eigenvectors of K-FAC with the second moments of the gradients along them.

    Parameters
    ----------
    objective : optlite.objectives.MLP
        The network, or a batch of it.
    w : array-like of shape (dim,)
        The point.
    rows : array-like of int, default=None
        Indices of samples; None takes all.
    fisher : {"exact", "sampled", "empirical"}, default="exact"
        As for :class:`KFACOperator`.
    n_draws : int, >= 1, default=1
        Targets to draw for each sample if `fisher` is "sampled".
    random_state : int, numpy.random.Generator or None, default=None
        Seed of the draws.

    Raises
    ------
    TypeError, ValueError
        As :class:`KFACOperator`.

    Notes
    -----
    With the eigenvectors :math:`U_A`, :math:`U_G` of the factors [1]_,

    .. math:: F_l \approx (U_A \otimes U_G) \operatorname{diag}(\Lambda) (U_A \otimes U_G)^T,
              \qquad \Lambda_{ij} = \mathbb E \bigl[(U_A^T \bar h\, \delta^T U_G)_{ij}^2\bigr]

    the diagonal that is nearest to the layer's block of the Fisher matrix in the Frobenius norm.

    References
    ----------
    .. [1] George, Laurent, Bouthillier, Ballas, Vincent, Fast approximate natural gradient descent
       in a Kronecker-factored eigenbasis, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import EKFACOperator, FisherOperator
    >>> from optlite.objectives import MLP
    >>> f = MLP([[0.0], [1.0], [2.0]], [0, 1, 1], hidden=2, loss="softmax")
    >>> w = f.init(random_state=0)
    >>> traces = [np.trace(op(f, w).to_dense()) for op in (EKFACOperator, FisherOperator)]
    >>> bool(np.isclose(*traces))  # second moments along a basis keep the trace
    True
    """

    def _block(self, inputs, deltas, share):
        block = super()._block(inputs, deltas, share)
        along = _product(inputs, block.U_A) ** 2
        values = sum(_product(along.T, share * _product(delta, block.U_G) ** 2) for delta in deltas)
        return block.with_values(values)


class KroneckerInverseOperator(CurvatureOperator):
    """The damped inverse of :class:`KFACOperator` or :class:`EKFACOperator`.

    Parameters
    ----------
    operator : KFACOperator
    damping : float, >= 0
    """

    is_positive_semidefinite = True

    def __init__(self, operator, damping):
        owner = type(operator).__name__
        damping = number(damping, "damping", owner, ">= 0")
        values = operator.eigenvalues() + damping
        if not values[0] > 1e-14 * values[-1]:
            raise ValueError(
                f"damping must be > 0: the smallest eigenvalue is {values[0]:.2g} beside the "
                f"largest {values[-1]:.2g}, got damping={damping:g} ({owner}). Take a tenth of the "
                "mean eigenvalue, for example."
            )
        super().__init__(operator.shape[0], operator.dtype)
        self.operator, self.damping = operator, damping

    def _products(self, V):
        return _by_layers(
            self.operator._blocks, V, lambda block, own: block.divide(own, self.damping)
        )


class KroneckerBlock:
    """(U_A x U_G) diag(values) (U_A x U_G)^T on matrices V of shape (inputs + 1, outputs)."""

    def __init__(self, A, G, U_A, U_G, values):
        self.A, self.G, self.U_A, self.U_G, self.values = A, G, U_A, U_G, values
        self.is_product = True

    @classmethod
    def of_factors(cls, A, G):
        """Make the block A x G."""
        (a, U_A), (g, U_G) = symmetric_eigen(A), symmetric_eigen(G)
        values = np.maximum(a, 0.0)[:, None] * np.maximum(g, 0.0)
        return cls(A, G, U_A.T, U_G.T, values)

    def with_values(self, values):
        """Return the block with other eigenvalues."""
        block = KroneckerBlock(self.A, self.G, self.U_A, self.U_G, values)
        block.is_product = False
        return block

    def multiply(self, V):
        """Multiply a stack of matrices."""
        if self.is_product:
            return _between(self.A, V, self.G)
        return self._scaled(V, self.values)

    def divide(self, V, damping):
        """Multiply by the damped inverse."""
        return self._scaled(V, 1.0 / (self.values + damping))

    def _scaled(self, V, values):
        inside = values * _between(self.U_A.T, V, self.U_G)
        return _between(self.U_A, inside, self.U_G.T)


def _product(A, B):
    """A B by the core: the threads of a BLAS would change bits."""
    return core.product(
        np.ascontiguousarray(A, dtype=np.float64), np.ascontiguousarray(B, dtype=np.float64)
    )


def _between(A, V, B):
    """A V_i B for each matrix V_i of a stack."""
    count, rows, columns = V.shape
    left = _product(A, np.swapaxes(V, 0, 1).reshape(rows, count * columns))
    left = np.swapaxes(left.reshape(rows, count, columns), 0, 1)
    return _product(left.reshape(count * rows, columns), B).reshape(V.shape)


def _by_layers(blocks, V, product):
    """Apply a product to the part of each layer of vectors, one a row."""
    parts, start = [], 0
    for block in blocks:
        shape = block.values.shape
        own = V[:, start : start + block.values.size].reshape(-1, *shape)
        parts.append(product(block, own).reshape(len(V), -1))
        start += block.values.size
    return np.hstack(parts)


def _roots(z, loss_name):
    """Return vectors b_c with sum_c b_c b_c^T = the second derivative of the loss in the outputs.

    For softmax b_c = sqrt(p_c) (e_c - p); for losses of one margin each b_c = sqrt(l'') e_c.
    """
    n, K = z.shape
    if loss_name == "multinomial":
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return [np.sqrt(p[:, c, None]) * (np.eye(K)[c] - p) for c in range(K)]
    if loss_name == "logistic":
        t = np.exp(-np.abs(z))
        second = t / (1.0 + t) ** 2
    else:
        second = np.exp(z) if loss_name == "poisson" else np.ones((n, K))
    return [np.sqrt(second) * np.eye(K)[c] for c in range(K)]
