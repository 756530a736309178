"""Two calls that stand beside each other on a page for newcomers give the same numbers."""

import ast
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from optlite import linear_model, optim
from optlite.optim import schedules

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "golden"))
import replay  # noqa: E402

sys.path.pop(0)
GOLDEN = ROOT / "tests" / "golden" / "data"


def rows_of(page, marker):
    """The cells of the tables after a marker, without their headings."""
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    tables = re.findall(rf"<!-- {marker} -->\n((?:\|.*\n)+)", text)
    rows = [line for table in tables for line in table.splitlines()[2:]]
    assert rows
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def code(cell):
    """The first code in a cell."""
    return re.search(r"`([^`]+)`", cell)[1]


def call(text):
    """Name and keywords of a call."""
    node = ast.parse(text, mode="eval").body
    name = ast.unparse(node.func).rpartition(".")[2]
    return name, {each.arg: ast.literal_eval(each.value) for each in node.keywords}


# POT ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def transport():
    """Where the calls of both packages run."""
    pot = pytest.importorskip("ot", reason="POT is a requirement of the tests")
    from optlite import ot

    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(12, 2)), rng.normal(size=(9, 2)) + 0.5
    bins = np.linspace(0.0, 1.0, 20)
    A = np.exp(-0.5 * ((bins[:, None] - [0.3, 0.6]) / 0.1) ** 2)
    roots = rng.normal(size=(2, 3, 3))
    S, T = roots @ roots.transpose(0, 2, 1) + 0.1 * np.eye(3)
    return {
        "pot": pot, "ot": ot, "X": X, "Y": Y, "M": pot.dist(X, Y), "reg": 0.5,
        "a": rng.dirichlet(np.ones(12)), "b": rng.dirichlet(np.ones(9)),
        "A": A / A.sum(axis=0), "line": (bins[:, None] - bins) ** 2,
        "x": rng.normal(size=8), "y": rng.normal(size=8),
        "m": rng.normal(size=3), "n": rng.normal(size=3), "S": S, "T": T,
    }  # fmt: skip


def tightened(text, pot):
    """The call of POT with limits that let it go to the end."""
    node = ast.parse(text, mode="eval")
    limits = {"numItermax": 100_000, "stopThr": 1e-14, "numIterMax": 100_000, "warn": False}
    limits |= {"max_iter": 100_000, "tol": 1e-14}
    inner = next(each for each in ast.walk(node) if isinstance(each, ast.Call))
    function = eval(ast.unparse(inner.func), {"pot": pot})
    known = function.__code__.co_varnames[: function.__code__.co_argcount]
    for name, value in limits.items():
        if name in known:
            inner.keywords.append(ast.keyword(name, ast.Constant(value)))
    return ast.unparse(node)


@pytest.mark.parametrize(
    "row", rows_of("migration_pot", "equal"), ids=lambda row: code(row[0])[:50]
)
def test_the_numbers_are_those_of_pot(row, transport):
    theirs = eval(tightened(code(row[0]), transport["pot"]), transport)
    ours = eval(code(row[1]), transport)
    np.testing.assert_allclose(ours, np.squeeze(theirs), rtol=1e-6, atol=1e-7)


# torch --------------------------------------------------------------------------------------------

#: Which record of torch belongs to a call: its name, and an option that makes it another one.
RECORDS = {
    ("SGD", None): "sgd",
    ("SGD", "momentum"): "momentum",
    ("SGD", "nesterov"): "nesterov",
    ("Adam", None): "adam",
    ("Adam", "amsgrad"): "amsgrad",
    ("AveragedModel", None): "swa_momentum",
    ("clip_grad_norm_", None): "clip_norm_momentum",
    ("clip_grad_value_", None): "clip_value_momentum",
}


def record_of(name, given):
    """The recorded optimizer that a call of torch is."""
    for option in ("nesterov", "amsgrad", "momentum"):
        if given.get(option) and (name, option) in RECORDS:
            return RECORDS[name, option]
    return RECORDS.get((name, None), name.lower())


@pytest.mark.parametrize(
    "row", rows_of("migration_torch", "equal: golden"), ids=lambda row: row[0][:60]
)
def test_the_rule_is_the_one_that_follows_the_record_of_torch(row):
    calls = re.findall(r"`([^`]+)`", row[0])
    name, given = calls[0].partition("(")[0], {}
    for each in calls:
        given |= call(each)[1] if "(" in each else {}
    record = record_of(name, given)
    entry = replay.manifest(GOLDEN)["optimizers"][record]
    assert "torch" in entry["source"]
    given = {key: list(v) if isinstance(v, tuple) else v for key, v in given.items()}
    plain = {k: v for k, v in given.items() if k not in ("nesterov", "amsgrad")}
    # A case says all that the call says, and other numbers at the defaults of torch.
    cases = [
        case
        for case in entry["cases"]
        if all(case["hyper"].get(key, value) == value for key, value in plain.items())
        and bool(plain.get("weight_decay")) == case["case"].startswith("wd.")
    ]
    assert cases, f"no record of {row[0]}"
    expected = replay.make_rule(record, cases[0]["hyper"])
    assert repr(eval(code(row[1]), {"optim": optim})) == repr(expected)


def step_lr(s, step_size, gamma):
    return 0.1 * gamma ** (s // step_size)


def exponential(s, gamma):
    return 0.1 * gamma**s


def polynomial(s, total_iters, power):
    return 0.1 * (1.0 - min(s, total_iters) / total_iters) ** power


def cosine(s, T_max, eta_min):
    return eta_min + 0.5 * (0.1 - eta_min) * (1.0 + np.cos(np.pi * min(s, T_max) / T_max))


def restarts(s, T_0, T_mult):
    length = T_0
    while s >= length:
        s, length = s - length, length * T_mult
    return 0.05 * (1.0 + np.cos(np.pi * s / length))


def linear(s, start_factor, total_iters):
    return 0.1 * (start_factor + (1.0 - start_factor) * min(s, total_iters) / total_iters)


def constant(s, factor, total_iters):
    return 0.1 * (factor if s < total_iters else 1.0)


#: The closed forms in the documentation of torch.optim.lr_scheduler, s steps after the start.
FORMULAS = {
    "StepLR": step_lr,
    "ExponentialLR": exponential,
    "PolynomialLR": polynomial,
    "CosineAnnealingLR": cosine,
    "CosineAnnealingWarmRestarts": restarts,
    "LinearLR": linear,
    "ConstantLR": constant,
}


@pytest.mark.parametrize(
    "row", rows_of("migration_torch", "equal: schedules"), ids=lambda row: code(row[0])[:30]
)
def test_the_schedule_has_the_values_of_torch(row):
    name, given = call(code(row[0]))
    ours = eval(code(row[1]), {"schedules": schedules})
    expected = [FORMULAS[name](s, **given) for s in range(101)]
    np.testing.assert_allclose([ours(s + 1) for s in range(101)], expected, rtol=1e-12, atol=1e-17)


# celer and skglm ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data():
    """Columns, numbers and labels: 80 samples of 200 features, as on the page."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 200))
    y = X[:, :5].sum(axis=1) + 0.1 * rng.normal(size=80)
    return X, y


def residual_gradient(X, y, model):
    """The gradient of half the mean squared error."""
    return X.T @ (X @ model.coef_.T + model.intercept_ - y) / len(X)


def is_subgradient(gradient, coefficients, strength):
    """Whether minus the gradient is in the subdifferential of strength times the l1 norm."""
    used = coefficients != 0.0
    at_kinks = np.abs(gradient[~used]).max(initial=0.0) <= strength * (1 + 1e-4)
    return at_kinks and np.abs(gradient + strength * np.sign(coefficients))[used].max() < 1e-4


def is_subgradient_of_norms(gradient, blocks, strength):
    """The same for strength times the sum of the norms of the rows of `blocks`."""
    norms = np.linalg.norm(blocks, axis=1)
    used = norms > 0.0
    inside = np.linalg.norm(gradient[~used], axis=1).max(initial=0.0) <= strength * (1 + 1e-4)
    return inside and (
        np.abs(gradient[used] + strength * blocks[used] / norms[used, None]).max() < 1e-4
    )


def logistic_gradient(X, y, model):
    """The gradient of the sum of log(1 + exp(-y z))."""
    signs = np.where(y > 0, 1.0, -1.0)
    return X.T @ (-signs * expit(-signs * (X @ model.coef_[0] + model.intercept_)))


def lasso(X, y, model, alpha):
    return is_subgradient(residual_gradient(X, y, model), model.coef_, alpha)


def elastic_net(X, y, model, alpha, l1_ratio):
    gradient = residual_gradient(X, y, model) + alpha * (1 - l1_ratio) * model.coef_
    return is_subgradient(gradient, model.coef_, alpha * l1_ratio)


def group_lasso(X, y, model, groups, alpha):
    gradient = residual_gradient(X, y, model).reshape(-1, groups)
    return is_subgradient_of_norms(gradient, model.coef_.reshape(-1, groups), alpha)


def multi_task(X, y, model, alpha):
    return is_subgradient_of_norms(residual_gradient(X, y, model), model.coef_.T, alpha)


def celer_logistic(X, y, model, C):
    assert model.intercept_ == 0.0
    return is_subgradient(C * logistic_gradient(X, y, model), model.coef_[0], 1.0)


def skglm_logistic(X, y, model, alpha):
    return is_subgradient(logistic_gradient(X, y, model) / len(X), model.coef_[0], alpha)


#: Whether a model satisfies the optimality conditions of the objective that is stated there.
CONDITIONS = {
    "Lasso": lasso,
    "ElasticNet": elastic_net,
    "GroupLasso": group_lasso,
    "MultiTaskLasso": multi_task,
    "LogisticRegression": celer_logistic,
    "SparseLogisticRegression": skglm_logistic,
}


@pytest.mark.parametrize(
    "row", rows_of("migration_sparse", "equal: objectives"), ids=lambda row: code(row[0])
)
def test_the_model_is_at_the_minimum_of_their_objective(row, data):
    name, given = call(code(row[0]))
    X, y = data
    if name == "MultiTaskLasso":
        y = np.column_stack([y, y[::-1]])
    elif "Logistic" in name:
        y = (y > 0).astype(int)
    model = eval(code(row[2]), {"np": np, **vars(linear_model)}).set_params(tol=1e-12).fit(X, y)
    assert 0 < np.count_nonzero(model.coef_) < model.coef_.size
    assert CONDITIONS[name](X, y, model, **given)
    # With another strength it is not: the conditions can fail.
    changed = {k: 1.3 * v if k in ("alpha", "C") else v for k, v in given.items()}
    assert not CONDITIONS[name](X, y, model, **changed)


# PyHessian ----------------------------------------------------------------------------------------


def test_what_the_page_of_pyhessian_computes_is_the_hessian():
    text = (ROOT / "docs" / "migration_pyhessian.md").read_text(encoding="utf-8")
    made = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.S):
        exec(block, made)
    f, w, H = made["f"], made["w"], made["H"]
    h = 1e-5
    columns = [(f.gradient(w + h * e) - f.gradient(w - h * e)) / (2 * h) for e in np.eye(f.dim)]
    dense = np.array(columns)
    np.testing.assert_allclose(H @ np.eye(f.dim), dense, atol=1e-7)
    values = np.linalg.eigvalsh(dense)
    largest = values[np.argsort(-np.abs(values))[:3]]
    found = made["pairs"].eigenvalues
    np.testing.assert_allclose(np.sort(found), np.sort(largest), rtol=1e-5)
    estimate = made["estimate"]
    assert abs(estimate.value - values.sum()) < 4 * estimate.standard_error
    density = made["density"]
    mean = np.mean([t @ weight for t, weight in zip(density.nodes, density.weights, strict=True)])
    assert abs(mean * f.dim - values.sum()) < 0.5 * np.linalg.norm(values) * np.sqrt(2)
    area = np.trapezoid(made["heights"], made["grid"])
    assert 0.5 < area < 1.0 + 1e-6
