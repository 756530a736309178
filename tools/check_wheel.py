#!/usr/bin/env python3
"""Check that a wheel carries what it promises: modules, types, licences, metadata.

usage: check_wheel.py WHEEL
"""

import email
import re
import sys
import zipfile

CONTENT = [
    r"optlite/__init__\.py",
    r"optlite/py\.typed",
    r"optlite/_core\.pyi",
    r"optlite/_compiled\.pyi",
    r"optlite/display/animation\.html",
    r"optlite/_cpu\..*(so|pyd)",
    r"optlite/_core_\w+\..*(so|pyd)",
    r"optlite/exercises/catalogue/momentum_rate\.py",
    r".*\.dist-info/entry_points\.txt",
    r".*\.dist-info/licenses/LICENSE",
    r".*\.dist-info/licenses/licenses/MPL-2\.0\.txt",
    r".*\.dist-info/licenses/licenses/pybind11\.txt",
    r".*\.dist-info/licenses/licenses/NOTICE\.md",
]


def problems(path):
    """Yield a sentence for each thing that is wrong."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        fields = email.message_from_bytes(archive.read(metadata))
    for pattern in CONTENT:
        if not any(re.fullmatch(pattern, name) for name in names):
            yield f"no file matches {pattern}"
    for name in names:
        if not re.match(r"optlite/|optlite_ml[-.]", name):
            yield f"{name} does not belong in the wheel"
        if re.search(r"\.(hpp|cpp|h|o|a)$", name):
            yield f"{name} is a file of the build"
    if "x86_64" in path and len([n for n in names if n.startswith("optlite/_core_v")]) < 2:
        yield "an x86-64 wheel needs a module for each of at least two SIMD levels"
    if fields["Name"] != "optlite-ml":
        yield f"the name must be optlite-ml, got {fields['Name']}"
    if fields["License-Expression"] != "BSD-3-Clause":
        yield f"the licence must be BSD-3-Clause, got {fields['License-Expression']}"
    extras = set(fields.get_all("Provides-Extra", []))
    if extras != {"plot", "test", "docs", "bench"}:
        yield f"the extras must be plot, test, docs and bench, got {sorted(extras)}"


def main():
    """Print every problem; exit with 1 if there is one."""
    found = list(problems(sys.argv[1]))
    for sentence in found:
        print(f"{sys.argv[1]}: {sentence}")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
