"""How eigenvalues are distributed: an estimate with its error, and the truth where it is known."""

import numpy as np

from ._axes import get_axes, merged
from ._style import COLORS


class SpectralDensityDisplay:
    """Show an estimated density of eigenvalues, with a band of its error.

    It is recommended to use :meth:`from_density` or :meth:`from_operator` to create a display.

    Parameters
    ----------
    density : SpectralDensity or ChebyshevDensity
        What :func:`optlite.curvature.spectral_density` returns.
    exact : array-like of shape (n_eigenvalues,), default=None
        The eigenvalues themselves, to be laid over the estimate as a histogram.
    name : str, default=None
        What the operator is, for the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curve, after ``plot``.
    figure_ : matplotlib Figure
        Figure that contains the axes.
    line_ : matplotlib Line2D
        The density.
    band_ : matplotlib FillBetweenPolyCollection or None
        Two standard errors on either side; None for one probe.
    outliers_ : matplotlib LineCollection or None
        One mark for each deflated eigenvalue.
    histogram_ : list of matplotlib patches, or None
        The exact eigenvalues.

    See Also
    --------
    SpectrumDisplay : Single eigenvalues and Ritz values, step by step.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import spectral_density
    >>> from optlite.display import SpectralDensityDisplay
    >>> values = np.linspace(0.0, 1.0, 300)
    >>> found = spectral_density(np.diag(values), n_steps=20)
    >>> SpectralDensityDisplay(found, values).distance < found.wasserstein_bound()
    True
    """

    def __init__(self, density, exact=None, *, name=None):
        self.density, self.name = density, name
        self.exact = None if exact is None else np.sort(np.asarray(exact, dtype=float).ravel())
        if self.exact is not None and not (self.exact.size and np.isfinite(self.exact).all()):
            raise ValueError("exact must hold finite eigenvalues, one at least.")

    @property
    def distance(self):
        """Wasserstein-1 distance between the estimate and the exact eigenvalues.

        That is the area between the two cumulative distributions.
        """
        if self.exact is None:
            raise ValueError("exact must be given for a distance, got None.")
        low = min(self.exact[0], self.density.range[0], *self.density.outliers)
        high = max(self.exact[-1], self.density.range[1], *self.density.outliers)
        x = np.linspace(low, high, 20_001)
        x = 0.5 * (x[1:] + x[:-1])
        truth = np.searchsorted(self.exact, x, side="right") / self.exact.size
        return float(np.mean(np.abs(self.density.cdf(x).value - truth)) * (high - low))

    @classmethod
    def from_density(cls, density, exact=None, *, name=None, ax=None, **kwargs):
        """Draw a density that is known.

        Parameters
        ----------
        density : SpectralDensity or ChebyshevDensity
            What :func:`optlite.curvature.spectral_density` returns.
        exact : array-like of shape (n_eigenvalues,), default=None
            The eigenvalues themselves.
        name : str, default=None
            What the operator is, for the legend.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **kwargs : dict
            The other arguments of :meth:`plot`.

        Returns
        -------
        SpectralDensityDisplay
            The display, drawn.
        """
        return cls(density, exact, name=name).plot(ax, **kwargs)

    @classmethod
    def from_operator(cls, operator, *, exact="auto", name=None, ax=None, options=None, **kwargs):
        """Estimate the density of an operator and draw it.

        Parameters
        ----------
        operator : array, sparse matrix, LinearOperator or callable
            Symmetric.
        exact : {"auto", True, False}, default="auto"
            Whether to form the matrix and lay its eigenvalues over the estimate; "auto" does so up
            to a side of 500.
        name : str, default=None
            What the operator is, for the legend.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        options : dict, default=None
            Arguments for :func:`optlite.curvature.spectral_density`.
        **kwargs : dict
            The other arguments of :meth:`plot`.

        Returns
        -------
        SpectralDensityDisplay
            The display, drawn.
        """
        from ..curvature import eigsh, spectral_density

        options = options or {}
        density = spectral_density(operator, **options)
        values = None
        if exact is True or (exact == "auto" and density.dim <= 500):
            dim = options.get("dim")
            values = eigsh(operator, density.dim, "LA", method="dense", dim=dim).eigenvalues
        return cls(density, values, name=name).plot(ax, **kwargs)

    def plot(self, ax=None, *, n_points=1000, bins=60, log=False, **kwargs):
        """Draw the density.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        n_points : int, default=1000
            Points of the curve.
        bins : int, default=60
            Bars of the histogram of exact eigenvalues.
        log : bool, default=False
            A logarithmic vertical axis, on which single outliers can be seen beside a bulk.
        **kwargs : dict
            Keyword arguments for the line.

        Returns
        -------
        SpectralDensityDisplay
            The display itself.
        """
        ax = get_axes(ax, type(self).__name__)
        found = self.density
        low, high = found.range
        low, high = min(low, *found.outliers, high), max(high, *found.outliers, low)
        size = max(abs(low), abs(high))
        one_value = high - low <= 1e-12 * size
        room = (size or 1.0) if one_value else 3.0 * found.width
        low, high = low - room, high + room
        x = np.linspace(low, high, n_points)
        self.histogram_ = None
        if self.exact is not None:
            _, _, self.histogram_ = ax.hist(
                self.exact,
                bins=bins,
                range=(low, high),
                density=True,
                color="0.82",
                label=f"{self.exact.size} eigenvalues",
            )
        value, error = found.density(x)
        label = f"{found.n_probes} probes" if self.name is None else self.name
        style = merged({"color": COLORS[0], "linewidth": 1.4, "label": label}, kwargs)
        (self.line_,) = ax.plot(x, value, **style)
        self.band_ = None
        if np.isfinite(error).all():
            self.band_ = ax.fill_between(
                x,
                np.maximum(value - 2.0 * error, 0.0),
                value + 2.0 * error,
                color=self.line_.get_color(),
                alpha=0.25,
                linewidth=0.0,
                label="2 standard errors",
            )
        self.outliers_ = None
        if len(found.outliers):
            self.outliers_ = ax.vlines(
                found.outliers,
                0.0,
                0.06,
                transform=ax.get_xaxis_transform(),
                color=COLORS[1],
                linewidth=1.2,
                label=f"{len(found.outliers)} outliers",
            )
        if log:
            ax.set_yscale("log")
            ax.set_ylim(bottom=1e-3 * np.median(value[value > 0.0]))
        else:
            ax.set_ylim(bottom=0.0)
        ax.set(xlabel="Eigenvalue", ylabel="Density", xlim=(low, high))
        ax.legend()
        self.ax_ = ax
        self.figure_ = ax.figure
        return self
