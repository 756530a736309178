"""Hessian-vector products from differences of gradients, and how noisy a gradient is."""

import copy
import dataclasses
import math

import numpy as np

from .. import _params
from .._warnings import warn
from . import _operators_checks as checks
from ._operand import choice, generator, number
from ._operators import CurvatureOperator

SCHEMES = ("central", "forward", "complex")

#: Points of a difference table. More and Wild take six to eight.
_POINTS = 7


@dataclasses.dataclass(frozen=True)
class NoiseEstimate:
    """What :func:`estimate_noise` found.

    Attributes
    ----------
    noise : float
        Standard deviation of the noise of one component, root mean square over components.
    step : float
        Distance between the points at which the function was evaluated.
    order : int
        Order of the differences that show the noise; 0 if none did.
    reliable : bool
        Whether the test of the method held. If not, `noise` is the rounding of the largest
        component in its type.
    """

    noise: float
    step: float
    order: int
    reliable: bool


def estimate_noise(function, x, direction=None, step=None, random_state=0):
    r"""Estimate the noise of a function, rounding included, from a table of differences.

    Parameters
    ----------
    function : callable
        ``function(x) -> number or array``, such as a gradient.
    x : array-like
        Where.
    direction : array-like, shaped as x, default=None
        Along which to move; None draws one at random.
    step : float, > 0, default=None
        Distance of two points. None begins at 1e-7 times the size of x (at least 1) and changes it
        by factors of 100 until the table shows noise.
    random_state : int, numpy.random.Generator or None, default=0
        Seed of the direction.

    Returns
    -------
    NoiseEstimate

    Raises
    ------
    ValueError
        For a step that is not positive, and a direction of another shape than x or of length zero.

    Notes
    -----
    Differences of order k of a smooth function vanish as the step does, those of noise of standard
    deviation :math:`\varepsilon` do not: the mean of their squares is
    :math:`\varepsilon^2 (2k)! / (k!)^2`. The noise is read off at the first order whose estimate
    agrees within a factor of four with the next two, and whose differences change sign [1]_.

    References
    ----------
    .. [1] Moré, Wild, Estimating computational noise, SIAM Journal on Scientific Computing, 2011
       (algorithm ECnoise).

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import estimate_noise
    >>> random = np.random.default_rng(0)
    >>> found = estimate_noise(lambda x: np.sin(x) + 1e-6 * random.normal(size=100), np.ones(100))
    >>> bool(0.5e-6 < found.noise < 2e-6), found.reliable
    (True, True)
    """
    x = np.asarray(_params.real_array(x, "x", "estimate_noise"), dtype=np.float64)
    unit = _unit(direction, x, random_state)
    if step is not None:
        step = number(step, "step", "estimate_noise", "> 0")
    scale = max(1.0, float(np.linalg.norm(x)))
    steps = [1e-7 * scale * factor for factor in (1.0, 1e2, 1e-2, 1e4)] if step is None else [step]
    for h in steps:
        offsets = (np.arange(_POINTS) - _POINTS // 2) * h
        values = [np.asarray(function(x + t * unit)) for t in offsets]
        table = np.array(values, dtype=np.float64).reshape(_POINTS, -1)
        found = _from_table(table)
        if found is not None:
            return NoiseEstimate(found[0], float(h), found[1], True)
    rounding = np.finfo(values[0].dtype if values[0].dtype.kind == "f" else float).eps
    largest = float(np.abs(table).max(initial=0.0))
    return NoiseEstimate(rounding * largest, float(steps[-1]), 0, False)


def _unit(direction, x, random_state):
    if direction is None:
        direction = generator(random_state, "estimate_noise").normal(size=x.shape)
    direction = np.asarray(
        _params.real_array(direction, "direction", "estimate_noise"), dtype=np.float64
    )
    norm = float(np.linalg.norm(direction))
    if direction.shape != x.shape or not 0.0 < norm < math.inf:
        raise ValueError(
            f"direction must have shape {x.shape}, as x has, and not be zero, got shape "
            f"{direction.shape} and norm {norm:g} (estimate_noise)."
        )
    return direction / norm


def _from_table(values):
    """Return (noise, order) from values at equidistant points, or None if the step does not suit.

    Rows are points, columns components. Components of the table count by the size of their noise.
    """
    spread = np.ptp(values, axis=0).max()
    if not np.isfinite(values).all() or spread > 0.1 * np.abs(values).max():
        return None  # not a small neighbourhood
    levels, changes, factor, differences = [], [], 1.0, values
    for k in range(1, len(values)):
        differences = np.diff(differences, axis=0)
        if k == 1 and np.mean(differences == 0.0) >= 0.5:
            return None  # too close for the numbers to differ
        factor *= 0.5 * k / (2.0 * k - 1.0)  # (k!)^2 / (2k)!
        levels.append(math.sqrt(factor * np.mean(differences**2)))
        both = (differences.min(axis=0) < 0.0) & (differences.max(axis=0) > 0.0)
        changes.append(np.mean(both) >= 0.5)
    for k in range(len(levels) - 2):
        three = levels[k : k + 3]
        if changes[k] and max(three) <= 4.0 * min(three):
            return levels[k], k + 1
    return None


class FiniteDifferenceOperator(CurvatureOperator):
    r"""The Hessian of a function from differences of its gradient.

    Parameters
    ----------
    gradient : callable or object with ``gradient(w)``
        ``gradient(w) -> array`` shaped as w, the same for the same w: freeze batch and seed.
    w : array-like
        The point.
    scheme : {"central", "forward", "complex"}, default="central"
        Two evaluations a product with an error of order step^2, one with an error of order step, or
        one at a complex point, exact up to rounding, for gradients that take complex w (and are
        analytic: no absolute values, no comparisons of imaginary parts).
    noise : float, >= 0, default=None
        Standard deviation of the noise of a component of the gradient; None estimates it by
        :func:`estimate_noise`. "complex" subtracts nothing and has no use for it.
    step : float, > 0, default=None
        Length of the step along the vector; None balances noise against truncation (see Notes).

    Attributes
    ----------
    noise : float
        That of a component of the gradient; 0 for "complex".
    step : float
        The length of steps.
    error_estimate : float
        What the model behind the step expects of the error of H v, for \|v\| = 1.
    asymmetry : float
        Measured as for :class:`HessianOperator`.

    Raises
    ------
    ValueError
        If the gradient returns NaN, a wrong shape, or two results for the same w; or a real array
        for a complex w.
    TypeError
        If it is no function, or returns anything but real numbers for a real w.

    Warns
    -----
    RuntimeWarning
        If the asymmetry is above ten times what the error explains (at least 1e-3), or a complex
        step and differences contradict each other by more than 1e-2.

    Notes
    -----
    With :math:`\varepsilon` the noise of the whole gradient, :math:`c` the curvature along a random
    direction and third and fourth derivatives taken as :math:`c / \ell` and :math:`c / \ell^2` for
    the length :math:`\ell = \max(1, \|w\|)`, the errors

    .. math:: \frac{\varepsilon}{h} + \frac{c\, h^2}{6\, \ell^2} \text{ (central)}, \qquad
              \frac{2 \varepsilon}{h} + \frac{c\, h}{2\, \ell} \text{ (forward)}

    are least for :math:`h = (3 \varepsilon \ell^2 / c)^{1/3}` and
    :math:`h = 2 (\varepsilon \ell / c)^{1/2}` [1]_. The operator is not exactly symmetric: use full
    reorthogonalisation.

    References
    ----------
    .. [1] Moré, Wild, Estimating derivatives of noisy simulations, ACM Transactions on Mathematical
       Software, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import FiniteDifferenceOperator
    >>> H = FiniteDifferenceOperator(lambda w: 4 * w**3, np.array([1.0, 2.0]))
    >>> (H @ np.array([1.0, 1.0])).round(6)
    array([12., 48.])
    >>> H.error_estimate < 1e-7
    True
    """

    def __init__(self, gradient, w, *, scheme="central", noise=None, step=None):
        owner = "FiniteDifferenceOperator"
        self._gradient = _callable(gradient, owner)
        self.scheme = choice(scheme, "scheme", SCHEMES, owner)
        w = _params.real_array(w, "w", owner)
        dtype = np.float32 if w.dtype == np.float32 else np.float64
        shape = w.shape if callable(gradient) else tuple(getattr(gradient, "shape", w.shape))
        self._shape = w.shape if math.prod(shape) != w.size else shape
        self.w = np.array(w, dtype=np.float64).ravel()
        if w.size == 0:
            raise ValueError(f"w must have an entry at least, got shape {w.shape} ({owner}).")
        if not np.isfinite(self.w).all():
            raise ValueError(f"w must be finite, got {w[~np.isfinite(w)][0]} ({owner}).")
        super().__init__(self.w.size, dtype)
        self._here = self._at(self.w)
        checks.same_twice(lambda _: self._at(self.w), self.w, "gradient", owner)
        self._choose_step(noise, step, owner)
        if self.scheme == "complex":
            self._compare_with_differences(owner)
        self.asymmetry = checks.measured_asymmetry(
            self, "The Jacobian of gradient", self._limit, "Is it the gradient of a function?"
        )

    def _compare_with_differences(self, owner):
        """Warn of a gradient that takes complex w and is another function there."""
        u = _unit(None, self.w, 1)
        h = 1e-6 * max(1.0, float(np.linalg.norm(self.w)))
        differences = (self._at(self.w + h * u) - self._at(self.w - h * u)) / (2.0 * h)
        rounding = 1e-6 * np.abs(self._here).max()  # a thousand times that of the differences
        size = max(np.abs(differences).max(), rounding, 1e-300)
        gap = np.abs(self._product(u) - differences).max() / size
        if gap > 1e-2:
            warn(
                f"gradient must be analytic for scheme='complex': differences of it for real w are "
                f"off by {gap:.2g} of their size ({owner}). Absolute values, real parts and "
                "comparisons of complex numbers are not; use scheme='central'.",
                RuntimeWarning,
            )

    # --- the step ---------------------------------------------------------------------------------

    def _choose_step(self, noise, step, owner):
        if noise is not None:
            noise = number(noise, "noise", owner, ">= 0")
        if step is not None:
            step = number(step, "step", owner, "> 0")
        if self.scheme == "complex" and noise is not None:
            raise ValueError(
                f"noise must be left out for scheme='complex', got {noise:g} ({owner}). It sets "
                "the step of differences; a complex step is as short as can be."
            )
        if self.scheme == "complex":
            self.noise, self.step = 0.0, 1e-20 if step is None else step
            self.error_estimate = float(np.finfo(float).eps * np.linalg.norm(self._here))
            self._limit = 1e-3
            return
        self.noise = estimate_noise(self._at, self.w).noise if noise is None else noise
        length = max(1.0, float(np.linalg.norm(self.w)))
        curvature = self._curvature(1e-4 * length)
        whole = max(self.noise, np.finfo(float).tiny) * math.sqrt(self.shape[0])
        central = self.scheme == "central"
        self.step = self._balanced(whole, length, curvature, central) if step is None else step
        h = self.step / length
        truncated = h**2 / 6.0 if central else h / 2.0
        self.error_estimate = (1 if central else 2) * whole / self.step + curvature * truncated
        relative = self.error_estimate / max(curvature, 1e-300)
        self._limit = max(1e-3, 10.0 * relative)
        self.precision = max(np.finfo(float).eps, min(10.0 * relative, 0.1))

    @staticmethod
    def _balanced(whole, length, curvature, central):
        """Return the step at which noise and truncation are least, for curvature > 0."""
        if curvature == 0.0:
            return 1e-4 * length
        if central:
            step = (3.0 * whole * length**2 / curvature) ** (1 / 3)
        else:
            step = 2.0 * math.sqrt(whole * length / curvature)
        return max(min(step, length), 1e-10 * length)  # below that w itself is rounded too coarsely

    def _curvature(self, h):
        """Return the size of H u along a random unit vector, roughly."""
        u = _unit(None, self.w, 1)
        return float(np.linalg.norm(self._at(self.w + h * u) - self._at(self.w - h * u)) / (2 * h))

    def moved(self, w):
        """Return the operator at another point, with the same noise and step.

        Nothing is measured or checked again, which takes a dozen gradients.

        Parameters
        ----------
        w : array-like, shaped as the first one or flat

        Returns
        -------
        FiniteDifferenceOperator
        """
        other = copy.copy(self)
        other.w = np.array(w, dtype=np.float64).ravel()
        other._here = other._at(other.w)
        return other

    # --- products ---------------------------------------------------------------------------------

    def _products(self, V):
        return np.stack([self._product(v) for v in V])

    def _product(self, v):
        norm = float(np.linalg.norm(v))
        if norm == 0.0 or not math.isfinite(norm):
            return v * norm  # NaN stays NaN
        h, u = self.step, v / norm
        if self.scheme == "complex":
            return self._at(self.w + 1j * h * u).imag * (norm / h)
        ahead = self._at(self.w + h * u)
        if self.scheme == "forward":
            return (ahead - self._here) * (norm / h)
        return (ahead - self._at(self.w - h * u)) * (norm / (2.0 * h))

    def _at(self, w):
        """Return the gradient, flat and checked."""
        owner = "FiniteDifferenceOperator"
        g = np.asarray(self._gradient(w.reshape(self._shape).copy()))  # it might write into it
        if g.shape not in (self._shape, w.shape):
            raise ValueError(
                f"gradient must return shape {self._shape}, as w has, got {g.shape} ({owner})."
            )
        if w.dtype.kind == "c" and g.dtype.kind != "c":
            raise ValueError(
                f"gradient must return complex numbers for a complex w, got {g.dtype} ({owner}). "
                "Use scheme='central' for functions that only take real numbers."
            )
        if w.dtype.kind != "c" and g.dtype.kind not in "biuf":
            raise TypeError(
                f"gradient must return real numbers for a real w, got dtype {g.dtype} ({owner})."
            )
        if not np.isfinite(g).all():
            raise ValueError(
                f"gradient returned {g[~np.isfinite(g)].ravel()[0]} ({owner}). Look for an "
                "overflow or a division by zero near this w, or set a smaller step."
            )
        return g.ravel() if g.dtype.kind == "c" else np.array(g, dtype=np.float64).ravel()

    def __repr__(self):
        """Show the scheme and the step."""
        return (
            f"FiniteDifferenceOperator(<gradient>, w, scheme={self.scheme!r}, step={self.step:.2g})"
        )


def _callable(gradient, owner):
    found = gradient if callable(gradient) else getattr(gradient, "gradient", None)
    if not callable(found):
        raise TypeError(
            f"gradient must be callable or have a method gradient(w), got {gradient!r} ({owner})."
        )
    return found
