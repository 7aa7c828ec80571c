"""Tests of `optimizer.output`: the bytes of every file; all files appear whole or not at all."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from commands import run
from estates import write

from models.errors import OutputError
from optimizer.files import csv_writer
from optimizer.files.atomic_folder import write_atomically
from optimizer.files.csv_writer import named, write_csv
from optimizer.files.formulas import unguard
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.pipeline import run_plan
from optimizer.planner import plan

BOM = "\ufeff"
FILES = (
    "assignments.csv", "findings.csv", "job_before.csv", "job_proxies.csv", "job_splits.csv",
    "plan.json", "proxy_load.csv", "unassigned.csv",
)  # fmt: skip
NAMES = ["=cmd", "a\nb", 'a"b', "a,b", "web 01", "z", "\u00e9", "\u65e5\u672c", "\U0001f600"]
TABLES = {
    "servers": [
        ["server", "os", "roles", "networks", "max_tasks", "running_tasks"],
        ["vbr", "Windows Server 2022", "backup_server", "hq", "20", "1"],
        ["gip,1", "Windows Server 2022", "", "hq", "50", ""],
    ],
    "networks": [["network"], ["hq"]],
    "vms": [
        ["vm", "os", "networks"],
        *([name, "Windows 11", "hq"] for name in reversed(NAMES)),
        ["linux", "Rocky Linux 9", "hq"],
        ["unknown", "", "hq"],
    ],
    "jobs": [
        ["job", "start", "duration_minutes", "application_aware", "days", "proxies"],
        ["n\u00e4chtlich", "22:00", "120", "true", "sun", ""],
        ["B", "23:00", "120", "true", "sun", "vbr; gip,1"],
    ],
    "job_vms": [
        ["job", "vm"],
        *(["n\u00e4chtlich", name] for name in NAMES),
        ["B", "linux"],
        ["B", "unknown"],
        ["B", "z"],
    ],
    "current": [["job", "vm", "proxy"], ["B", "z", "old \u00e9"]],
}


@pytest.fixture
def estate_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "estate"
    folder.mkdir()
    for name, rows in TABLES.items():
        content = io.StringIO(newline="")
        csv.writer(content).writerows(rows)
        (folder / f"{name}.csv").write_text(content.getvalue(), encoding="utf-8", newline="")
    return folder


def planned(estate_folder: Path, out: Path) -> dict[str, bytes]:
    run_plan(estate_folder, out, None, 1, 0, lambda step: None)
    return content(out)


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"(folder)"
        for path in sorted(folder.rglob("*"))
    }


def quoted(cell: str) -> str:
    cell = f"'{cell}" if cell.startswith("=") else cell  # no formula to a spreadsheet
    return f'"{cell.replace(chr(34), chr(34) * 2)}"' if set(cell) & set(',"\r\n') else cell


def lines(*rows: str) -> bytes:
    return (BOM + "".join(f"{row}\r\n" for row in rows)).encode()


def test_the_bytes_of_every_table(estate_folder: Path, tmp_path: Path) -> None:
    """All is in one network. A task that the backup server serves is not protected, one that
    gip,1 serves is: so all ten go there, and the loads follow from 22:00 and 23:00 on Sunday
    for two hours each, the second over midnight. The Linux VM is the backup server's own work.
    """
    files = planned(estate_folder, tmp_path / "out")
    assert tuple(files) == FILES
    proxy = '"gip,1"'
    assert sorted(NAMES, key=str.encode) == NAMES
    assert files["assignments.csv"] == lines(
        "job,vm,proxy,tier,connection,protected,failover_proxy,previous_proxy,vm_name",
        "B,linux,vbr,,network,false,,,",
        f"B,z,{proxy},1,network,true,vbr,old \u00e9,",
        *(f"n\u00e4chtlich,{quoted(name)},{proxy},1,network,true,vbr,," for name in NAMES),
    )
    unassigned = files["unassigned.csv"].decode().split("\r\n")
    assert unassigned[0] == f"{BOM}job,vm,reason,detail,vm_name"
    assert unassigned[1].startswith("B,unknown,unknown_os,")
    assert unassigned[2:] == [""]
    assert files["job_proxies.csv"] == lines(
        "job,choice,proxies,change,runs,failed,tier1,tier2,tier3,tier4,failed_over,"
        "overload_minutes,certainty,note",
        'B,list,"vbr;gip,1",keep,1,0,1,0,0,0,0,0,guaranteed,',
        "n\u00e4chtlich,automatic,,keep,9,0,9,0,0,0,0,0,guaranteed,",
    )
    assert files["job_splits.csv"] == lines("job,rank,part,name,choice,proxies,vm,vm_name")
    assert files["job_before.csv"] == lines("job,proxies", 'B,"vbr;gip,1"', "n\u00e4chtlich,")
    assert files["proxy_load.csv"] == lines(
        "server,from,to,running_tasks,planned_tasks,max_tasks",
        f"{proxy},mon 00:00,mon 01:00,0,1,50",
        f"{proxy},mon 01:00,sun 22:00,0,0,50",
        f"{proxy},sun 22:00,sun 23:00,0,9,50",
        f"{proxy},sun 23:00,mon 00:00,0,10,50",
        "vbr,mon 00:00,mon 01:00,2,0,20",
        "vbr,mon 01:00,sun 23:00,1,0,20",
        "vbr,sun 23:00,mon 00:00,2,0,20",
    )
    text = files["findings.csv"].decode().removeprefix(BOM)
    header, *findings = csv.reader(io.StringIO(text, newline=""))
    assert header == ["severity", "code", "subject", "detail"]
    assert findings == sorted(findings)
    assert text.endswith("\r\n")
    record = json.loads(files["plan.json"])
    assert files["plan.json"].endswith(b"\n}\n")
    assert list(record) == ["format", "tool", "inputs", "settings", "aims", "totals", "week"]
    assert list(record["inputs"]) == [f"{name}.csv" for name in sorted(TABLES)]
    assert record["totals"] | {"findings": 0} == {
        "tasks": 12, "windows_tasks": 10, "own_tasks": 1, "unknown_tasks": 1, "assigned": 10,
        "unassigned": 1, "servers_used": 1, "findings": 0,
        "jobs_to_split": 0,
    }  # fmt: skip


def test_the_same_input_gives_the_same_bytes(estate_folder: Path, tmp_path: Path) -> None:
    one = planned(estate_folder, tmp_path / "one")
    other = planned(estate_folder, tmp_path / "other")
    for name in FILES:
        if name.endswith(".csv"):
            assert one[name] == other[name]
    records = [json.loads(files["plan.json"]) for files in (one, other)]
    for record in records:
        for aim in record["aims"]:
            del aim["seconds"]
    assert records[0] == records[1]


def test_every_cell_comes_back_from_csv(tmp_path: Path) -> None:
    cells = ["", " ", "a\rb", "\r\n", '"', '""', ",", ";", "'", "\t", "\u2028", *NAMES]
    write_csv(tmp_path / "x.csv", {"one": cells, "two": cells[::-1]})
    with (tmp_path / "x.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = meant(csv.reader(file))
    assert rows == [["one", "two"], *map(list, zip(cells, cells[::-1], strict=True))]


def meant(rows: Iterable[list[str]]) -> list[list[str]]:
    """Return cells without the quote before what looks like a formula."""
    return [unguard(pa.array(row)).to_pylist() for row in rows]


@pytest.mark.parametrize(("rows_at_once", "combinations"), [(7, 1 << 62), (10**6, 1 << 62), (7, 1)])
def test_columns_that_repeat_come_back_from_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_at_once: int, combinations: int
) -> None:
    monkeypatch.setattr(csv_writer, "ROWS_AT_ONCE", rows_at_once)
    monkeypatch.setattr(csv_writer, "COMBINATIONS", combinations)
    a, b, d, e = np.random.default_rng(0).integers(-1, len(NAMES), (4, 300))
    own = [f"{row},{NAMES[row % 9]}" for row in range(300)]
    columns = {"a": named(NAMES, a), "b": named(NAMES, b), "own": own}
    columns |= {"d": named(NAMES, d), "e": named(NAMES, e)}
    write_csv(tmp_path / "x.csv", columns)
    with (tmp_path / "x.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = meant(csv.reader(file))
    assert header == ["a", "b", "own", "d", "e"]
    texts = ([[*NAMES, ""][code] for code in codes.tolist()] for codes in (a, b, d, e))
    first, second, third, fourth = texts
    assert rows == [list(row) for row in zip(first, second, own, third, fourth, strict=True)]


def test_a_table_without_rows_has_its_header(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", {"one": [], "two": []})
    assert (tmp_path / "x.csv").read_bytes() == lines("one,two")


OLD = {"a.csv": b"old a", "plan.json": b"old plan", "mine.txt": b"mine", "own": b"(folder)",
       "own/b.csv": b"own b"}  # fmt: skip


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return a folder that holds an earlier plan and somebody's files."""
    folder = tmp_path / "out"
    (folder / "own").mkdir(parents=True)
    for name, text in OLD.items():
        if text != b"(folder)":
            (folder / name).write_bytes(text)
    return folder


def stage(folder: Path, failure: BaseException | None = None) -> None:
    with write_atomically(folder, last="plan.json") as fresh:
        for name in ("a.csv", "b.csv", "plan.json"):
            (fresh / name).write_text(f"new {name}")
        if failure is not None:
            raise failure


def test_new_files_replace_old_ones_and_others_stay(out: Path) -> None:
    stage(out)
    assert content(out) == OLD | {
        "a.csv": b"new a.csv", "b.csv": b"new b.csv", "plan.json": b"new plan.json"
    }  # fmt: skip


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), ValueError("no"), SystemExit(1)])
def test_an_error_in_the_block_leaves_all_as_it_was(
    out: Path, tmp_path: Path, failure: BaseException
) -> None:
    with pytest.raises(type(failure)) as caught:
        stage(out, failure)
    assert caught.value is failure
    assert content(out) == OLD
    with pytest.raises(type(failure)):
        stage(tmp_path / "a" / "b" / "c", failure)
    assert not (tmp_path / "a").exists()


def test_what_cannot_be_written_in_the_block_is_an_output_error(out: Path) -> None:
    with pytest.raises(OutputError, match="No space left on device; choose another folder"):
        stage(out, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert content(out) == OLD


@pytest.mark.parametrize("move", range(5))
@pytest.mark.parametrize("failure", [OSError(errno.EIO, "broken"), KeyboardInterrupt()], ids=repr)
def test_a_failure_in_the_middle_of_the_swap_is_undone(
    out: Path, monkeypatch: pytest.MonkeyPatch, move: int, failure: BaseException
) -> None:
    """Two old files are put aside, three new ones put in place: five moves."""
    real, moves = os.replace, []

    def replace(source: Any, target: Any) -> None:
        moves.append(target)
        if len(moves) == move + 1:
            raise failure
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    expected = OutputError if isinstance(failure, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        stage(out)
    assert content(out) == OLD
    assert len(moves) > move


def test_the_record_goes_first_and_comes_back_last(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, moves = os.replace, []

    def replace(source: Path, target: Path) -> None:
        moves.append(target)
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    stage(out)
    names = [path.name for path in moves]
    assert names == ["plan.json", "a.csv", "a.csv", "b.csv", "plan.json"]


def below_a_file(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "out"


def test_a_folder_that_cannot_be_made_is_refused(
    estate_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = below_a_file(tmp_path)
    assert run("plan", estate_folder, "--out", target) == 1
    reason = "cannot be written: Not a directory; choose another folder with --out"
    assert capsys.readouterr().err == f"Error: {target}: {reason}\n"
    assert (tmp_path / "file").read_text() == ""


@pytest.fixture
def mounted(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Return a small file system of its own; skip where none may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={request.param}", "gip-test", str(folder)]
    try:
        made = subprocess.run(mount, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no mount here: {error}")
    if made.returncode:
        pytest.skip(f"no right to mount: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("mounted", ["64k"], indirect=True)
def test_a_full_disk_leaves_the_earlier_plan(
    mounted: Path, estate_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (mounted / "plan.json").write_bytes(b"old plan")
    free = os.statvfs(mounted).f_bavail * os.statvfs(mounted).f_frsize
    (mounted / "filler").write_bytes(bytes(free - 4096))
    before = content(mounted)
    assert run("plan", estate_folder, "--out", mounted) == 1
    assert "cannot be written: No space left on device" in capsys.readouterr().err
    assert content(mounted) == before


@pytest.mark.parametrize("mounted", ["1m"], indirect=True)
def test_a_read_only_folder_is_refused(
    mounted: Path, estate_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (mounted / "plan.json").write_bytes(b"old plan")
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
    assert run("plan", estate_folder, "--out", mounted) == 1
    assert "cannot be written: Read-only file system" in capsys.readouterr().err
    assert content(mounted) == {"plan.json": b"old plan"}


def test_no_right_to_make_the_folder(
    estate_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(path: Path, *arguments: Any, **options: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        assert run("plan", estate_folder, "--out", tmp_path / "out") == 1
    assert "cannot be written: Permission denied" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("existing", [True, False])
def test_no_room_for_the_last_file(
    estate_folder: Path,
    out: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    existing: bool,
) -> None:
    """The tables fit, the record does not: nothing of it may be left."""

    def full(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    target = out if existing else tmp_path / "a" / "b"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        assert run("plan", estate_folder, "--out", target) == 1
    assert "cannot be written: No space left on device" in capsys.readouterr().err
    if existing:
        assert content(out) == OLD
    assert not (tmp_path / "a").exists()


def test_a_plan_is_written_by_itself_too(estate_folder: Path, tmp_path: Path) -> None:
    """`write_plan` needs nothing but a folder; `run_plan` adds staging and the check."""
    (tmp_path / "bare").mkdir()
    write(plan(read_estate(estate_folder)), tmp_path / "bare")
    assert tuple(content(tmp_path / "bare")) == FILES
