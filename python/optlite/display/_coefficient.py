"""The coefficients of one or several linear models, side by side."""

import numpy as np

from ._axes import get_axes
from ._style import MARKERS, next_color


class CoefficientDisplay:
    """Show which features linear models use, and how much.

    It is recommended to use :meth:`from_estimators` to create a display.

    Parameters
    ----------
    coefficients : array-like of shape (n_models, n_features)
        One row for each model, or for each class of one.
    model_names : sequence of str of length n_models, default=None
        Names for the legend.
    feature_names : sequence of str of length n_features, default=None
        Names for the axis; ``x0``, ``x1``, ... by default.

    Attributes
    ----------
    features_ : ndarray of int
        The features that are drawn, from top to bottom, after ``plot``.
    ax_ : matplotlib Axes
        Axes with the points, after ``plot``.
    figure_ : matplotlib Figure
        Figure that contains the axes.
    lines_ : list of matplotlib Line2D
        The points of each model.

    See Also
    --------
    RegularizationPathDisplay : Coefficients against the strength of the penalty.

    Examples
    --------
    >>> from optlite.display import CoefficientDisplay
    >>> display = CoefficientDisplay([[2.0, 0.0, -1.0], [1.5, 0.0, 0.0]])
    >>> display.largest(2).tolist()
    [0, 2]
    """

    def __init__(self, coefficients, *, model_names=None, feature_names=None):
        self.coefficients = np.atleast_2d(np.asarray(coefficients, dtype=float))
        n_models, n_features = self.coefficients.shape
        self.model_names = _names(model_names, n_models, "model_names", "models")
        names = _names(feature_names, n_features, "feature_names", "features")
        self.feature_names = [f"x{j}" for j in range(n_features)] if names is None else names

    @classmethod
    def from_estimator(cls, estimator, *, feature_names=None, top=20, ax=None, **kwargs):
        """Draw the coefficients of a fitted model, for each class if there are several.

        Parameters
        ----------
        estimator : estimator
            A fitted linear model.
        feature_names, top, ax, **kwargs
            As in :meth:`from_estimators`.

        Returns
        -------
        CoefficientDisplay
            The display, drawn.
        """
        table = _table_of(estimator)
        labels = None
        if len(table) > 1:
            labels = [str(label) for label in getattr(estimator, "classes_", range(len(table)))]
        if feature_names is None:
            feature_names = getattr(estimator, "feature_names_in_", None)
        display = cls(table, model_names=labels, feature_names=feature_names)
        return display.plot(ax, top=top, **kwargs)

    @classmethod
    def from_estimators(cls, estimators, *, feature_names=None, top=20, ax=None, **kwargs):
        """Draw the coefficients of fitted models.

        Parameters
        ----------
        estimators : dict of str to estimator
            Fitted linear models of the same features, each with one row of coefficients.
        feature_names : sequence of str of length n_features, default=None
            Names of the features; those that the first model has seen by default.
        top : int >= 1, default=20
            How many features are drawn at most, those of the largest coefficients.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **kwargs : dict
            Keyword arguments for all points.

        Returns
        -------
        CoefficientDisplay
            The display, drawn.
        """
        if not isinstance(estimators, dict) or not estimators:
            raise TypeError(
                "estimators must be a dict of names and fitted models, got "
                f"{type(estimators).__name__}. Use from_estimator for a single one."
            )
        tables = [_table_of(model) for model in estimators.values()]
        if len({table.shape for table in tables}) > 1 or len(tables[0]) > 1:
            raise ValueError(
                "estimators must have one row of coefficients each, for the same features, got "
                f"shapes {[table.shape for table in tables]}. Draw a model of classes alone."
            )
        if feature_names is None:
            feature_names = getattr(next(iter(estimators.values())), "feature_names_in_", None)
        names = list(estimators)
        display = cls(np.concatenate(tables), model_names=names, feature_names=feature_names)
        return display.plot(ax, top=top, **kwargs)

    def largest(self, top):
        """Return the features that some model uses, those of the largest coefficients first.

        Parameters
        ----------
        top : int
            How many at most.

        Returns
        -------
        ndarray of int
            Their numbers.
        """
        size = np.abs(self.coefficients).max(axis=0)
        order = np.argsort(-size, kind="stable")[:top]
        return order[size[order] > 0]

    def plot(self, ax=None, *, top=20, **kwargs):
        """Draw one row for each feature, one point for each model.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        top : int >= 1, default=20
            How many features are drawn at most, those of the largest coefficients.
        **kwargs : dict
            Keyword arguments for all points.

        Returns
        -------
        CoefficientDisplay
            The display itself.
        """
        if top < 1:
            raise ValueError(f"top must be >= 1, got {top}: it is a number of features.")
        ax = get_axes(ax, type(self).__name__)
        self.features_ = self.largest(top)
        rows = np.arange(len(self.features_))
        many = len(self.coefficients) > 1
        self.lines_ = []
        for k, row in enumerate(self.coefficients):
            shift = 0.5 * (k / (len(self.coefficients) - 1) - 0.5) if many else 0.0
            style = {"marker": MARKERS[k % len(MARKERS)], "color": next_color(ax)}
            style |= {"linestyle": "none", **kwargs}
            (line,) = ax.plot(row[self.features_], rows + shift, **style)
            ax.hlines(rows + shift, 0.0, row[self.features_], color=line.get_color(), linewidth=1)
            self.lines_.append(line)
        ax.axvline(0.0, color="0.5", linewidth=0.8)
        ax.set_yticks(rows, [str(self.feature_names[j]) for j in self.features_])
        ax.set_ylim(max(len(rows), 1) - 0.5, -0.5)
        ax.set(xlabel="Coefficient")
        if self.model_names is not None:
            for line, name in zip(self.lines_, self.model_names, strict=True):
                line.set_label(str(name))
            ax.legend(frameon=False)
        self.ax_ = ax
        self.figure_ = ax.figure
        return self


def _table_of(model):
    """Coefficients, one row for each output; scikit-learn's ``sparsify`` makes them sparse."""
    coef = model.coef_
    return np.atleast_2d(coef.toarray() if hasattr(coef, "toarray") else coef)


def _names(names, count, argument, things):
    """Check that there is a name for each."""
    if names is not None and len(names) != count:
        raise ValueError(
            f"{argument} must have one name for each of the {count} {things}, got {len(names)}."
        )
    return names
