"""The form of a plan's files, their order, and a row for every task and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from judged_plan import PLAN, Case, about, read, spoil, spoil_all, write

from models.errors import PlanError
from optimizer.checker import judge, plan_files
from optimizer.inputs.estate_folder.reader import read_estate

# One row of the right plan spoilt: file, what was there, what is there, what must be said.
SPOILT = [
    ("assignments.csv", "weekend,v1,p", "weekend,v1,z", "proxy 'z' is not in servers"),
    ("assignments.csv", "weekend,v1,p,1,network,true,b,\n", "",
     "'weekend', vm 'v1': a task, expected in"),
    ("assignments.csv", "weekend,v1,p", "weekend,v2,p", "'weekend', vm 'v2' is not a task"),
    ("assignments.csv", "weekend,v1,p", "weekend,nix,p", "vm 'nix' is not a task"),
    ("assignments.csv", "weekend,v1,p", "nix,v1,p", "job 'nix', vm 'v1' is not a task"),
    ("unassigned.csv", "nightly,x1", "nightly,v1,capacity,\nnightly,x1",
     "'nightly', vm 'v1': stands in 2 rows, expected one"),
    ("assignments.csv", "job,vm,proxy", "vm,job,proxy",
     "columns are vm, job, proxy, tier, connection, protected, failover_proxy, previous_proxy, "
     "expected job, vm"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "words"), SPOILT)
def test_each_spoilt_row_is_found(
    tmp_path: Path, file: str, old: str, new: str, words: str
) -> None:
    case = Case(tmp_path)
    spoil(case.plan, file, old, new)
    assert about(case.judge(), words)


def reorder(case: Case, *order: int) -> None:
    """Put the five rows of assignments.csv into another ``order``."""
    head, *rows = read(case.plan, "assignments.csv").splitlines(keepends=True)
    write(case.plan, "assignments.csv", head + "".join(rows[place] for place in order))


def test_rows_out_of_order(tmp_path: Path) -> None:
    case = Case(tmp_path)
    reorder(case, 1, 0, 2, 3, 4)
    [line] = case.judge().violations
    assert "assignments.csv: rows are not sorted" in line
    assert "job 'nightly', vm 'l1'" in line


def test_jobs_out_of_order(tmp_path: Path) -> None:
    case = Case(tmp_path)
    reorder(case, 3, 4, 0, 1, 2)
    [line] = case.judge().violations
    assert "job 'nightly', vm 'l1' stands too late" in line


def test_byte_order_of_jobs(tmp_path: Path) -> None:
    """`Weekend` stands before `nightly`."""
    case = Case(tmp_path)
    reorder(case, 3, 4, 0, 1, 2)
    head, nightly, weekend = PLAN["job_proxies.csv"].splitlines(keepends=True)
    write(case.plan, "job_proxies.csv", head + weekend + nightly)
    write(case.plan, "job_before.csv", "job,proxies\nWeekend,\nnightly,\n")
    for folder in (case.estate, case.plan):
        for path in folder.iterdir():
            write(folder, path.name, read(folder, path.name).replace("weekend", "Weekend"))
    assert case.judge().violations == ()


def test_byte_order_puts_capitals_first(tmp_path: Path) -> None:
    """`V2` stands before `l1`, which a dictionary's order would turn round."""
    case = Case(tmp_path)
    reorder(case, 2, 0, 1, 3, 4)
    spoil(case.plan, "assignments.csv", "nightly,v2", "nightly,V2")
    spoil_all(
        case.estate,
        [
            ("vms.csv", "v2,Windows", "V2,Windows"),
            ("job_vms.csv", "nightly,v2", "nightly,V2"),
            ("current.csv", "nightly,v2", "nightly,V2"),
        ],
    )
    assert case.judge().violations == ()


@pytest.mark.parametrize(
    ("deform", "words"),
    [
        (lambda text: text.removeprefix(b"\xef\xbb\xbf"), "does not begin with a UTF-8 BOM"),
        (lambda text: text.replace(b"\r\n", b"\n"), "do not all end with CRLF"),
        (lambda text: text.removesuffix(b"\r\n"), "do not all end with CRLF"),
    ],
)
@pytest.mark.parametrize("file", PLAN)
def test_form_of_files(
    tmp_path: Path, file: str, deform: Callable[[bytes], bytes], words: str
) -> None:
    case = Case(tmp_path)
    path = case.plan / file
    path.write_bytes(deform(path.read_bytes()))
    [line] = case.judge().violations
    assert line.startswith(file)
    assert words in line


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\r\n"])
@pytest.mark.parametrize("at_once", [1, 2, 7, 1000])
def test_every_line_end_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: bytes, at_once: int
) -> None:
    monkeypatch.setattr(plan_files, "AT_ONCE", at_once)
    case = Case(tmp_path)
    assert case.judge().violations == ()
    estate, path = read_estate(case.estate), case.plan / "findings.csv"
    lines = [b"\xef\xbb\xbf" + b",".join([b"severity", b"code", b"subject", b"detail"])]
    lines += [b"info,a,b,c"] * 9
    for place in range(len(lines)):
        ends = [end if place == number else b"\r\n" for number in range(len(lines))]
        path.write_bytes(b"".join(line + end for line, end in zip(lines, ends, strict=True)))
        [line] = judge(estate, case.plan).violations
        assert line == "findings.csv: lines do not all end with CRLF"
    path.write_bytes(b"".join(line + b"\r\n" for line in lines))
    assert judge(estate, case.plan).violations == ()


def test_line_ends_inside_quotes_are_text(tmp_path: Path) -> None:
    case = Case(tmp_path)
    path = case.plan / "unassigned.csv"
    path.write_bytes(path.read_bytes().replace(b"its os is empty", b'"its os\nis ""empty"""'))
    assert case.judge().violations == ()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (file, content)
        for file in (*PLAN, "plan.json")
        for content in (None, b"", b"\xff\xfe nonsense\r\n1,2,3\r\n")
        if content is not None or file not in plan_files.ADDED_LATER
    ],
)
def test_unreadable_plan(tmp_path: Path, file: str, content: bytes | None) -> None:
    case = Case(tmp_path)
    assert case.judge().violations == ()
    path = case.plan / file
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(PlanError, match=rf"{file}.*run `gip plan` again"):
        case.judge_again()


def test_what_is_no_task(tmp_path: Path) -> None:
    """Jobs that do nothing in guests, jobs switched off, and VMs that are away have no tasks."""
    for number, edit in enumerate(
        (
            ("jobs.csv", "sun,true,true", "sun,true,false"),
            ("jobs.csv", "sun,true,true", "sun,false,true"),
            ("vms.csv", "v3,Windows Server 2019,hq,,,,true", "v3,Windows Server 2019,hq,,,,no"),
        )
    ):
        case = Case(tmp_path / str(number))
        spoil(case.estate, *edit)
        assert about(case.judge(), "'weekend', vm 'v3' is not a task of the estate")
