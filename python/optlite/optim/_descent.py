"""The descent driver from Python: one loop for the compiled core and the NumPy twins."""

import inspect
import math
import operator

import numpy as np

from .. import _params
from .._core import core
from .._warnings import warn
from ..objectives import GeneralizedLinearObjective
from ..trace import Record, Trace
from ._names import from_name, is_rule_name, python_rules
from ._problem import EPSILON, Problem, relative_gradient
from ._rule_run import REQUIRED, RuleRun
from ._rules import Rule
from .curvatures import CURVATURES, METHODS
from .wrappers import PythonRule

ENGINES = ("core", "numpy")
SUCCESS = ("converged", "estimated", "stationary", "precision_limit")


def steps(
    objective,
    x0=None,
    method="newton",
    step_size=None,
    max_iter=100,
    tol=1e-8,
    engine="core",
    batch_size=None,
    random_state=None,
    curvature=None,
    **fields,
):
    """Yield one record per iteration of a descent method or of an update rule.

    Parameters
    ----------
    objective : object of optlite.objectives
        What to minimise; any object with ``shape`` and ``value_and_gradient(x)`` will do, such as
        one of :func:`~optlite.objectives.from_callable`. Second-order methods use its
        ``hvp(x, v)`` if there is one, and differences of gradients otherwise.
    x0 : array-like of shape `objective.shape`, default=None
        Where to start; zeros when None.
    method : str or Rule, default="newton"
        A direction ("newton", "lbfgs", "trust_region", "cubic", "nonlinear_cg", ...), a matrix that
        stands for the Hessian ("gauss_newton", "natural_gradient", "subsampled_newton",
        "sketched_newton") or an update rule ("adam", ...; or ``Adam(...)`` itself).
    step_size : str, default=None
        How far to go along a direction: a registered name ("armijo", "gradient_regularized", ...).
        None is the one that suits the method: "gain_ratio" for "trust_region" and "cubic", "wolfe"
        for "nonlinear_cg", "levenberg_marquardt" for "gauss_newton" and "natural_gradient",
        "armijo" for others.
    max_iter : int, >= 0, default=100
        Limit of iterations.
    tol : float, >= 0, default=1e-8
        Stop when the certificate is at most ``tol * abs(objective value)``; at most ``tol`` for an
        objective whose ``minimum`` is known to be 0. Where no certificate is known, stop when the
        gradient is: ``max(abs(g) * maximum(abs(x), 1)) <= tol * max(abs(value), 1)``.
    engine : {"core", "numpy"}, default="core"
        The compiled kernels, or their NumPy twins, which a debugger can enter. Both give the same
        numbers up to rounding.
    batch_size : int, default=None
        Samples of which an update rule takes the gradient in each step; None takes all of them.
        Each epoch visits them in a new random order. The objective of everything, with its
        certificate, is computed once an epoch; the records between hold the batch's value. Rules
        that compare micro-batches get up to eight parts of the batch.
    random_state : int, numpy.random.Generator or None, default=None
        Seed of the order of the samples, of random vectors that curvature is estimated with, and of
        what "natural_gradient", "subsampled_newton" and "sketched_newton" draw.
    curvature : str, default=None
        What stands for the Hessian: "gauss_newton", ... as above, beside a direction that uses one
        (not "lbfgs", "nonlinear_cg" or "steepest_descent"). None is the Hessian.
    **fields
        Hyper-parameters of the method and of the step size, by name (``memory=5``, ``c=0.1``,
        ``learning_rate=0.1``).

    Yields
    ------
    optlite.trace.Record
        Record 0 is the start. Between two records, ``x`` moves by ``step_size * direction``. Arrays
        are float64 copies, shaped as the variables are. With an update rule, ``state`` holds what
        the rule remembers.

    Raises
    ------
    ValueError
        For a name that is not registered, a value out of range, or a step size that does not fit
        the method.

    See Also
    --------
    minimize : Run to the end in one call.

    Examples
    --------
    >>> from optlite.objectives import LeastSquares
    >>> from optlite.optim import steps
    >>> f = LeastSquares([[1.0], [2.0]], [1.0, 3.0], alpha=0.1)
    >>> [record.iteration for record in steps(f, method="newton")]
    [0, 1]
    >>> by_hand = list(steps(f, method="newton", engine="numpy"))
    >>> by_hand[-1].x.round(6)
    array([1.346154])
    """
    parts = (method, step_size, curvature)
    batches = (batch_size, random_state)
    run, _ = _make_run(objective, x0, parts, max_iter, tol, engine, batches, fields)
    return _iterate(run, objective.shape)


def minimize(
    objective,
    x0=None,
    method="lbfgs",
    step_size=None,
    max_iter=1000,
    tol=1e-8,
    engine="core",
    callback=None,
    trace=False,
    batch_size=None,
    random_state=None,
    curvature=None,
    **fields,
):
    """Minimise an objective by a descent method or an update rule.

    Parameters
    ----------
    objective : object of optlite.objectives
        What to minimise, as in :func:`steps`.
    x0 : array-like of shape `objective.shape`, default=None
        Where to start; zeros when None.
    method : str or Rule, default="lbfgs"
        A direction, a matrix or an update rule, as in :func:`steps`.
    step_size : str, default=None
        Registered name of the step size along a direction; None is the one that suits the method.
    max_iter : int, >= 0, default=1000
        Limit of iterations.
    tol : float, >= 0, default=1e-8
        As in :func:`steps`.
    engine : {"core", "numpy"}, default="core"
        The compiled kernels or their NumPy twins.
    callback : callable, default=None
        Called with the :class:`~optlite.trace.Record` of each iteration; it may raise
        ``StopIteration`` to end the run.
    trace : bool, default=False
        Whether to keep the records.
    batch_size, random_state, curvature
        As in :func:`steps`.
    **fields
        Hyper-parameters of the method and of the step size, by name.

    Returns
    -------
    scipy.optimize.OptimizeResult
        ``x``, ``fun``, ``jac``, ``nit``, ``success``, ``status`` (a word), ``message`` (a
        sentence), ``certificate`` (bound on, or estimate of, fun - minimum; infinite where none is
        known), ``stationarity`` (the relative gradient of :func:`steps`), ``curvature`` and
        ``curvature_bound`` (smallest Ritz value of the Hessian at x and a
        bound on its distance from an eigenvalue, from "trust_region" and "cubic"; otherwise NaN),
        ``n_passes`` (times the data was read) and ``trace``
        (:class:`~optlite.trace.Trace` or None). Status "stationary" says that the gradient vanished
        where no bound is known; "trust_region" and "cubic" leave such a point if they find negative
        curvature there. ``success`` is also true when rounding stops
        the run before the tolerance ("precision_limit"): nothing better can be computed. Where no
        bound is known this takes a relative gradient of at most 6e-6, or 5e-3 for a network with
        data in float32 and for gradients in it: above, value and gradient contradict each other.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If the run ended without success.

    See Also
    --------
    steps : The same run, one iteration at a time.

    Examples
    --------
    >>> from optlite.objectives import Poisson
    >>> from optlite.optim import minimize
    >>> f = Poisson([[0.0], [1.0], [2.0]], [1, 2, 6], alpha=0.1, fit_intercept=True)
    >>> result = minimize(f, method="newton")
    >>> result.success, result.x.round(4)
    (True, array([ 0.8889, -0.0381]))
    """
    parts = (method, step_size, curvature)
    batches = (batch_size, random_state)
    run, problem = _make_run(objective, x0, parts, max_iter, tol, engine, batches, fields)
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be callable or None, got {callback!r}.")
    records, stopped = [], False
    for record in _iterate(run, objective.shape):
        if trace:
            records.append(record)
        try:
            if callback is not None:
                callback(record)
        except StopIteration:
            stopped = True
            break
    status = "stopped" if stopped else run.status
    precision = getattr(problem, "precision", EPSILON)  # that of values
    success = _is_success(status, objective, record, precision)
    if not (success or stopped):
        _warn(run, objective, method, record, tol, max_iter, precision)
    trace = Trace(records) if trace else None
    return _result(record, status, _message(run, status, precision), success, trace)


def _make_run(objective, x0, parts, max_iter, tol, engine, batches, fields):
    """Check the arguments, start a run with one of the two engines, and say what it minimises."""
    method, step_size, curvature = parts
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {list(ENGINES)}, got {engine!r}.")
    _check_seed(batches[1])
    is_rule = isinstance(method, (Rule, PythonRule))
    if is_rule or is_rule_name(method):
        if is_rule:
            rule = method.replace(**fields) if fields else method
        else:
            rule = from_name(method, fields)
        for name, part, remedy in (
            ("step_size", step_size, "Its steps are as long as the rule says: set learning_rate."),
            ("curvature", curvature, "It takes a method that solves with one: 'newton_cg', ..."),
        ):
            if part is not None:
                raise ValueError(
                    f"{name} must be left out for an update rule, got {part!r} ({rule.name}). "
                    f"{remedy}"
                )
        return _rule_run(objective, rule, x0, max_iter, tol, engine, *batches), None
    if batches[0] is not None:
        raise ValueError(
            f"batch_size must be None for method={method!r}, which needs the whole objective, got "
            f"{batches[0]!r}. Use an update rule, such as method='adam'."
        )
    direction, rule, matrix = _find_parts(*parts)
    _check_objective(objective)
    values = _params.split_fields([direction, rule, matrix.record()], fields)
    start = _check_start(x0, objective).ravel()
    limits = (_check_tol(tol), _check_max_iter(max_iter))
    is_plain = isinstance(objective, GeneralizedLinearObjective) and matrix.name == "hessian"
    if not is_plain:
        use_twin = engine == "numpy"
        random = np.random.default_rng(batches[1])
        problem = Problem(objective, matrix(objective, random, use_twin, **values[2]), use_twin)
    if engine == "numpy":
        problem = objective.twin() if is_plain else problem
        return _numpy_run(problem, direction, rule, values[:2], start, *limits), problem
    own, rule_own = (_stored(*each) for each in zip((direction, rule), values[:2], strict=True))
    problem = objective._make_model() if is_plain else problem
    run = core.Descent(problem, direction["name"], own, rule["name"], rule_own, start, *limits)
    return run, problem


def _stored(record, values):
    """Return hyper-parameters as the core takes them."""
    return [_params.stored(field, values[field["name"]]) for field in record["fields"]]


def _find_parts(method, step_size, curvature):
    """Return the records of direction and step size, and the class of the matrix."""
    if isinstance(method, str) and method in METHODS:
        if curvature is not None:
            raise ValueError(
                f"curvature must be left out for method={method!r}, which names the matrix itself, "
                f"got {curvature!r}. Name a direction beside it: method={METHODS[method].method!r}."
            )
        matrix = METHODS[method]
        direction = _params.find("directions", matrix.method, "method")
        default = matrix.step_size
    else:
        direction = _find_direction(method)
        matrix = _find_curvature(curvature)
        if curvature is not None and not direction["uses_hessian"]:
            raise ValueError(
                f"curvature must be left out for method={method!r}, which learns from gradients "
                f"alone, got {curvature!r}. Methods that multiply by a matrix: {_second_order()}."
            )
        default = direction["step_size"] or "armijo"
    rule = _params.find("step_sizes", default if step_size is None else step_size, "step_size")
    only = direction["step_size"]
    if only and rule["name"] != only:
        raise ValueError(
            f"step_size must be {only!r} for method={method!r}, or left out, got {step_size!r}."
        )
    return direction, rule, matrix


def _second_order():
    names = [name for name, each in _params.records("directions").items() if each["uses_hessian"]]
    return ", ".join(repr(name) for name in sorted(names))


def _find_curvature(name):
    if name is None:
        return CURVATURES["hessian"]
    if isinstance(name, str) and name in CURVATURES:
        return CURVATURES[name]
    error = ValueError if isinstance(name, str) else TypeError
    raise error(
        f"curvature must be one of {sorted(CURVATURES)} or None, got {name!r}."
        f"{_params.hint(name, CURVATURES)}"
    )


def _check_objective(objective):
    missing = [name for name in REQUIRED if not hasattr(objective, name)]
    if missing:
        raise TypeError(
            f"objective must have {' and '.join(REQUIRED)}, but {type(objective).__name__} lacks "
            f"{missing[0]}. Use optlite.objectives, or objectives.from_callable(value, gradient, "
            "shape)."
        )


def _find_direction(method):
    """Return the record of a direction; an unknown name is compared with the rules as well."""
    directions = {**_params.records("directions"), **METHODS}
    known = {**_params.records("rules"), **python_rules(), **directions}
    if isinstance(method, str) and method not in known:
        raise ValueError(
            f"method must be one of {sorted(directions)} or an update rule of "
            f"optim.list_rules(), got {method!r}.{_params.hint(method, known)}"
        )
    return _params.find("directions", method, "method")


def _rule_run(objective, rule, x0, max_iter, tol, engine, batch_size, random_state):
    """Check what an update rule needs and start its run."""
    _check_objective(objective)
    start = _check_start(x0, objective)
    if batch_size is not None:
        try:
            batch_size = operator.index(batch_size)
        except TypeError:
            raise TypeError(f"batch_size must be an integer or None, got {batch_size!r}.") from None
        if batch_size < 1:
            raise ValueError(f"batch_size must be >= 1, got {batch_size}.")
    limits = (_check_tol(tol), _check_max_iter(max_iter))
    return RuleRun(objective, rule, start, *limits, engine, batch_size, random_state)


def _numpy_run(problem, direction, rule, values, start, tol, max_iter):
    from ..reference import load
    from ..reference.descent import Descent

    twins = [
        getattr(load(record["kind"], record["name"]), record["class_name"])(**own)
        for record, own in zip((direction, rule), values, strict=True)
    ]
    return Descent(problem, *twins, start, tol, max_iter)


def _iterate(run, shape):
    """Yield the record of each point once it is known whether the run goes on from there."""
    while True:
        # The direction that led here: choosing the next one overwrites it.
        arrays = {"x": run.x, "gradient": run.gradient, "direction": run.direction}
        arrays = {
            name: array.reshape(shape).copy() if array.size else None
            for name, array in arrays.items()
        }
        if hasattr(run, "state"):
            arrays["state"] = run.state
        goes_on = run.choose()
        yield Record(**_plain(run.record), **arrays)
        if not goes_on or not run.advance():
            return


def _plain(record):
    """Python numbers, whatever the engine counted with."""
    counts = ("iteration", "n_passes", "n_inner")
    return {name: (int if name in counts else float)(value) for name, value in record.items()}


def _is_success(status, objective, record, precision):
    """Whether a run has reached what can be reached.

    An end by rounding with a large gradient is none: values that do not fall where the gradient
    says so contradict it.
    """
    if status != "precision_limit" or isinstance(objective, GeneralizedLinearObjective):
        return status in SUCCESS
    found = relative_gradient(record.x, record.gradient, record.objective)
    return found <= precision ** (1 / 3)


def _message(run, status, precision):
    """Return the status as a sentence, and what float32 has to do with it."""
    if status == "stopped":
        return "The callback stopped the run."
    if status == "precision_limit" and precision > EPSILON:
        return (
            f"{run.message} It is computed in float32, to about {precision:.0e} of its value: pass "
            "data in float64 to go on from here, or a larger tol to stop sooner."
        )
    return run.message


def _result(record, status, message, success, trace):
    from scipy.optimize import OptimizeResult

    return OptimizeResult(
        x=record.x,
        fun=record.objective,
        jac=record.gradient,
        nit=record.iteration,
        success=success,
        status=status,
        message=message,
        certificate=record.certificate,
        stationarity=relative_gradient(record.x, record.gradient, record.objective),
        curvature=record.curvature,
        curvature_bound=record.curvature_bound,
        n_passes=record.n_passes,
        trace=trace,
    )


_REMEDIES = {
    "iteration_limit": "Raise max_iter (now {max_iter}), loosen tol, or use method='newton'.",
    "line_search_failed": "Try another method or step_size, or rescale the columns of X.",
    "not_finite": "Start from a smaller x0 or rescale the columns of X.",
}


_GENERAL_REMEDIES = {
    **_REMEDIES,
    "line_search_failed": "Try another method or step_size, or compare the gradient with "
    "differences of the values.",
    "precision_limit": "Compare the gradient with differences of the values; if it is right, the "
    "values are noisier than float64, or have a kink: loosen tol.",
    "not_finite": "Start where the function and its gradient are finite.",
}


_RULE_REMEDIES = {
    "iteration_limit": "Raise max_iter (now {max_iter}), loosen tol, or tune learning_rate. Where "
    "no certificate is known, only max_iter ends the run of an update rule: filter the warning.",
    "not_finite": "Lower learning_rate, or clip the gradient.",
}


def _warn(run, objective, method, record, tol, max_iter, precision):
    """Say what was reached, what was asked for, and what to change."""
    from sklearn.exceptions import ConvergenceWarning

    is_rule = isinstance(run, RuleRun)
    is_linear = isinstance(objective, GeneralizedLinearObjective)
    remedies = _RULE_REMEDIES if is_rule else _REMEDIES if is_linear else _GENERAL_REMEDIES
    remedy = remedies.get(run.status, "Rescale the variables, or add a penalty.")
    asked = f"certificate <= {getattr(run, 'threshold', tol * abs(record.objective)):.3g}"
    if math.isfinite(record.certificate):
        reached = f"certificate {record.certificate:.3g}"
    elif is_rule or is_linear:
        reached = f"gradient norm {record.gradient_norm:.3g} (no certificate)"
    else:
        found = relative_gradient(record.x, record.gradient, record.objective)
        reached = f"relative gradient {found:.3g} (no certificate)"
        asked = f"relative gradient <= {tol:g}"
    name = method if isinstance(method, str) else method.name
    warn(
        f"{name} stopped after {record.iteration} iterations: "
        f"{_message(run, run.status, precision)} Reached: {reached}; "
        f"asked for: {asked} (tol={tol:g}). {remedy.format(max_iter=max_iter)}",
        ConvergenceWarning,
    )


def _check_seed(random_state):
    from ..curvature._operand import generator

    generator(random_state, "optim")


def _check_start(x0, objective):
    """Return where to start, float64 and not the caller's, in the shape of the variables."""
    shape = tuple(objective.shape)
    if x0 is None:
        return np.zeros(shape)
    start = np.array(_params.real_array(x0, "x0", "optim"), dtype=np.float64)
    if start.shape != shape and start.shape != (math.prod(shape),):
        end = ", the intercept last" if getattr(objective, "fit_intercept", False) else ""
        raise ValueError(
            f"x0 must have shape {shape}{end}, got {start.shape} (optim). None starts at zero."
        )
    finite = np.isfinite(start)
    if not finite.all():
        place = [int(i) for i in np.argwhere(~finite)[0]]
        raise ValueError(f"x0 must be finite, got {start[~finite][0]} at position {place} (optim).")
    return start.reshape(shape)


def _check_tol(tol):
    value = _params.real_number(tol, "tol", "optim")
    if not (value >= 0.0 and math.isfinite(value)):
        raise ValueError(f"tol must be >= 0 and finite, got {tol!r}. The default is 1e-8.")
    return value


def _check_max_iter(max_iter):
    try:
        value = operator.index(max_iter)
    except TypeError:
        raise TypeError(f"max_iter must be an integer, got {max_iter!r}.") from None
    if value < 0 or isinstance(max_iter, bool):
        raise ValueError(f"max_iter must be an integer >= 0, got {max_iter!r}.")
    return value


def make_function(record, module):
    """Make ``newton(objective, ...)`` and its like: minimize with the method filled in."""
    name = record["name"]
    if name in METHODS:
        last = ["random_state"]
    else:
        last = ["random_state", "curvature"] if record["uses_hessian"] else []
    options = ["step_size", "max_iter", "tol", "engine", "callback", "trace", *last]

    def run(objective, x0=None, **given):
        return minimize(objective, x0, method=name, **given)

    shared = inspect.signature(minimize).parameters
    keep = [shared["objective"], shared["x0"]]
    keep += [shared[key].replace(kind=inspect.Parameter.KEYWORD_ONLY) for key in options]
    run.__signature__ = inspect.Signature([*keep, *_params.parameters(record), shared["fields"]])
    run.__name__ = run.__qualname__ = name
    run.__module__ = module
    run.__doc__ = f"""Minimise an objective by {name.replace("_", " ")}.

{record["doc"]}

Parameters
----------
objective : object of optlite.objectives
    What to minimise.
x0 : array-like of shape `objective.shape`, default=None
    Where to start; zeros when None.
{", ".join(options)}
    As in :func:`minimize`.
{_params.parameter_docs(record)}**fields
    Hyper-parameters of the step size{" and of the curvature" * ("curvature" in last)}, by name.

Returns
-------
scipy.optimize.OptimizeResult
    As from :func:`minimize`.

See Also
--------
steps : The same run, one iteration at a time.

{_params.notes(record)}
Examples
--------
>>> from optlite.objectives import LeastSquares
>>> from optlite.optim import {name}
>>> f = LeastSquares([[1.0], [2.0]], [1.0, 3.0], alpha=0.1)
>>> {name}(f).x.round(3)
array([1.346])
"""
    return run
