"""Distributions, as their headers state them: scores, gradients, metrics, and SciPy's own object.

A twin has ``log_score(theta, y)``, ``log_gradient(theta, y)`` and ``log_metric(theta)``, where
``theta`` holds one row for each parameter; where they exist, the same with ``crps`` and, for times
that are censored on the right, with the ending ``_censored``. ``frozen(theta)`` is the distribution
as :mod:`scipy.stats` has it. These twins may use SciPy's special functions.
"""
