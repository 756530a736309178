"""Interrupts, forks, threads, memory and silence: what happens when something goes wrong."""

import _thread
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest
from linear_estimators import ESTIMATORS, NAMES
from sklearn.datasets import load_breast_cancer, load_iris

from optlite import optim
from optlite.linear_model import LogisticRegression, Ridge, RidgeCV

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and limits")


def run(code, timeout=120, **environment):
    """Run code in a fresh interpreter, which finds shared modules; return what it printed."""
    shared = os.path.join(os.path.dirname(__file__), "exam")
    path = os.pathsep.join([shared, os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "PYTHONPATH": path.strip(os.pathsep), **environment},
    )
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr[-2000:])
    return done.stdout


# --- Ctrl-C ---------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "newton-cholesky"])
def test_ctrl_c_stops_a_long_fit(solver, polls, ctrl_c):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20000, 40))
    X[:, 1] = X[:, 0] + 1e-9 * X[:, 1]
    y = rng.integers(0, 12, 20000)
    short = LogisticRegression(C=1e12, tol=0, max_iter=2, solver=solver)
    long = LogisticRegression(C=1e12, tol=0, max_iter=10**9, solver=solver)
    assert polls(short.fit, X, y) >= 3 * len(X) / 1000  # in each read of X, many times
    ctrl_c(lambda: long.fit(X, y))
    assert not hasattr(long, "coef_") or np.isfinite(long.coef_).all()
    # The process is still good for work.
    assert LogisticRegression().fit(X[:200], y[:200] % 2).converged_


def test_a_step_of_matrix_products_asks_for_ctrl_c(polls):
    """A large step takes seconds; between blocks of its products it asks."""
    rng = np.random.default_rng(0)
    rule = optim.Muon()
    for n in (300, 600):
        x, g = rng.normal(size=(2, n, n))
        # Fifteen products, and at most 5e7 of their multiplications between two polls.
        assert polls(rule.step, x, g, rule.init(x)) >= 15 * n**3 / 5e7


@pytest.mark.parametrize(
    "rule", [optim.Muon(), optim.ShampooGrafted(start=1, block_size=512)], ids=lambda r: r.name
)
def test_an_interrupted_step_has_changed_nothing(rule, ctrl_c):
    """Momentum, roots and decay come before x changes: what was done of the step is taken back."""
    rng = np.random.default_rng(0)
    rule = rule.replace(weight_decay=0.1, weight_decay_form="decoupled")
    params = [rng.normal(size=shape) for shape in ((1500, 1500), (9,), (1500, 1500))]
    grads = [rng.normal(size=x.shape) for x in params]
    state = rule.init(params)
    kept, before = [x.copy() for x in params], state.copy()
    steps = []

    def step():  # seconds long
        rule.step(params, grads, state)
        steps.append(state.t)

    ctrl_c(step)
    assert steps == []
    assert state == before and state.t == 0
    assert all(np.array_equal(x, y) for x, y in zip(params, kept, strict=True))


@pytest.mark.parametrize(
    ("model", "shape", "name"),
    [
        (Ridge(solver="svd"), (450, 400), "svd"),
        (RidgeCV(), (400, 450), "eigh"),
        (RidgeCV(), (450, 400), "eigh"),
    ],
    ids=str,
)
def test_a_decomposition_does_not_keep_ctrl_c_waiting(model, shape, name, monkeypatch):
    """It ends only after the fit was left: in another thread, as a call of LAPACK hears nothing."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=shape), rng.normal(size=shape[0])
    left, threads = threading.Event(), []
    decompose = getattr(np.linalg, name)

    def late(*args, **kwargs):
        threads.append(threading.current_thread())
        _thread.interrupt_main()
        assert left.wait(60.0)
        return decompose(*args, **kwargs)

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(np.linalg, name, late)
            model.fit(X, y)
    finally:
        left.set()
        signal.signal(signal.SIGINT, handler)
    assert len(threads) == 1 and threads[0] is not threading.main_thread()
    assert Ridge().fit(X[:50, :3], y[:50]).certificate_ < 1e-9  # still good for work


def test_a_factorisation_asks_for_ctrl_c(polls):
    rng = np.random.default_rng(0)
    n = 1200
    X, y = rng.normal(size=(n, 40)), rng.normal(size=n)
    # n^2 d / 2 multiplications for the matrix, n^3 / 6 to factorise it.
    assert polls(Ridge(solver="dual").fit, X, y) >= (n**2 * 20 + n**3 / 6) / 1e7


# --- forks, threads, memory, silence --------------------------------------------------------------


def _fit_in_child(queue):
    X, y = load_iris(return_X_y=True)
    queue.put(LogisticRegression().fit(X, y).coef_.tobytes())


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="the platform does not fork"
)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_can_fit():
    rng = np.random.default_rng(0)
    LogisticRegression().fit(rng.normal(size=(50000, 20)), rng.integers(0, 2, 50000))
    X, y = load_iris(return_X_y=True)
    expected = LogisticRegression().fit(X, y).coef_.tobytes()
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=_fit_in_child, args=(queue,))
    child.start()
    child.join(timeout=60)
    hung = child.is_alive()
    if hung:
        child.kill()
    assert not hung and child.exitcode == 0
    assert queue.get() == expected


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_concurrent_fits_give_the_same_bits(Estimator):
    X, y = load_breast_cancer(return_X_y=True)
    expected = Estimator().fit(X, y)
    found = []

    def work():
        for _ in range(3):
            model = Estimator().fit(X, y)
            found.append((model.coef_.tobytes(), model.predict(X).tobytes()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(expected.coef_.tobytes(), expected.predict(X).tobytes())] * 12


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_nothing_is_printed(Estimator, capfd):
    X, y = load_breast_cancer(return_X_y=True)
    model = Estimator()
    if "verbose" in model.get_params():
        model.set_params(verbose=3)
    model.fit(X, y).predict(X)
    assert capfd.readouterr() == ("", "")


@posix
def test_memory_reaches_a_plateau():
    run(
        """
        import numpy as np, scipy.sparse as sp
        from linear_estimators import NAMES, with_few_fits

        rng = np.random.default_rng(0)
        X = rng.normal(size=(2000, 15))
        y = (X[:, 0] + X[:, 1] + rng.normal(size=2000) > 0).astype(int)
        S = sp.csr_array(np.where(abs(X) < 1, 0, X))
        # What a fit keeps, it keeps each time: long paths and many folds would show no more of it.
        models = [with_few_fits(name) for name in NAMES]

        def fit_all(times):
            for _ in range(times):
                for model in models:
                    model.fit(X, y).predict(X)
                    model.fit(S, y)
            # Not that of getrusage, which begins with the parent's.
            with open("/proc/self/status") as status:
                return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

        before = fit_all(10)
        after = fit_all(50)
        # 400 fits; keeping even one vector of the samples each time would add 6 MB.
        assert after - before < 3000, (before, after)
        """,
        OMP_NUM_THREADS="1",
    )


@posix
def test_out_of_memory_is_an_error_and_leaves_no_model():
    # The linear algebra libraries end the process if their own first allocation fails: they make
    # it in the warm-up, so that what is refused here is ours.
    done = run(
        """
        import os, resource, traceback
        import numpy as np
        import scipy.linalg
        from linear_estimators import MODELS

        rng = np.random.default_rng(0)
        small = rng.normal(size=(100, 4))
        y = np.arange(100) % 2
        square = np.ones((700, 700))
        scipy.linalg.eigh(square @ square)
        X = rng.normal(size=(200, 30000))

        def refuse(name, Estimator):
            Estimator().fit(small, y)
            long = name.startswith(("MultiTask", "Sparse")) and name.endswith("CV")
            model = Estimator(alphas=1) if long else Estimator()
            with open("/proc/self/statm") as statm:
                used = int(statm.read().split()[0]) * resource.getpagesize()
            refused = 0
            # More and more headroom, until it succeeds: each refusal must be clean.
            for extra in (2**10, 2**18, 2**20, 2**21, 2**22, 2**23, 2**24, 2**25, 2**26, 2**28):
                resource.setrlimit(resource.RLIMIT_AS, (used + extra, resource.RLIM_INFINITY))
                try:
                    model.fit(X, np.arange(200) % 2)
                except MemoryError:
                    refused += 1
                    assert not hasattr(model, "coef_")
                else:
                    break
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
            print(name, refused, flush=True)
            model.fit(small, y)

        for name, Estimator in MODELS.items():
            child = os.fork()  # what the models before have freed is not there
            if child == 0:
                try:
                    refuse(name, Estimator)
                except BaseException:
                    traceback.print_exc()
                    os._exit(1)
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0, name
        """,
        OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1",
        MALLOC_MMAP_THRESHOLD_="65536",  # what one fit freed is not kept for the next
    )
    refused = dict(line.split() for line in done.splitlines())
    assert sorted(refused) == sorted(NAMES)
    assert all(int(count) > 0 for count in refused.values()), f"limit not reached: {refused}"


def test_denormal_numbers_survive_the_import():
    # A library built with fast-math flags can switch the whole process to flush them to zero.
    run(
        """
        import numpy as np
        import optlite.linear_model
        assert np.float64(5e-324) * 1.0 != 0.0
        """
    )
