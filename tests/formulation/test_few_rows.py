"""Bounds by few rows and searches over few columns, made to be used where all would do."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import oracle
import pytest
import random_estates
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.aims import MINIMISED
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.planner import plan
from optimizer.solver import few_rows
from optimizer.solver.deadline import Deadline

plain = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(plain, max_examples=plain.max_examples // 2)
@given(spec=random_estates.estates(), seconds=st.sampled_from([None, 60.0]))
def test_what_few_rows_and_columns_prove_is_true(
    spec: dict[str, Any], seconds: float | None
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(few_rows, "MANY", -1)
        patch.setattr(few_rows, "VERY_MANY", -1)
        random_estates.write(spec, Path(folder))
        made = plan(read_estate(Path(folder)), Deadline(seconds))
    truth = oracle.solve(spec).best
    for aim in made.aims:
        sign = -1 if aim.aim in MINIMISED else 1
        assert sign * aim.best <= sign * truth[aim.aim] <= sign * aim.bound
        if not aim.proven:  # the bounds of later aims speak of plans that are as good in this one
            assert abs(aim.best - truth[aim.aim]) <= 0.005 * truth[aim.aim]
            break
