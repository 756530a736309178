"""A distribution that a user wrote in Python, checked before it is trusted."""

import numpy as np
from scipy.optimize import minimize

from ...reference.natural_gradient import natural_gradient
from ._family import Distribution
from ._predicted import PredictedDistribution


class UserDistribution(Distribution):
    """A family made of Python functions. Slower than the families of the core.

    Parameters
    ----------
    definition : object
        A module, class or instance with

        * ``parameters``: names of the parameters, which may take any real value;
        * ``score(theta, y)``: the score of each row, shape (n,), for theta of shape (p, n);
        * ``gradient(theta, y)``: its gradient in theta, shape (p, n);
        * ``metric(theta)``: the metric, shape (p, p, n), for the log score the Fisher information;

        and, if it likes,

        * ``frozen(theta)``: an object with the methods of a frozen distribution of
          :mod:`scipy.stats`, without which there are parameters but no predictions;
        * ``start(y, weight)``: parameters of shape (p,) for data without features; otherwise they
          are sought from zero;
        * ``support(y)``: which rows are allowed, shape (n,), every finite number by default;
        * ``discrete``: True where y takes whole numbers only.

    See Also
    --------
    from_user : Makes one, and checks it with data.

    Examples
    --------
    Gumbel's distribution of largest values, F(y) = exp(-exp(-z)) with z = (y - mu) / beta:

    >>> import numpy as np
    >>> from scipy import stats
    >>> from optlite.boosting import NGBRegressor, distributions
    >>> class Gumbel:
    ...     parameters = ("mu", "log_beta")
    ...     def score(theta, y):
    ...         z = (y - theta[0]) * np.exp(-theta[1])
    ...         return theta[1] + z + np.exp(-z)
    ...     def gradient(theta, y):
    ...         z = (y - theta[0]) * np.exp(-theta[1])
    ...         w = 1.0 - np.exp(-z)
    ...         return np.array([-w * np.exp(-theta[1]), 1.0 - z * w])
    ...     def metric(theta):
    ...         p, g = np.exp(-theta[1]), np.euler_gamma
    ...         last = np.full_like(p, np.pi**2 / 6.0 + (1.0 - g) ** 2)
    ...         return np.array([[p**2, (g - 1.0) * p], [(g - 1.0) * p, last]])
    ...     def frozen(theta):
    ...         return stats.gumbel_r(loc=theta[0], scale=np.exp(theta[1]))
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(size=(300, 2))
    >>> y = rng.gumbel(loc=5.0 * X[:, 0], scale=1.0)
    >>> family = distributions.from_user(Gumbel, y=y)
    >>> model = NGBRegressor(Dist=family, random_state=0).fit(X, y)
    >>> model.predict_quantile(X[:3], 0.99).shape
    (3,)
    >>> bool(np.corrcoef(model.pred_dist(X).params["loc"], X[:, 0])[0, 1] > 0.95)
    True
    """

    _record = None

    def __init__(self, definition):
        for name in ("parameters", "score", "gradient", "metric"):
            if not hasattr(definition, name):
                raise TypeError(
                    f"A distribution of your own needs {name!r}, and {definition!r} has none."
                )
        self.definition = definition
        self._hyper, self._fields, self._checked = {}, [], False

    def __repr__(self):
        """Name the definition."""
        return f"UserDistribution({self.class_name})"

    def __eq__(self, other):
        """Compare definitions."""
        if not isinstance(other, UserDistribution):
            return NotImplemented
        return self.definition is other.definition or self.definition == other.definition

    def __hash__(self):
        """Hash the name."""
        return hash(self.class_name)

    @property
    def name(self):
        """The name of the definition."""
        return self.class_name

    @property
    def class_name(self):
        """The name of the definition."""
        own = getattr(self.definition, "__name__", type(self.definition).__name__)
        return own.rsplit(".", 1)[-1]

    @property
    def parameter_names(self):
        """Names of the parameters."""
        return tuple(self.definition.parameters)

    @property
    def n_outputs(self):
        """One column of y."""
        return 1

    @property
    def scores(self):
        """The one score that was given."""
        return ("log",)

    @property
    def no_crps(self):
        """Why it has no CRPS: a definition has one score."""
        return "a definition in Python has one score, which goes by the name of log"

    @property
    def support(self):
        """Which y it takes, in words."""
        return "in the support that the definition states"

    @property
    def targets(self):
        """ "user": only the definition knows."""
        return "user"

    @property
    def discrete(self):
        """Whether y takes whole numbers only."""
        return bool(getattr(self.definition, "discrete", False))

    def takes_censored(self, score="log"):
        """Return False: a definition in Python has no censored score."""
        self._check_score(score)
        return False

    def check_targets(self, y):
        """Return y as an array of float64, or name the first row outside the support."""
        y = np.ascontiguousarray(y, dtype=np.float64)
        if y.ndim != 1:
            raise ValueError(f"y must have the shape (n,), got {y.shape} ({self!r}).")
        inside = np.isfinite(y)
        if hasattr(self.definition, "support"):
            inside &= np.asarray(self.definition.support(y), dtype=bool)
        if not inside.all():
            at = int(np.argmin(inside))
            raise ValueError(
                f"y must lie in the support of {self!r}, got {y[at]} at row {at}. Remove such rows "
                "or choose another distribution."
            )
        return y

    # --- scores -----------------------------------------------------------------------------------

    def _evaluate(self, what, params, y, score, event):
        self._check_score(score)
        params = self._check_params(params)
        y = self.check_targets(y)
        if len(y) != len(params):
            raise ValueError(
                f"params and y must have as many rows, got {len(params)} and {len(y)} ({self!r})."
            )
        self._check_event(event, len(y), score)
        theta = np.ascontiguousarray(params.T)
        if what == "score":
            return [self._call("score", (len(y),), theta, y)]
        gradient = self._call("gradient", theta.shape, theta, y)
        if what == "gradient":
            return gradient
        metric = self._call("metric", (len(theta), *theta.shape), theta)
        return natural_gradient(metric, gradient)

    def _call(self, name, shape, *arguments):
        """Call a function of the definition, and refuse an answer of another shape."""
        answer = np.asarray(getattr(self.definition, name)(*arguments), dtype=np.float64)
        if answer.shape != shape:
            raise ValueError(
                f"{name} of {self!r} must return an array of shape {shape}, got {answer.shape}."
            )
        if name == "gradient" and not np.isfinite(answer).all():
            k, row = (int(i) for i in np.argwhere(~np.isfinite(answer))[0])
            raise ValueError(
                f"gradient of {self!r} must return finite numbers, got {answer[k, row]} for "
                f"{self.parameter_names[k]!r} at row {row}, at the parameters "
                f"{arguments[0][:, row].tolist()}. Write it in a form that does not overflow there."
            )
        return answer

    def metric(self, params, *, score="log"):
        """Return the metric of the score, shape (n, n_params, n_params)."""
        self._check_score(score)
        theta = np.ascontiguousarray(self._check_params(params).T)
        return np.moveaxis(self._call("metric", (len(theta), *theta.shape), theta), -1, 0)

    def marginal(self, y, *, sample_weight=None, event=None):
        """Fit one set of parameters to all rows; the first call checks the definition."""
        y = self.check_targets(y)
        self._check_event(event, len(y), "log")
        weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, float)
        if hasattr(self.definition, "start"):
            theta = np.asarray(self.definition.start(y, weight), dtype=np.float64)
            if theta.shape != (self.n_params,):
                raise ValueError(
                    f"start of {self!r} must return an array of shape ({self.n_params},), got "
                    f"{theta.shape}."
                )
        else:
            theta = self._search(y, weight)
        if not self._checked:
            self.check(y, theta)
        return theta

    def _search(self, y, weight):
        """Minimise the mean score from zero."""

        def mean(theta):
            rows = np.tile(theta, (len(y), 1))
            with np.errstate(all="ignore"):
                value = np.average(self.score(rows, y), weights=weight)
                slope = np.average(self.gradient(rows, y), axis=0, weights=weight)
            return value, slope

        return minimize(mean, np.zeros(self.n_params), jac=True, method="BFGS").x

    def check(self, y, theta, rtol=1e-4):
        """Compare gradient and metric with the score, or name the component that is wrong.

        Parameters
        ----------
        y : array-like of shape (n,)
            Targets; a hundred of them are used.
        theta : array-like of shape (n_params,)
            Parameters near which the check is done.
        rtol : float, default=1e-4
            The relative error of the gradient that is accepted.

        Raises
        ------
        ValueError
            If a component of the gradient differs from differences of the score, or the metric is
            not symmetric and positive definite.
        """
        rng = np.random.default_rng(0)
        y = self.check_targets(y)[:100]
        rows = np.asarray(theta) + 0.1 * rng.normal(size=(len(y), self.n_params))
        self._check_metric(rows)
        from ._check import relative_errors

        error = relative_errors(self, rows, y, score="log", event=None)["gradient"]
        # A kink between two points of the difference is no fault: most rows must agree.
        worst = np.quantile(error, 0.8, axis=0)
        if not (worst <= rtol).all():
            k = int(np.argmax(~(worst <= rtol)))
            raise ValueError(
                f"gradient of {self!r} is wrong in the component of {self.parameter_names[k]!r}: "
                f"it differs from differences of score by {worst[k]:.2g}, relative. Check the "
                "derivative, and that parameters are on the scale that score takes."
            )
        self._checked = True

    def _check_metric(self, rows):
        metric = self.metric(rows)
        gap = np.abs(metric - metric.transpose(0, 2, 1)).max(axis=0)
        if not np.all(gap <= 1e-8 * np.abs(metric).max(axis=0)):
            a, b = np.unravel_index(int(np.argmax(gap)), gap.shape)
            names = self.parameter_names
            raise ValueError(
                f"metric of {self!r} is not symmetric in {names[a]!r} and {names[b]!r}."
            )
        lowest = np.linalg.eigvalsh(metric)[:, 0]
        if not (lowest > 0.0).all():
            raise ValueError(
                f"metric of {self!r} is not positive definite: an eigenvalue is "
                f"{lowest.min():.3g}. Natural gradients need its inverse."
            )

    # --- predictions ------------------------------------------------------------------------------

    def at(self, params):
        """Return the distribution of each row."""
        return PredictedDistribution(self, self._check_params(params))

    def twin(self):
        """Return the definition: it is its own twin."""
        return self.definition

    def frozen(self, params):
        """Return what the definition's ``frozen`` returns."""
        if not hasattr(self.definition, "frozen"):
            raise TypeError(f"{self!r} has no 'frozen(theta)', which predictions need.")
        return self.definition.frozen(np.ascontiguousarray(self._check_params(params).T))


def from_user(definition, y=None):
    """Make a family from functions in Python; with data, check them at once.

    Parameters
    ----------
    definition : object
        What :class:`UserDistribution` describes.
    y : array-like of shape (n,), optional
        Targets to check with. Otherwise the first fit does.

    Returns
    -------
    UserDistribution

    Raises
    ------
    TypeError
        If a function is missing.
    ValueError
        If gradient or metric do not belong to the score; the message names the component.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.boosting import distributions
    >>> class Rayleigh:
    ...     parameters = ("log_scale",)
    ...     def score(theta, y):
    ...         return 2.0 * theta[0] - np.log(y) + 0.5 * y**2 * np.exp(-2.0 * theta[0])
    ...     def gradient(theta, y):
    ...         return np.array([2.0 - y**2 * np.exp(-2.0 * theta[0])])
    ...     def metric(theta):
    ...         return np.full((1, 1, theta.shape[1]), 4.0)
    >>> family = distributions.from_user(Rayleigh, y=[0.5, 1.0, 2.0])
    >>> family.marginal([0.5, 1.0, 2.0]).round(3)
    array([-0.067])
    """
    family = UserDistribution(definition)
    if y is not None:
        family.marginal(y)
    return family
