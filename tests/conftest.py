"""Shared fixtures, a hypothesis profile that draws the same examples in every run, and the order
in which workers share the tests."""

import os
import signal

import hypothesis
import pytest
from threadpoolctl import threadpool_limits

hypothesis.settings.register_profile(
    "repeatable", derandomize=True, deadline=None, max_examples=40, database=None
)
hypothesis.settings.load_profile("repeatable")

# Where several workers share the processors, threads that wait for work must not burn their time.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

#: Files that hold single tests of many seconds: no worker begins one of them last.
SLOW = ("test_peer_suites.py", "test_contributing.py", "test_ngboost_scores.py", "test_lessons.py")


def pytest_collection_modifyitems(items):
    """Long tests first, whichever worker gets them."""
    items.sort(key=lambda item: item.path.name not in SLOW)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Each worker takes a range of tests, so that a file's fixtures are made once, and helps."""
    from xdist.scheduler import WorkStealingScheduling

    if config.getoption("dist") == "load":  # what -n means where nothing else is asked for
        return WorkStealingScheduling(config, log)
    return None


@pytest.fixture(params=[1, 2, 3, 7], ids="threads={}".format)
def n_threads(request):
    """Run the test with each of these numbers of OpenMP threads."""
    with threadpool_limits(request.param, user_api="openmp"):
        yield request.param


@pytest.fixture
def polls():
    """Count how often a call asks for Ctrl-C, on one thread."""
    from optlite._core import core

    def count(function, *args, **options):
        with threadpool_limits(1, user_api="openmp"):
            before = core.poll_count()
            function(*args, **options)
            return core.poll_count() - before

    return count


@pytest.fixture
def ctrl_c():
    """Press Ctrl-C while a call runs, which is repeated until then: it has to come out.

    That the call itself asks for it, often enough, is what `polls` counts.
    """
    if not hasattr(signal, "setitimer"):
        pytest.skip("needs POSIX signals")

    def interrupt(signum, frame):
        raise KeyboardInterrupt

    def press(call, after=0.1):
        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            with pytest.raises(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, after)
                while True:
                    call()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)

    return press
