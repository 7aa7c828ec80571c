"""job_splits.csv: every VM of a split job once, in whatever parts of the estate it is written."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from models.estate import Estate
from models.plan import WINDOWS, Tasks
from models.week_plan import JobPart, JobSplit
from optimizer.eligibility.tasks import find_tasks
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.output.split_writer import find_job_vms, parts_of, write_splits
from optimizer.output.vm_names import name_vms

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def estate() -> Estate:
    return read_estate(ROOT / "data" / "branch-offices")


@pytest.fixture(scope="module")
def tasks(estate: Estate) -> Tasks:
    return find_tasks(estate)


def split_of(estate: Estate, tasks: Tasks) -> JobSplit:
    """Return the job with most rows that are no Windows task, a task of three in its first part."""
    windows = tasks.kind == WINDOWS
    rows = np.bincount(estate.job_vms["job_code"], minlength=len(estate.jobs))
    ours = np.bincount(tasks.job[windows], minlength=len(estate.jobs))
    job = int(np.argmax(np.where(ours > 2, rows - ours, -1)))
    assert rows[job] > ours[job]
    places = np.flatnonzero(windows & (tasks.job == job)).astype(np.int32)
    third = np.arange(len(places)) % 3 == 0
    parts = (
        JobPart("a", (0, 1), places[third], "number"),
        JobPart("b", (), places[~third], "number"),
    )
    return JobSplit(job, 1, parts, None, (), ())  # type: ignore[arg-type]


def written(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_of_the_job_is_there_once_the_rest_in_the_largest_part(
    estate: Estate, tasks: Tasks, tmp_path: Path
) -> None:
    split = split_of(estate, tasks)
    rows = find_job_vms(estate, tasks, [split.job])
    write_splits(estate, [split], rows, name_vms(estate), tmp_path / "job_splits.csv")
    found = written(tmp_path / "job_splits.csv")
    pairs, ids = estate.job_vms, estate.vms["vm"]
    wanted = ids.iloc[pairs["vm_code"][pairs["job_code"] == split.job]]
    assert [row["vm"] for row in found] == sorted(wanted, key=str.encode)
    first = set(ids.iloc[tasks.vm[split.parts[0].tasks]])
    for row in found:
        expected = ("1", "a", "list") if row["vm"] in first else ("2", "b", "automatic")
        assert (row["part"], row["name"], row["choice"]) == expected
    servers = estate.servers["server"].tolist()
    assert {row["proxies"] for row in found} == {f"{servers[0]};{servers[1]}", ""}
    names = Counter(estate.vms["name"])
    name = dict(zip(ids, estate.vms["name"], strict=True))
    for row in found:
        own = name[row["vm"]]
        assert row["vm_name"] == (f"{own} ({row['vm']})" if names[own] > 1 and own else own)


def test_of_equal_parts_the_first_takes_the_rest(estate: Estate, tasks: Tasks) -> None:
    parts = tuple(
        JobPart(name, (), np.array([place], dtype=np.int32), "number")
        for place, name in enumerate(("a", "b"))
    )
    split = JobSplit(0, 1, parts, None, (), ())  # type: ignore[arg-type]
    assert parts_of(split, np.array([-1, 1, 0, 7])).tolist() == [0, 1, 0, 0]


def test_without_splits_there_is_a_header(estate: Estate, tasks: Tasks, tmp_path: Path) -> None:
    path = tmp_path / "job_splits.csv"
    write_splits(estate, [], find_job_vms(estate, tasks, []), name_vms(estate), path)
    head = "job,rank,part,name,choice,proxies,vm,vm_name\r\n"
    assert path.read_bytes() == b"\xef\xbb\xbf" + head.encode()
