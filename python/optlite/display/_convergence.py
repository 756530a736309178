"""Suboptimality and certificate of a run, iteration by iteration."""

import numpy as np

from ..trace import Trace
from ._axes import get_axes, merged

_AXES = {
    "iteration": "Iteration",
    "seconds": "Time (s)",
    "n_passes": "Reads of the data",
    "n_inner": "Inner iterations",
}


class ConvergenceDisplay:
    """Show how fast a run converged, and what its certificate promised meanwhile.

    Two curves on a logarithmic axis, both relative to the size of the minimum: the suboptimality
    F(x_k) - F*, and the certificate, which bounds or estimates it from above (see Notes).

    It is recommended to use :meth:`from_estimator` or :meth:`from_trace` to create a display.

    Parameters
    ----------
    trace : Trace
        The records of the run; the columns ``objective`` and ``certificate`` are shown.
    minimum : float, default=None
        The minimum F*, from a more accurate run. None takes the smallest value in the trace: the
        suboptimality of that record is then 0 and is not drawn.
    estimator_name : str, default=None
        What ran, for the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves, after ``plot``.
    figure_ : matplotlib Figure
        Figure that contains the axes.
    line_ : matplotlib Line2D
        The suboptimality.
    certificate_line_ : matplotlib Line2D or None
        The certificate; None if it is not shown.

    See Also
    --------
    RegularizationPathDisplay : Coefficients against the strength of the penalty.

    Notes
    -----
    A duality gap bounds the suboptimality at every iteration. A Newton decrement does so only near
    the minimum, where it is twice the decrease that the quadratic model still promises. Zeros and
    infinite certificates are left out: a logarithmic axis has no place for them.

    Examples
    --------
    >>> from optlite.display import ConvergenceDisplay
    >>> from optlite.trace import Trace
    >>> trace = Trace([
    ...     {"iteration": 0, "objective": 3.0, "certificate": 4.0},
    ...     {"iteration": 1, "objective": 2.1, "certificate": 0.2},
    ...     {"iteration": 2, "objective": 2.0, "certificate": 0.0},
    ... ])
    >>> display = ConvergenceDisplay(trace)
    >>> display.suboptimality.round(3)
    array([0.5 , 0.05, 0.  ])
    """

    def __init__(self, trace, *, minimum=None, estimator_name=None):
        self.trace = trace if isinstance(trace, Trace) else Trace(trace)
        if len(self.trace) == 0:
            raise ValueError(
                "trace must hold at least one record, got an empty trace. Record the run first, "
                "for example with record_trace=True."
            )
        self.minimum = minimum
        self.estimator_name = estimator_name

    @property
    def reference_value(self):
        """The value F* that suboptimality is measured from."""
        if self.minimum is not None:
            return float(self.minimum)
        return float(np.min(self.trace["objective"]))

    @property
    def suboptimality(self):
        """``(F(x_k) - F*) / abs(F*)`` of each record, ndarray of shape (n_records,)."""
        return (self.trace["objective"] - self.reference_value) / self._unit()

    @property
    def certificate(self):
        """Certificate of each record, relative to ``abs(F*)``, ndarray of shape (n_records,)."""
        return self.trace["certificate"] / self._unit()

    def _unit(self):
        """Return abs(F*), or 1 for a minimum of zero, where only absolute numbers make sense."""
        return abs(self.reference_value) or 1.0

    @classmethod
    def from_trace(
        cls,
        trace,
        *,
        minimum=None,
        name=None,
        x="iteration",
        show_certificate=True,
        tolerance=None,
        ax=None,
        certificate_kw=None,
        **kwargs,
    ):
        """Draw a recorded run.

        Parameters
        ----------
        trace : Trace, or iterable of Record or of dict
            The records of the run.
        minimum : float, default=None
            The minimum F*; None takes the smallest value in the trace.
        name : str, default=None
            What ran, for the legend.
        x : {"iteration", "seconds", "n_passes", "n_inner"}, default="iteration"
            The horizontal axis.
        show_certificate : bool, default=True
            Draw the certificate too.
        tolerance : float, default=None
            Draw the relative tolerance of the stopping rule as a horizontal line.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        certificate_kw : dict, default=None
            Keyword arguments for the line of the certificate.
        **kwargs : dict
            Keyword arguments for the line of the suboptimality.

        Returns
        -------
        ConvergenceDisplay
            The display, drawn.
        """
        display = cls(trace, minimum=minimum, estimator_name=name)
        return display.plot(
            ax,
            x=x,
            show_certificate=show_certificate,
            tolerance=tolerance,
            certificate_kw=certificate_kw,
            **kwargs,
        )

    @classmethod
    def from_estimator(cls, estimator, *, name=None, tolerance="estimator", **kwargs):
        """Draw the run of a fitted estimator.

        Parameters
        ----------
        estimator : estimator or Pipeline
            Fitted with ``record_trace=True``. Of a pipeline, the last step is taken.
        name : str, default=None
            What ran, for the legend; None takes the name of the class.
        tolerance : float, "estimator" or None, default="estimator"
            The horizontal line of the stopping rule; by default the estimator's ``tol``.
        **kwargs : dict
            The other arguments of :meth:`from_trace`.

        Returns
        -------
        ConvergenceDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the estimator has recorded no trace.
        """
        if hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        if name is None:
            name = type(estimator).__name__
        if not hasattr(estimator, "trace_"):
            raise ValueError(
                f"estimator must be fitted with record_trace=True to have a trace_, got "
                f"{estimator!r}. Call set_params(record_trace=True) and fit again."
            )
        if tolerance == "estimator":
            tolerance = getattr(estimator, "tol", None)
        return cls.from_trace(estimator.trace_, name=name, tolerance=tolerance, **kwargs)

    def plot(
        self,
        ax=None,
        *,
        x="iteration",
        name=None,
        show_certificate=True,
        tolerance=None,
        certificate_kw=None,
        **kwargs,
    ):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        x : {"iteration", "seconds", "n_passes", "n_inner"}, default="iteration"
            The horizontal axis.
        name : str, default=None
            What ran, for the legend; None takes ``estimator_name``.
        show_certificate : bool, default=True
            Draw the certificate too, where it is finite and positive.
        tolerance : float, default=None
            Draw the relative tolerance of the stopping rule as a horizontal line.
        certificate_kw : dict, default=None
            Keyword arguments for the line of the certificate.
        **kwargs : dict
            Keyword arguments for the line of the suboptimality.

        Returns
        -------
        ConvergenceDisplay
            The display itself.
        """
        if x not in _AXES:
            raise ValueError(f"x must be one of {', '.join(_AXES)}, got {x!r}.")
        ax = get_axes(ax, type(self).__name__)
        name = self.estimator_name if name is None else name
        prefix = "" if name is None else f"{name}: "
        line_kw = merged(
            {"marker": "o", "markersize": 4, "label": f"{prefix}suboptimality"}, kwargs
        )
        self.line_ = self._draw(ax, x, self.suboptimality, line_kw)
        self.certificate_line_ = None
        if show_certificate:
            bound_kw = {
                "linestyle": "--",
                "color": self.line_.get_color(),
                "alpha": 0.8,
                "label": f"{prefix}certificate",
            }
            bound_kw = merged(bound_kw, certificate_kw)
            self.certificate_line_ = self._draw(ax, x, self.certificate, bound_kw)
        if tolerance is not None:
            ax.axhline(tolerance, color="0.4", linewidth=1, linestyle=":", label="tolerance")
        ax.set_yscale("log")
        ax.set(xlabel=_AXES[x], ylabel="Relative to the minimum")
        if x != "seconds":
            ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend()
        self.ax_ = ax
        self.figure_ = ax.figure
        return self

    def _draw(self, ax, x, values, keywords):
        """Draw one curve; values that a logarithmic axis cannot show are left out."""
        shown = np.isfinite(values) & (values > 0.0)
        (line,) = ax.plot(self.trace[x][shown], values[shown], **keywords)
        return line
