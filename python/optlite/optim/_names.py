"""Rules and wrappers by their names: those of the registry, and those written in Python."""

import inspect
import re

from .. import _params
from . import wrappers
from ._rules import make_rule, registry_rows


def python_rules():
    """Return the classes of the wrappers, and of the rules written in Python, by name."""
    classes = [getattr(wrappers, name) for name in wrappers.__all__]
    named = [each for each in classes if issubclass(each, wrappers.PythonRule) and each.name]
    return {each.name: each for each in sorted(named, key=lambda each: each.name)}


#: Names of several rules, told apart by their form; the first is the default.
FORMS = {
    "cautious": ("adamw", "lion"),
    "clip": ("norm", "value"),
    "psgd": ("kron", "dense", "diagonal", "low_rank"),
    "schedule_free": ("adamw", "sgd"),
    "sps": ("max", "safe", "momentum"),
}


def is_rule_name(name):
    """Return whether an update rule or a wrapper has this name."""
    known = (_params.records("rules"), python_rules(), FORMS)
    return isinstance(name, str) and any(name in each for each in known)


def from_name(name, hyperparameters=None, /, **given):
    """Make an update rule or a wrapper from its name.

    Parameters
    ----------
    name : str
        Such as "adamw" or "lookahead"; :func:`list_rules` gives all of them. "psgd", "sps",
        "clip", "cautious" and "schedule_free" are several: "psgd" with ``form="dense"`` is
        "psgd_dense".
    hyperparameters : dict, default=None
        Hyper-parameters by name. For a wrapper, "rule" is the rule inside: a rule, or the name of
        one, which is then made with its defaults.
    **given
        More of them.

    Returns
    -------
    Rule or wrapper

    Raises
    ------
    ValueError
        For an unknown name, or a value out of range.
    TypeError
        For a hyper-parameter that the rule does not have, or a wrapper without a rule.

    Examples
    --------
    >>> from optlite import optim
    >>> optim.from_name("adamw", learning_rate=0.01)
    AdamW(learning_rate=0.01)
    >>> optim.from_name("lookahead", rule="sgd", k=10)
    Lookahead(SGD(), k=10)
    """
    given = {**(hyperparameters or {}), **given}
    if isinstance(name, str) and name in FORMS:
        name = f"{name}_{_form(name, given)}"
    known = {**_params.records("rules"), **python_rules()}
    if not isinstance(name, str) or name not in known:
        error = ValueError if isinstance(name, str) else TypeError
        raise error(
            f"name must be one of {sorted(known)}, got {name!r}.{_params.hint(name, known)}"
        )
    if name in _params.records("rules"):
        return make_rule(name, given)
    return _make_python_rule(known[name], given)


def _form(name, given):
    """Take the form of a name that several rules have out of what is given."""
    words = FORMS[name]
    form = given.pop("form", words[0])
    if form not in words:
        raise ValueError(f"form must be one of {list(words)}, got {form!r} ({name}).")
    return form


def _make_python_rule(cls, given):
    parameters = inspect.signature(cls).parameters
    owner = cls.__name__
    for name in given:
        if name not in parameters:
            raise TypeError(
                f"{owner} has no hyper-parameter {name!r}: it has {', '.join(parameters)}."
            )
    for name, parameter in parameters.items():
        if name not in given and parameter.default is inspect.Parameter.empty:
            example = "rule=Adam() or rule='adam'" if name == "rule" else f"{name}=..."
            raise TypeError(f"{owner} needs {name}: pass {example}.")
    if isinstance(given.get("rule"), str):
        given = {**given, "rule": from_name(given["rule"])}
    return cls(**given)


def list_rules():
    """Describe every update rule and wrapper.

    Returns
    -------
    list of dict
        ``name``, ``family`` ("element-wise"; "per tensor" and "global" for rules that need sums
        over a tensor or over all of them; "matrix" for those that see a tensor whole; "wrapper" for
        what goes around a rule), ``state`` (names of the arrays and numbers that it keeps),
        ``extra`` (what `step` needs beside the gradient) and ``reference``.

    Examples
    --------
    >>> from optlite import optim
    >>> next(rule for rule in optim.list_rules() if rule["name"] == "adam")["state"]
    ['m', 'v']
    >>> [rule["name"] for rule in optim.list_rules() if rule["family"] == "wrapper"][:3]
    ['clip_norm', 'clip_value', 'ema']
    """
    return [*registry_rows(), *(_describe(cls) for cls in python_rules().values())]


def _describe(cls):
    """The row of a class; state and sources are stated in its documentation alone."""
    text = cls.__doc__ or ""
    state = re.search(r"\n    State: (.*?)\n\n", text, re.S)
    sources = re.findall(r"\n    \.\. \[\d\] (.*?)\.(?=\n    \.\. \[|\n\n)", text, re.S)
    return {
        "name": cls.name,
        "family": cls.family,
        "state": re.findall(r"``(\w+)``", state[1]) if state else [],
        "extra": list(cls._needed),
        "reference": "; ".join(" ".join(source.split()) for source in sources),
    }


__all__ = ["from_name", "is_rule_name", "list_rules", "python_rules"]
