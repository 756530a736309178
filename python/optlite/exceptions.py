"""Warnings of optlite.

A fit that stops early raises scikit-learn's :class:`~sklearn.exceptions.ConvergenceWarning`; the
one below is ours.
"""

__all__ = ["SeparationWarning"]


class SeparationWarning(UserWarning):
    """Warn that a maximum-likelihood estimate does not exist.

    A combination of the features separates the classes perfectly (or all but some rows that lie on
    the boundary), so that without a penalty the likelihood keeps growing as the coefficients do.
    A finite `C` makes the optimum finite and unique.
    """
