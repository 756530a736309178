"""One step of an update rule, by optlite and by its peers: a function to call again and again.

The parameters are one vector of n numbers, or for the rules of `PRODUCTS` one square matrix.
"""

import os
import time

import numpy as np

LEARNING_RATE, BETA1, BETA2, EPS, DECAY = 1e-3, 0.9, 0.999, 1e-8, 1e-2
MOMENTUM, ALPHA = 0.9, 0.99

#: Arrays read and written by one fused step: x, g, each array of state, and x, state again. MARS
#: reads g and the gradient before twice: it divides by the norm of their combination, which must be
#: known before the first number is written.
TRAFFIC = {
    "adamw": 7,
    "momentum": 5,
    "rmsprop": 5,
    "adagrad": 5,
    "lion": 5,
    "adabelief": 7,
    "adan": 11,
    "ademamix": 9,
    "grams": 7,
    "mars_adamw": 11,
}
#: Rules for matrices -> multiplications of a step on n x n, in n^3, that the best known plan makes:
#: five steps of X X^T, its square (half of a symmetric product each) and one full product for Muon.
#: For Shampoo the two statistics and the two products with the roots, which every plan has; the
#: roots are taken every tenth step and are not counted.
PRODUCTS = {"muon": 10.0, "shampoo": 3.0}
OPTLITE = {
    "adamw": {"weight_decay": DECAY},
    "momentum": {"momentum": MOMENTUM},
    "rmsprop": {"alpha": ALPHA},
    "muon": {"scale": "match_rms_adamw"},
    "shampoo": {"update_every": 10},
}


def data(n, dtype, rule=None):
    """Draw parameters and a gradient."""
    rng = np.random.default_rng(0)
    shape = (int(n**0.5),) * 2 if rule in PRODUCTS else n
    x, g = rng.standard_normal(shape), rng.standard_normal(shape) + 0.1
    return x.astype(dtype), g.astype(dtype)


def optlite(rule, x, g):
    from optlite import optim

    step = optim.from_name(rule, learning_rate=LEARNING_RATE, **OPTLITE.get(rule, {}))
    state = step.init(x)
    return lambda: step.step(x, g, state), lambda: x


def numpy_in_place(rule, x, g):
    """The rule in NumPy, without temporaries."""
    f, spare = x.dtype.type, np.empty_like(x)
    m, v, t = np.zeros_like(x), np.zeros_like(x), 0

    def second_moment(decay):
        np.multiply(v, f(decay), out=v)
        np.multiply(g, g, out=spare)
        np.multiply(spare, f(1 - decay), out=spare)
        np.add(v, spare, out=v)

    def divide(numerator, rate, root, eps):
        np.sqrt(v, out=spare)
        np.multiply(spare, f(root), out=spare)
        np.add(spare, f(eps), out=spare)
        np.divide(numerator, spare, out=spare)
        np.multiply(spare, f(rate), out=spare)
        np.subtract(x, spare, out=x)

    def adamw():
        nonlocal t
        t += 1
        np.multiply(x, f(1 - LEARNING_RATE * DECAY), out=x)
        np.multiply(m, f(BETA1), out=m)
        np.multiply(g, f(1 - BETA1), out=spare)
        np.add(m, spare, out=m)
        second_moment(BETA2)
        divide(m, LEARNING_RATE / (1 - BETA1**t), (1 - BETA2**t) ** -0.5, EPS)

    def momentum():
        np.multiply(m, f(MOMENTUM), out=m)
        np.add(m, g, out=m)
        np.multiply(m, f(LEARNING_RATE), out=spare)
        np.subtract(x, spare, out=x)

    def rmsprop():
        second_moment(ALPHA)
        divide(g, LEARNING_RATE, 1.0, EPS)

    def adagrad():
        np.multiply(g, g, out=spare)
        np.add(v, spare, out=v)
        divide(g, LEARNING_RATE, 1.0, 1e-10)

    known = {"adamw": adamw, "momentum": momentum, "rmsprop": rmsprop, "adagrad": adagrad}
    if rule not in known:
        raise ImportError(f"no NumPy version of {rule}")
    return known[rule], lambda: x


def torch(rule, x, g, **how):
    import torch as package

    package.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    parameter = package.from_numpy(x).requires_grad_()
    parameter.grad = package.from_numpy(g)
    module = package.optim
    makers = {
        "adamw": lambda: module.AdamW([parameter], lr=LEARNING_RATE, weight_decay=DECAY, **how),
        "momentum": lambda: module.SGD([parameter], lr=LEARNING_RATE, momentum=MOMENTUM, **how),
        "rmsprop": lambda: module.RMSprop([parameter], lr=LEARNING_RATE, alpha=ALPHA, **how),
        "adagrad": lambda: module.Adagrad([parameter], lr=LEARNING_RATE, **how),
        "muon": lambda: _torch_muon(module, parameter, **how),
    }
    if rule not in makers:
        raise ImportError(f"torch has no {rule}")
    try:
        optimizer = makers[rule]()
    except (TypeError, RuntimeError) as error:
        raise ImportError(f"not offered: {error}") from None
    return optimizer.step, lambda: parameter.detach().numpy()


def _torch_muon(module, parameter, single=None):
    """Torch's Muon, which multiplies in bfloat16; `single`: the same code on float32."""
    if single is None:
        raise TypeError("fused, foreach and loop are one")
    if single:
        import torch as package

        package.Tensor.bfloat16 = lambda self: self.float()  # in this process only
    how = {"adjust_lr_fn": "match_rms_adamw", "weight_decay": 0.0}
    return module.Muon([parameter], lr=LEARNING_RATE, **how)


def pytorch_optimizer(rule, x, g):
    import pytorch_optimizer as package
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    parameter = torch.from_numpy(x).requires_grad_()
    parameter.grad = torch.from_numpy(g)
    names = {
        "adamw": ("AdamW", {"weight_decay": DECAY}),
        "lion": ("Lion", {}),
        "adabelief": ("AdaBelief", {}),
        "adan": ("Adan", {}),
        "ademamix": ("AdEMAMix", {"weight_decouple": True}),
        "grams": ("Grams", {}),
        "mars_adamw": ("MARS", {"optimize_1d": True}),
        "muon": ("Muon", {"use_adjusted_lr": True}),
        "shampoo": ("Shampoo", {"preconditioning_compute_steps": 10}),
    }
    if rule not in names:
        raise ImportError(f"not compared with pytorch_optimizer's {rule}")
    name, hyper = names[rule]
    groups = [{"params": [parameter], **({"use_muon": True} if rule == "muon" else {})}]
    optimizer = getattr(package, name)(groups, lr=LEARNING_RATE, **hyper)
    return optimizer.step, lambda: parameter.detach().numpy()


def optax(rule, x, g):
    import jax
    import optax as package
    import optax.contrib

    if x.dtype == np.float64:
        jax.config.update("jax_enable_x64", True)
    makers = {
        "adamw": lambda: package.adamw(LEARNING_RATE, BETA1, BETA2, EPS, weight_decay=DECAY),
        "momentum": lambda: package.sgd(LEARNING_RATE, MOMENTUM),
        "rmsprop": lambda: package.rmsprop(LEARNING_RATE, ALPHA, EPS, eps_in_sqrt=False),
        "adagrad": lambda: package.adagrad(LEARNING_RATE, 0.0, 1e-10),
        "lion": lambda: package.lion(LEARNING_RATE, weight_decay=0.0),
        "adabelief": lambda: package.adabelief(LEARNING_RATE),
        "adan": lambda: package.adan(LEARNING_RATE),
        "ademamix": lambda: package.contrib.ademamix(LEARNING_RATE),
        "muon": lambda: package.contrib.muon(LEARNING_RATE),
    }
    if rule not in makers:
        raise ImportError(f"optax has no comparable {rule}")
    transform, gradient = makers[rule](), jax.device_put(g)
    held = [jax.device_put(x)]
    held.append(transform.init(held[0]))

    def apply(parameters, state):
        change, state = transform.update(gradient, state, parameters)
        return package.apply_updates(parameters, change), state

    apply = jax.jit(apply, donate_argnums=(0, 1))

    def step():
        held[:] = apply(*held)
        held[0].block_until_ready()

    return step, lambda: np.asarray(held[0])


PEERS = {
    "optlite": optlite,
    "torch:fused": lambda *a: torch(*a, fused=True),
    "torch:foreach": lambda *a: torch(*a, foreach=True),
    "torch:loop": lambda *a: torch(*a, foreach=False),
    "torch:bfloat16": lambda *a: torch(*a, single=False),
    "torch:float32": lambda *a: torch(*a, single=True),
    "pytorch_optimizer": pytorch_optimizer,
    "numpy:in-place": numpy_in_place,
    "optax:jit": optax,
}
#: Rules of which peers are known to compute the same numbers.
COMPARED = ("adamw", "momentum", "rmsprop", "adagrad")


def reference(rule, n, dtype, steps):
    """The parameters after some steps, in float64 by NumPy; None where it has no version."""
    if rule not in COMPARED or n > 10**5:
        return None
    step, read = numpy_in_place(rule, *(a.astype(np.float64) for a in data(n, dtype)))
    for _ in range(steps):
        step()
    return read()


def measure(emit, rule, peer, n, dtype, seconds):
    """Time steps for about so many seconds, after three whose result is checked."""
    step, read = PEERS[peer](rule, *data(n, dtype, rule))
    for _ in range(3):
        step()
    expected = reference(rule, n, dtype, 3)
    error = None if expected is None else float(np.abs(read() - expected).max())
    start = time.perf_counter()
    step()
    once = max(time.perf_counter() - start, 1e-7)
    batch = max(1, int(0.002 / once))
    times = []
    end = time.perf_counter() + seconds
    # A multiple of ten: a rule may do its heavy part in one of ten.
    while time.perf_counter() < end or len(times) % 10 > 0 or not times:
        start = time.perf_counter()
        for _ in range(batch):
            step()
        times.append((time.perf_counter() - start) / batch)
    typical = np.mean(times) if rule in PRODUCTS else np.median(times)
    emit(seconds=float(typical), best=min(times), error=error)
