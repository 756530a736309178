"""An objective from Python functions."""

import math
import operator

import numpy as np

from .._params import real_array


class CallableObjective:
    """Hold an objective given by Python functions; made by :func:`from_callable`.

    Attributes
    ----------
    shape : tuple
        Shape of w.
    dim : int
        Number of variables.
    minimum : float or None
        The smallest value, where it is known.
    """

    def __init__(self, value, gradient, shape, hvp, minimum):
        self._value, self._gradient, self._hvp = value, gradient, hvp
        self.shape, self.minimum = shape, minimum

    @property
    def dim(self):
        """Number of variables."""
        return math.prod(self.shape)

    def value(self, w):
        """Return F(w).

        Parameters
        ----------
        w : array-like of shape `shape`, or flat of length `dim`

        Returns
        -------
        float
        """
        return _number(self._value(self._shaped(w)))

    def gradient(self, w):
        """Return the gradient of F at w, shaped as w."""
        g = np.asarray(self._gradient(self._shaped(w)), dtype=np.float64)
        if g.shape != self.shape:
            raise ValueError(
                f"gradient must return shape {self.shape}, as w has, got {g.shape} (from_callable)."
            )
        return g.reshape(np.shape(w))

    def value_and_gradient(self, w):
        """Return F(w) and its gradient."""
        return self.value(w), self.gradient(w)

    def hvp(self, w, v):
        """Return the product of the Hessian at w with v, shaped as v."""
        if self._hvp is None:
            raise TypeError("This objective has no hvp: pass one to from_callable.")
        product = np.asarray(self._hvp(self._shaped(w), self._shaped(v, "v")), dtype=np.float64)
        if product.shape != self.shape:
            raise ValueError(
                f"hvp must return shape {self.shape}, as w has, got {product.shape} "
                "(from_callable)."
            )
        return product.reshape(np.shape(v))

    def _shaped(self, w, name="w"):
        w = real_array(w, name, "from_callable").astype(np.float64, copy=False)
        if w.shape not in (self.shape, (self.dim,)):
            raise ValueError(f"{name} must have shape {self.shape}, got {w.shape} (from_callable).")
        return w.reshape(self.shape)

    def __repr__(self):
        """Name the function and the shape of its argument."""
        name = getattr(self._value, "__name__", type(self._value).__name__)
        return f"from_callable({name}, shape={self.shape})"


def from_callable(value, gradient, shape, hvp=None, minimum=None):
    """Make an objective of Python functions.

    Parameters
    ----------
    value : callable
        ``value(w) -> float`` for w of shape `shape`, float64.
    gradient : callable
        ``gradient(w) -> array-like`` of the same shape.
    shape : int or tuple of int
        Shape of w.
    hvp : callable, default=None
        ``hvp(w, v)``: the product of the Hessian at w with v. Update rules that ask for curvature
        need it; second-order methods take differences of gradients without it.
    minimum : float, default=None
        The smallest value of the function, where it is known.

    Returns
    -------
    CallableObjective
        To be passed to :func:`optlite.optim.minimize`.

    Raises
    ------
    TypeError
        If `value`, `gradient` or `hvp` cannot be called.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import objectives, optim
    >>> bowl = objectives.from_callable(lambda w: w @ w, lambda w: 2 * w, shape=2, minimum=0.0)
    >>> result = optim.minimize(
    ...     bowl, np.ones(2), method="momentum", learning_rate=0.1, momentum=0.5, tol=1e-8
    ... )
    >>> result.success, result.fun < 1e-8
    (True, True)
    """
    for name, function in (("value", value), ("gradient", gradient), ("hvp", hvp)):
        if not (callable(function) or (name == "hvp" and function is None)):
            raise TypeError(f"{name} must be callable, got {function!r} (from_callable).")
    sides = shape if isinstance(shape, (tuple, list)) else (shape,)
    try:
        sides = tuple(operator.index(side) for side in sides)
    except TypeError:
        raise TypeError(
            f"shape must be an integer or a tuple of them, got {shape!r} (from_callable)."
        ) from None
    if min(sides, default=1) < 1:
        raise ValueError(f"shape must hold integers >= 1, got {shape!r} (from_callable).")
    if minimum is not None:
        minimum = float(minimum)
        if not math.isfinite(minimum):
            raise ValueError(
                f"minimum must be finite, or None if not known, got {minimum} (from_callable)."
            )
    return CallableObjective(value, gradient, sides, hvp, minimum)


def _number(value):
    value = np.asarray(value)
    if value.size != 1 or value.dtype.kind not in "fiu":
        raise TypeError(f"value must return one real number, got {value!r} (from_callable).")
    return float(value.reshape(()))
