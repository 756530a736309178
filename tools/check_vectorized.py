#!/usr/bin/env python3
"""Fail when GCC leaves a loop scalar that must be vector code.

A reviewer does not see that a branch, a call or a scalar shared with a parallel region has made a
loop scalar; the program only becomes several times slower. For every entry of ``WATCHED`` this
script compiles a small translation unit and demands that each loop under ``#pragma omp simd`` in
the watched header is reported as vectorized, with vectors of the full width.

A kernel that is a template is compiled once for each part, so that one bad part cannot hide behind
a good one. To watch another driver, add an entry.

usage: check_vectorized.py [--compiler g++] [--eigen FOLDER] [--self-test]
"""

import argparse
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "cpp" / "include"
# The flags of cmake/CoreTarget.cmake for the level x86-64-v3.
FLAGS = ["-std=c++17", "-O3", "-DNDEBUG", "-DEIGEN_MPL2_ONLY", "-DEIGEN_DONT_PARALLELIZE"]
FLAGS += ["-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-fopenmp"]
FLAGS += ["-march=x86-64-v3"]
WIDTH = 32  # bytes


@dataclass
class Watched:
    """A header, and what to instantiate so that its loops are compiled."""

    header: str
    template: str  # {name}: the struct of a part
    parts: str = ""  # folder whose headers are the parts; empty: compile once
    declares: str = ""  # only parts whose header contains this


def kernels_of(scalar):
    """Return the instances of the row kernels for one type of data."""
    arguments = f"const {scalar}*, Index, Index, Index, const double*, double*, Ahead*"
    return (
        "namespace optlite::kernels {{\n"
        f"template void dot_rows({arguments});\n"
        f"template void add_rows({arguments});\n"
        "}}"
    )


WATCHED = [
    Watched(
        "objectives/concept.hpp",
        "template struct optlite::detail::OneMargin<optlite::objectives::{name}>;",
        parts="objectives",
        declares="Sample at(",
    ),
    Watched(
        "objectives/multinomial.hpp",
        "auto row = optlite::make_objective_row("
        'optlite::Entry<optlite::objectives::Multinomial>{{"Multinomial", "multinomial"}});',
    ),
    Watched(
        "activations/concept.hpp",
        "template struct optlite::detail::Units<optlite::activations::{name}, double, true>;\n"
        "template struct optlite::detail::Units<optlite::activations::{name}, float, true>;",
        parts="activations",
        declares="straight_line = true",
    ),
    Watched("linalg/kernels.hpp", kernels_of("double")),
    Watched("linalg/kernels.hpp", kernels_of("float")),
    Watched(
        "linalg/single_kernels.hpp",
        "namespace optlite::kernels {{\n"
        "template void add_rows<true>(const float*, Index, Index, Index, const float*, double*);\n"
        "void use(const float* x, double* out) {{ dot_rows(x, 9, 9, 9, x, out); }}\n"
        "}}",
    ),
    Watched(
        "transport/exponentials.hpp",
        "namespace optlite::transport {{\n"
        "double use(const double* c, const double* g, double shift, double* z, float* e, Index n) "
        "{{\n"
        "  const double largest = exponents(c, g, 2.0, n, z);\n"
        "  return exponentials(shift, n, z, e) + exponentials(shift, largest, n, z);\n"
        "}}\n"
        "}}",
    ),
    # Scores whose functions say that they are straight-line code.
    *(
        Watched(
            "distributions/concept.hpp",
            "template struct optlite::detail::EachRow<optlite::distributions::{name}, "
            f"optlite::distributions::{{name}}::{score}>;",
            parts="distributions",
            declares=f"struct {score} {{\n    static constexpr bool straight_line = true;",
        )
        for score in ("LogScore", "Crps")
    ),
    Watched("trees/shallow.hpp", "auto walk = &optlite::trees::walk;"),
    # The element-wise driver, compiled once for each update rule.
    Watched(
        "drivers/elementwise.hpp",
        "template struct optlite::Elementwise<optlite::rules::{name}, double>;\n"
        "template struct optlite::Elementwise<optlite::rules::{name}, float>;",
        parts="rules",
    ),
    Watched(
        "drivers/elementwise_sums.hpp",
        "template struct optlite::ElementwiseSums<optlite::rules::{name}, double>;\n"
        "template struct optlite::ElementwiseSums<optlite::rules::{name}, float>;",
        parts="rules",
        declares="n_sums",
    ),
]


def units(watched, include=INCLUDE):
    """Yield (title, source text) for each translation unit of an entry."""
    if not watched.parts:
        source = f'#include "optlite/{watched.header}"\n{watched.template.format()}\n'
        yield watched.header, source
        return
    for part in sorted((include / "optlite" / watched.parts).glob("*.hpp")):
        text = part.read_text()
        if part.name == "concept.hpp" or watched.declares not in text:
            continue
        name = "".join(word.capitalize() for word in part.stem.split("_"))
        source = f'#include "optlite/{watched.header}"\n#include "optlite/{watched.parts}/'
        source += f'{part.name}"\n{watched.template.format(name=name)}\n'
        yield f"{watched.header} with {watched.parts}/{part.name}", source


def wanted_loops(header):
    """Return (first line, last line) of each loop under ``#pragma omp simd``.

    GCC places a loop at one of its statements. The line of the pragma itself does not count: there
    it places the small loop that adds up the lanes of a reduction.
    """
    lines = header.read_text().splitlines()
    loops = []
    for number, line in enumerate(lines, start=1):
        if not re.match(r"\s*#pragma omp\b.*\bsimd\b", line):
            continue
        first = number
        while lines[first - 1].endswith("\\"):  # the pragma is continued
            first += 1
        first += 1
        text = lines[first - 1]
        # A body in braces ends at the brace with the indentation of the loop.
        end = text[: len(text) - len(text.lstrip())] + "}" if text.endswith("{") else None
        last = first
        while not (lines[last - 1] == end if end else lines[last - 1].endswith(";")):
            last += 1
        loops.append((first, last))
    return loops


def precompiled(compiler, eigen, folder):
    """Compile once what every unit includes; return the header to put before each."""
    header = Path(folder) / "common.hpp"
    header.write_text("#include <Eigen/Core>\n#include <functional>\n#include <string>\n")
    command = [*compiler, *FLAGS, "-isystem", str(eigen), "-x", "c++-header", str(header)]
    subprocess.run([*command, "-o", f"{header}.gch"], check=True)
    return header


def vectorized_lines(compiler, source, include, eigen, file_name):
    """Compile and return {line: widest vector in bytes} for loops of the file."""
    with tempfile.TemporaryDirectory() as folder:
        unit = Path(folder) / "unit.cpp"
        unit.write_text(source)
        command = [*compiler, *FLAGS, f"-I{include}", "-isystem", str(eigen)]
        command += ["-fopt-info-vec-optimized", "-c", str(unit), "-o", f"{folder}/unit.o"]
        run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"The unit for {file_name} does not compile:\n{source}\n{run.stderr}")
    widths = {}
    report = r"^(.*?):(\d+):\d+: optimized: +loop vectorized using (?:masked )?(\d+) byte"
    for path, line, width in re.findall(report, run.stderr, re.M):
        if path.endswith(file_name):
            widths[int(line)] = max(widths.get(int(line), 0), int(width))
    return widths


def check(watched, compiler, eigen, include=INCLUDE):
    """Return (number of loops checked, list of complaints) for one entry."""
    header = include / "optlite" / watched.header
    if not header.exists():
        return 0, []
    loops = wanted_loops(header)
    if not loops:
        return 0, [f"{watched.header} is watched but has no loop under #pragma omp simd."]
    complaints = []
    checked = 0
    all_units = list(units(watched, include))

    def compiled(unit):
        return vectorized_lines(compiler, unit[1], include, eigen, f"optlite/{watched.header}")

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        reports = list(pool.map(compiled, all_units))
    for (title, _), widths in zip(all_units, reports, strict=True):
        for first, last in loops:
            checked += 1
            widest = max(widths.get(line, 0) for line in range(first, last + 1))
            if widest < WIDTH:
                complaints.append(
                    f"{title}: the loop in line {first} is not vectorized (widest vectors: {widest}"
                    f" bytes, expected {WIDTH}). Look for a branch, a call, or a scalar captured by"
                    " reference; -fopt-info-vec-missed names it."
                )
    return checked, complaints


def self_test(compiler, eigen):
    """Plant a branch and a call in copies of a loss, and demand that both are caught."""
    import shutil

    branch = "if (z > 3.0 && static_cast<long>(y) % 3 == 1) return {std::lgamma(z), z, y};"
    call = "const double r = std::lgamma(z - y);"
    caught = 0
    for planted in (branch + "\n    const double r = z - y;", call):
        with tempfile.TemporaryDirectory() as folder:
            include = Path(folder) / "include"
            shutil.copytree(INCLUDE, include)
            huber = include / "optlite" / "objectives" / "huber.hpp"
            text = huber.read_text()
            assert "const double r = z - y;" in text, "the self-test needs another line to replace"
            huber.write_text(text.replace("const double r = z - y;", planted))
            for part in huber.parent.glob("*.hpp"):
                if part.name not in ("huber.hpp", "concept.hpp"):
                    part.unlink()
            _, complaints = check(WATCHED[0], compiler, eigen, include)
            caught += bool(complaints)
    if caught != 2:
        sys.exit("The self-test failed: a loop with a branch or a call passed as vectorized.")
    print("Self-test: a planted branch and a planted call are both caught.")


def find_eigen():
    """Return the folder that holds Eigen/Core."""
    packages = [Path(p) / "cmeel.prefix" / "include" / "eigen3" for p in sys.path if p]
    places = [ROOT / "third_party" / "eigen3", *packages, Path("/usr/include/eigen3")]
    for place in places:
        if (place / "Eigen" / "Core").exists():
            return place
    sys.exit(
        "Eigen's headers were not found: install cmeel-eigen or pass --eigen FOLDER"
        f" (looked in {sysconfig.get_path('purelib')} and beside the sources)."
    )


def main():
    """Check every entry; exit with 1 when a loop is scalar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--eigen", type=Path)
    parser.add_argument("--self-test", action="store_true", help="also prove that it can fail")
    arguments = parser.parse_args()
    eigen = arguments.eigen or find_eigen()
    total = 0
    complaints = []
    with tempfile.TemporaryDirectory() as folder:
        header = precompiled([arguments.compiler], eigen, folder)
        compiler = [arguments.compiler, "-include", str(header)]
        for watched in WATCHED:
            checked, found = check(watched, compiler, eigen)
            total += checked
            complaints += found
        print(*complaints, sep="\n", end="\n" if complaints else "")
        print(f"{total - len(complaints)} of {total} loops are vectorized.")
        if arguments.self_test:
            self_test(compiler, eigen)
    sys.exit(1 if complaints or total == 0 else 0)


if __name__ == "__main__":
    main()
