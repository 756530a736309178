"""Loss and targets of sparse models, for fits to all rows or to some of them."""

import numpy as np

from .._core import core
from ._sparse_model import SparseModelProblem
from .logistic_cv import check_classes


class Targets:
    """A loss of the registry with the targets of all rows.

    Parameters
    ----------
    record : dict
        The loss.
    fields : list of float
        Its hyper-parameters.
    values : ndarray of shape (n_samples,)
    outputs : int, default=1
        Margins of each row.
    """

    def __init__(self, record, fields, values, outputs=1):
        self.record, self.fields, self.values, self.outputs = record, fields, values, outputs

    def problem(self, settings, X, weight, rows=None):
        """The problem of an estimator on X; the targets are all, or those of some rows."""
        problem = SparseModelProblem(
            X, weight, settings.fit_intercept, type(settings).__name__, settings.standardize
        )
        values = self.values if rows is None else self.values[rows]
        return problem.set_loss(self.record, self.fields, values, self.outputs)

    def check_fold(self, number, train, weight):
        """Refuse training rows that a fit cannot learn from; here any will do."""

    def judged_rows(self, train, test):
        """The rows whose margins `held_out_loss` wants to know."""
        return test

    def held_out_loss(self, margins, train, test, weight):
        """Return the mean loss of the rows that a fold holds out.

        Parameters
        ----------
        margins : ndarray of shape (n_judged_rows, n_outputs)
        train, test : ndarray of int
        weight : ndarray of shape (n_samples,) or None
        """
        values = np.ascontiguousarray(self.values[test], dtype=np.float64)
        own = np.full(len(test), 1.0 / len(test))
        if weight is not None:
            own = weight[test] / weight[test].sum()
        loss = core.RowLoss(self.record["name"], self.fields, values, own, self.outputs)
        return core.look_at(loss, margins.T.ravel())[0]


class ClassTargets(Targets):
    """Class labels with the logistic loss, or the softmax cross-entropy.

    Parameters
    ----------
    record, fields
        As for `Targets`.
    classes : ndarray of shape (n_classes,)
    codes : ndarray of shape (n_samples,)
        Positions of the labels among the classes.
    """

    def __init__(self, record, fields, classes, codes):
        single = record["name"] == "logistic"
        values = 2.0 * codes - 1.0 if single else codes
        super().__init__(record, fields, values, 1 if single else len(classes))
        self.classes, self.codes = classes, codes

    def check_fold(self, number, train, weight):
        """Refuse training rows without one of the classes."""
        check_classes(number, train, self.classes, self.codes, weight)


class Outcomes:
    """Times to an event with the loss of Cox's model; the same methods as `Targets`.

    Parameters
    ----------
    values : structured ndarray of shape (n_samples,)
        As `outcome_of` returns it.
    """

    outputs = 1

    def __init__(self, values):
        self.values = values

    def problem(self, settings, X, weight, rows=None):
        """The problem of an estimator on X; the outcomes are all, or those of some rows."""
        problem = SparseModelProblem(X, weight, True, type(settings).__name__, settings.standardize)
        values = self.values if rows is None else self.values[rows]
        if not (values["event"] & (problem.weight > 0)).any():
            raise ValueError(
                'y must hold at least one observed event for loss="cox", got censored rows only.'
            )
        return problem.set_partial_likelihood(values)

    def check_fold(self, number, train, weight):
        """Refuse training rows without an event."""
        event = self.values["event"][train]
        if not (event if weight is None else event & (weight[train] > 0)).any():
            raise ValueError(
                f"fold {number} of cv has no training row with an observed event. Choose other "
                "folds."
            )

    def judged_rows(self, train, test):
        """The rows whose margins `held_out_loss` wants to know."""
        return np.concatenate([train, test])

    def held_out_loss(self, margins, train, test, weight):
        """Return what the rows that a fold holds out add to the loss, for each unit of weight.

        Alone, few rows would have small risk sets: Verweij and van Houwelingen, Cross-validation in
        survival analysis, Statistics in Medicine 12, 1993, equation 1.
        """
        rows = self.judged_rows(train, test)
        weight = np.ones(len(self.values)) if weight is None else weight
        both = self._sum(margins, rows, weight[rows])
        learned = self._sum(margins[: len(train)], train, weight[train])
        return (both - learned) / weight[test].sum()

    def _sum(self, margins, rows, weight):
        """The loss with these weights as they are."""
        event = self.values["event"][rows].astype(np.float64)
        time = np.ascontiguousarray(self.values["time"][rows])
        loss = core.PartialLikelihood(time, event, weight)
        # The core multiplies weights within risk sets by the number of rows.
        return core.look_at(loss, margins.ravel())[0] - weight @ event * np.log(len(rows))
