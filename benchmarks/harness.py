"""Run measurements in processes of their own, choose rungs of equal quality, watch the machine.

One task is measured in three steps.

1. *Ladder*: each solver climbs a list of tolerances, in one process, once. The best objective of
   all rungs of all solvers is F*; a solver's rung is its fastest one with
   (F - F*)/|F*| <= QUALITY. This choice is made with hindsight, which flatters every solver alike.
2. *Time*: optlite and the solvers that can still be the best one are run again at their rung, in
   rounds, in alternating order; each run is a process that warms up and then times a few fits.
3. *Memory*: one more process per solver, with a heap that gives memory back.
"""

import contextlib
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
QUALITY = 1e-8
BUSY_LOAD = 0.7  # load average before the run above which the numbers are not to be trusted
BUSY_SHARE = 0.15  # cores used by other processes during a measurement, likewise

#: The first touch of a page can cost more than the arithmetic on a virtual machine, so timed
#: processes keep the memory that they free. The same for every solver.
TIMING_ENVIRONMENT = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "68719476736"}
#: Peaks are visible only if freed memory goes back at once.
MEMORY_ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}
#: Forced kernels and cache sizes of OpenBLAS would slow down the peers.
_UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", *TIMING_ENVIRONMENT, *MEMORY_ENVIRONMENT)
_THREAD_VARIABLES = ("OMP", "OPENBLAS", "MKL", "NUMBA", "NUMEXPR")


# ------------------------------------------------------------------------- one process


def child_environment(threads, extra):
    """Return the environment of a measuring process."""
    env = {name: value for name, value in os.environ.items() if name not in _UNSET}
    env |= {f"{name}_NUM_THREADS": str(threads) for name in _THREAD_VARIABLES}
    return env | extra


def run_order(do, *, threads=1, limit=120.0, extra=TIMING_ENVIRONMENT, **order):
    """Run one order of worker.py.

    Parameters
    ----------
    do : str
        Name of the order.
    threads : int
        Threads that every library may use.
    limit : float
        Seconds after which the process is stopped; the rows it sent until then count.
    extra : dict
        Environment variables of the heap.
    **order
        Arguments of the order.

    Returns
    -------
    rows : list of dict
    status : str
        "ok", "missing: ...", "error: ...", "time limit" or "crashed".
    other : float
        Cores that other processes used meanwhile.
    """
    read, write = os.pipe()
    command = [sys.executable, str(HERE / "worker.py"), json.dumps({"do": do, **order}), str(write)]
    before = _busy_seconds()
    process = subprocess.Popen(
        command,
        env=child_environment(threads, extra),
        pass_fds=[write],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    late = threading.Event()
    timer = threading.Timer(limit, lambda: (late.set(), process.kill()))
    timer.start()
    try:
        with os.fdopen(read) as pipe:
            lines = [line for line in pipe if line.endswith("\n")]
        process.wait()
    finally:
        timer.cancel()
        if process.poll() is None:  # an interrupt: leave no process behind
            process.kill()
            process.wait()
    rows = [json.loads(line) for line in lines]
    status = rows.pop()["end"] if rows and "end" in rows[-1] else "crashed"
    return rows, "time limit" if late.is_set() and status == "crashed" else status, _other(before)


def wanted(names, words):
    """Return the names that contain one of the words, or all where there are no words."""
    return [name for name in names if not words or any(word in name for word in words)]


def say_not_measured(results):
    """Print why a solver has no rows; the results have a text in their place."""
    for label, rows in results.items():
        if isinstance(rows, str):
            print(f"Not measured: {label} ({rows}).")


def crowd(rows):
    """Return a list of one note if others used the processor meanwhile, else an empty one."""
    other = max(row["other"] for row in rows)
    return [f"others used {other:.2f} cores"] if other > 0.15 else []


def choose(labels, peers):
    """Return optlite and those of the labels whose name or library the command line asks for."""
    words = [word for word in peers.split(",") if word]
    return [
        label
        for label in labels
        if label == "optlite" or not words or label in words or label.split(":")[0] in words
    ]


def _busy_seconds():
    """Return (wall clock, CPU seconds used by all processes, by this one and its children)."""
    import psutil  # here, so that the site can make its pages of results without it

    used, mine = psutil.cpu_times(), os.times()
    everyone = sum(
        getattr(used, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq")
    )
    return time.perf_counter(), everyone + getattr(used, "steal", 0.0), sum(mine[:4])


def _other(before):
    wall, everyone, mine = (b - a for a, b in zip(before, _busy_seconds(), strict=True))
    return max(0.0, everyone - mine) / max(wall, 1e-9)


# ------------------------------------------------------------------------- the machine


def describe_machine():
    """Collect versions, cores, load, date and commit; printed and saved with every result."""
    import psutil

    rows, status, _ = run_order("environment", threads=psutil.cpu_count())
    facts = rows[0] if rows else {"versions": {}, "blas": [], "optlite": {"missing": status}}
    return {
        "processor": _processor_name(),
        "cores": psutil.cpu_count(),
        "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "load": os.getloadavg()[0],
        "date": time.strftime("%Y-%m-%d"),
        "commit": commit(),
        **facts,
    }


def commit():
    """Return the commit of this source tree, with a + if files differ from it, or "unknown"."""
    git = ["git", "-C", str(HERE)]
    try:
        short = subprocess.check_output([*git, "rev-parse", "--short", "HEAD"], text=True).strip()
        changes = [*git, "status", "--porcelain", "--untracked-files=no"]
        return short + "+" * bool(subprocess.check_output(changes))
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _processor_name():
    with contextlib.suppress(OSError, StopIteration), open("/proc/cpuinfo") as file:
        return next(line for line in file if line.startswith("model name")).split(":")[1].strip()
    return platform.processor() or "unknown"


def wait_until_quiet(patience):
    """Wait for the load average to fall; return it."""
    end = time.monotonic() + patience
    while (load := os.getloadavg()[0]) > BUSY_LOAD and time.monotonic() < end:
        time.sleep(5)
    return load


# ------------------------------------------------------------------------- one task


def measure_task(task, solvers, options, threads, known_rungs=None):
    """Measure one task with one number of threads.

    Parameters
    ----------
    task : Task
        See tasks.py.
    solvers : list of str
        Labels, optlite first.
    options : Namespace
        Fields scale, budget, limit, rounds, clock, memory.
    threads : int
    known_rungs : dict, optional
        Label -> (rungs, status) of an earlier run: these ladders are not climbed again.

    Returns
    -------
    dict
        Facts of the data, F*, one row per solver; JSON-able.
    """
    with tempfile.TemporaryDirectory(prefix="optlite-bench-") as folder:
        rows, status, _ = run_order(
            "prepare", limit=600, task=task.key, scale=options.scale, folder=folder
        )
        if status != "ok":
            raise RuntimeError(f"the data of {task.key} could not be made: {status}")
        facts = rows[0]
        run = _Run(task, options, threads, folder)
        ladders = dict(known_rungs or {})
        for label in solvers:
            if label not in ladders:
                ladders[label] = run.climb(label)
        best, table = choose_rungs(ladders)  # known ladders count for F*, even if not timed again
        table = [row for row in table if row["solver"] in solvers]
        run.time(table)
        if options.memory:
            run.memory(table, facts["bytes"])
    add_ratios(table)
    return {
        "task": task.key,
        "name": task.name,
        "threads": threads,
        "scale": options.scale,
        "facts": facts,
        "best_value": best,
        "rows": sorted(table, key=lambda row: (not row["reached"], row.get("median") or 1e99)),
        "ladders": ladders,
    }


def choose_rungs(ladders):
    """Pick F* and, for every solver, its fastest rung of equal quality (or its best one).

    Parameters
    ----------
    ladders : dict
        Label -> (rungs, status).

    Returns
    -------
    best : float
        F*.
    table : list of dict
        One row per solver: reached, tol, suboptimality, status and the single time of the ladder.
    """
    values = [
        r["value"] for rungs, _ in ladders.values() for r in rungs if r["value"] == r["value"]
    ]
    best = min(values, default=float("nan"))
    table = []
    for label, (rungs, status) in ladders.items():
        judged = [{**r, "suboptimality": _relative(r["value"], best)} for r in rungs]
        good = [r for r in judged if r["suboptimality"] <= QUALITY and "stopped" not in r]
        row = {"solver": label, "status": status, "reached": bool(good)}
        if good:
            row |= min(good, key=lambda r: r["seconds"])
        elif judged:
            row |= min(judged, key=lambda r: r["suboptimality"])
        table.append(row)
    return best, table


def _relative(value, best):
    excess = (value - best) / max(abs(best), 1e-300)
    return excess if excess == excess else float("inf")  # a NaN objective is no solution


def add_ratios(table):
    """Add each row's ratio to the best peer: that peer's median over the row's own."""
    done = [row for row in table if row["reached"] and row.get("median")]
    peer = min((r["median"] for r in done if r["solver"] != "optlite"), default=None)
    for row in done:
        row["ratio"] = peer / row["median"] if peer else None


class _Run:
    """The processes of one task."""

    def __init__(self, task, options, threads, folder):
        self.task, self.options, self.threads = task, options, threads
        self.common = {"threads": threads, "limit": options.limit, "folder": folder}

    def climb(self, label):
        """Climb the ladder of one solver; return (rungs, status)."""
        tolerances = self.task.tolerances(label, self.options.quick)
        common = {"solver": label, "clock": self.options.clock, **self.common}
        rows, status, _ = run_order(
            "ladder", tolerances=tolerances, budget=self.options.budget, **common
        )
        if not rows and status == "time limit" and label != "optlite":
            rows, _, _ = run_order("stopped", tol=tolerances[0], **common)
        last = f"{rows[-1]['seconds']:.4g} s, F = {rows[-1]['value']:.12g}" if rows else "-"
        _say(f"  {label}: {len(rows)} rungs, {status}, last {last}")
        return rows, status

    def time(self, table):
        """Time the solvers that reached the quality, in rounds of alternating order."""
        rows = [row for row in table if row["reached"]]
        first = min((r["seconds"] for r in rows if r["solver"] != "optlite"), default=0.0)
        for row in rows:
            row["runs"], row["other"] = [], 0.0
            contends = row["solver"] == "optlite" or row["seconds"] <= 3 * first
            row["rounds"] = self.options.rounds if contends else 1
        for turn in range(self.options.rounds):
            for row in rows if turn % 2 == 0 else reversed(rows):
                if turn < row["rounds"]:
                    self._time_once(row)
        for row in rows:
            if row["runs"]:
                row["median"], row["min"] = statistics.median(row["runs"]), min(row["runs"])
                row["busy"] = row["other"] > BUSY_SHARE

    def _time_once(self, row):
        sent, status, other = run_order(
            "measure", solver=row["solver"], tol=row["tol"], clock=self.options.clock, **self.common
        )
        row["runs"] += [r["seconds"] for r in sent if "seconds" in r]
        row["other"] = max(row["other"], other)
        if status != "ok":
            row["status"] = status

    def memory(self, table, bytes_of_X):
        """Measure the peak extra memory of each solver that reached the quality."""
        for row in table:
            if not row["reached"]:
                continue
            sent, _, _ = run_order(
                "memory",
                solver=row["solver"],
                tol=row["tol"],
                extra=MEMORY_ENVIRONMENT,
                **self.common,
            )
            if sent:
                row["extra_bytes"], row["extra_how"] = sent[0]["extra"], sent[0]["how"]
                row["extra_share"] = sent[0]["extra"] / bytes_of_X


def _say(text):
    print(text, flush=True)
