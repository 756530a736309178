"""Measure what this machine can do at most, and the time that a task would take at those rates.

Run alone, it prints the limits: ``python benchmarks/limits.py --threads 1 2``. It needs a C++
compiler (``CXX``, or ``c++``); without one only the rate of dense products is measured.
"""

import argparse
import dataclasses
import os
import pathlib
import subprocess
import tempfile

from harness import HERE, TIMING_ENVIRONMENT, child_environment, run_order

UNITS = {
    "read": "GB/s read from memory",
    "inplace": "GB/s read and written in place",
    "gemm": "GFLOP/s of a dense product",
    "gemm_single": "GFLOP/s of a dense product in single precision",
    "exp": "G exponentials/s",
    "gather": "G sparse entries/s, w[j] read",
    "scatter": "G sparse entries/s, w[j] added to",
    "histogram": "G additions/s to bins that a byte names",
}


@dataclasses.dataclass(frozen=True)
class Work:
    """What the best known plan for a task must do; a model, stated so that it can be disputed.

    Attributes
    ----------
    plan : str
        The algorithm in a few words.
    bytes, flops, exps, gathers, scatters, bins : float
        Bytes read from memory, floating-point operations of dense products, exponentials, sparse
        entries gathered and scattered, additions to bins of histograms.
    """

    plan: str
    bytes: float = 0.0
    flops: float = 0.0
    exps: float = 0.0
    gathers: float = 0.0
    scatters: float = 0.0
    bins: float = 0.0

    def seconds(self, rates):
        """Add up the times of the parts, which do not overlap much; None if a rate is missing."""
        parts = {
            "read": self.bytes,
            "gemm": self.flops,
            "exp": self.exps,
            "gather": self.gathers,
            "scatter": self.scatters,
            "histogram": self.bins,
        }
        needed = {name: count for name, count in parts.items() if count}
        if not all(rates.get(name) for name in needed):
            return None
        return sum(1e-9 * count / rates[name] for name, count in needed.items())


def measure_limits(threads):
    """Measure every rate with this number of threads.

    Returns
    -------
    dict
        Name of the limit (the keys of `UNITS`) -> rate.
    """
    rates = {}
    for name, dtype in (("gemm", "float64"), ("gemm_single", "float32")):
        rows, _, _ = run_order("gemm", threads=threads, dtype=dtype, name=name)
        rates.update(rows[0] if rows else {})
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "limits"
        compiler = os.environ.get("CXX", "c++")
        flags = ["-O3", "-march=native", "-fopenmp", "-std=c++17", "-fno-math-errno"]
        try:
            subprocess.run([compiler, *flags, str(HERE / "limits.cpp"), "-o", program], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(
                f"limits.cpp was not compiled ({error}): set CXX to a C++17 compiler with OpenMP."
            )
            return rates
        env = child_environment(threads, TIMING_ENVIRONMENT)
        done = subprocess.run([program], check=True, capture_output=True, text=True, env=env)
    for line in done.stdout.splitlines():
        name, value = line.split()
        rates[name] = float(value)
    return rates


def state_limits(threads):
    """Measure every rate, print them in a line, and return them."""
    rates = measure_limits(threads)
    found = ", ".join(f"{rates[name]:.3g} {unit}" for name, unit in UNITS.items() if name in rates)
    print(f"Limits with {threads} thread(s): {found}.\n", flush=True)
    return rates


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    for threads in parser.parse_args().threads:
        for name, rate in measure_limits(threads).items():
            print(f"{threads} thread(s): {name:8s} {rate:8.3f} {UNITS[name]}")


if __name__ == "__main__":
    main()
