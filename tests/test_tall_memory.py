"""A fit of tall data needs little memory beside the features, as the kernel counts it."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

CODE = """
    import json
    import numpy as np
    from optlite.linear_model import LogisticRegression, Ridge, RidgeCV

    rng = np.random.default_rng(0)
    n, d, classes = 60_000, 80, 10
    X = np.empty((n, d))
    for begin in range(0, n, 10_000):
        X[begin : begin + 10_000] = rng.normal(size=(10_000, d))
    W = rng.normal(size=(d, classes)) / 4.0
    z = X @ W
    several = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
    y = z[:, 0] + rng.normal(size=n)
    del z

    def now(what):
        lines = open("/proc/self/status").read().splitlines()
        return 1024 * next(int(l.split()[1]) for l in lines if l.startswith(what))

    def share(model, target):
        model.fit(X[:6000], target[:6000])  # what is loaded once
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # the peak begins anew
        before = now("VmRSS")
        model.fit(X, target)
        return (now("VmHWM") - before) / X.nbytes

    print(json.dumps({
        "two classes": share(LogisticRegression(), y > 0),
        "without penalty": share(LogisticRegression(C=np.inf), y > 0),
        "ten classes": share(LogisticRegression(fit_intercept=False), several),
        "ridge": share(Ridge(), y),
        "leave-one-out": share(RidgeCV(alphas=np.logspace(-3, 3, 50)), y),
    }))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of the process from /proc")
def test_tall_fits_stay_below_a_tenth_of_the_features():
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        # Freed memory goes back at once, so that a peak is the peak of what is in use.
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_THRESHOLD_": "131072",
        "MALLOC_TRIM_THRESHOLD_": "131072",
    }
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CODE)],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    shares = json.loads(run.stdout)
    assert len(shares) == 5
    assert {name: share for name, share in shares.items() if not share < 0.1} == {}, shares
