"""What every estimator shares: documentation link, version stamp, callbacks, honest warnings."""

import sys

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ._warnings import warn

try:  # scikit-learn >= 1.9
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:
        """Stand in for scikit-learn's callbacks, which came with version 1.9."""


DOCUMENTATION = "https://optlite.readthedocs.io/en/stable"
#: Below this, what is left of a relative certificate is rounding.
ROUNDING = 1e-12


class EstimatorShell(CallbackSupportMixin):
    """Mixin of all estimators; it stands left of ``BaseEstimator``.

    It adds the documentation link of the HTML representation, a version stamp in pickles, and
    scikit-learn's callbacks where the installed version has them.
    """

    _doc_link_module = "optlite"
    _doc_link_template = DOCUMENTATION + "/api/generated/{estimator_module}.{estimator_name}.html"

    def _doc_link_url_param_generator(self):
        """Name the package that exports the class, not the file that defines it."""
        package = ".".join(type(self).__module__.split(".")[:2])
        return {"estimator_module": package, "estimator_name": type(self).__name__}

    def __sklearn_is_fitted__(self):
        """A fit that failed half-way has no coefficients, whatever else it has set."""
        return hasattr(self, "coef_")

    def __getstate__(self):
        return {**super().__getstate__(), "_optlite_version": installed_version()}

    def __setstate__(self, state):
        state = dict(state)
        stored = state.pop("_optlite_version", "an unknown version")
        if stored != installed_version():
            warn(
                f"This {type(self).__name__} was saved by optlite {stored} and is loaded by "
                f"{installed_version()}. Its attributes may mean something else; fit it again to "
                "be safe.",
                UserWarning,
            )
        super().__setstate__(state)


def keep(estimator, parameters):
    """Set the parameters of a constructor, ``locals()``, as attributes of the same names.

    Parameters
    ----------
    estimator : object
        The instance.
    parameters : dict
        Names and values; ``self`` and the class cell are passed over.
    """
    for name, value in parameters.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, value)


def installed_version():
    """Version of the imported optlite."""
    return getattr(sys.modules["optlite"], "__version__", "unknown")


def begin_callbacks(estimator, X, y, sample_weight, max_iter):
    """Open the callback context of a fit; None without callbacks (or before scikit-learn 1.9).

    Parameters
    ----------
    estimator : EstimatorShell
    X, y, sample_weight
        The validated training data, handed to callbacks that ask for it.
    max_iter : int
        Upper bound on the number of iterations, each of which is a sub-task.
    """
    if not hasattr(estimator, "_init_callback_context"):
        return None
    context = estimator._init_callback_context(max_subtasks=max(max_iter, 1))
    context.call_on_fit_task_begin(estimator=estimator, X=X, y=y, metadata=_metadata(sample_weight))
    return context if getattr(estimator, "_skl_callbacks", None) else None


def end_callbacks(context, estimator, X, y, sample_weight):
    """Close what `begin_callbacks` opened; call it once the fitted attributes are set."""
    if context is None:
        return
    context.call_on_fit_task_end(
        estimator=estimator,
        X=X,
        y=y,
        metadata=_metadata(sample_weight),
        reconstruction_attributes={},
    )


def task_of_callbacks(context, name, estimator, X, y, sample_weight):
    """Begin an iteration, which callbacks hear of.

    Returns
    -------
    callable
        To be called at its end, with a function that returns the fitted attributes if the fit ended
        there; it tells whether a callback asks to stop.
    """
    data = {"estimator": estimator, "X": X, "y": y, "metadata": _metadata(sample_weight)}
    task = context.subcontext(task_name=name)
    task.call_on_fit_task_begin(**data)
    return lambda attributes: task.call_on_fit_task_end(
        **data, reconstruction_attributes=attributes
    )


def _metadata(sample_weight):
    return None if sample_weight is None else {"sample_weight": sample_weight}


def is_accurate(certificate, tol):
    """Whether a relative certificate is what was asked for, or rounding."""
    return bool(certificate <= max(tol, ROUNDING))


def warn_not_converged(*, estimator, iterations, reached, asked, certificate, reason, remedy):
    """Warn that a fit stopped early: what was reached, what was asked, and what to do.

    Parameters
    ----------
    estimator : str
        Name of the class.
    iterations : int
        Iterations done.
    reached, asked : float
        Certificate of the returned model and the tolerance for it.
    certificate : str
        What the numbers are, such as "relative duality gap".
    reason : str
        The sentence of the solver's status.
    remedy : str
        What to change.
    """
    number = f"{reached:.2g}" if np.isfinite(reached) else "not yet available"
    warn(
        f"{estimator} stopped after {iterations} iteration(s) before it reached the tolerance: "
        f"{certificate} {number}, asked {asked:.2g}. {reason} {remedy}",
        ConvergenceWarning,
    )
