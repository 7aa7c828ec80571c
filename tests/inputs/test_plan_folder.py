"""Tests of reading a plan back: it is the one that was made, or it is refused."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import random_estates
from estates import planned, write
from hypothesis import HealthCheck, given, settings

from models.errors import PlanError
from models.plan import Plan
from optimizer.eligibility.tasks import find_tasks
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.plan_folder import PlanFolder, PlannedChoice, read_details, read_plan
from optimizer.inputs.week_record import read_week
from optimizer.planner import plan
from optimizer.veeam.planned_lists import read_planned_lists


def read(made: Plan, folder: Path) -> PlanFolder:
    return read_plan(made.estate, find_tasks(made.estate), folder)


@settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    max_examples=max(10, settings().max_examples // 20),
)
@given(random_estates.estates())
def test_a_plan_comes_back_as_it_was_made(spec: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        made = plan(read_estate(Path(folder)))
        week = write(made, Path(folder))
        found = read(made, Path(folder))
    assert found.proxy.tolist() == made.proxy.tolist()
    assert found.tier.tolist() == made.tier.tolist()
    jobs = made.estate.jobs["job"].tolist()
    assert found.choices == {
        jobs[choice.job]: PlannedChoice(choice.servers, choice.is_set) for choice in week.choices
    }


@pytest.fixture
def tiny_plan(tmp_path: Path) -> Plan:
    """Return a plan, written into the folder `out`: task l is the backup server's own."""
    servers, vms = ["bs hq", "p east"], ["a east", "b far", "l hq os=Linux"]
    found = planned(tmp_path, servers, vms, networks=["hq", "east", "far"], links=["hq > east"])
    (tmp_path / "out").mkdir()
    write(found, tmp_path / "out")
    return found


def test_tasks_without_a_proxy_and_the_backup_servers_own(tiny_plan: Plan, tmp_path: Path) -> None:
    found = read(tiny_plan, tmp_path / "out")
    assert (found.proxy.tolist(), found.tier.tolist()) == ([1, -1, 0], [1, 0, 0])
    assert (found.folder, found.lists) == (tmp_path / "out", {"j": ()})


Inputs = dict[str, str]


def changed(inputs: Inputs) -> None:
    inputs["vms.csv"] = "0" * 64
    inputs["jobs.csv"] = "0" * 64


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (changed, "jobs.csv, vms.csv are not as when it was made"),
        (lambda inputs: inputs.pop("links.csv"), "links.csv is not as when it was made"),
        (lambda inputs: inputs.update({"current.csv": "0"}), "current.csv is not as when"),
    ],
)
def test_a_plan_of_other_files_is_refused(
    tiny_plan: Plan, tmp_path: Path, change: Callable[[Inputs], object], words: str
) -> None:
    path = tmp_path / "out" / "plan.json"
    record = json.loads(path.read_bytes())
    change(record["inputs"])
    path.write_text(json.dumps(record))
    with pytest.raises(PlanError, match=f"is not a plan of {tmp_path}") as caught:
        read(tiny_plan, tmp_path / "out")
    assert words in str(caught.value)
    assert "run `gip plan` again" in str(caught.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("assignments.csv", "j,a,p", "j,z,p", "assignments.csv:2: vm: 'z' is not in the estate"),
        ("assignments.csv", "j,a,p", "i,a,p", "assignments.csv:2: job: 'i' is not in the estate"),
        ("assignments.csv", "j,a,p", "j,a,x", "assignments.csv:2: proxy: 'x' is not in the estate"),
        ("assignments.csv", "j,a,p,1", "j,a,p,5", "assignments.csv:2: tier: '5' is no tier"),
        ("assignments.csv", "j,l,bs", "j,a,bs", "assignments.csv:3: vm: 'a' has a row"),
        ("assignments.csv", "j,l,bs", "j", "assignments.csv: cannot be read"),
        ("assignments.csv", ",tier,", ",rank,", "it has no column 'tier'"),
        (
            "job_proxies.csv",
            "j,automatic",
            "i,automatic",
            "job_proxies.csv:2: job: 'i' is not in the estate",
        ),
        (
            "job_proxies.csv",
            "j,automatic,",
            "j,list,p;x",
            "'p;x' is not a list of servers of the estate",
        ),
        ("job_proxies.csv", "j,automatic", "j,auto", "choice: 'auto' does not go with"),
        ("job_proxies.csv", "j,automatic", "j,list", "choice: 'list' does not go with"),
        ("job_proxies.csv", "j,automatic,", "j,automatic,p", "does not go with"),
        ("plan.json", '"inputs"', '"input"', "plan.json: cannot be read"),
        ("plan.json", '"format": 1', '"format": 2', "its format is 2, not 1"),
        ("plan.json", '"freed_after": []', '"freed_after": "j"', "is not the record of a plan"),
        ("plan.json", "{", "", "plan.json: cannot be read"),
    ],
)
def test_a_plan_that_was_spoilt_is_refused(
    tiny_plan: Plan, tmp_path: Path, file: str, old: str, new: str, words: str
) -> None:
    path = tmp_path / "out" / file
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())
    with pytest.raises(PlanError) as caught:
        read(tiny_plan, tmp_path / "out")
    assert words in str(caught.value)


def test_a_job_of_two_rows_is_refused(tiny_plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "out" / "job_proxies.csv"
    header, row, *_ = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(header + row + row)
    with pytest.raises(PlanError, match="'j' has a row already"):
        read(tiny_plan, tmp_path / "out")


@pytest.mark.parametrize("spoilt", ["2", None, [2], {"x": 2}, 2.5])
def test_figures_of_another_type_are_refused(
    tiny_plan: Plan, tmp_path: Path, spoilt: object
) -> None:
    path = tmp_path / "out" / "plan.json"
    whole = json.loads(path.read_bytes())
    tasks = find_tasks(tiny_plan.estate)

    def read_both() -> None:
        read_week(tmp_path / "out")
        read_details(tiny_plan.estate, tasks, tmp_path / "out")

    read_both()
    for place in (whole["aims"][0], whole["week"]["plan"], whole["week"]["aims"][0]):
        key = "failed" if "failed" in place else "value"
        kept, place[key] = place[key], spoilt
        path.write_text(json.dumps(whole))
        with pytest.raises(PlanError, match="cannot be read as part of a plan"):
            read_both()
        place[key] = kept


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("j,automatic", "j,list", "choice 'list' of job 'j' does not go with its proxies"),
        ("j,automatic,,keep", "j,automatic,,keeps", "change 'keeps' is not set or keep"),
    ],
)
def test_what_is_sent_to_the_product_says_one_thing(
    tiny_plan: Plan, tmp_path: Path, old: str, new: str, words: str
) -> None:
    """A list whose cell somebody emptied is no wish for automatic selection."""
    path = tmp_path / "out" / "job_proxies.csv"
    read_planned_lists(tmp_path / "out")
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new).encode())
    with pytest.raises(PlanError, match=words):
        read_planned_lists(tmp_path / "out")


@pytest.mark.parametrize("file", ["plan.json", "assignments.csv", "job_proxies.csv"])
def test_a_plan_without_one_of_its_files_is_refused(
    tiny_plan: Plan, tmp_path: Path, file: str
) -> None:
    (tmp_path / "out" / file).unlink()
    with pytest.raises(PlanError, match=f"{file}: cannot be read as part of a plan"):
        read(tiny_plan, tmp_path / "out")


def test_a_vm_of_another_job_is_no_task(tmp_path: Path) -> None:
    made = planned(
        tmp_path, ["bs hq"], ["a hq", "b hq"], jobs=["i 22:00 60", "j 22:00 60"],
        job_vms=["i a", "j b"],
    )  # fmt: skip
    write(made, tmp_path)
    path = tmp_path / "assignments.csv"
    path.write_bytes(path.read_bytes().replace(b"i,a", b"i,b"))
    with pytest.raises(PlanError, match="vm: 'b' is no task of the estate"):
        read(made, tmp_path)
