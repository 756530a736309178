"""scikit-learn's former parameter `penalty`, in the terms of the two that took its place."""

import numpy as np

from .._warnings import warn

#: Words for the penalty, with the share of the L1 penalty that they stand for, if they say.
SHARES = {"l2": 0.0, "l1": 1.0, "elasticnet": None}


def in_todays_terms(estimator, strength, share, one):
    """Return the values of the two parameters of these names, as `penalty` would have them.

    `one` makes of a number what such a parameter holds.
    """
    penalty = estimator.penalty
    values = {strength: getattr(estimator, strength), share: getattr(estimator, share)}
    if penalty == "deprecated":
        return tuple(values.values())
    said = {}
    if penalty is None:
        said = {strength: one(np.inf), share: one(0.0)}
    elif SHARES[penalty] is not None:
        said = {share: one(SHARES[penalty])}
    instead = said or {share: values[share]}
    written = ", ".join(f"{name}={value}" for name, value in instead.items())
    warn(
        f"'penalty' was deprecated by scikit-learn 1.8. penalty={penalty!r} still works; leave it "
        f"out and write {written.replace('inf', 'np.inf')}.",
        FutureWarning,
    )
    return tuple({**values, **said}.values())
