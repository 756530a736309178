"""Suboptimality and certificate of one or several runs, iteration by iteration."""

import numpy as np

from ..trace import Trace
from ._axes import get_axes, merged
from ._style import line_styles, next_color

#: Column of the trace: name of the axis, and of its unit.
_AXES = {
    "iteration": ("Iteration", "iteration"),
    "seconds": ("Time (s)", "second"),
    "n_passes": ("Oracle calls (reads of the data)", "oracle call"),
    "n_inner": ("Inner iterations", "inner iteration"),
}


class ConvergenceDisplay:
    """Show how fast runs converged, and what their certificates promised meanwhile.

    Two curves for each run on a logarithmic axis, both relative to the size of the minimum: the
    suboptimality F(x_k) - F*, and the certificate, which bounds or estimates it from above (see
    Notes).

    It is recommended to use :meth:`from_estimator`, :meth:`from_trace` or :meth:`from_traces` to
    create a display.

    Parameters
    ----------
    trace : Trace, or dict of str to Trace
        The records of a run, or of several by name; the columns ``objective`` and ``certificate``
        are shown.
    minimum : float, default=None
        The minimum F*, from a more accurate run. None takes the smallest value in the traces: the
        suboptimality of that record is then 0 and is not drawn.
    estimator_name : str, default=None
        What ran, for the legend; the names of several runs are those in `trace`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves, after ``plot``.
    figure_ : matplotlib Figure
        Figure that contains the axes.
    line_ : matplotlib Line2D, or dict of them by name
        The suboptimality of the run, or of several.
    certificate_line_ : matplotlib Line2D or None, or dict of them by name
        The certificate; None if it is not shown.

    See Also
    --------
    TrajectoryDisplay : The path of the run.
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
        self._is_single = not isinstance(trace, dict)
        named = {estimator_name: trace} if self._is_single else trace
        self.traces = {
            name: each if isinstance(each, Trace) else Trace(each) for name, each in named.items()
        }
        if not self.traces or min(map(len, self.traces.values())) == 0:
            raise ValueError(
                "trace must hold at least one record, got an empty trace. Record the run first, "
                "for example with record_trace=True."
            )
        self.trace = next(iter(self.traces.values())) if self._is_single else self.traces
        self.minimum = minimum
        self.estimator_name = estimator_name

    @property
    def reference_value(self):
        """The value F* that suboptimality is measured from."""
        if self.minimum is not None:
            return float(self.minimum)
        return float(min(np.nanmin(trace["objective"]) for trace in self.traces.values()))

    @property
    def suboptimality(self):
        """``(F(x_k) - F*) / abs(F*)`` of each record, ndarray of shape (n_records,).

        A dict of them by name, if there are several runs.
        """
        best, unit = self.reference_value, self._unit()
        return self._by_name(lambda trace: (trace["objective"] - best) / unit)

    @property
    def certificate(self):
        """Certificate of each record, relative to ``abs(F*)``, ndarray of shape (n_records,).

        A dict of them by name, if there are several runs.
        """
        unit = self._unit()
        return self._by_name(lambda trace: trace["certificate"] / unit)

    def rate(self, x="iteration"):
        """Fit a straight line to the logarithm of the second half of the suboptimality.

        Parameters
        ----------
        x : {"iteration", "seconds", "n_passes", "n_inner"}, default="iteration"
            What the rate is counted in.

        Returns
        -------
        float, or dict of float by name
            The factor by which F(x_k) - F* changes in one unit of `x`, from a fit by least squares;
            NaN where fewer than three records can be used.

        Raises
        ------
        ValueError
            If `minimum` was not given: the smallest value in a trace is no minimum, and the last
            part of its curve would fall without end.

        Notes
        -----
        Used are the records in the second half of those before the first one whose suboptimality is
        within the rounding error of F*, ``100 * eps * abs(F*)``.

        Examples
        --------
        >>> from optlite import optim
        >>> from optlite.display import ConvergenceDisplay
        >>> from optlite.objectives import Quadratic
        >>> f = Quadratic([2.0])
        >>> trace = optim.minimize(f, [1.0], method=optim.SGD(0.1), trace=True).trace
        >>> round(ConvergenceDisplay(trace, minimum=0.0).rate(), 6)  # (1 - 0.1 * 2)^2
        0.64
        """
        _check_axis(x)
        if self.minimum is None:
            raise ValueError(
                "minimum must be given for a rate, got None: the smallest value in a trace is not "
                "the minimum. Take it from a more accurate run, or from the objective."
            )
        return self._by_name(lambda trace: float(np.exp(self._fit(trace, x)[0])))

    def _fit(self, trace, x):
        """Slope and constant of the logarithm, and the records they were fitted to."""
        gap = (trace["objective"] - self.reference_value) / self._unit()
        above = gap > (100.0 * np.finfo(float).eps if self.reference_value else 0.0)
        above &= np.isfinite(gap)
        usable = len(gap) if above.all() else int(np.argmin(above))
        half = np.arange(usable // 2, usable)
        at = trace[x][half]
        if len(half) < 3 or at[0] == at[-1]:
            return np.nan, np.nan, half[:0]
        # Centred, so that the fit loses no digits.
        log, middle = np.log(gap[half]), at.mean()
        slope = (at - middle) @ (log - log.mean()) / np.sum((at - middle) ** 2)
        return slope, log.mean() - slope * middle, half

    def _by_name(self, function):
        """Apply a function to the trace, or to each of several."""
        values = {name: function(trace) for name, trace in self.traces.items()}
        return next(iter(values.values())) if self._is_single else values

    def _unit(self):
        """Return abs(F*), or 1 for a minimum of zero, where only absolute numbers make sense."""
        return abs(self.reference_value) or 1.0

    # --- ways to make one -------------------------------------------------------------------------

    @classmethod
    def from_trace(
        cls,
        trace,
        *,
        minimum=None,
        name=None,
        x="iteration",
        show_certificate=True,
        show_rate=False,
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
            The horizontal axis: iterations, time, or calls of the oracle.
        show_certificate : bool, default=True
            Draw the certificate too.
        show_rate : bool, default=False
            Draw the fitted linear rate and state it in the legend; needs `minimum`.
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
            show_rate=show_rate,
            tolerance=tolerance,
            certificate_kw=certificate_kw,
            **kwargs,
        )

    @classmethod
    def from_traces(cls, traces, *, minimum=None, show_certificate=False, ax=None, **kwargs):
        """Draw several recorded runs on the same axes.

        Parameters
        ----------
        traces : dict of str to Trace
            The records of each run by name.
        minimum : float, default=None
            The minimum F*; None takes the smallest value in all traces.
        show_certificate : bool, default=False
            Draw the certificates too.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **kwargs : dict
            The other arguments of :meth:`plot`.

        Returns
        -------
        ConvergenceDisplay
            The display, drawn.
        """
        if not isinstance(traces, dict):
            raise TypeError(
                f"traces must be a dict of traces by name, got {type(traces).__name__}. For one "
                "trace, use from_trace."
            )
        display = cls(traces, minimum=minimum)
        return display.plot(ax, show_certificate=show_certificate, **kwargs)

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

    # --- drawing ----------------------------------------------------------------------------------

    def plot(
        self,
        ax=None,
        *,
        x="iteration",
        name=None,
        show_certificate=True,
        show_rate=False,
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
            The horizontal axis: iterations, time, or calls of the oracle.
        name : str, default=None
            What ran, for the legend; None takes ``estimator_name``. Several runs keep their names.
        show_certificate : bool, default=True
            Draw the certificate too, where it is finite and positive.
        show_rate : bool, default=False
            Draw the straight line of :meth:`rate` and state the factor in the legend; needs
            `minimum`.
        tolerance : float, default=None
            Draw the relative tolerance of the stopping rule as a horizontal line.
        certificate_kw : dict, default=None
            Keyword arguments for the lines of the certificates.
        **kwargs : dict
            Keyword arguments for the lines of the suboptimality.

        Returns
        -------
        ConvergenceDisplay
            The display itself.
        """
        _check_axis(x)
        rates = self.rate(x) if show_rate else None
        ax = get_axes(ax, type(self).__name__)
        lines, bounds = {}, {}
        for key, trace in self.traces.items():
            text, style = self._label(key, name), self._style(key, ax)
            rate = rates if self._is_single or rates is None else rates[key]
            lines[key] = self._draw_run(ax, x, trace, (text, rate), merged(style, kwargs))
            bounds[key] = None
            if show_certificate:
                color = lines[key].get_color()
                bounds[key] = self._draw_certificate(ax, x, trace, text, color, certificate_kw)
        if tolerance is not None:
            ax.axhline(tolerance, color="0.4", linewidth=1, linestyle=":", label="tolerance")
        ax.set_yscale("log")
        ax.set(xlabel=_AXES[x][0], ylabel="Relative to the minimum")
        if self.reference_value == 0.0:
            ax.set_ylabel("Above the minimum")
        if x != "seconds":
            ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend()
        self.line_ = lines[key] if self._is_single else lines
        self.certificate_line_ = bounds[key] if self._is_single else bounds
        self.ax_ = ax
        self.figure_ = ax.figure
        return self

    def _label(self, key, name):
        """The name of a run, before a colon, and what follows it for the suboptimality."""
        if not self._is_single:
            return f"{key}: ", key
        name = key if name is None else name
        prefix = "" if name is None else f"{name}: "
        return prefix, f"{prefix}suboptimality"

    def _style(self, key, ax):
        """Markers for one run; colours and dashes of their own for several."""
        if self._is_single:
            return {"marker": "o", "markersize": 4, "color": next_color(ax)}
        return {"linewidth": 1.8, **line_styles(self.traces)[key]}

    def _draw_run(self, ax, x, trace, label, keywords):
        """The suboptimality of a run, and the fitted rate."""
        (_, text), rate = label
        gap = (trace["objective"] - self.reference_value) / self._unit()
        if rate is not None and np.isfinite(rate):
            text = f"{text} (factor {rate:.4g} per {_AXES[x][1]})"
        line = _draw(ax, trace[x], gap, merged({"label": text}, keywords))
        if rate is not None and np.isfinite(rate):
            slope, constant, half = self._fit(trace, x)
            at = trace[x][half[[0, -1]]]
            fitted = {"color": "0.25", "linewidth": 4, "alpha": 0.3, "solid_capstyle": "butt"}
            ax.plot(at, np.exp(constant + slope * at), **fitted)
        return line

    def _draw_certificate(self, ax, x, trace, label, color, keywords):
        """The certificate of a run."""
        style = {"linestyle": "--", "color": color, "alpha": 0.8, "label": f"{label[0]}certificate"}
        if not self._is_single:
            style |= {"linewidth": 0.9}
        return _draw(ax, trace[x], trace["certificate"] / self._unit(), merged(style, keywords))


def _check_axis(x):
    if x not in _AXES:
        raise ValueError(f"x must be one of {', '.join(_AXES)}, got {x!r}.")


def _draw(ax, across, values, keywords):
    """Draw one curve; values that a logarithmic axis cannot show are left out."""
    shown = np.isfinite(values) & (values > 0.0)
    (line,) = ax.plot(across[shown], values[shown], **keywords)
    return line
