"""Bounds by few rows and searches over few columns, made to be used where all would do."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
import random_estates
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.aims import MINIMISED
from models.integer_program import FREE, IntegerProgram, Ints, LinearRows
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


def _peaks(random: np.random.Generator) -> IntegerProgram:
    """Return ten counts and two peaks over them, each at least what several moments have of them.

    Of these some are doubled, and some coefficients are 2; a third of the counts is fixed.
    """
    counts, peaks, moments = 10, 2, 8
    load = random.integers(0, 2, (peaks, moments, counts)) * (random.random(counts) < 0.8)
    load[:, -1] = load[:, 0]
    load[:, 1] *= random.integers(1, 3)
    matrix = np.zeros((peaks * moments, counts + peaks), dtype=np.int64)
    matrix[:, :counts] = -load.reshape(-1, counts)
    matrix[np.arange(len(matrix)), counts + np.arange(len(matrix)) // moments] = 1
    row, column = np.nonzero(matrix)
    lower = random.integers(0, 4, len(matrix))
    rows = LinearRows(row, column, matrix[row, column], lower, np.full(len(matrix), FREE))
    low = random.integers(0, 2, counts)
    high = low + 2 * (random.random(counts) < 0.66)
    nothing: Ints = np.zeros(0, dtype=np.int64)
    return IntegerProgram(
        lower=np.concatenate([low, np.zeros(peaks, dtype=np.int64)]),
        upper=np.concatenate([high, np.full(peaks, 20)]),
        decisions=counts,
        rows=rows,
        definitions=(),
        squares=(nothing, nothing),
        aims=(),
    )


def test_rows_that_others_dominate_exclude_nothing() -> None:
    dropped = different = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        program = _peaks(random)
        few = few_rows.without_dominated_rows(program)
        dropped += len(program.rows) - len(few.rows)
        for x in random.integers(program.lower, program.upper + 1, (40, len(program.lower))):
            assert few.is_feasible(x) == program.is_feasible(x)
            different += not few.is_feasible(x)
        again = few_rows.without_dominated_rows(few)
        assert len(again.rows) == len(few.rows)
    assert dropped > 1000
    assert different > 1000
