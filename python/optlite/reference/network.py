"""A fully connected network with data and a loss, made one objective.

h_0 = x,  a_l = W_l^T h_(l-1) + b_l,  h_l = g(a_l)  for l = 1 ... L,  outputs z = a_L
F = (1/S) sum_i s_i l(z_i, y_i) + (alpha/2) sum_l ||W_l||^2,   S = sum_i s_i

The variables are laid out layer by layer: W_l by rows, one for each input, then b_l. As in
cpp/include/optlite/problems/network.hpp, without its blocks of rows.
"""

import dataclasses
import itertools

import numpy as np

from . import load


@dataclasses.dataclass
class Point:
    """A place in the search space and what is known there."""

    x: np.ndarray
    value: float
    gradient: np.ndarray
    inputs: list  # h_(l-1) of each layer, (n, inputs)
    sums: list  # a_l, (n, units)
    deltas: list  # s_i / S dl/da_l


class Network:
    """Evaluate F, its gradient, and products with its Hessian and Gauss-Newton matrix.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    y : ndarray of shape (n, targets)
    widths : sequence of int
        Inputs, hidden units of each layer, outputs.
    activation, loss : str
        Names of twins.
    alpha : float
        Strength of the penalty.
    weight : ndarray of shape (n,), or None for ones

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.reference.network import Network
    >>> f = Network(np.eye(2), np.array([[1.0], [3.0]]), (2, 1), "tanh", "least_squares")
    >>> point = f.evaluate(np.zeros(3))
    >>> float(point.value), point.gradient
    (2.5, array([-0.5, -1.5, -2. ]))
    """

    def __init__(self, X, y, widths, activation, loss, alpha=0.0, weight=None):
        self.X, self.y, self.alpha = X, y, alpha
        self.shapes = [(a + 1, b) for a, b in itertools.pairwise(widths)]
        self.g, self.loss = load("activations", activation), load("objectives", loss)
        self.one_margin = loss != "multinomial"
        weight = np.ones(len(X)) if weight is None else weight
        self.share = (weight / weight.sum())[:, None]  # s_i / S
        self.dimension = sum(a * b for a, b in self.shapes)

    def layers(self, x):
        """Return W_l and b_l of each layer."""
        ends = np.cumsum([a * b for a, b in self.shapes])[:-1]
        whole = [p.reshape(s) for p, s in zip(np.split(x, ends), self.shapes, strict=True)]
        return [(layer[:-1], layer[-1]) for layer in whole]

    def evaluate(self, x):
        """Return the point with value and gradient, by back-propagation."""
        layers, inputs, sums = self.layers(x), [self.X], []
        for W, b in layers:
            sums.append(inputs[-1] @ W + b)
            inputs.append(self.g.value(sums[-1]))
        inputs.pop()  # outputs are linear
        z = sums[-1]
        value = np.sum(self.share * self._each("value", z))
        value += 0.5 * self.alpha * sum(np.sum(W**2) for W, _ in layers)
        deltas = [self.share * self._each("first", z)]
        for (W, _), a in zip(layers[:0:-1], sums[-2::-1], strict=True):
            deltas.insert(0, deltas[0] @ W.T * self.g.first(a))
        gradient = self._products(inputs, deltas) + self.alpha * self._weights(x)
        return Point(x, value, gradient, inputs, sums, deltas)

    def hessian_product(self, at, V, exact=True):
        """Return H V for rows V of shape (m, dimension), by the R-operator.

        ``R{.}`` is the derivative along v of everything that the gradient computes. Without the
        terms that hold ``deltas`` of the point itself (`exact` false) it is the Gauss-Newton
        matrix: the network is taken as linear in its variables.
        """
        return np.array([self._along(at, v, exact) for v in V])

    def _along(self, at, v, exact):
        layers, turned = self.layers(at.x), self.layers(v)
        R_h, R_a = np.zeros_like(self.X), []
        R_inputs = []
        for l, ((W, _), (V, c)) in enumerate(zip(layers, turned, strict=True)):
            R_inputs.append(R_h)
            R_a.append(at.inputs[l] @ V + R_h @ W + c)
            R_h = self.g.first(at.sums[l]) * R_a[l]
        R_delta = self.share * self._second_times(at.sums[-1], R_a[-1])
        out = []
        for l in range(len(layers) - 1, -1, -1):
            product = self._layer(at.inputs[l], R_delta)
            if exact and l > 0:
                product[:-1] += R_inputs[l].T @ at.deltas[l]
            out.insert(0, product.ravel())
            if l == 0:
                break
            (W, _), (V, _), a = layers[l], turned[l], at.sums[l - 1]
            R_back = R_delta @ W.T
            if exact:
                R_back += at.deltas[l] @ V.T
            R_delta = R_back * self.g.first(a)
            if exact:
                R_delta += (at.deltas[l] @ W.T) * self.g.second(a) * R_a[l - 1]
        return np.concatenate(out) + self.alpha * self._weights(v)

    def _products(self, inputs, deltas):
        """Return [h 1]^T delta of all layers, as one vector."""
        layers = zip(inputs, deltas, strict=True)
        return np.concatenate([self._layer(h, delta).ravel() for h, delta in layers])

    @staticmethod
    def _layer(h, delta):
        return np.vstack([h.T @ delta, delta.sum(axis=0)])

    def _weights(self, x):
        """Return x with zeros for the biases."""
        return np.concatenate([np.vstack([W, 0.0 * b]).ravel() for W, b in self.layers(x)])

    def _each(self, name, z):
        """Call value or first of the loss: one loss of all outputs, or one for each output."""
        function = getattr(self.loss, name)
        if self.one_margin:
            return function(z, self.y)
        result = function(z, self.y[:, 0])
        return result[:, None] if name == "value" else result

    def _second_times(self, z, u):
        """Return the second derivative of the loss in the outputs times u, sample by sample."""
        if self.one_margin:
            return self.loss.second(z, self.y) * u
        return np.einsum("nab,nb->na", self.loss.second(z, self.y[:, 0]), u)
