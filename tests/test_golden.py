"""Trajectories recorded from independent implementations, replayed with our rules."""

import importlib.util
import pathlib

import numpy as np
import pytest

HERE = pathlib.Path(__file__).parent / "golden"
DATA = HERE / "data"

_spec = importlib.util.spec_from_file_location("replay", HERE / "replay.py")
replay = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(replay)

RECORDED = replay.manifest(DATA)["optimizers"]
KNOWN = [name for name in RECORDED if replay.is_known(name)]
#: Records that are good for less: the packages take singular vectors in single precision, and the
#: Newton-Schulz iteration of MARS-Shampoo in bfloat16.
COARSE = {"fira_adamw": 1e-6, "galore_adamw": 1e-6, "mars_shampoo_bf16": 1e-3}


@pytest.mark.parametrize("name", KNOWN)
def test_recorded_trajectory(name):
    entry = RECORDED[name]
    differences = replay.replay(DATA, name)
    moves = {case["case"]: case["max_move"] for case in entry["cases"]}
    assert set(differences) == set(moves)
    for case, difference in differences.items():
        # 1e-10 relative, or what the record itself is good for.
        bound = COARSE.get(name, 1e-10 * max(1.0, moves[case]))
        assert difference <= max(min(entry["tol"], bound), 1e-13), case


@pytest.mark.parametrize("name", KNOWN)
def test_recorded_trajectory_in_single_precision(name):
    for case, difference in replay.replay(DATA, name, np.float32).items():
        assert difference <= max(1e-4, COARSE.get(name, 0.0)), case
