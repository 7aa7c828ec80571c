"""The steps out of core: partitions, and counts dealt out to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from models.estate import Codes
from optimizer.distributed.out_of_core.allocate_counts import allocate_counts
from optimizer.distributed.out_of_core.partition import (
    partition_bounds,
    partition_of,
)
from optimizer.formulation.grouping import assign_tasks


@st.composite
def expansions(draw: st.DrawFn) -> tuple[Any, ...]:
    size = draw(st.integers(0, 30))

    def numbers(low: int, high: int) -> Codes:
        drawn = draw(st.lists(st.integers(low, high), min_size=size, max_size=size))
        return np.array(drawn, dtype=np.int32)

    group, today, partition = numbers(-1, 3), numbers(-1, 3), np.sort(numbers(0, 3))
    arcs = [
        (g, s, draw(st.integers(1, 4))) for g in range(4) for s in range(4) if draw(st.booleans())
    ]
    columns = np.array(arcs, dtype=np.int64).reshape(-1, 3).T
    return group, today, partition, tuple(columns)


@given(drawn=expansions())
def test_partitions_expand_to_what_the_whole_does(drawn: tuple[Any, ...]) -> None:
    group, today, partition, arcs = drawn
    rank = np.arange(4)
    bundles = pd.DataFrame({"group": group, "server": today, "partition": partition, "count": 1})
    split = allocate_counts(arcs, rank, bundles, 4)
    found = [
        assign_tasks(group[partition == number], today[partition == number], part)
        for number, part in enumerate(split)
    ]
    assert np.concatenate(found).tolist() == assign_tasks(group, today, arcs).tolist()


PLACES = st.tuples(st.integers(0, 3), st.text("aZé\U0001f5a5", max_size=3))


@given(places=st.lists(PLACES, max_size=30), sample=st.lists(PLACES, max_size=8))
def test_partitions_are_ranges_in_order_of_job_and_name(
    places: list[tuple[int, str]], sample: list[tuple[int, str]]
) -> None:
    cuts = partition_bounds(sample, 1, 2)
    rank = np.array([place[0] for place in places], dtype=np.int32)
    found = partition_of(cuts, rank, pa.array([place[1] for place in places], pa.string()))

    def key(place: tuple[int, str]) -> tuple[int, bytes]:
        return place[0], place[1].encode()

    expected = [sum(key(cut) <= key(place) for cut in cuts) for place in places]
    assert found.tolist() == expected
    assert len(cuts) <= len(sample) // 2
