"""Products of Hessians and Gauss-Newton matrices against PyTorch's, and against curvlinops.

No part of the test suite: torch is no requirement. ``.ci/run`` runs it where torch installs:
``pytest tests/peer/torch_hessians.py``. Everything is in float64 and agrees to ten digits.
"""

import functools
import itertools

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from optlite import objectives
from optlite.curvature import GaussNewtonOperator, HessianOperator, eigsh

# What torch says of its own future is no concern of ours.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
N, COLUMNS, VECTORS = 60, 5, 4
X = np.random.default_rng(0).normal(size=(N, COLUMNS))
LABELS = np.arange(N) % 3
TARGETS = {"squared": X[:, 0] * X[:, 1], "logistic": LABELS % 2, "softmax": LABELS}
ACTIVATIONS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "gelu": torch.nn.functional.gelu,
    "softplus": torch.nn.functional.softplus,
    "sigmoid": torch.sigmoid,
}
LOSSES = {
    "squared": lambda z, y: 0.5 * (z[:, 0] - y) ** 2,
    "logistic": lambda z, y: torch.nn.functional.softplus(-(2 * y - 1) * z[:, 0]),
    "softmax": lambda z, y: torch.nn.functional.cross_entropy(z, y, reduction="none"),
}


def network(hidden=(4,), activation="tanh", loss="squared", **options):
    return objectives.MLP(X, TARGETS[loss], hidden, activation, loss, **options)


def outputs(f, w):
    """The network, from a flat vector in the order of optlite."""
    a, start = torch.from_numpy(X), 0
    sizes = list(itertools.pairwise(f.widths))
    for k, (inputs, units) in enumerate(sizes):
        layer = w[start : start + (inputs + 1) * units].reshape(inputs + 1, units)
        start += layer.numel()
        a = a @ layer[:-1] + layer[-1]
        if k + 1 < len(sizes):
            a = ACTIVATIONS[f.activation](a)
    return a


def weights(f):
    """Shares of the samples."""
    s = np.ones(N) if f.sample_weight is None else f.sample_weight
    return torch.from_numpy(s / s.sum())


def mean_loss(f, z):
    return weights(f) @ LOSSES[f.loss](z, torch.from_numpy(TARGETS[f.loss]))


def penalised(f, w):
    """Half the squares of all weights, not of biases."""
    inner = np.concatenate([np.r_[np.ones(a * b), np.zeros(b)] for a, b in pairs(f)])
    return 0.5 * f.alpha * torch.sum(torch.from_numpy(inner) * w**2)


def pairs(f):
    return itertools.pairwise(f.widths)


def hessian_by_double_backward(f, w, V):
    variable = torch.from_numpy(w).requires_grad_()
    value = mean_loss(f, outputs(f, variable)) + penalised(f, variable)
    (gradient,) = torch.autograd.grad(value, variable, create_graph=True)
    products = [
        torch.autograd.grad(gradient, variable, torch.from_numpy(v), retain_graph=True)[0]
        for v in V.T.copy()
    ]
    return torch.stack(products, dim=1).numpy()


def gauss_newton_by_jacobians(f, w, V):
    """J^T B J v: forward, the loss's own Hessian, and back."""
    w = torch.from_numpy(w)
    model = functools.partial(outputs, f)
    z, back = torch.func.vjp(model, w)
    slope = torch.func.grad(functools.partial(mean_loss, f))
    products = []
    for v in V.T.copy():
        _, along = torch.func.jvp(model, (w,), (torch.from_numpy(v),))
        _, bent = torch.func.jvp(slope, (z,), (along,))
        products.append(back(bent)[0])
    return torch.stack(products, dim=1).numpy()


def assert_ten_digits(found, expected):
    assert_allclose(found, expected, rtol=0.0, atol=1e-10 * np.abs(expected).max())


NETWORKS = [
    *(network(activation=name) for name in ACTIVATIONS),
    *(network(loss=name) for name in LOSSES),
    network((4, 3), "gelu", "softmax", alpha=0.1),
    network((3, 3, 3), "softplus", "logistic", sample_weight=np.arange(1.0, N + 1.0)),
    network((), loss="softmax", alpha=0.01),
]


@pytest.mark.parametrize("f", NETWORKS, ids=repr)
def test_networks(f):
    w = f.init(0) + 0.1
    V = np.random.default_rng(1).normal(size=(f.dim, VECTORS))
    assert_ten_digits(HessianOperator(f, w) @ V, hessian_by_double_backward(f, w, V))
    G = GaussNewtonOperator(f, w, penalty=False)
    assert_ten_digits(G @ V, gauss_newton_by_jacobians(f, w, V))


def test_eigenpairs_of_a_network():
    f = network((4, 3), "tanh", "softmax", alpha=0.01)
    w = f.init(0)
    H = hessian_by_double_backward(f, w, np.eye(f.dim))
    found = eigsh(HessianOperator(f, w), 5, "BE", 1e-10, method="lanczos")
    values = np.linalg.eigvalsh(0.5 * (H + H.T))
    assert_ten_digits(found.eigenvalues, np.r_[values[:2], values[-3:]])


@pytest.mark.parametrize("name", ["Logistic", "Multinomial", "Poisson", "LeastSquares", "Huber"])
def test_linear_models(name):
    y = LABELS if name == "Multinomial" else LABELS % 2
    f = getattr(objectives, name)(X, y, alpha=0.05, fit_intercept=True)
    w = 0.3 * np.random.default_rng(2).normal(size=f.shape)
    losses = {
        "Logistic": lambda z, y: torch.nn.functional.softplus(-(2 * y - 1) * z),
        "Multinomial": lambda z, y: torch.nn.functional.cross_entropy(z, y, reduction="none"),
        "Poisson": lambda z, y: torch.exp(z) - y * z,
        "LeastSquares": lambda z, y: 0.5 * (z - y) ** 2,
        "Huber": lambda z, y: torch.nn.functional.huber_loss(
            z, y.to(z.dtype), reduction="none", delta=f.delta
        ),
    }

    def value(variable):
        columns = variable.reshape(f.shape)
        W = columns[..., :-1]
        z = torch.from_numpy(X) @ (W.T if W.ndim == 2 else W) + columns[..., -1]
        return losses[name](z, torch.from_numpy(y)).mean() + 0.5 * f.alpha * torch.sum(W**2)

    H = torch.autograd.functional.hessian(value, torch.from_numpy(w.ravel())).numpy()
    assert_ten_digits(HessianOperator(f, w).to_dense(), H)


@pytest.mark.parametrize("name", ["HessianLinearOperator", "GGNLinearOperator"])
def test_curvlinops(name):
    curvlinops = pytest.importorskip("curvlinops", reason="curvlinops did not install")
    f = network((4, 3), "tanh", "softmax")
    w = f.init(0)
    modules, order, start = [], [], 0
    for (inputs, units), (W, b) in zip(pairs(f), f.layers(w), strict=True):
        linear = torch.nn.Linear(inputs, units).double()
        with torch.no_grad():  # torch's weights have a row for each unit
            linear.weight.copy_(torch.from_numpy(W.T.copy()))
            linear.bias.copy_(torch.from_numpy(b.copy()))
        modules += [linear, torch.nn.Tanh()]
        order.append(start + np.arange(inputs * units).reshape(inputs, units).T.ravel())
        order.append(start + inputs * units + np.arange(units))
        start += (inputs + 1) * units
    order = np.concatenate(order)
    model = torch.nn.Sequential(*modules[:-1])
    data = [(torch.from_numpy(X), torch.from_numpy(LABELS))]
    theirs = getattr(curvlinops, name)(
        model, torch.nn.CrossEntropyLoss(), list(model.parameters()), data, progressbar=False
    )
    V = np.random.default_rng(3).normal(size=(f.dim, VECTORS))
    expected = np.empty_like(V)
    expected[order] = (theirs @ torch.from_numpy(V[order])).numpy()
    ours = HessianOperator if name == "HessianLinearOperator" else GaussNewtonOperator
    assert_ten_digits(ours(f, w) @ V, expected)
