"""Parameter groups: each with a rule, or hyper-parameters, of its own."""

from collections.abc import Mapping

from .._rules import Rule
from ._base import PythonRule, needs


class GroupStates(dict):
    """Hold the state of each group under its name.

    Attributes
    ----------
    t : int
        Steps made so far.
    """

    @property
    def t(self):
        """Steps made so far."""
        return next(iter(self.values())).t

    def copy(self):
        """Return states of their own: the same numbers in other arrays."""
        return GroupStates({name: state.copy() for name, state in self.items()})

    __copy__ = copy

    def __deepcopy__(self, memo):
        return self.copy()


class ParameterGroups:
    """Step groups of parameters, each by a rule of its own.

    Parameters
    ----------
    rules : dict of str to Rule
        The rule of each group. Parameters and gradients are dicts with the same keys, whose values
        are what the rule takes: an array, or a list, tuple or dict of arrays.

    Raises
    ------
    TypeError
        If `rules` is not a dict of rules.

    Examples
    --------
    Weight decay for the weights alone:

    >>> import numpy as np
    >>> from optlite import optim
    >>> rule = optim.AdamW(learning_rate=0.1)
    >>> groups = optim.ParameterGroups({"weights": rule, "bias": rule.replace(weight_decay=0.0)})
    >>> params = {"weights": np.ones((2, 3)), "bias": np.ones(3)}
    >>> state = groups.init(params)
    >>> zero = {name: np.zeros_like(array) for name, array in params.items()}
    >>> _ = groups.step(params, zero, state)
    >>> params["weights"][0], params["bias"]
    (array([0.999, 0.999, 0.999]), array([1., 1., 1.]))
    """

    name = "parameter_groups"

    def __init__(self, rules):
        if not isinstance(rules, Mapping) or not rules:
            raise TypeError(
                "rules must be a dict of update rules, one a group, got "
                f"{rules!r} (ParameterGroups). Write {{'weights': AdamW(), 'bias': SGD()}}."
            )
        for key, rule in rules.items():
            if not isinstance(rule, (Rule, PythonRule)):
                raise TypeError(
                    f"rules[{key!r}] must be an update rule, got {rule!r} of type "
                    f"{type(rule).__name__} (ParameterGroups)."
                )
        self.rules = dict(rules)

    def init(self, params):
        """Return the states before the first step.

        Parameters
        ----------
        params : dict
            The parameters of each group.

        Returns
        -------
        GroupStates
            A dict: the state of each group under its name.
        """
        self._check_keys(params, "params")
        return GroupStates({key: rule.init(params[key]) for key, rule in self.rules.items()})

    def step(self, params, grads, state, **extra):
        """Make one step of every group in place.

        Parameters
        ----------
        params, grads : dict
            Parameters and gradients of each group.
        state : GroupStates
            From :meth:`init`.
        **extra
            What rules need beside the gradient: numbers go to all groups that ask for them, arrays
            come as a dict with the groups that do.

        Returns
        -------
        dict
            `params` itself.

        Raises
        ------
        TypeError, ValueError
            As from the rules. Nothing has been changed if keys, shapes or types do not fit, or
            parameters cannot be written.
        """
        for name, tree in (("params", params), ("grads", grads), ("state", state)):
            self._check_keys(tree, name)
        own = {key: self._extra(key, rule, extra) for key, rule in self.rules.items()}
        for key, rule in self.rules.items():
            rule._check_state(state[key])
            for name, tree in (("params", params), ("grads", grads)):
                place = f"{name}[{key!r}]"
                arrays = state[key]._structure.arrays(
                    tree[key], place, rule._owner, state[key]._dtype
                )
                if name == "params":
                    rule._check_writable(arrays)
        for key, rule in self.rules.items():
            rule.step(params[key], grads[key], state[key], **own[key])
        return params

    def update(self, params, grads, state, **extra):
        """Make one step without changing anything: return new parameters and a new state.

        Parameters
        ----------
        params, grads, state, **extra
            As in :meth:`step`.

        Returns
        -------
        new_params : dict
        new_state : GroupStates
        """
        for name, tree in (("params", params), ("grads", grads), ("state", state)):
            self._check_keys(tree, name)
        done = {
            key: rule.update(params[key], grads[key], state[key], **self._extra(key, rule, extra))
            for key, rule in self.rules.items()
        }
        new_params = {key: pair[0] for key, pair in done.items()}
        return new_params, GroupStates({key: pair[1] for key, pair in done.items()})

    def _extra(self, key, rule, extra):
        """What of the extras goes to one group."""
        wanted = [name for name in needs(rule) if name in extra]
        return {
            name: extra[name][key] if isinstance(extra[name], dict) else extra[name]
            for name in wanted
        }

    def _check_keys(self, tree, name):
        if not isinstance(tree, Mapping) or set(tree) != set(self.rules):
            found = sorted(map(str, tree)) if isinstance(tree, Mapping) else type(tree).__name__
            raise ValueError(
                f"{name} must be a dict with the keys {sorted(map(str, self.rules))}, one a group, "
                f"got {found} (ParameterGroups)."
            )

    def __eq__(self, other):
        return type(self) is type(other) and self.rules == other.rules

    __hash__ = None

    def __repr__(self):
        """Show the rule of each group."""
        return f"ParameterGroups({self.rules!r})"
