"""Products with Hessians and what is made of them: each library is ``make(problem) -> run()``.

What a peer prepares at a fixed point is not timed: weights of the samples, compiled code, cached
activations. Errors are relative to NumPy's product in double precision.
"""

import gc
import time
import warnings

import numpy as np

ROWS, COLUMNS = 100_000, 500
INPUTS, HIDDEN, CLASSES, BATCH = 784, 128, 10, 10_000


def logistic(dtype, vectors):
    """A logistic model whose columns differ in scale by 40."""
    random = np.random.default_rng(0)
    X = random.standard_normal((ROWS, COLUMNS), dtype=np.float32).astype(dtype)
    X *= np.linspace(2, 0.05, COLUMNS, dtype=dtype)
    w = 0.1 * random.standard_normal(COLUMNS).astype(dtype)
    p = 1 / (1 + np.exp(-(X @ w)))
    V = random.standard_normal((COLUMNS, vectors)).astype(dtype)
    return {
        "kind": "logistic",
        "X": X,
        "w": w,
        "y": (random.random(ROWS) < p).astype(dtype),
        "q": (p * (1 - p) / ROWS).astype(dtype),
        "V": V[:, 0] if vectors == 1 else V,
    }


def network(dtype, vectors):
    """A network of one hidden layer of tanh, softmax on top."""
    random = np.random.default_rng(0)
    X = random.random((BATCH, INPUTS), dtype=np.float32).astype(dtype)
    shapes = [(INPUTS, HIDDEN), (HIDDEN, CLASSES)]
    layers = [
        (random.uniform(-1, 1, size=shape) / shape[0] ** 0.5, random.uniform(-0.1, 0.1, shape[1]))
        for shape in shapes
    ]
    dim = sum((a + 1) * b for a, b in shapes)
    V = random.standard_normal((dim, vectors)).astype(dtype)
    return {
        "kind": "network",
        "X": X,
        "y": random.integers(0, CLASSES, BATCH),
        "layers": [(W.astype(dtype), b.astype(dtype)) for W, b in layers],
        "V": V[:, 0] if vectors == 1 else V,
    }


def spectrum(kind, dtype):
    """Ten eigenpairs, or a density of 10 probes and 100 steps, of the logistic model's Hessian."""
    problem = {**logistic(dtype, 1), "kind": kind}
    del problem["V"]
    return problem


#: Key -> how the problem is made, and the goals: peer -> ratio to reach.
TASKS = {
    "logistic-float64": (logistic, ("float64", 1), {"numpy:BLAS": 2.2, "torch:double-backward": 5}),
    "logistic-float32": (logistic, ("float32", 1), {"numpy:BLAS": 2.2, "torch:double-backward": 5}),
    "logistic-float64-block-10": (logistic, ("float64", 10), {"numpy:rows": 3.0}),
    "mlp-float32": (network, ("float32", 1), {"torch:double-backward": 1.3}),
    "mlp-float32-block-10": (network, ("float32", 10), {}),
    "eigenpairs": (spectrum, ("eigenpairs", "float64"), {"numpy:formed": 3, "scipy:eigsh": 12}),
    "density": (spectrum, ("density", "float64"), {"numpy:block-lanczos": 25}),
}


def work(task):
    """Return (bytes of X read once, multiply-adds) of the best plan: activations are known."""
    make, (dtype, vectors), _ = TASKS[task]
    if make is spectrum:  # the best plan forms the matrix, half of it
        return 8 * ROWS * COLUMNS, ROWS * COLUMNS**2 / 2
    size = np.dtype(dtype).itemsize
    if make is logistic:
        return ROWS * COLUMNS * size, 2 * ROWS * COLUMNS * vectors
    last = 5 * HIDDEN * CLASSES  # forward twice, back twice, and the gradient of the directions
    return BATCH * INPUTS * size, BATCH * (2 * INPUTS * HIDDEN + last) * vectors


# ------------------------------------------------------------------------- peers


def need(problem, kind):
    """Refuse a problem that a peer does not know."""
    if problem["kind"] != kind:
        raise ValueError(f"for {kind} only")


def optlite(problem):
    """Make the operator of optlite; activations and weights are kept by it."""
    from optlite import objectives
    from optlite.curvature import HessianOperator

    X, V = problem["X"], problem["V"]
    if problem["kind"] == "logistic":
        f = objectives.Logistic(X, problem["y"])
        H = HessianOperator(f, problem["w"])
    else:
        f = objectives.MLP(X, problem["y"], HIDDEN, "tanh", "softmax")
        H = HessianOperator(f, f.flatten(problem["layers"]))
    return lambda: H @ V


def optlite_spectrum(method):
    """Make eigenpairs or a density with optlite; "auto" forms the matrix where that is cheaper.

    "lanczos" does not form it: a density then gets an operator that only knows products.
    """

    def make(problem):
        from scipy.sparse.linalg import LinearOperator

        from optlite import objectives
        from optlite.curvature import HessianOperator, eigsh, spectral_density

        if problem["kind"] not in ("eigenpairs", "density"):
            raise ValueError("for spectra only")
        H = HessianOperator(objectives.Logistic(problem["X"], problem["y"]), problem["w"])
        if problem["kind"] == "eigenpairs":
            return lambda: eigsh(H, 10, "LA", 1e-8, method=method).eigenvalues
        if method != "auto":
            H = LinearOperator(H.shape, H.matvec, matmat=H.matmat, dtype=H.dtype)
        return lambda: [spectral_density(H, n_probes=10, n_steps=100).moments(1).value[1]]

    return make


def numpy_formed(problem):
    """Form the matrix and take the ten largest eigenpairs."""
    import scipy.linalg

    need(problem, "eigenpairs")
    X, q, last = problem["X"], problem["q"], COLUMNS - 1
    return lambda: scipy.linalg.eigh(X.T @ (q[:, None] * X), subset_by_index=[last - 9, last])[0]


def scipy_eigsh(problem):
    """ARPACK, one product at a time."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    need(problem, "eigenpairs")
    X, q = problem["X"], problem["q"]
    H = LinearOperator((COLUMNS, COLUMNS), matvec=lambda v: X.T @ (q * (X @ v)), dtype=float)
    return lambda: eigsh(H, 10, which="LA", tol=1e-8)[0]


def numpy_block_lanczos(problem):
    """Ten probes together, with full reorthogonalisation."""
    from scipy.linalg import eigh_tridiagonal

    need(problem, "density")
    X, q, steps = problem["X"], problem["q"], 100

    def run():
        start = np.random.default_rng(0).choice([-1.0, 1.0], (COLUMNS, 10))
        basis = [start / np.linalg.norm(start, axis=0)]
        alphas, betas = [], []
        for _ in range(steps):
            W = X.T @ (q[:, None] * (X @ basis[-1]))
            alphas.append((W * basis[-1]).sum(axis=0))
            Q = np.stack(basis)
            for _ in range(2):
                W = W - np.einsum("jdp,jp->dp", Q, np.einsum("jdp,dp->jp", Q, W))
            betas.append(np.linalg.norm(W, axis=0))
            basis.append(W / betas[-1])
        a, b = np.array(alphas), np.array(betas)
        rules = [eigh_tridiagonal(a[:, p], b[:-1, p]) for p in range(10)]
        return [np.mean([vectors[0] ** 2 @ nodes for nodes, vectors in rules])]

    return run


def blas(problem):
    """Two reads of X."""
    need(problem, "logistic")
    X, q, V = problem["X"], problem["q"], problem["V"]
    q = q if V.ndim == 1 else q[:, None]
    return lambda: X.T @ (q * (X @ V))


def rows(problem):
    """Blocks of rows that stay in cache: one read of X."""
    need(problem, "logistic")
    X, q, V = problem["X"], problem["q"], problem["V"]
    q, step = (q, 256) if V.ndim == 1 else (q[:, None], 512)

    def product():
        out = np.zeros_like(V)
        for first in range(0, ROWS, step):
            block = X[first : first + step]
            out += block.T @ (q[first : first + step] * (block @ V))
        return out

    return product


def _torch_loss(problem):
    """Return the loss and its variables, in the order of the vector of optlite."""
    import torch

    tensor = torch.from_numpy
    X = tensor(problem["X"])
    if problem["kind"] == "logistic":
        w, y = tensor(problem["w"]).requires_grad_(), tensor(problem["y"])
        loss = torch.nn.functional.binary_cross_entropy_with_logits
        return lambda w: loss(X @ w, y), [w]
    (W1, b1), (W2, b2) = problem["layers"]
    variables = [tensor(a).requires_grad_() for a in (W1, b1, W2, b2)]
    y = tensor(problem["y"])

    def loss(W1, b1, W2, b2):
        return torch.nn.functional.cross_entropy(torch.tanh(X @ W1 + b1) @ W2 + b2, y)

    return loss, variables


def _parts(vector, variables):
    """Cut a vector as the variables are."""
    import torch

    parts, start = [], 0
    for variable in variables:
        own = vector[start : start + variable.numel()]
        parts.append(torch.from_numpy(np.ascontiguousarray(own)).reshape(variable.shape))
        start += variable.numel()
    return parts


def torch_double_backward(problem):
    """The gradient's own gradient; one vector at a time."""
    import torch

    loss, variables = _torch_loss(problem)
    columns = np.atleast_2d(problem["V"].T)
    directions = [_parts(column, variables) for column in columns]

    def one(direction):
        gradient = torch.autograd.grad(loss(*variables), variables, create_graph=True)
        product = torch.autograd.grad(gradient, variables, direction)
        return torch.cat([part.reshape(-1) for part in product]).numpy()

    return lambda: np.array([one(d) for d in directions]).T.reshape(problem["V"].shape)


def torch_forward_over_reverse(problem):
    """jvp of the gradient."""
    import torch
    from torch.func import grad, jvp

    loss, variables = _torch_loss(problem)
    at = tuple(variable.detach() for variable in variables)
    columns = np.atleast_2d(problem["V"].T)
    directions = [tuple(_parts(column, variables)) for column in columns]
    gradient = grad(loss, argnums=tuple(range(len(at))))

    def one(direction):
        _, product = jvp(gradient, at, direction)
        return torch.cat([part.reshape(-1) for part in product]).numpy()

    return lambda: np.array([one(d) for d in directions]).T.reshape(problem["V"].shape)


def scikit_learn(problem):
    """The product of scikit-learn's Newton-CG."""
    need(problem, "logistic")
    from sklearn._loss import HalfBinomialLoss
    from sklearn.linear_model._linear_loss import LinearModelLoss

    loss = LinearModelLoss(HalfBinomialLoss(), False)
    weight = np.ones(ROWS, problem["X"].dtype)
    _, multiply = loss.gradient_hessian_product(
        problem["w"], problem["X"], problem["y"], sample_weight=weight, l2_reg_strength=0.0
    )
    columns = np.atleast_2d(problem["V"].T)
    return lambda: np.array([multiply(v) for v in columns]).T.reshape(problem["V"].shape)


def jax_forward_over_reverse(problem):
    """jvp of the gradient, compiled."""
    need(problem, "logistic")
    import jax
    import jax.numpy as jnp

    if problem["X"].dtype == np.float64:
        jax.config.update("jax_enable_x64", True)
    X, y, w, V = (jax.device_put(problem[key]) for key in ("X", "y", "w", "V"))

    def loss(w, X, y):
        z = X @ w
        return (jax.nn.softplus(z) - y * z).mean()

    def one(v, w, X, y):
        return jax.jvp(lambda w: jax.grad(loss)(w, X, y), (w,), (v,))[1]

    function = one if V.ndim == 1 else jax.vmap(one, in_axes=(1, None, None, None), out_axes=1)
    compiled = jax.jit(function)
    return lambda: np.asarray(jnp.asarray(compiled(V, w, X, y)))


def _curvlinops(kind):
    def make(problem):
        need(problem, "network")
        import curvlinops
        import torch

        (W1, b1), (W2, b2) = problem["layers"]
        net = torch.nn.Sequential(
            torch.nn.Linear(INPUTS, HIDDEN), torch.nn.Tanh(), torch.nn.Linear(HIDDEN, CLASSES)
        )
        with torch.no_grad():
            for layer, (W, b) in zip((net[0], net[2]), ((W1, b1), (W2, b2)), strict=True):
                layer.weight.copy_(torch.from_numpy(W.T.copy()))
                layer.bias.copy_(torch.from_numpy(b))
        data = [(torch.from_numpy(problem["X"]), torch.from_numpy(problem["y"]))]
        make_operator = getattr(curvlinops, kind)
        H = make_operator(
            net,
            torch.nn.CrossEntropyLoss(),
            list(net.parameters()),
            data,
            progressbar=False,
            check_deterministic=False,
        )
        order = np.concatenate(  # torch's W has shape (outputs, inputs)
            [
                np.r_[
                    start + np.arange(a * b).reshape(a, b).T.ravel(), start + a * b + np.arange(b)
                ]
                for start, a, b in (
                    (0, INPUTS, HIDDEN),
                    ((INPUTS + 1) * HIDDEN, HIDDEN, CLASSES),
                )
            ]
        )
        V = torch.from_numpy(problem["V"][order])
        out = np.empty_like(problem["V"])

        def product():
            out[order] = (H @ V).numpy()
            return out

        return product

    return make


PEERS = {
    "optlite": lambda problem: (
        optlite(problem) if "V" in problem else optlite_spectrum("auto")(problem)
    ),
    "optlite:lanczos": optlite_spectrum("lanczos"),
    "numpy:BLAS": blas,
    "numpy:rows": rows,
    "scikit-learn": scikit_learn,
    "torch:double-backward": torch_double_backward,
    "torch:jvp": torch_forward_over_reverse,
    "jax:jvp": jax_forward_over_reverse,
    "curvlinops": _curvlinops("HessianLinearOperator"),
    "numpy:formed": numpy_formed,
    "scipy:eigsh": scipy_eigsh,
    "numpy:block-lanczos": numpy_block_lanczos,
}


# ------------------------------------------------------------------------- one measurement


def reference(problem):
    """Return the product in double precision."""
    double = {
        key: value.astype(np.float64) if getattr(value, "dtype", None) == np.float32 else value
        for key, value in problem.items()
    }
    if problem["kind"] == "logistic":
        return blas(double)()
    if problem["kind"] == "eigenpairs":
        return numpy_formed(double)()
    if problem["kind"] == "density":  # the mean of the eigenvalues, of which probes have an error
        return [(double["q"] @ double["X"] ** 2).sum() / COLUMNS]
    from optlite.objectives import MLP

    double["layers"] = [(W.astype(float), b.astype(float)) for W, b in problem["layers"]]
    f = MLP(double["X"], problem["y"], HIDDEN, "tanh", "softmax")
    twin = f.twin()
    at = twin.evaluate(f.flatten(double["layers"]))
    columns = np.atleast_2d(double["V"].T)
    return twin.hessian_product(at, columns).T.reshape(double["V"].shape)


def measure(emit, task, peer, clock, seconds):
    """Multiply until the time is used up, at least three times after a warm-up."""
    make, arguments, _ = TASKS[task]
    problem = make(*arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        product = PEERS[peer](problem)
        result = np.asarray(product(), dtype=np.float64)
        error = 0.0
        if peer == "optlite" or not task.startswith("logistic"):
            exact = reference(problem)
            error = float(np.linalg.norm(result - exact) / np.linalg.norm(exact))
        gc.collect()
        begun, count = time.perf_counter(), 0
        while count < 3 or time.perf_counter() - begun < seconds:
            start = clock()
            product()
            emit(seconds=clock() - start, error=error)
            count += 1
