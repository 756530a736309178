"""Interrupts, forks, threads, memory and silence: what happens when something goes wrong."""

import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris

from optlite import linear_model
from optlite.linear_model import LogisticRegression

ESTIMATORS = [E for E in map(vars(linear_model).get, linear_model.__all__) if isinstance(E, type)]
NAMES = [Estimator.__name__ for Estimator in ESTIMATORS]
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and limits")


def run(code, timeout=120, **environment):
    """Run code in a fresh interpreter and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr[-2000:])
    return done.stdout


@posix
@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "newton-cholesky"])
def test_interrupt_stops_a_long_fit(solver):
    # The fit would take minutes. CPU time, not the clock, is compared: other processes of a busy
    # machine must not count, and a fit that ignored the signal would go on burning it.
    run(
        f"""
        import signal, time
        import numpy as np
        from optlite.linear_model import LogisticRegression

        rng = np.random.default_rng(0)
        X = rng.normal(size=(20000, 40))
        X[:, 1] = X[:, 0] + 1e-9 * X[:, 1]
        y = rng.integers(0, 12, 20000)
        model = LogisticRegression(C=1e12, tol=0, max_iter=10**9, solver={solver!r})
        warm = LogisticRegression(max_iter=1, solver={solver!r})
        fired = []

        def interrupt(signum, frame):
            fired.append(time.process_time())
            raise KeyboardInterrupt

        signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.4)
        sent = time.process_time()
        interrupted = False
        try:
            while True:  # a fit that ends early is started again: the signal comes within one
                model.fit(X, y)
        except KeyboardInterrupt:
            interrupted = True
        late = time.process_time() - fired[0]
        assert interrupted and late < 0.2, late
        assert not hasattr(model, "coef_") or np.isfinite(model.coef_).all()
        # The process is still good for work.
        assert LogisticRegression().fit(X[:200], y[:200] % 2).converged_
        """
    )


@posix
def test_interrupt_stops_a_step_of_matrix_products():
    # A step takes seconds of CPU time; without polls between products the signal would wait for it.
    run(
        """
        import signal, time
        import numpy as np
        from optlite import optim

        rng = np.random.default_rng(0)
        x = rng.normal(size=(2500, 2500))
        rule = optim.Muon()
        state = rule.init(x)
        fired = []

        def interrupt(signum, frame):
            fired.append(time.process_time())
            raise KeyboardInterrupt

        signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.4)
        try:
            while True:
                rule.step(x, rng.normal(size=(2500, 2500)), state)
        except KeyboardInterrupt:
            late = time.process_time() - fired[0]
        assert late < 0.4, late
        # The state is still good for steps.
        rule.step(x[:0], x[:0], rule.init(x[:0]))
        """
    )


@posix
@pytest.mark.parametrize("rule", ["Muon()", "ShampooGrafted(start=1, block_size=512)"])
def test_an_interrupted_step_has_changed_nothing(rule):
    # Momentum, roots and decay come before x changes: what was done of the step is taken back.
    run(
        f"""
        import signal
        import numpy as np
        from optlite import optim

        rng = np.random.default_rng(0)
        rule = optim.{rule}.replace(weight_decay=0.1, weight_decay_form="decoupled")
        shape = (1600, 1600)
        params = [rng.normal(size=shape), rng.normal(size=9), rng.normal(size=shape)]
        grads = [rng.normal(size=x.shape) for x in params]
        state = rule.init(params)
        kept, before = [x.copy() for x in params], state.copy()

        def interrupt(signum, frame):
            raise KeyboardInterrupt

        signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.2)  # the step takes seconds
        interrupted = False
        try:
            rule.step(params, grads, state)
        except KeyboardInterrupt:
            interrupted = True
        assert interrupted
        assert state == before and state.t == 0
        assert all(np.array_equal(x, y) for x, y in zip(params, kept))
        """
    )


@posix
@pytest.mark.parametrize(
    "model, shape",
    [
        ("Ridge(solver='dual')", (3500, 40)),
        ("Ridge(solver='svd')", (1800, 1600)),
        ("RidgeCV()", (2000, 2400)),
        ("RidgeCV()", (2400, 2000)),
    ],
)
def test_interrupt_stops_a_decomposition(model, shape):
    run(
        f"""
        import signal, time
        import numpy as np
        from optlite.linear_model import Ridge, RidgeCV

        rng = np.random.default_rng(0)
        X = rng.normal(size={shape})
        y = rng.normal(size=len(X))

        def interrupt(signum, frame):
            raise KeyboardInterrupt

        signal.signal(signal.SIGPROF, interrupt)
        # Not the time at which the handler runs, since that waits for the main thread itself; and
        # CPU time of all threads, since other processes of a busy machine must not count.
        sent = time.process_time() + 0.7
        signal.setitimer(signal.ITIMER_PROF, 0.7)
        try:
            while True:  # a fit that ends early is started again: the signal comes within one
                {model}.fit(X, y)
        except KeyboardInterrupt:
            late = time.process_time() - sent
        assert late < 0.8, late  # of two threads: 0.4 s of the clock
        assert Ridge().fit(X[:50, :3], y[:50]).certificate_ < 1e-9  # still good for work
        """
    )


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
        import resource
        import numpy as np, scipy.sparse as sp
        from optlite import linear_model

        rng = np.random.default_rng(0)
        X = rng.normal(size=(2000, 15))
        y = rng.integers(0, 2, 2000)
        S = sp.csr_array(np.where(abs(X) < 1, 0, X))
        models = [getattr(linear_model, n)() for n in linear_model.__all__ if n[0].isupper()]

        def fit_all(times):
            for _ in range(times):
                for model in models:
                    model.fit(X, y).predict(X)
                    model.fit(S, y)
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        before = fit_all(10)
        after = fit_all(50)
        # 400 fits; keeping even one vector of the samples each time would add 6 MB.
        assert after - before < 3000, (before, after)
        """,
        OMP_NUM_THREADS="1",
    )


@posix
@pytest.mark.parametrize("name", NAMES)
def test_out_of_memory_is_an_error_and_leaves_no_model(name):
    # The linear algebra libraries end the process if their own first allocation fails: they make
    # it in the warm-up, so that what is refused here is ours.
    run(
        f"""
        import resource
        import numpy as np
        import scipy.linalg
        from optlite import linear_model

        model = linear_model.{name}()
        rng = np.random.default_rng(0)
        small = rng.normal(size=(100, 4))
        y = np.arange(100) % 2
        model.fit(small, y)
        square = np.ones((700, 700))
        scipy.linalg.eigh(square @ square)
        model = linear_model.{name}()
        X = rng.normal(size=(200, 30000))
        y = np.arange(200) % 2
        with open("/proc/self/statm") as statm:
            used = int(statm.read().split()[0]) * resource.getpagesize()
        refused = 0
        # More and more headroom, until it succeeds: each refusal must be clean.
        for extra in (2**10, 2**18, 2**20, 2**21, 2**22, 2**23, 2**24, 2**25, 2**26, 2**28):
            resource.setrlimit(resource.RLIMIT_AS, (used + extra, resource.RLIM_INFINITY))
            try:
                model.fit(X, y)
            except MemoryError:
                refused += 1
                assert not hasattr(model, "coef_")
            else:
                break
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
        assert refused > 0, "the limit was never reached"
        model.fit(small, np.arange(100) % 2)
        """,
        OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1",
    )


def test_denormal_numbers_survive_the_import():
    # A library built with fast-math flags can switch the whole process to flush them to zero.
    run(
        """
        import numpy as np
        import optlite.linear_model
        assert np.float64(5e-324) * 1.0 != 0.0
        """
    )
