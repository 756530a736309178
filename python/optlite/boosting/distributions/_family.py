"""Families of distributions as Python classes, one for each header of ``distributions``."""

import inspect

import numpy as np

from ... import _params, reference
from ..._core import core
from ._predicted import PredictedDistribution


class Distribution:
    """Base of the families of distributions: hyper-parameters, scores and their gradients.

    See Also
    --------
    from_name : Make a family from its name.
    list_distributions : What there is.
    """

    _record = None

    def __init__(self, **given):
        record = self._record
        self._hyper = _params.field_values(record, given)
        for name in {"k", "d"} & set(self._hyper):  # numbers of classes, of outputs
            if self._hyper[name] != int(self._hyper[name]):
                raise ValueError(
                    f"{name} must be a whole number, got {self._hyper[name]:g} "
                    f"({record['class_name']})."
                )
        self._fields = [_params.stored(f, self._hyper[f["name"]]) for f in record["fields"]]

    def __repr__(self):
        """Write the family as it is made."""
        given = ", ".join(f"{name}={value:g}" for name, value in self._hyper.items())
        return f"{self.class_name}({given})"

    def __eq__(self, other):
        """Compare family and hyper-parameters."""
        if not isinstance(other, Distribution):
            return NotImplemented
        return type(self) is type(other) and self._hyper == other._hyper

    def __hash__(self):
        """Hash what is compared."""
        return hash((type(self), tuple(self._fields)))

    # --- what it is -------------------------------------------------------------------------------

    @property
    def name(self):
        """Name in the registry, such as "log_normal"."""
        return self._record["name"]

    @property
    def class_name(self):
        """Name of the class, such as "LogNormal"."""
        return self._record["class_name"]

    @property
    def hyper_parameters(self):
        """Hyper-parameters by name."""
        return dict(self._hyper)

    @property
    def parameter_names(self):
        """Names of the parameters that are fitted, in their order."""
        return tuple(core.distribution_parameters(self.name, self._fields))

    @property
    def n_params(self):
        """Number of parameters that are fitted."""
        return len(self.parameter_names)

    @property
    def n_outputs(self):
        """Number of columns of y."""
        return int(self._hyper["d"]) if self.targets == "vector" else 1

    @property
    def scores(self):
        """Names of its scores: "log", and "crps" where that has a closed form."""
        return tuple(core.distribution_scores(self.name, self._fields))

    @property
    def no_crps(self):
        """Why it has no CRPS, in words; empty if it has one."""
        return "" if "crps" in self.scores else self._record["no_crps"]

    @property
    def support(self):
        """Which y it takes, in words."""
        return self._record["support"]

    @property
    def targets(self):
        """Kind of y: "real", "positive", "non_negative", "unit", "binary", "count", ..."""
        return self._record["targets"]

    @property
    def discrete(self):
        """Whether y takes whole numbers only."""
        return self.targets in ("binary", "count", "label")

    def takes_censored(self, score="log"):
        """Tell whether a score takes times that are censored on the right."""
        self._check_score(score)
        return any(s["censored"] for s in self._record["scores"] if s["name"] == score)

    # --- checks -----------------------------------------------------------------------------------

    def check_targets(self, y, name="y"):
        """Return y as an array of float64, or name the first row that the family cannot have.

        Parameters
        ----------
        y : array-like of shape (n,) or (n, n_outputs)
        name : str, default="y"
            What errors call it.

        Returns
        -------
        ndarray of float64, shape (n,) or (n, n_outputs)

        Raises
        ------
        ValueError
            For a value outside the support, with its row.
        """
        y = np.ascontiguousarray(y, dtype=np.float64)
        d = self.n_outputs
        if y.ndim != (1 if d == 1 else 2) or (d > 1 and y.shape[1] != d):
            shape = "(n,)" if d == 1 else f"(n, {d})"
            raise ValueError(f"{name} must have the shape {shape}, got {y.shape} ({self!r}).")
        at = core.distribution_first_outside(self.name, self._fields, _columns(y))
        if at < len(y):
            raise ValueError(
                f"{name} must be {self._record['support']}, got {y[at]} at row {at} ({self!r}). "
                "Remove such rows or choose another distribution."
            )
        return y

    def _check_score(self, score):
        if score not in self.scores:
            why = f" No CRPS: {self.no_crps}." if score == "crps" and self.no_crps else ""
            raise ValueError(
                f"score must be one of {list(self.scores)}, got {score!r} ({self!r})."
                f"{why}{_params.hint(score, self.scores)}"
            )

    def _check_params(self, params):
        params = np.ascontiguousarray(params, dtype=np.float64)
        if params.ndim != 2 or params.shape[1] != self.n_params:
            raise ValueError(
                f"params must have the shape (n, {self.n_params}), one column for each of "
                f"{list(self.parameter_names)}, got {params.shape} ({self!r})."
            )
        return params

    def _check_event(self, event, n, score):
        if event is None:
            return None
        if not self.takes_censored(score):
            raise ValueError(f"The score {score!r} of {self!r} takes no censored rows.")
        event = np.ascontiguousarray(event, dtype=np.float64)
        if event.shape != (n,):
            raise ValueError(f"event must have the shape ({n},), got {event.shape} ({self!r}).")
        bad = (event != 0.0) & (event != 1.0)
        if bad.any():
            at = int(np.argmax(bad))
            raise ValueError(
                f"event must be 1 (observed) or 0 (censored), got {event[at]:g} at row {at} "
                f"({self!r})."
            )
        return event

    # --- scores -----------------------------------------------------------------------------------

    def _evaluate(self, what, params, y, score, event):
        self._check_score(score)
        params = self._check_params(params)
        y = self.check_targets(y)
        if len(y) != len(params):
            raise ValueError(
                f"params and y must have as many rows, got {len(params)} and {len(y)} ({self!r})."
            )
        event = self._check_event(event, len(y), score)
        return core.distribution_evaluate(
            self.name, self._fields, score, what, _columns(params), _columns(y), event
        )

    def score(self, params, y, *, score="log", event=None):
        """Return the score of each row; the lower, the better.

        Parameters
        ----------
        params : array-like of shape (n, n_params)
        y : array-like of shape (n,) or (n, n_outputs)
        score : {"log", "crps"}, default="log"
            "log" is minus the logarithm of the density or probability.
        event : array-like of shape (n,), optional
            1 where y was observed, 0 where it is censored: y is then a time up to which nothing has
            happened.

        Returns
        -------
        ndarray of shape (n,)
        """
        return self._evaluate("score", params, y, score, event)[0]

    def gradient(self, params, y, *, score="log", event=None):
        """Return the gradient of the score in the parameters, shape (n, n_params).

        The arguments are those of :meth:`score`.
        """
        return self._evaluate("gradient", params, y, score, event).T

    def natural_gradient(self, params, y, *, score="log", event=None):
        """Return the inverse metric times the gradient, in closed form, shape (n, n_params).

        The arguments are those of :meth:`score`.
        """
        return self._evaluate("natural_gradient", params, y, score, event).T

    def metric(self, params, *, score="log"):
        """Return the metric of the score, shape (n, n_params, n_params).

        For the log score the Fisher information, for the CRPS twice the integral of the squares of
        the derivatives of the distribution function.
        """
        self._check_score(score)
        params = self._check_params(params)
        p = self.n_params
        unused = np.zeros((self.n_outputs, len(params)))
        flat = core.distribution_evaluate(
            self.name, self._fields, score, "metric", _columns(params), unused, None
        )
        return np.ascontiguousarray(flat.T).reshape(-1, p, p)

    def marginal(self, y, *, sample_weight=None, event=None):
        """Fit one set of parameters to all rows by maximum likelihood: where boosting starts.

        Parameters
        ----------
        y : array-like of shape (n,) or (n, n_outputs), n >= 1
        sample_weight : array-like of shape (n,), optional
            Each >= 0, at least one > 0.
        event : array-like of shape (n,), optional
            1 where y was observed, 0 where it is censored.

        Returns
        -------
        ndarray of shape (n_params,)
            Data without spread get a scale that is small but not zero.
        """
        y = self.check_targets(y)
        if len(y) == 0:
            raise ValueError(f"y must have at least one row ({self!r}).")
        weight = None
        if sample_weight is not None:
            weight = np.ascontiguousarray(sample_weight, dtype=np.float64)
            if weight.shape != (len(y),):
                raise ValueError(
                    f"sample_weight must have the shape ({len(y)},), got {weight.shape}."
                )
            if not (np.isfinite(weight).all() and (weight >= 0.0).all() and weight.any()):
                raise ValueError("sample_weight must be finite, >= 0 and not zero for every row.")
        event = self._check_event(event, len(y), "log")
        return core.distribution_marginal(self.name, self._fields, _columns(y), weight, event)

    def at(self, params):
        """Return the distribution of each row.

        Parameters
        ----------
        params : array-like of shape (n, n_params)

        Returns
        -------
        PredictedDistribution
        """
        return PredictedDistribution(self, self._check_params(params))

    # --- the twin ---------------------------------------------------------------------------------

    def twin(self):
        """Return the NumPy module that says the same."""
        return reference.load("distributions", self.name)

    def frozen(self, params):
        """Return the distribution of rows as an object of :mod:`scipy.stats`."""
        return self.twin().frozen(_columns(self._check_params(params)), **self._hyper)


def _columns(array):
    """Return a contiguous array with one row for each column."""
    return np.ascontiguousarray(array if array.ndim == 1 else array.T)


def make_class(record, module):
    """Make the class of one family from its record."""
    fields = _params.parameter_docs(record)
    doc = (
        f"{record['doc']}\n\n"
        + (f"Parameters\n----------\n{fields}\n" if fields else "")
        + "Fitted parameters, in this order, any real numbers:\n\n"
        + "".join(f"* ``{p['name']}``: {p['doc']}\n" for p in record["parameters"])
        + f"\nTargets: y must be {record['support']}.\n\n"
        + (f"No CRPS: {record['no_crps']}.\n\n" if record["no_crps"] else "")
        + _params.notes(record)
    )
    parameters = _params.parameters(record)
    signature = inspect.Signature(parameters)
    namespace = {
        "__doc__": doc,
        "__module__": module,
        "__qualname__": record["class_name"],
        "__signature__": signature,
        "_record": record,
    }
    return type(record["class_name"], (Distribution,), namespace)


def list_distributions():
    """List the names of the families.

    Returns
    -------
    list of str
        What :func:`from_name` and :func:`gradient_check` take.

    Examples
    --------
    >>> from optlite.boosting import distributions
    >>> for name in distributions.list_distributions()[:3]:
    ...     family = distributions.from_name(name)
    ...     print(name, family.parameter_names, family.scores, family.support)
    bernoulli ('logit',) ('log', 'crps') 0 or 1
    beta ('logit_mean', 'log_total') ('log',) in (0, 1), both ends excluded
    categorical ('logit_1', 'logit_2') ('log',) a class 0, 1, ..., k - 1
    """
    return sorted(_params.records("distributions"))


def from_name(name, **hyper_parameters):
    """Make a family from its name.

    Parameters
    ----------
    name : str
        "normal" or "Normal"; :func:`list_distributions` lists them.
    **hyper_parameters
        Numbers that the family has, such as ``df``.

    Returns
    -------
    Distribution

    Examples
    --------
    >>> from optlite.boosting import distributions
    >>> distributions.from_name("exponential")
    Exponential()
    """
    from .. import distributions

    known = _params.records("distributions")
    classes = {record["class_name"]: record["name"] for record in known.values()}
    record = _params.find("distributions", classes.get(name, name), "name")
    return getattr(distributions, record["class_name"])(**hyper_parameters)
