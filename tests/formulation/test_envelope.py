"""The convex envelope of a squared use: below the square at every whole task, tight at corners."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
import random_estates
from estates import planned
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimizer.formulation import variables
from optimizer.formulation.constraints import lower_hull
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.planner import plan

plain = settings(deadline=None, suppress_health_check=list(HealthCheck))
BY_USE = {"planning": {"balance": "utilisation"}}


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40))
def test_a_hull_is_below_all_values_and_bends_upwards(values: list[int]) -> None:
    height = np.array(values)
    corner = lower_hull(height)
    assert (corner[0], corner[-1]) == (0, len(values) - 1)
    below = np.interp(np.arange(len(values)), corner, height[corner])
    assert (below <= height + 1e-9).all()
    assert (np.diff(np.diff(height[corner]) / np.diff(corner)) > 0).all()


@settings(plain, max_examples=plain.max_examples // 2)
@given(spec=random_estates.estates())
def test_aims_are_optimal_with_an_envelope_for_every_limit(spec: dict[str, Any]) -> None:
    spec["settings"].setdefault("planning", {})["balance"] = "utilisation"
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(variables, "CONVEX", 0)
        random_estates.write(spec, Path(folder))
        made = plan(read_estate(Path(folder)))
    assert {aim.aim: (aim.best, aim.proven) for aim in made.aims} == {
        name: (value, True) for name, value in oracle.solve(spec).best.items()
    }


def test_a_relaxation_sees_that_a_use_is_rounded_up(tmp_path: Path) -> None:
    # Half of 44 tasks: 22 of 36 are 612 per mille, which are 611.1.
    made = planned(
        tmp_path,
        ["bs hq excluded=yes", "p east max_tasks=36", "q east max_tasks=36"],
        [f"e{number} east" for number in range(44)],
        settings=BY_USE,
    )
    balance = next(aim for aim in made.aims if aim.aim == "balance")
    assert (balance.best, balance.bound, balance.proof) == (2 * 612**2, 2 * 612**2, "duals")
