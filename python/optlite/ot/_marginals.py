"""The masses of the sources and targets: checked, made uniform where left out, zeros set aside."""

import numpy as np

from .._params import real_array


def check_marginals(a, b, shape):
    """Return both masses as float64, or say what is wrong with them.

    Parameters
    ----------
    a, b : array-like or None
        Masses; None or empty for uniform ones that sum to the other's sum, or to 1.
    shape : tuple of two int
        Shape of the costs.
    """
    if 0 in shape:
        raise ValueError(f"There must be at least one source and one target, got shape {shape}.")
    # float32 masses that were divided by their sum differ by its rounding.
    single = any(getattr(values, "dtype", None) == np.float32 for values in (a, b))
    given = [_masses(a, shape[0], "a"), _masses(b, shape[1], "b")]
    total = next((values.sum() for values in given if values is not None), 1.0)
    a, b = (
        np.full(size, total / size) if values is None else values
        for values, size in zip(given, shape, strict=True)
    )
    if abs(a.sum() - b.sum()) > (1e-5 if single else 1e-8) * max(a.sum(), b.sum()):
        raise ValueError(
            f"a and b must have equal sums, got sum(a) = {a.sum():.12g} and sum(b) = "
            f"{b.sum():.12g}. Divide each by its sum."
        )
    if not a.sum() > 1e-280:  # smaller entries of a plan would underflow
        raise ValueError(
            f"a and b must have a positive sum > 1e-280, got {a.sum():g}. Divide each by its sum."
        )
    # What is left of the difference would keep the marginal error from falling below it.
    return a, b * (a.sum() / b.sum())


def check_masses(a, b, shape):
    """Return both masses, which need not have equal sums, as float64.

    Parameters
    ----------
    a, b : array-like or None
        Masses; None or empty for uniform ones of sum one.
    shape : tuple of two int
        Shape of the costs.
    """
    checked = []
    for values, size, name in zip((a, b), shape, "ab", strict=True):
        masses = _masses(values, size, name)
        masses = np.full(size, 1.0 / size) if masses is None else masses
        if not masses.sum() > 1e-280:  # smaller entries of a plan would underflow
            raise ValueError(f"{name} must have a positive sum > 1e-280, got {masses.sum():g}.")
        checked.append(masses)
    return checked


def _masses(values, size, name):
    if values is None:
        return None
    masses = real_array(values, name, "ot")
    if masses.size == 0:
        return None
    if masses.shape != (size,):
        raise ValueError(
            f"{name} must have shape ({size},) to fit the costs, got {masses.shape}. Leave it out "
            "for uniform masses."
        )
    masses = masses.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(masses) | (masses < 0.0))
    if bad.size:
        raise ValueError(
            f"{name} must be finite and >= 0, got {name}[{bad[0]}] = {masses[bad[0]]}."
        )
    with np.errstate(over="ignore"):
        total = masses.sum()
    if total == np.inf:
        raise ValueError(f"{name} must have a finite sum: divide it by its largest.")
    return masses
