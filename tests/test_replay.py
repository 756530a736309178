"""The replay reads records that we have not seen: other hyper-parameters, other problems.

Records are made here by NumPy loops of their own, with the names and the conventions of the
packages that made the recorded ones.
"""

import importlib.util
import json
import pathlib

import numpy as np
import pytest

HERE = pathlib.Path(__file__).parent / "golden"

_spec = importlib.util.spec_from_file_location("replay_of_others", HERE / "replay.py")
replay = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(replay)

STEPS = 40
START = {"softmax6x3": [(6, 3), (3,)], "logistic40x6": [(6,)], "wide3x6": [(3, 6)]}


def start(problem):
    rng = np.random.default_rng(sum(map(ord, problem)))
    return [rng.normal(size=shape).astype(np.float32).astype(float) for shape in START[problem]]


def gradients(problem):
    rng = np.random.default_rng(1)
    return [
        [
            (rng.normal(size=shape) + 0.4).astype(np.float32).astype(float)
            for shape in START[problem]
        ]
        for _ in range(STEPS)
    ]


def write(folder, name, cases):
    """Write a folder with one record: for each case a problem, hyper-parameters and the path."""
    records, entries = {}, []
    for key, (problem, hyper, path) in cases.items():
        grads = gradients(problem)
        for i in range(len(START[problem])):
            records[f"{key}/g{i}"] = np.array([g[i] for g in grads], np.float32)
            records[f"{key}/p{i}"] = np.array([xs[i] for xs in path])
        entries.append({"case": key, "problem": problem, "hyper": hyper, "max_move": 1.0})
    np.savez(folder / f"{name}.npz", **records)
    starts = {f"{each}/x0_{i}": x for each in START for i, x in enumerate(start(each))}
    np.savez(folder / "_problems.npz", **starts)
    about = {"file": f"{name}.npz", "tol": 1e-11, "cases": entries}
    text = json.dumps({"T": STEPS, "optimizers": {name: about}})
    (folder / "manifest.json").write_text(text, encoding="utf-8")


def follow(problem, step):
    """Return the path of a rule that steps one tensor: step(i, x, g, memory, t)."""
    xs, memories, path = start(problem), [{} for _ in START[problem]], []
    for t, grads in enumerate(gradients(problem), 1):
        xs = [step(x, g, m, t) for x, g, m in zip(xs, grads, memories, strict=True)]
        path.append(xs)
    return path


def moving(memory, name, value, beta):
    memory[name] = beta * memory.get(name, 0.0) + (1.0 - beta) * value
    return memory[name]


def rmsprop(x, g, memory, t):
    g = g + 0.02 * x
    v, q = moving(memory, "v", g * g, 0.9), moving(memory, "q", g, 0.9)
    memory["b"] = 0.5 * memory.get("b", 0.0) + g / (np.sqrt(v - q * q) + 1e-7)
    return x - 0.01 * memory["b"]


def ademamix(x, g, memory, t):
    alpha = min(4.0 * t / 30.0, 4.0)
    halves = [np.log(0.5) / np.log(beta) - 1.0 for beta in (0.8, 0.999)]
    now = halves[0] + (halves[1] - halves[0]) * min(t / 30.0, 1.0)
    slow = moving(memory, "slow", g, min(0.5 ** (1.0 / (1.0 + now)), 0.999))
    m, v = moving(memory, "m", g, 0.8), moving(memory, "v", g * g, 0.95)
    step = (m / (1 - 0.8**t) + alpha * slow) / (np.sqrt(v / (1 - 0.95**t)) + 1e-7)
    return x - 0.01 * (step + 0.1 * x)


def lamb(x, g, memory, t):
    m, v = moving(memory, "m", g, 0.8), moving(memory, "v", g * g, 0.95)
    u = m / (np.sqrt(v) + 1e-5) + 0.1 * x
    return x - 0.01 * min(np.linalg.norm(x), 1.0) / np.linalg.norm(u) * u


def novograd(x, g, memory, t):
    size = np.sum(g * g)
    memory["v"] = size if t == 1 else 0.95 * memory["v"] + 0.05 * size
    h = g / (np.sqrt(memory["v"]) + 1e-7) + 0.1 * x
    memory["m"] = h if t == 1 else 0.8 * memory["m"] + 0.2 * h
    return x - 0.01 * memory["m"]


def adabelief(x, g, memory, t):
    x = x - 0.01 * 0.1 * x
    m = moving(memory, "m", g, 0.8)
    s = moving(memory, "s", (g - m) ** 2 + 1e-4 / 0.05, 0.95)  # eps whole, not its share
    longest = 2.0 / 0.05 - 1.0
    length = longest - 2.0 * t * 0.95**t / (1.0 - 0.95**t)
    if length < 5.0:
        return x - 0.01 * m / (1.0 - 0.8**t)
    r = (length - 4) / (longest - 4) * (length - 2) / (longest - 2) * longest / length
    rate = 0.01 * np.sqrt((1.0 - 0.95**t) * r) / (1.0 - 0.8**t)
    return x - rate * m / (np.sqrt(s) + 1e-4)


MOMENTS = {"lr": 0.01, "betas": [0.8, 0.95]}
CASES = {
    "rmsprop": (
        rmsprop,
        {
            "lr": 0.01,
            "alpha": 0.9,
            "eps": 1e-7,
            "momentum": 0.5,
            "centered": True,
            "weight_decay": 0.02,
        },
    ),
    "ademamix": (
        ademamix,
        {
            "lr": 0.01,
            "betas": [0.8, 0.95, 0.999],
            "alpha": 4.0,
            "t_alpha_beta3": 30,
            "eps": 1e-7,
            "weight_decay": 0.1,
            "weight_decouple": True,
        },
    ),
    "lamb_nodebias": (lamb, {**MOMENTS, "eps": 1e-5, "weight_decay": 0.1, "clamp_value": 1.0}),
    "novograd": (novograd, {**MOMENTS, "eps": 1e-7, "weight_decay": 0.1, "grad_averaging": True}),
    "adabelief_rectify": (adabelief, {**MOMENTS, "eps": 1e-4, "weight_decay": 0.1}),
}


@pytest.mark.parametrize("name", CASES)
def test_other_hyperparameters(name, tmp_path):
    step, hyper = CASES[name]
    cases = {f"alt.{each}": (each, hyper, follow(each, step)) for each in START}
    write(tmp_path, name, cases)
    found = replay.replay(tmp_path, name)
    assert set(found) == set(cases)
    assert max(found.values()) < 1e-12
    assert max(replay.replay(tmp_path, name, np.float32).values()) < 1e-4


def swats_of_the_package(problem, tolerance):
    """Rates are found for each tensor, and all take that of the last one that has settled."""
    xs, memories, path, rate = start(problem), [{} for _ in START[problem]], [], None
    for t, grads in enumerate(gradients(problem), 1):
        found = None
        for i, (g, memory) in enumerate(zip(grads, memories, strict=True)):
            if rate is not None:
                memory["b"] = 0.8 * memory.get("b", 0.0) + g
                xs[i] = xs[i] - 0.2 * rate * memory["b"]
                continue
            m, v = moving(memory, "m", g, 0.8), moving(memory, "v", g * g, 0.95)
            step = 0.01 * np.sqrt(1 - 0.95**t) / (1 - 0.8**t) * m / (np.sqrt(v) + tolerance)
            xs[i] = xs[i] - step
            gamma = np.sum(step * step) / np.sum(step * g)
            mean = moving(memory, "scale", gamma, 0.95) / (1 - 0.95**t)
            if t > 1 and mean > 0.0 and abs(mean - gamma) <= 1e-8 + tolerance * abs(gamma):
                found = mean
        rate = found if rate is None else rate
        path.append(list(xs))
    return path, rate


def test_the_switch_of_the_package_of_swats(tmp_path):
    cases = {}
    for problem in START:
        path, rate = swats_of_the_package(problem, 0.3)
        assert rate is not None
        cases[f"alt.{problem}"] = (problem, {**MOMENTS, "eps": 0.3}, path)
    write(tmp_path, "swats", cases)
    assert max(replay.replay(tmp_path, "swats").values()) < 1e-12


def galore(x, g, memory, t):
    """As the package has it, with the signs of another library: the first entry is negative."""
    rate = 0.01 * np.sqrt(1 - 0.95**t) / (1 - 0.8**t)
    if x.ndim < 2:
        m, v = moving(memory, "m", g, 0.8), moving(memory, "v", g * g, 0.95)
        return x - rate * m / (np.sqrt(v) + 1e-6)
    if (t - 1) % 7 == 0:
        left, _, right = np.linalg.svd(g, full_matrices=False)
        P = right[:2] if len(x) > x.shape[1] else left[:, :2].T
        memory["P"] = -P * np.sign(P[:, :1])
    P, tall = memory["P"], len(x) > x.shape[1]
    low = g @ P.T if tall else P @ g
    m, v = moving(memory, "m", low, 0.8), moving(memory, "v", low * low, 0.95)
    n = m / (np.sqrt(v) + 1e-6)
    return x - 0.5 * rate * (n @ P if tall else P.T @ n)


def test_signs_of_singular_vectors_are_free(tmp_path):
    hyper = {**MOMENTS, "eps": 1e-6, "rank": 2, "update_proj_gap": 7, "scale": 0.5}
    problems = ("softmax6x3", "wide3x6")
    cases = {f"alt.{each}": (each, hyper, follow(each, galore)) for each in problems}
    write(tmp_path, "galore_adamw", cases)
    assert max(replay.replay(tmp_path, "galore_adamw").values()) < 1e-11


@pytest.mark.parametrize(
    ("name", "hyper"),
    [
        ("adam", {"lr": 0.1, "amsgrad": True}),
        ("adam", {"lr": 0.1, "maximize": True}),
        ("sgd", {"lr": 0.1, "learning_speed": 1.0}),
        ("lookahead_momentum", {"lr": 0.1, "k": 5, "alpha": 0.5, "pullback_momentum": "reset"}),
        ("clip_norm_momentum", {"lr": 0.1, "max_norm": 1.0, "norm_type": 1.0}),
        ("shampoo", {"lr": 0.1, "preconditioning_compute_steps": 3}),
    ],
)
def test_what_would_change_the_path_is_not_ignored(name, hyper):
    with pytest.raises((TypeError, ValueError)):
        replay.make_rule(name, hyper)


def test_what_packages_say_of_weight_decay():
    forms = [
        ("adan", {"weight_decouple": False}, "proximal"),
        ("adan", {"weight_decouple": True}, "decoupled"),
        ("lion", {"weight_decouple": False}, "l2"),
        ("adabelief", {"fixed_decay": True}, "fixed"),
        ("novograd", {"weight_decouple": False}, "paper"),
        ("novograd", {"weight_decouple": True}, "decoupled"),
        ("adamp", {"weight_decouple": True}, "paper"),
        ("sgdw", {"nesterov": True}, "decoupled"),
    ]
    for name, flags, form in forms:
        rule = replay.make_rule(name, {"lr": 0.1, "weight_decay": 0.1, **flags})
        assert rule.weight_decay_form == form
    assert rule.name == "nesterov"
