"""Replay recorded trajectories of independent implementations with our update rules.

``replay(folder, name)`` reads any folder with the schema that ``README.md`` here describes: start
points, the gradients that were fed, and the parameters after each step. The names of the
hyper-parameters found there are those of the packages that made the records; :data:`RULES` maps
them to ours.
"""

import functools
import itertools
import json
import pathlib

import numpy as np

from optlite import optim

HERE = pathlib.Path(__file__).parent

#: For each recorded optimizer: our rule, what is fixed, and names that differ from the usual ones.
RULES = {
    "accsgd": (
        "asgd",
        {},
        {"kappa": "long_step", "xi": "advantage", "small_const": "small_constant"},
    ),
    "adabelief_rectify": ("adabelief", {"rectify": True}, {}),
    "adabound": ("adabound", {}, {"final_lr": "final_learning_rate"}),
    "adafactor": ("adafactor", {"form": "torch"}, {}),
    "adafactor_paper": (
        "adafactor",
        {},
        {"lr_cap": "learning_rate", "decay": "decay_exponent"},
    ),
    "adam_cm": ("adam_cm", {}, {"topC": "top_c"}),
    "adagrad": (
        "adagrad",
        {},
        {"lr_decay": "learning_rate_decay", "initial_accumulator_value": "initial_accumulator"},
    ),
    "amsbound": ("amsbound", {}, {"final_lr": "final_learning_rate"}),
    "amsgrad": ("amsgrad", {"form": "corrected"}, {}),
    "amsgradw": ("amsgrad", {"form": "corrected", "weight_decay_form": "decoupled"}, {}),
    "auon_paper": ("auon", {}, {}),
    "auon_repo": ("auon", {"form": "repo"}, {}),
    "ademamix": ("ademamix", {}, {"t_alpha_beta3": "warm_up"}),
    "came": ("came", {}, {"clip_threshold": "d"}),
    "cautious_adamw": ("cautious_adamw", {"form": "official"}, {}),
    "cautious_lion": ("cautious_lion", {"form": "official"}, {}),
    "core": ("core", {}, {}),
    "core_rprop": ("core", {"signs_only": True}, {}),
    "dog": ("dog", {}, {"reps_rel": "relative_distance"}),
    "ef_topk_adagrad": ("ef_topk", {}, {}),
    "fira_adamw": ("fira", {"form": "official"}, {"update_proj_gap": "update_period"}),
    "frugal_blockcols": ("frugal", {}, {"update_gap": "update_period"}),
    "galore_adamw": ("galore", {}, {"update_proj_gap": "update_period"}),
    "grams": ("grams", {"form": "official"}, {}),
    "lamb_nodebias": (
        "lamb",
        {"bias_correction": False, "clamp": 10.0},
        {"clamp_value": "clamp"},
    ),
    "lars": ("lars", {"adapt_vectors": False}, {}),
    "ldog": ("ldog", {}, {"reps_rel": "relative_distance"}),
    "hybrid_auon_repo": ("hybrid_auon", {"form": "repo"}, {}),
    "mars_shampoo_bf16": ("mars_shampoo", {}, {}),
    "muon_optax": (
        "muon",
        {"form": "optax", "weight_decay_form": "decoupled"},
        {"beta": "momentum"},
    ),
    "muon_torch": ("muon", {"weight_decay_form": "decoupled"}, {}),
    "novograd": ("novograd", {}, {"grad_averaging": "averaging"}),
    "oasis_adaptive": ("oasis", {"adaptive": True}, {"lr0": "learning_rate"}),
    "oasis_fixed_lr": ("oasis", {}, {}),
    "shampoo": ("shampoo", {}, {"matrix_eps": "eps"}),
    # The package merges 5 x 4 into one vector, which it leaves to the graft.
    "shampoo_grafted": (
        "shampoo_grafted",
        {"merge_dimensions": True, "block_size": 512, "refresh": "multiples"},
        {
            "start_preconditioning_step": "start",
            "preconditioning_compute_steps": "update_every",
            "shape_interpretation": "merge_dimensions",
            "inverse_exponent_override": "power",
        },
    ),
    "sophia_g": (
        "sophia_g",
        {"batch_size": 8.0, "eps": 1e-15, "form": "official", "weight_decay_form": "decoupled"},
        {"rho": "gamma", "bs": "batch_size", "k": "update_period"},
    ),
    # The package has one number for the denominator and the switch.
    "swats": ("swats", {"closeness": "relative"}, {}),
    # The packages of the Polyak family let a loss below the minimum make a step uphill.
    "momsps": ("sps_momentum", {"positive_part": False}, {"gamma_max": "bound"}),
    "psps": ("psps", {"positive_part": False}, {}),
    "sania_adagrad_sqr": ("sania_adagrad_sqr", {"positive_part": False}, {}),
    "sania_adam_sqr": ("sania_adam_sqr", {"positive_part": False}, {}),
    "sps_safe": (
        "sps_safe",
        {"positive_part": False},
        {"ell_star": "minimum", "M": "safeguard"},
    ),
    # The package bounds m / max(h, eps) by p, without a factor of the curvature.
    "sophia_h": ("sophia_h", {"gamma": 1.0}, {"p": "clip"}),
    "sps_max": ("sps_max", {}, {"f_min": "minimum", "max_lr": "bound", "scaling": "learning_rate"}),
    "radam": ("radam", {"threshold": 5.0}, {}),
}
#: For each recorded wrapper: ours, the recorded rule inside it (None for a rule of its own), and
#: what its own hyper-parameters are called there and here.
WRAPPERS = {
    "clip_norm_momentum": ("ClipNorm", "momentum", {"max_norm": "max_norm"}),
    "clip_value_momentum": ("ClipValue", "momentum", {"clip_value": "bound"}),
    "grokfast_adamw": ("Grokfast", "adamw", {"grokfast_alpha": "alpha", "grokfast_lamb": "lamb"}),
    "lookahead_momentum": ("Lookahead", "momentum", {"k": "k", "alpha": "alpha"}),
    "schedulefree_adamw": ("ScheduleFreeAdamW", None, {}),
    "schedulefree_sgd": ("ScheduleFreeSGD", None, {}),
    "swa_momentum": ("SWA", "momentum", {"start": "start", "every": "every"}),
    "xgrad_adam": ("XGrad", "adam", {"horizon": "horizon"}),
}
#: What packages call our hyper-parameters.
NAMES = {
    "lr": "learning_rate",
    "warmup_steps": "warm_up",
    "weight_lr_power": "weight_learning_rate_power",
}
#: Coupled or not: packages say it with a flag.
DECAY_FLAGS = ("decoupled_weight_decay", "weight_decouple")
#: What such a flag means where it is not l2 and decoupled: not set, and set.
FLAG_MEANS = {
    "adamp": ("l2", "paper"),
    "adan": ("proximal", "decoupled"),
    "novograd": ("paper", "decoupled"),
    "sgdp": ("l2", "paper"),
    "shampoo_grafted": ("paper", "decoupled"),
}
#: Arguments of packages that change nothing with this value; any other value is refused.
NEUTRAL = {
    "adam": False,
    "ams_bound": False,
    "amsbound": False,
    "amsgrad": False,
    "cautious": False,
    "correct_bias": True,
    "debias": False,
    "degenerated_to_sgd": True,
    "fixed_decay": False,
    "grokfast": True,
    "grokfast_after_step": 0,
    "init_eta": None,
    "max_grad_norm": 0.0,
    "maximize": False,
    "moving_average_for_momentum": False,
    "norm_type": 2.0,
    "optimize_1d": True,
    "proj_type": "std",
    "pullback_momentum": "none",
}
#: The same, for some records alone: flags that the name implies, or what we do anyway.
NEUTRAL_FOR = {
    "amsbound": {"amsbound": True},
    "amsgrad": {"amsgrad": True},
    "amsgradw": {"amsgrad": True},
    "auon_repo": {"normalize": False},
    "nesterov": {"nesterov": True},
    # With more the package makes no step before its first roots, those of step k.
    "shampoo": {"preconditioning_compute_steps": 1},
}


def manifest(folder):
    """Return the description of a folder of records."""
    return json.loads((pathlib.Path(folder) / "manifest.json").read_text(encoding="utf-8"))


def make_rule(name, hyper):
    """Return our rule for a recorded optimizer and its recorded hyper-parameters."""
    if name in WRAPPERS:
        return _make_wrapper(name, dict(hyper))
    rule, fixed, renamed = RULES.get(name, (name, {}, {}))
    given = dict(fixed)
    hyper = _without_neutral(name, dict(hyper))
    if name in ("adafactor", "came"):
        given["eps1"], given["eps2"] = hyper.pop("eps")
    if name == "adafactor":
        given["decay_exponent"] = -hyper.pop("beta2_decay")
        if given["eps1"] is None:
            given["eps1"] = np.finfo(float).eps
    if rule == "core":
        given.update(_core(hyper))
    if rule == "rprop":
        given["decrease"], given["increase"] = hyper.pop("etas")
        given["smallest"], given["largest"] = hyper.pop("step_sizes")
    if rule == "rmsprop":
        rule = _form_of_rmsprop(hyper)
    if name == "sgdw" and hyper.pop("nesterov", False):
        assert not hyper.pop("dampening", 0.0)
        rule, given["weight_decay_form"] = "nesterov", "decoupled"
    if name == "auon_paper":
        assert hyper.pop("normalize")
    if name in ("mars_lion", "mars_shampoo_bf16"):
        # The recorded code makes no use of the second decay, nor mars_lion of eps.
        if name == "mars_lion":
            hyper.pop("eps")
        hyper["betas"] = hyper["betas"][:1]
    if name == "sps_max":
        assert hyper.pop("eps") == 0.0
        given["positive_part"] = hyper.pop("variant") == "sps+"
        # The package scales the gradient before it takes the norm.
        given["c"] = hyper["scaling"] ** 2
    if name == "shampoo_grafted":
        given["graft"] = ("none", "sgd", "adagrad", "rmsprop", "sqrtn")[hyper.pop("graft_type")]
    if name == "swats":
        given["tolerance"] = hyper["eps"]
    given.update(_form_of_decay(name, hyper))
    for i, value in enumerate(hyper.pop("betas", ()), 1):
        given[f"beta{i}"] = value
    for key, value in hyper.items():
        given[renamed.get(key, NAMES.get(key, key))] = value
    return optim.from_name(rule, **given)


def _without_neutral(name, hyper):
    """Drop arguments of packages that change nothing; those that would are left, to be refused."""
    neutral = NEUTRAL | NEUTRAL_FOR.get(name, {})
    return {key: value for key, value in hyper.items() if (key, value) not in neutral.items()}


def _form_of_rmsprop(hyper):
    """One class of the package is three rules here."""
    if hyper.pop("centered", False):
        return "rmsprop_centered"
    if not hyper.get("momentum", 0.0):
        hyper.pop("momentum", None)
        return "rmsprop"
    return "rmsprop_momentum"


def _form_of_decay(name, hyper):
    """What flags of packages say of the decay."""
    if hyper.pop("fixed_decay", False):
        hyper["weight_decouple"] = "fixed"
    given = {}
    for flag in DECAY_FLAGS:
        if flag in hyper:
            value = hyper.pop(flag)
            coupled, decoupled = FLAG_MEANS.get(name, ("l2", "decoupled"))
            given["weight_decay_form"] = {True: decoupled, False: coupled}.get(value, value)
    return given


def _make_wrapper(name, hyper):
    """Return our wrapper around our rule."""
    wrapper, inner, names = WRAPPERS[name]
    hyper = _without_neutral(name, hyper)
    own = {ours: hyper.pop(theirs) for theirs, ours in names.items()}
    if "ema" in hyper:
        assert own == {"start": 0, "every": 1}
        wrapper, own = "EMA", {"decay": hyper.pop("ema")}
    if wrapper == "Grokfast":
        # The package shortens the steps by what the filter adds to a steady gradient.
        if hyper.pop("normalize_lr", True):
            hyper["lr"] /= 1.0 + own["lamb"]
        # It takes max(root, eps), not their sum, and no root in the records is so small.
        hyper |= {"eps": 1e-300, "weight_decay": hyper.get("weight_decay", 0.0)}
    if inner is not None:
        return getattr(optim, wrapper)(make_rule(inner, hyper), **own)
    for i, value in enumerate(hyper.pop("betas", ()), 1):
        own[f"beta{i}"] = value
    return getattr(optim, wrapper)(**own, **{NAMES.get(k, k): v for k, v in hyper.items()})


def _core(hyper):
    """Unpack the tuples of the CoRe package."""
    start, end, steps, beta2 = hyper.pop("betas")
    decrease, increase = hyper.pop("etas")
    smallest, largest = hyper.pop("step_sizes")
    own = {"score_history": hyper.pop("score_history")}
    own |= {"beta1_start": start, "beta1_end": end, "beta1_steps": steps}
    own |= {"decrease": decrease, "increase": increase, "smallest": smallest, "largest": largest}
    return own if beta2 < 0 else own | {"beta2": beta2}


def replay(folder, name, dtype=np.float64, rounded=False):
    """Feed the recorded gradients to our rule and compare the parameters after every step.

    Parameters
    ----------
    folder : path
        Holds ``manifest.json``, ``_problems.npz`` and ``<name>.npz``.
    name : str
        Name of the recorded optimizer.
    dtype : dtype, default=float64
        Data type of our parameters.
    rounded : bool, default=False
        Compare with the recorded steps, added up in that type, and not with the recorded points.

    Returns
    -------
    dict
        Largest absolute difference of any parameter in any step, by case.
    """
    folder = pathlib.Path(folder)
    entry = manifest(folder)["optimizers"][name]
    problems, records = _arrays(folder / "_problems.npz"), _arrays(folder / entry["file"])
    return {
        case["case"]: _replay_case(name, case, problems, records, dtype, rounded)
        for case in entry["cases"]
    }


def _arrays(path):
    """All arrays of a file: it would decompress one again whenever it is asked for it."""
    with np.load(path) as stored:
        return dict(stored)


@functools.cache
def _needs():
    """Return what each rule needs beside the gradient."""
    return {rule["name"]: rule["extra"] for rule in optim.list_rules()}


def _extra(rule, records, key, t, count, dtype):
    """What the rule needs beside the gradient, from the record."""
    needed = _needs().get(rule.name, [])
    found = {"loss": lambda: float(records[f"{key}/loss"][t])}
    found["hessian_diag"] = lambda: [records[f"{key}/h{i}"][t].astype(dtype) for i in range(count)]
    return {name: found[name]() for name in needed}


def _recorded_point(rule, params, state):
    """The point that a record holds: the parameters, unless the run is evaluated elsewhere."""
    if isinstance(rule, (optim.ScheduleFreeSGD, optim.ScheduleFreeAdamW)):
        return rule.evaluation_point(params, state)
    return state["average"] if isinstance(rule, (optim.SWA, optim.EMA)) else params


def _turn_moments(rule, params, grads, state, expected):
    """Give a basis that is about to be renewed the signs that the record's program chose.

    The sign of a singular vector is free, and which one a program finds depends on its library. The
    moments do not follow, so that the path does depend on it: to turn a vector is to turn the mean
    of the gradients along the old one.
    """
    for i, m in enumerate(state["m"]):
        if params[i].ndim < 2:
            continue
        tall = len(params[i]) >= params[i][0].size
        ends = {}
        for signs in itertools.product([1.0, -1.0], repeat=m.shape[1 if tall else 0]):
            turn = np.array(signs, m.dtype) if tall else np.array(signs, m.dtype)[:, None]
            m *= turn
            ends[signs] = np.abs(rule.update(params, grads, state)[0][i] - expected[i]).max()
            m *= turn
        best = np.array(min(ends, key=ends.get), m.dtype)
        m *= best if tall else best[:, None]


class _SwatsApart:
    """SWATS as a package has it: a rate for each tensor, and all follow the last that settles."""

    name = "swats"

    def __init__(self, rule):
        self.rule = rule

    def init(self, params):
        """Return a state for each tensor."""
        return [self.rule.init(x) for x in params]

    def step(self, params, grads, states):
        """Make one step of all; afterwards they may go on with SGD."""
        for x, g, state in zip(params, grads, states, strict=True):
            self.rule.step(x, g, state)
        rates = [] if self.rule.name != "swats" else [state["sgd_rate"] for state in states]
        if any(rates):
            hyper = self.rule.hyperparameters()
            beta, rate = hyper["beta1"], [each for each in rates if each][-1]
            decay = {key: hyper[key] for key in ("weight_decay", "weight_decay_form")}
            self.rule = optim.Momentum((1.0 - beta) * rate, momentum=beta, **decay)
            states[:] = self.init(params)


def _points(start, recorded, rounded):
    """Return what to compare with: a record, or where its steps lead in the precision of start."""
    if not rounded:
        return recorded
    points, x = [], start
    for step in np.diff(recorded, axis=0, prepend=start[None].astype(float)):
        x = (x.astype(float) + step).astype(start.dtype)
        points.append(x.astype(float))
    return points


def _replay_case(name, case, problems, records, dtype, rounded):
    rule = make_rule(name, case["hyper"])
    rule = _SwatsApart(rule) if name == "swats" else rule
    key = case["case"]
    count = sum(1 for file in records if file.startswith(f"{key}/g"))
    # mat-only problems start at the matrix of the problem that they are cut from.
    starts = [problems[f"{case['problem']}/x0_{i}"] for i in range(count)]
    params = [np.array(start, dtype=dtype) for start in starts]
    points = [_points(x, records[f"{key}/p{i}"], rounded) for i, x in enumerate(params)]
    state = rule.init(params)
    largest = 0.0
    for t in range(len(records[f"{key}/g0"])):
        grads = [records[f"{key}/g{i}"][t].astype(dtype) for i in range(count)]
        if rule.name in ("fira", "galore") and t and t % rule.update_period == 0:
            _turn_moments(
                rule, params, grads, state, [records[f"{key}/p{i}"][t] for i in range(count)]
            )
        rule.step(params, grads, state, **_extra(rule, records, key, t, count, dtype))
        for i, array in enumerate(_recorded_point(rule, params, state)):
            difference = np.abs(array.astype(float) - points[i][t]).max()
            largest = max(largest, float(difference))
            assert np.isfinite(difference), (name, key, t)
    return largest
