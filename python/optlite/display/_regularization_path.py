"""Coefficients against the strength of the penalty."""

import numpy as np

from ._axes import get_axes, merged
from ._style import COLORS, line_styles


class RegularizationPathDisplay:
    """Show each coefficient as a function of the strength of the penalty.

    It is recommended to use :meth:`from_estimator` to create a display.

    Parameters
    ----------
    strengths : array-like of shape (n_strengths,)
        The values of the hyper-parameter, positive.
    coefficients : array-like of shape (n_strengths, n_features)
        The fitted coefficients for each of them.
    strength_name : str, default="alpha"
        Name of the hyper-parameter.
    feature_names : sequence of str of length n_features, default=None
        Names for the legend.
    chosen : float, default=None
        The value that cross-validation chose: a vertical line.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves, after ``plot``.
    figure_ : matplotlib Figure
        Figure that contains the axes.
    lines_ : list of matplotlib Line2D
        One curve a feature.

    See Also
    --------
    ConvergenceDisplay : Suboptimality and certificate of a run.

    Examples
    --------
    >>> from optlite.display import RegularizationPathDisplay
    >>> display = RegularizationPathDisplay([0.1, 1.0], [[2.0, -1.0], [1.0, -0.5]])
    >>> display.coefficients.shape
    (2, 2)
    """

    def __init__(
        self, strengths, coefficients, *, strength_name="alpha", feature_names=None, chosen=None
    ):
        self.strengths = np.asarray(strengths, dtype=float)
        self.coefficients = np.asarray(coefficients, dtype=float)
        self.strength_name = strength_name
        self.feature_names = feature_names
        self.chosen = chosen
        self._check()

    def _check(self):
        """Refuse arrays that do not belong together."""
        if self.strengths.ndim != 1 or not np.all(self.strengths > 0.0):
            raise ValueError(
                f"strengths must be a 1-d array of positive numbers, got {self.strengths!r}. "
                "Leave 0 out: the axis is logarithmic."
            )
        if self.coefficients.ndim != 2 or len(self.coefficients) != len(self.strengths):
            raise ValueError(
                f"coefficients must have shape (n_strengths, n_features) with "
                f"n_strengths={len(self.strengths)}, got {self.coefficients.shape}. "
                "Draw one output or class at a time."
            )
        if self.feature_names is not None:
            n_names, n_features = len(self.feature_names), self.coefficients.shape[1]
            if n_names != n_features:
                raise ValueError(
                    f"feature_names must have one name for each of the {n_features} features, "
                    f"got {n_names}. Pass the names of the columns of X."
                )

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        strengths,
        strength_name="alpha",
        output=None,
        feature_names=None,
        chosen=None,
        ax=None,
        legend=True,
        **kwargs,
    ):
        """Fit clones of an estimator along a grid of strengths and draw their coefficients.

        Parameters
        ----------
        estimator : estimator
            A linear model. It is cloned, never changed.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. The names of a data frame's columns label the curves.
        y : array-like of shape (n_samples,)
            Targets.
        strengths : array-like of shape (n_strengths,)
            The values of the hyper-parameter, positive.
        strength_name : str, default="alpha"
            The hyper-parameter: ``"alpha"`` or ``"C"``.
        output : int, default=None
            The class or task to draw; needed if there are several.
        feature_names : sequence of str of length n_features, default=None
            Names for the legend; None takes the names of X's columns where it has them.
        chosen : float, default=None
            The value that cross-validation chose: a vertical line.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        legend : bool, default=True
            Name the curves, if there are names and at most twelve curves.
        **kwargs : dict
            Keyword arguments for all lines.

        Returns
        -------
        RegularizationPathDisplay
            The display, drawn.
        """
        from sklearn.base import clone

        rows = []
        for strength in strengths:
            model = clone(estimator).set_params(**{strength_name: strength}).fit(X, y)
            rows.append(np.asarray(model.coef_))
        coefficients = np.array(rows)
        if coefficients.ndim == 3:
            coefficients = _one_output(coefficients.swapaxes(0, 1), output)
        if feature_names is None:
            feature_names = getattr(model, "feature_names_in_", None)
        display = cls(
            strengths,
            coefficients,
            strength_name=strength_name,
            feature_names=feature_names,
            chosen=chosen,
        )
        return display.plot(ax, legend=legend, **kwargs)

    @classmethod
    def from_path(
        cls,
        alphas,
        coefs,
        *,
        output=None,
        feature_names=None,
        chosen=None,
        ax=None,
        legend=True,
        **kwargs,
    ):
        """Draw what a path function returned.

        Parameters
        ----------
        alphas : array-like of shape (n_alphas,)
            The strengths. One of zero, which has no place on the axis, is left out.
        coefs : array-like of shape (n_features, n_alphas) or (n_outputs, n_features, n_alphas)
            The coefficients, as :func:`~optlite.linear_model.lasso_path`,
            :func:`~optlite.linear_model.enet_path` and :func:`~optlite.linear_model.sparse_path`
            return them.
        output : int, default=None
            The class or task to draw; needed if there are several.
        feature_names : sequence of str of length n_features, default=None
            Names for the legend.
        chosen : float, default=None
            The value that cross-validation chose: a vertical line.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        legend : bool, default=True
            Name the curves, if there are names and at most twelve curves.
        **kwargs : dict
            Keyword arguments for all lines.

        Returns
        -------
        RegularizationPathDisplay
            The display, drawn.

        Examples
        --------
        >>> import numpy as np
        >>> from optlite.display import RegularizationPathDisplay
        >>> from optlite.linear_model import sparse_path
        >>> X = np.random.default_rng(0).normal(size=(50, 6))
        >>> alphas, coefs, *_ = sparse_path(X, X[:, 0] - X[:, 1], penalty="mcp", alphas=10)
        >>> len(RegularizationPathDisplay.from_path(alphas, coefs).lines_)
        6
        """
        alphas, coefs = np.asarray(alphas, dtype=float), np.asarray(coefs, dtype=float)
        if coefs.ndim == 3:
            coefs = _one_output(coefs, output)
        if coefs.ndim != 2 or coefs.shape[1] != len(alphas):
            raise ValueError(
                f"coefs must have shape (n_features, n_alphas) with n_alphas={len(alphas)}, got "
                f"{coefs.shape}. Pass what the path function returned."
            )
        seen = alphas != 0.0
        display = cls(alphas[seen], coefs.T[seen], feature_names=feature_names, chosen=chosen)
        return display.plot(ax, legend=legend, **kwargs)

    def plot(self, ax=None, *, legend=True, chosen_kw=None, **kwargs):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        legend : bool, default=True
            Name the curves, if there are names and at most twelve curves.
        chosen_kw : dict, default=None
            Keyword arguments for the line of the chosen strength.
        **kwargs : dict
            Keyword arguments for all lines.

        Returns
        -------
        RegularizationPathDisplay
            The display itself.
        """
        ax = get_axes(ax, type(self).__name__)
        n_features = self.coefficients.shape[1]
        named = legend and self.feature_names is not None and n_features <= 12
        self.lines_ = []
        styles = line_styles(range(n_features))
        for j, column in enumerate(self.coefficients.T):
            # Dashes tell named curves apart; of many without names they would make a thicket.
            style = styles[j] if named else {"color": COLORS[j % len(COLORS)]}
            self.lines_ += ax.plot(self.strengths, column, **merged(style, kwargs))
        if named:
            for line, label in zip(self.lines_, self.feature_names, strict=True):
                line.set_label(str(label))
        ax.axhline(0.0, color="0.5", linewidth=0.8)
        if self.chosen is not None:
            style = {"color": "0.3", "linestyle": "--", "linewidth": 1}
            ax.axvline(self.chosen, **merged(style, chosen_kw))
        ax.set_xscale("log")
        ax.set(xlabel=self.strength_name, ylabel="Coefficient")
        if named:
            ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
        self.ax_ = ax
        self.figure_ = ax.figure
        return self


def _one_output(tables, output):
    """One of the tables, each of a class or a task: the only one needs no number."""
    if output is None and len(tables) == 1:
        return tables[0]
    if output is None or not -len(tables) <= output < len(tables):
        raise ValueError(
            f"output must be one of the {len(tables)} rows of coefs, got {output!r}. Draw one "
            "class or task at a time."
        )
    return tables[output]
