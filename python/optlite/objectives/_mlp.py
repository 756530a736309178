"""A fully connected network with data and a loss."""

import itertools
import math
import operator

import numpy as np
import scipy.sparse as sp

from .. import _params
from .._core import core
from ._rows import RowObjective
from ._targets import encode

#: The loss by which a name is known in the core.
LOSSES = {
    "squared": "least_squares",
    "softmax": "multinomial",
    "logistic": "logistic",
    "poisson": "poisson",
}


class MLP(RowObjective):
    r"""Evaluate a fully connected network on data: value, gradient, exact Hessian products.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        float32 and float64 are read in place where they are contiguous by rows; other types become
        float64. Matrix products are computed in this type.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Numbers for "squared", of several targets if there are columns; numbers >= 0 for "poisson";
        labels of any type for "softmax" (two or more) and "logistic" (two).
    hidden : int or sequence of int, default=()
        Units of each hidden layer, from the first; none makes a linear model.
    activation : {"gelu", "relu", "sigmoid", "softplus", "tanh"}, default="tanh"
        Activation g of the hidden units: any :ref:`registered one <part-activations-tanh>`.
    loss : {"squared", "softmax", "logistic", "poisson"}, default="squared"
        Loss of the outputs, which are linear: half the sum of squared differences, or the negative
        log-likelihood of a label or of a count.
    alpha : float, >= 0, default=0.0
        Strength of the penalty on the weights; biases have none.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights s_i >= 0; None means ones.

    Attributes
    ----------
    dim : int
        Number of variables.
    shape : tuple
        ``(dim,)``: the variables are one vector.
    widths : tuple of int
        Units of every layer: inputs, hidden, outputs.
    classes_ : ndarray
        The labels, for losses of labels.

    Raises
    ------
    TypeError, ValueError
        For a sparse X, a name that is not known, layers without a unit, and y that does not suit
        the loss.

    See Also
    --------
    optlite.curvature.HessianOperator : Its Hessian as an operator.
    optlite.optim.minimize : Train it by an update rule, also on mini-batches.

    Notes
    -----
    .. math::

        h_0 = x, \quad a_l = W_l^T h_{l-1} + b_l, \quad h_l = g(a_l), \qquad
        F = \frac1S \sum_i s_i\, \ell(a_L(x_i), y_i) + \frac\alpha2 \sum_l \|W_l\|_F^2

    The vector of variables holds layer by layer :math:`W_l`, shape (inputs, outputs), by rows, and
    then :math:`b_l`; :meth:`layers` takes it apart, :meth:`flatten` puts it together.

    The Hessian is not definite in general, and ReLU has one almost everywhere only. Products with
    it are exact: the R-operator [1]_ differentiates all that the gradient computes. Activations at
    the last w are kept (up to 1 GiB) for more products there.

    References
    ----------
    .. [1] Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation, 1994.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import optim
    >>> from optlite.objectives import MLP
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> f = MLP(X, ["no", "yes", "yes", "no"], hidden=3, loss="logistic", alpha=1e-3)
    >>> f
    MLP(<4 x 2 float64>, y, hidden=(3,), loss='logistic', alpha=0.001)
    >>> w = f.init(random_state=0)
    >>> f.hvp(w, w).shape
    (13,)
    >>> trained = list(optim.steps(f, w, method="adam", learning_rate=0.05, max_iter=200))[-1].x
    >>> (f.outputs(trained)[:, 0] > 0).tolist()
    [False, True, True, False]
    """

    def __init__(
        self,
        X,
        y,
        hidden=(),
        activation="tanh",
        loss="squared",
        alpha=0.0,
        sample_weight=None,
    ):
        put = self.__dict__.update  # the instance is closed for assignments
        put(hidden=_check_hidden(hidden), loss=_check_loss(loss))
        put(activation=_params.find("activations", activation, "activation")["name"])
        if sp.issparse(X):
            raise TypeError("X must be dense, got a sparse matrix (MLP). Use X.toarray().")
        self._begin(X, y, alpha, sample_weight)
        put(X=np.ascontiguousarray(self.X))
        record = _params.records("objectives")[LOSSES[loss]]
        codes, classes = _encode(self.y, record["target"], len(self.X))
        if classes is not None:
            put(classes_=classes)
        put(_codes=np.ascontiguousarray(codes.T))
        outputs = len(self._codes) if record["one_margin"] else len(classes)
        put(widths=(self.X.shape[1], *self.hidden, outputs))
        put(_model=self._make_model(), _last=(None, None))

    def _make_model(self, rows=slice(None), weight=None, scale=1.0):
        """Return the core's part, of all rows or of a batch with weights of its own."""
        return core.network(
            self.X[rows],
            self._targets(rows),
            weight if isinstance(rows, np.ndarray) else self.sample_weight,
            list(self.widths),
            self.activation,
            LOSSES[self.loss],
            [],
            self.alpha / scale,
        )

    @property
    def _loss_name(self):
        return LOSSES[self.loss]

    def _targets(self, rows=slice(None)):
        """Return y as the core takes it, of all rows or of some: one row for each target."""
        return np.ascontiguousarray(self._codes[:, rows])

    # --- variables --------------------------------------------------------------------------------

    @property
    def shape(self):
        """Shape of w."""
        return (sum((a + 1) * b for a, b in itertools.pairwise(self.widths)),)

    def init(self, random_state=None):
        """Draw variables to start from.

        Parameters
        ----------
        random_state : int, numpy.random.Generator or None, default=None
            Seed.

        Returns
        -------
        ndarray of shape (dim,)
            Normal weights of variance 2 / inputs for rectifiers ("relu", "gelu", "softplus") [1]_,
            of variance 2 / (inputs + outputs) otherwise [2]_; biases are 0.

        References
        ----------
        .. [1] He, Zhang, Ren, Sun, Delving deep into rectifiers, 2015.
        .. [2] Glorot, Bengio, Understanding the difficulty of training deep feedforward neural
           networks, 2010.
        """
        random = np.random.default_rng(random_state)
        rectifier = self.activation in ("relu", "gelu", "softplus")
        layers = []
        for a, b in itertools.pairwise(self.widths):
            spread = math.sqrt(2.0 / (a if rectifier else a + b))
            layers.append((spread * random.normal(size=(a, b)), np.zeros(b)))
        return self.flatten(layers)

    def layers(self, w):
        """Take a vector of variables apart.

        Parameters
        ----------
        w : array-like of shape (dim,)

        Returns
        -------
        list of (ndarray of shape (inputs, outputs), ndarray of shape (outputs,))
            Weights and biases of each layer; views of w if it is an array of float64.
        """
        w, start, layers = self._flat(w), 0, []
        for a, b in itertools.pairwise(self.widths):
            layer = w[start : start + (a + 1) * b].reshape(a + 1, b)
            layers.append((layer[:-1], layer[-1]))
            start += layer.size
        return layers

    def flatten(self, layers):
        """Make one vector of weights and biases, the inverse of :meth:`layers`.

        Parameters
        ----------
        layers : sequence of (array-like, array-like)
            Weights of shape (inputs, outputs) and biases of shape (outputs,), for each layer.

        Returns
        -------
        ndarray of shape (dim,)
        """
        shapes = list(itertools.pairwise(self.widths))
        got = [(np.shape(W), np.shape(b)) for W, b in layers]
        expected = [((a, b), (b,)) for a, b in shapes]
        if got != expected:
            raise ValueError(f"layers must have the shapes {expected}, got {got} (MLP).")
        parts = [np.vstack([W, np.reshape(b, (1, -1))]).ravel() for W, b in layers]
        return np.concatenate(parts).astype(np.float64, copy=False)

    # --- values and derivatives -------------------------------------------------------------------

    def value(self, w):
        """Return F(w).

        Parameters
        ----------
        w : array-like of shape (dim,)

        Returns
        -------
        float
        """
        return self._model.value(self._flat(w))

    def outputs(self, w):
        """Return the outputs of the network for the rows of X.

        Parameters
        ----------
        w : array-like of shape (dim,)

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
            Before the loss: logits for labels, logarithms of rates for counts.
        """
        return self._out(self._at(w).margins)

    def per_sample_gradients(self, w, rows=None):
        """Return the gradient of the loss of each sample.

        Parameters
        ----------
        w : array-like of shape (dim,)
        rows : array-like of int, default=None
            Indices of samples; None takes all.

        Returns
        -------
        ndarray of shape (n_samples, dim)
            Of l(z_i, y_i) alone, without weight and penalty: their mean, weighted by s_i, and
            alpha times the weights of w make the gradient of F.
        """
        at = self._at(w) if rows is None else self.batch(rows)._at(w)
        targets = self._targets() if rows is None else self._targets(np.asarray(rows))
        deltas = at.backward(at.residuals(targets))
        parts = []
        for layer, delta in enumerate(deltas):
            inputs = at.layer_inputs(layer)
            inputs = np.column_stack([inputs, np.ones(len(inputs))])
            parts.append((inputs[:, :, None] * delta[:, None, :]).reshape(len(inputs), -1))
        return self._out(np.hstack(parts))

    def _at(self, w):
        """Return the core's part at w; the last one is kept."""
        w = self._flat(w)
        last, at = self._last
        if last is None or not np.array_equal(last, w):
            at = self._model.at(w)
            self.__dict__["_last"] = (w.copy(), at)
        return at

    def _multiply(self, model, w, block):
        at = self._at(w) if model is self._model else model.at(w)
        return at.hessian_product(block)

    def hessian(self, w):
        """Return the Hessian matrix.

        Parameters
        ----------
        w : array-like of shape (dim,)
            Where it is taken.

        Returns
        -------
        ndarray of shape (dim, dim)
            From products with the unit vectors, 64 at a time, for memory; made symmetric, which
            rounding alone prevents.
        """
        H = np.concatenate(
            [
                self.hvp(w, np.eye(min(64, self.dim - first), self.dim, first))
                for first in range(0, self.dim, 64)
            ]
        )
        return 0.5 * (H + H.T)

    def twin(self):
        """Return the same objective in NumPy, to be read and stepped through.

        Returns
        -------
        optlite.reference.network.Network
            It works on a float64 copy of X.
        """
        from ..reference.network import Network

        return Network(
            self.X.astype(np.float64),
            self._codes.T,
            self.widths,
            self.activation,
            LOSSES[self.loss],
            alpha=self.alpha,
            weight=self.sample_weight,
        )

    # --- as a Python object -----------------------------------------------------------------------

    def _arguments(self):
        return {
            "X": self.X,
            "y": self.y,
            "hidden": self.hidden,
            "activation": self.activation,
            "loss": self.loss,
            "alpha": self.alpha,
            "sample_weight": self.sample_weight,
        }

    def __repr__(self):
        """Show the shape of the data and the parameters that are not at their defaults."""
        n, d = self.X.shape
        parts = [f"<{n} x {d} {self.X.dtype}>", "y", f"hidden={self.hidden}"]
        parts += [f"activation={self.activation!r}"] if self.activation != "tanh" else []
        parts += [f"loss={self.loss!r}"] if self.loss != "squared" else []
        parts += [f"alpha={self.alpha:g}"] if self.alpha else []
        parts += ["sample_weight=..."] if self.sample_weight is not None else []
        return f"MLP({', '.join(parts)})"


def _check_hidden(hidden):
    """Return the units of the hidden layers as a tuple."""
    try:
        units = tuple(hidden)
    except TypeError:
        units = (hidden,)
    try:
        units = tuple(operator.index(each) for each in units)
    except TypeError:
        raise TypeError(
            f"hidden must be an integer or a sequence of them, got {hidden!r} (MLP)."
        ) from None
    if min(units, default=1) < 1:
        raise ValueError(
            f"hidden must hold integers >= 1, got {hidden!r} (MLP). Leave a layer out instead."
        )
    return units


def _check_loss(loss):
    if isinstance(loss, str) and loss in LOSSES:
        return loss
    error = ValueError if isinstance(loss, str) else TypeError
    raise error(f"loss must be one of {sorted(LOSSES)}, got {loss!r}.{_params.hint(loss, LOSSES)}")


def _encode(y, target, n_samples):
    """Return y as (n_samples, n_targets) numbers, and the labels."""
    if y.ndim != 2 or target in ("binary", "label"):
        codes, classes = encode(y, target, n_samples, "MLP")
        return codes[:, None], classes
    if y.shape[1] == 0:
        raise ValueError(f"y must have a column at least, got shape {y.shape} (MLP).")
    columns = [encode(column, target, n_samples, "MLP")[0] for column in y.T]
    return np.stack(columns, axis=1), None
