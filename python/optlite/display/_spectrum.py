"""Eigenvalues of a symmetric matrix, or of a matrix that changes from step to step."""

import numpy as np

from ._axes import get_axes, merged
from ._style import COLORS


class SpectrumDisplay:
    """Show the eigenvalues of symmetric matrices, one column of marks for each.

    The axis is logarithmic: shown are the eigenvalues that are positive, and larger than the
    rounding errors of the largest.

    It is recommended to use :meth:`from_eigenvalues`, :meth:`from_lanczos` or
    :meth:`from_transport` to create a display.

    Parameters
    ----------
    spectra : array-like of shape (n_eigenvalues,), or sequence of them
        The eigenvalues of one matrix, or of several.
    steps : sequence of length n_spectra, default=None
        Where each spectrum stands on the horizontal axis, in rising order: numbers, as of
        iterations, or names. None counts from 0.
    name : str, default=None
        What the matrices are, for the legend.
    bounds : sequence of array-like, default=None
        How far each value may be from an eigenvalue, for values that are estimates: shaped as
        `spectra`, whose values then must rise.
    exact : array-like of shape (n_eigenvalues,), default=None
        True eigenvalues, to be drawn as lines across.

    Attributes
    ----------
    spectra : list of ndarray
        The eigenvalues of each matrix, in rising order.
    steps : ndarray of shape (n_spectra,)
        As given.
    ax_ : matplotlib Axes
        Axes with the marks, after ``plot``.
    figure_ : matplotlib Figure
        Figure that contains the axes.
    marks_ : matplotlib PathCollection
        One mark for each eigenvalue that is shown.
    extremes_ : tuple of matplotlib Line2D
        The smallest and the largest of them against the steps.
    bounds_ : matplotlib LineCollection or None
        The intervals that bounds allow.
    exact_ : matplotlib LineCollection or None
        The true eigenvalues.

    See Also
    --------
    ConvergenceDisplay : What the spectrum does to the speed of a run.

    Examples
    --------
    >>> from optlite.display import SpectrumDisplay
    >>> display = SpectrumDisplay([[1.0, 4.0], [2.0, 0.5, 1.0]])
    >>> display.condition_numbers
    array([4., 4.])
    """

    def __init__(self, spectra, steps=None, *, name=None, bounds=None, exact=None):
        if not len(spectra):
            raise ValueError("spectra must hold at least one spectrum, got none.")
        if np.ndim(spectra[0]) == 0:
            spectra = [spectra]
        self.spectra = [_check_spectrum(values, i) for i, values in enumerate(spectra)]
        self.steps = np.arange(len(self.spectra)) if steps is None else np.asarray(steps)
        if self.steps.shape != (len(self.spectra),):
            raise ValueError(
                f"steps must have one entry for each of the {len(self.spectra)} spectra, got shape "
                f"{self.steps.shape}."
            )
        self.name = name
        self.bounds = None if bounds is None else [np.asarray(each, dtype=float) for each in bounds]
        if self.bounds is not None and [each.shape for each in self.bounds] != [
            each.shape for each in self.spectra
        ]:
            raise ValueError("bounds must have one number for each value of spectra.")
        self.exact = None if exact is None else _check_spectrum(exact, "exact")

    @property
    def condition_numbers(self):
        """Largest eigenvalue over the smallest that is shown, ndarray of shape (n_spectra,).

        NaN where no eigenvalue is positive.
        """
        ends = _extremes([_shown(values) for values in self.spectra])
        return ends[:, 1] / ends[:, 0]

    @classmethod
    def from_eigenvalues(cls, spectra, steps=None, *, name=None, ax=None, **kwargs):
        """Draw eigenvalues that are known.

        Parameters
        ----------
        spectra : array-like of shape (n_eigenvalues,), or sequence of them
            The eigenvalues of one matrix, or of several.
        steps : sequence of length n_spectra, default=None
            Where each spectrum stands on the horizontal axis: numbers or names.
        name : str, default=None
            What the matrices are, for the legend.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **kwargs : dict
            The other arguments of :meth:`plot`.

        Returns
        -------
        SpectrumDisplay
            The display, drawn.
        """
        return cls(spectra, steps, name=name).plot(ax, **kwargs)

    @classmethod
    def from_lanczos(cls, run, exact=None, *, name=None, ax=None, **kwargs):
        """Draw the Ritz values of Lanczos' method, step by step, with their residual bounds.

        Parameters
        ----------
        run : iterable of LanczosResult
            Of :func:`optlite.curvature.lanczos_steps`.
        exact : array-like of shape (n_eigenvalues,), default=None
            The eigenvalues, where they are known.
        name : str, default=None
            What the operator is, for the legend.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **kwargs : dict
            The other arguments of :meth:`plot`; the axis is linear unless told otherwise.

        Returns
        -------
        SpectrumDisplay
            The display, drawn.

        Examples
        --------
        >>> import numpy as np
        >>> from optlite.curvature import lanczos_steps
        >>> from optlite.display import SpectrumDisplay
        >>> values = np.linspace(-1.0, 1.0, 50)
        >>> run = lanczos_steps(np.diag(values), 10)
        >>> len(SpectrumDisplay.from_lanczos(run, values).spectra)
        10
        """
        found = [(result.ritz_values, result.residual_bounds) for result in run]
        display = cls(
            [values for values, _ in found],
            np.arange(1, len(found) + 1),
            name=name,
            bounds=[bounds for _, bounds in found],
            exact=exact,
        )
        return display.plot(ax, **{"scale": "linear", "x_name": "Step", "alpha": 0.9, **kwargs})

    @classmethod
    def from_transport(cls, M, records, *, scaled=True, name=None, ax=None, **kwargs):
        r"""Draw the eigenvalues of the system of Newton's steps in entropic transport.

        That is the Schur complement

        .. math:: S = \operatorname{diag}(P^\top \mathbf 1)
                      - P^\top \operatorname{diag}(P \mathbf 1)^{-1} P

        at each record of a run. It maps constants to zero, and that eigenvalue is left out.

        Parameters
        ----------
        M : array-like of shape (n_sources, n_targets)
            The costs of the run, between the points that have mass.
        records : iterable of TransportRecord
            Of :func:`optlite.ot.steps`, or the trace of a result.
        scaled : bool, default=True
            The eigenvalues of :math:`D^{-1/2} S D^{-1/2}`, D the diagonal of S: what conjugate
            gradients see, whose preconditioner D is. False draws those of S itself.
        name : str, default=None
            What the matrices are, for the legend.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **kwargs : dict
            The other arguments of :meth:`plot`.

        Returns
        -------
        SpectrumDisplay
            The display, drawn, with the iterations for steps.

        Examples
        --------
        >>> import numpy as np
        >>> from optlite import ot
        >>> from optlite.display import SpectrumDisplay
        >>> M = np.random.default_rng(0).random((20, 20))
        >>> run = ot.steps(None, None, M, reg=0.05)
        >>> display = SpectrumDisplay.from_transport(M, run)
        >>> bool(display.spectra[-1].max() < 2.0)  # as of every scaled Laplacian
        True
        """
        M = np.asarray(M, dtype=float)
        steps, spectra = [], []
        for record in records:
            if M.shape != (np.size(record.f), np.size(record.g)):
                raise ValueError(
                    f"M must have the shape of the potentials, ({np.size(record.f)}, "
                    f"{np.size(record.g)}), got {M.shape}. Leave out points without mass."
                )
            plan = np.exp((record.f[:, None] + record.g - M) / record.reg)
            steps.append(record.iteration)
            spectra.append(_schur_spectrum(plan, scaled))
        return cls(spectra, steps, name=name).plot(ax, **kwargs)

    def plot(self, ax=None, *, x_name=None, color=None, scale="log", **kwargs):
        """Draw the eigenvalues.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        x_name : str, default=None
            Name of the horizontal axis; None for "Iteration", or for nothing where the steps are
            names or there is one spectrum.
        color : matplotlib color, default=None
            Of marks and lines; None takes the next of the palette that the axes have not seen.
        scale : {"log", "linear"}, default="log"
            The vertical axis; a logarithmic one shows positive values only.
        **kwargs : dict
            Keyword arguments for the marks.

        Returns
        -------
        SpectrumDisplay
            The display itself.
        """
        if scale not in ("log", "linear"):
            raise ValueError(f"scale must be 'log' or 'linear', got {scale!r}.")
        ax = get_axes(ax, type(self).__name__)
        if color is None:
            color = COLORS[len(ax.collections) % len(COLORS)]
        named = self.steps.dtype.kind in "OSU"
        at = np.arange(len(self.steps)) if named else self.steps
        shown = [_shown(values) if scale == "log" else values for values in self.spectra]
        across = np.repeat(at, [values.size for values in shown])
        style = {"marker": "_", "s": 18.0, "linewidths": 0.6, "alpha": 0.5, "color": color}
        self.marks_ = ax.scatter(across, np.concatenate(shown), **merged(style, kwargs))
        self.extremes_ = tuple(
            ax.plot(at, end, color=color, linewidth=1.4, label=label)[0]
            for end, label in zip(_extremes(shown).T, (self.name, None), strict=True)
        )
        self._draw_bounds(ax, at, color, scale)
        if named:
            ax.set_xticks(at, self.steps)
        elif len(at) > 1:
            ax.xaxis.get_major_locator().set_params(integer=True)
        if x_name is None:
            x_name = "" if named or len(at) == 1 else "Iteration"
        ax.set_yscale(scale)
        ax.set(xlabel=x_name, ylabel="Eigenvalue")
        if self.name is not None or self.exact is not None:
            ax.legend()
        self.ax_ = ax
        self.figure_ = ax.figure
        return self

    def _draw_bounds(self, ax, at, color, scale):
        """The intervals around values that are estimates, and the truth behind them."""
        self.bounds_ = self.exact_ = None
        if self.exact is not None:
            true = _shown(self.exact) if scale == "log" else self.exact
            left, right = at[0] - 0.5, at[-1] + 0.5
            style = {"color": "0.8", "linewidth": 0.6, "zorder": 0.5, "label": "eigenvalues"}
            self.exact_ = ax.hlines(true, left, right, **style)
        if self.bounds is not None:
            across = np.repeat(at, [values.size for values in self.spectra])
            values, bounds = np.concatenate(self.spectra), np.concatenate(self.bounds)
            # They reach far at first: the axis belongs to the eigenvalues.
            limits = ax.get_ylim()
            style = {"color": color, "linewidth": 0.7, "alpha": 0.25}
            self.bounds_ = ax.vlines(across, values - bounds, values + bounds, **style)
            ax.set_ylim(limits)


def _schur_spectrum(plan, scaled):
    """Eigenvalues of the Laplacian of the links P^T diag(P 1)^-1 P, but for the zero of constants.

    Its diagonal is the sum of the links of a column, not a difference, which would lose the digits
    of links that are small beside the column's mass.
    """
    rows = plan.sum(axis=1)
    links = plan.T @ (plan / np.where(rows > 0.0, rows, 1.0)[:, None])
    np.fill_diagonal(links, 0.0)
    degrees = links.sum(axis=1)
    if scaled:
        root = np.sqrt(np.where(degrees > 0.0, degrees, 1.0))
        links, degrees = links / root / root[:, None], (degrees > 0.0).astype(float)
    return np.linalg.eigvalsh(np.diag(degrees) - links)[1:]


def _check_spectrum(values, i):
    values = np.sort(np.asarray(values, dtype=float))
    if values.ndim != 1 or values.size == 0:
        raise ValueError(
            f"spectra must be vectors of eigenvalues, got shape {values.shape} for spectrum {i}."
        )
    if not np.isfinite(values).all():
        raise ValueError(f"spectra must be finite, got NaN or infinity in spectrum {i}.")
    return values


def _shown(values):
    """Eigenvalues above the rounding errors that an eigenvalue solver makes."""
    return values[values > np.finfo(float).eps * values.size * max(values[-1], 0.0)]


def _extremes(spectra):
    return np.array([values[[0, -1]] if values.size else (np.nan, np.nan) for values in spectra])
