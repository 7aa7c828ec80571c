"""What people call each VM: planner and checker by the same rule, each in its own code."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from models.estate import Estate
from optimizer.checker.vm_names import compute_names
from optimizer.distributed.out_of_core.shared_names import (
    are_shared,
    find_shared_hashes,
    hash_names,
)
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.output.vm_names import find_shared_names, name_vms

NAMES = st.lists(st.sampled_from(["", "a", "b", "web", "web (v1)", "é,x", "日本"]), max_size=9)


@cache
def tiny() -> Estate:
    return read_estate(Path(__file__).parents[2] / "data" / "tiny")


def estate_of(names: list[str]) -> Estate:
    """Return an estate of VMs v0, v1, ... of these names; of their other columns nobody asks."""
    vms = pd.DataFrame({"vm": [f"v{vm}" for vm in range(len(names))], "name": names}, dtype="str")
    return replace(tiny(), vms=vms)


def expected(names: list[str]) -> list[str]:
    count = Counter(names)
    return [
        f"{name} (v{vm})" if name and count[name] > 1 else name for vm, name in enumerate(names)
    ]


@given(names=NAMES)
def test_a_name_that_others_have_has_the_id_behind_it(names: list[str]) -> None:
    estate = estate_of(names)
    assert name_vms(estate).to_pylist() == expected(names)
    assert compute_names(estate).to_pylist() == expected(names)


@given(names=NAMES, cut=st.integers(0, 9))
def test_a_part_of_an_estate_knows_what_is_shared_with_others(names: list[str], cut: int) -> None:
    chunks = [pd.Series(some, dtype="str") for some in (names[:cut], names[cut:])]
    hashes = find_shared_hashes([hash_names(chunk) for chunk in chunks])
    shared = [are_shared(chunk, hashes) for chunk in chunks]
    assert np.concatenate(shared).tolist() == find_shared_names(estate_of(names)).tolist()
    part = estate_of(names[:cut])
    assert name_vms(part, shared[0]).to_pylist() == expected(names)[:cut]
    assert compute_names(part, shared[0]).to_pylist() == expected(names)[:cut]


def test_an_estate_without_names_calls_no_vm_anything() -> None:
    estate = estate_of(["a", "a"])
    del estate.vms["name"]
    assert name_vms(estate).to_pylist() == compute_names(estate).to_pylist() == ["", ""]
