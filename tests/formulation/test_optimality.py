"""Every aim's value is that of an independent formulation, on estates that use every column."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import oracle
import pytest
import random_estates
from estates import write
from hypothesis import HealthCheck, given, seed, settings

from optimizer.checker import judge
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.planner import plan

TIMES, SHARES = 2, 4  # more estates than elsewhere, and several processes to look at them


@pytest.mark.parametrize("share", range(SHARES))
def test_every_aim_is_optimal(share: int) -> None:
    chosen = settings(
        max_examples=settings().max_examples * TIMES // SHARES,
        suppress_health_check=list(HealthCheck),
    )
    look = chosen(given(spec=random_estates.estates())(_aims_are_optimal))
    # Without randomness all shares would look at the same estates.
    (seed(share)(look) if settings().derandomize else look)()


def _aims_are_optimal(spec: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        made = plan(read_estate(Path(folder)))
    assert {aim.aim: (aim.best, aim.proven) for aim in made.aims} == {
        name: (value, True) for name, value in oracle.solve(spec).best.items()
    }


@settings(max_examples=settings().max_examples // 4, suppress_health_check=list(HealthCheck))
@given(spec=random_estates.estates())
def test_the_checker_counts_what_the_plan_says(spec: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        made = plan(read_estate(Path(folder)))
        write(made, Path(folder))
        judgement = judge(made.estate, Path(folder))
    assert judgement.violations == ()
    assert {aim.aim: aim.value for aim in made.aims} == judgement.values
