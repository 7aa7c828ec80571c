"""Locks, half replaced folders, scratch folders, and files that never end."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from models.diagnostics import did_you_mean
from models.errors import EstateError, GipError, OutputError
from optimizer.cli.main import gip
from optimizer.cli.progress import Board
from optimizer.distributed.batch.discovery import find_estates
from optimizer.distributed.batch.plan_one import PlanOrder, plan_estate
from optimizer.eligibility.reachability import Network
from optimizer.files import replacement, scratch
from optimizer.files.atomic_folder import write_atomically
from optimizer.files.formulas import SIGNS, guard, unguard
from optimizer.files.lock import LOCK, LockedError, lock_file, lock_folder
from optimizer.files.reading import parse_json, read_bytes
from optimizer.files.replacement import SWAP, recover
from optimizer.files.scratch import scratch_folder
from optimizer.files.table_reader import read_table
from optimizer.inputs.estate_folder.reader import MOST_LINKS, read_estate
from optimizer.veeam.journal import JournalError, resume

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from optimizer.files.lock import lock_file, lock_folder
sys.argv[1:] = ["plan", "estate"]
with {lock}(Path({path!r})):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def held(path: Path, lock: str = "lock_folder") -> Iterator[subprocess.Popen[str]]:
    """Let another process hold a lock."""
    program = HOLD.format(lock=lock, path=str(path))
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        if process.stdin is not None:
            process.stdin.close()


def test_the_second_at_a_folder_is_told_who_is_first(tmp_path: Path) -> None:
    with held(tmp_path / "out") as first:
        with pytest.raises(LockedError) as caught, write_atomically(tmp_path / "out", last="x"):
            raise AssertionError
        said = str(caught.value)
        assert f"in use by process {first.pid} on " in said
        assert "gip plan estate; wait for it" in said
    assert not (tmp_path / "out").exists()  # the first has made it, and put nothing there


@pytest.mark.parametrize(
    "words",
    [
        ["plan", str(ROOT / "data" / "tiny"), "--out"],
        ["simulate", str(ROOT / "data" / "tiny"), "--out"],
        ["import", "netbox", "prefixes.json", "--out"],
        ["generate", "--vms", "3"],
        ["init"],
    ],
    ids=lambda words: words[0],
)
def test_every_command_that_writes_a_folder_waits_for_nobody(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("prefixes.json").write_text('[{"prefix": "10.0.0.0/8"}]')
    with held(tmp_path / "out"):
        done = CliRunner().invoke(gip, [*words, str(tmp_path / "out")])
        assert isinstance(done.exception, LockedError)
        assert [path.name for path in (tmp_path / "out").iterdir()] == [LOCK]


def test_the_second_at_a_journal_is_told(tmp_path: Path) -> None:
    with held(tmp_path / "journal", "lock_file"):
        words = ["rollback", str(tmp_path / "journal")]
        assert isinstance(CliRunner().invoke(gip, words).exception, LockedError)
    with pytest.raises(JournalError):
        resume(tmp_path / "journal")


def test_a_lock_goes_with_its_process(tmp_path: Path) -> None:
    with held(tmp_path) as first:
        first.kill()
        first.wait()
        assert (tmp_path / LOCK).exists()
        with lock_folder(tmp_path), lock_folder(tmp_path):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_cannot_be_made_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), lock_file(tmp_path / "no" / "journal"):
        raise AssertionError
    assert list(tmp_path.iterdir()) == []


def half_replaced(folder: Path) -> None:
    """Leave what a process leaves that is killed when its new files are decided."""
    for part, text in (("new", "new"), ("old", "")):
        (folder / SWAP / part).mkdir(parents=True)
        if text:
            (folder / SWAP / part / "a").write_text(text)
    (folder / "a").write_text("old")


def test_what_was_decided_is_done_by_the_next_reader(tmp_path: Path) -> None:
    half_replaced(tmp_path)
    recover(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "new"}


def test_a_batch_finishes_what_an_import_left_and_takes_it_for_no_estate(tmp_path: Path) -> None:
    estate = tmp_path / "estates" / "one"
    for part in ("new", "old"):
        (estate / SWAP / part).mkdir(parents=True)
    for path in (ROOT / "data" / "tiny").iterdir():
        place = estate / SWAP / "new" if path.name in ("vms.csv", "servers.csv") else estate
        (place / path.name).write_bytes(path.read_bytes())
    (estate / "servers.csv").write_text("server\nold\n")
    assert [found.name for found in find_estates(str(tmp_path / "estates"))] == ["one"]
    order = PlanOrder(
        find_estates(str(tmp_path / "estates"))[0], str(tmp_path / "out"), "", 0, None
    )
    row = plan_estate(order, tmp_path)
    assert "its lock is gone" in row.error  # which is looked at once the estate has been read
    assert not (estate / SWAP).exists()


def test_who_may_not_recover_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    half_replaced(tmp_path)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(replacement, "finish", refuse)
    with pytest.raises(OutputError, match="killed while it replaced files there"):
        read_estate(tmp_path)


def test_a_reader_waits_for_who_is_at_it_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half_replaced(tmp_path)
    monkeypatch.setattr(replacement, "PATIENCE", 0.1)
    with held(tmp_path), pytest.raises(LockedError):
        recover(tmp_path)
    recover(tmp_path)
    assert (tmp_path / "a").read_text() == "new"


def write_two(folder: Path) -> None:
    with write_atomically(folder, last="b") as fresh:
        (fresh / "a").write_text("new")
        (fresh / "b").write_text("new")


@pytest.mark.parametrize("replace", [write_two, recover])
def test_a_folder_that_is_called_like_a_file_is_left_alone(
    tmp_path: Path, replace: Callable[[Path], None]
) -> None:
    if replace == recover:
        half_replaced(tmp_path)
        (tmp_path / "a").unlink()
    (tmp_path / "a" / "mine").mkdir(parents=True)
    with pytest.raises(OutputError, match="is a folder where a file is to be"):
        replace(tmp_path)
    assert (tmp_path / "a" / "mine").is_dir()
    assert not (tmp_path / "b").exists()


def test_scratch_folders_of_dead_processes_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, busy = (tmp_path / f"{scratch.PREFIX}{name}" for name in ("left", "busy"))
    (left / "deep").mkdir(parents=True)
    with held(busy):
        for path in (left, busy):
            os.utime(path, (0, time.time() - 2 * scratch.JUST_MADE))
        with scratch_folder() as folder:
            assert folder.parent == tmp_path
            assert sorted(path for path in tmp_path.iterdir()) == sorted([busy, folder])


# --- what may be read


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("name", ["vms.csv", "links.csv", "estate.toml", "sites.csv"])
def test_a_pipe_in_an_estate_is_not_waited_for(tmp_path: Path, name: str) -> None:
    for path in (ROOT / "data" / "tiny").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    done = CliRunner().invoke(
        gip, ["plan", str(tmp_path), "--out", str(tmp_path / "out"), "--report"]
    )
    assert isinstance(done.exception, EstateError)
    assert "is no file, but a device or a pipe" in str(done.exception)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("name", ["plan.json", "assignments.csv", "job_proxies.csv"])
def test_a_pipe_in_a_plan_is_not_waited_for(tmp_path: Path, name: str) -> None:
    estate, plan = ROOT / "data" / "tiny", tmp_path / "plan"
    assert CliRunner().invoke(gip, ["plan", str(estate), "--out", str(plan)]).exit_code in (0, 3)
    (plan / name).unlink()
    os.mkfifo(plan / name)
    for words in (["check"], ["whatif", "--sweep"], ["report", "--out", str(tmp_path / "r.html")]):
        done = CliRunner().invoke(gip, [words[0], str(estate), str(plan), *words[1:]])
        assert isinstance(done.exception, GipError)


def test_devices_and_folders_are_refused(tmp_path: Path) -> None:
    for path in (Path(os.devnull), tmp_path):
        with pytest.raises(OSError, match=r"device|directory"):
            read_bytes(path)


def test_a_table_of_very_many_columns_or_a_very_long_cell_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vms.csv"
    path.write_text(",".join(f"c{number}" for number in range(100_000)) + "\n")
    with pytest.raises(EstateError, match="has 100000 columns, more than 16384"):
        read_table(path, ["vm"])
    path.write_text("vm\n" + "x" * (2 << 20) + "\n")
    with pytest.raises(EstateError, match="has a cell of more than 1048576 characters"):
        read_table(path, ["vm"])


def test_more_links_than_can_be_worked_through_are_refused(tmp_path: Path) -> None:
    for path in (ROOT / "data" / "tiny").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    rows = "".join(f"r{number},r{number + 1}\n" for number in range(MOST_LINKS + 1))
    (tmp_path / "links.csv").write_text(f"from,to\n{rows}")
    with pytest.raises(EstateError, match=f"has {MOST_LINKS + 1} rows, more than {MOST_LINKS}"):
        read_estate(tmp_path)


def test_a_chain_of_very_many_hops_is_followed() -> None:
    """One way: bits for each pair of ends would be many."""
    ends = [f"n{number}" for number in range(20_000)]
    links = pd.DataFrame({"from": ends[:-1], "to": ends[1:], "both_ways": False, "up": True})
    networks = pd.DataFrame({"network": ends, "site": ""})
    estate = SimpleNamespace(networks=networks, links=links, network_sets=[(0,), (19_999,), ()])
    codes = np.arange(3, dtype=np.int32)
    found = Network(estate).reaches(codes, codes)  # type: ignore[arg-type]
    assert found.tolist() == [[True, False, False], [True, True, False], [False, False, False]]


# --- text


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000, b'"\\ud800"', b'{"\\uDFFF": 1}', b'"\xed\xa0\x80"', b"1" * 5000, b"\xff",
    ],
    ids=range(6),
)  # fmt: skip
def test_json_that_is_no_text_or_without_end(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_json(content)


def test_json_with_pairs_of_surrogates_is_text() -> None:
    assert parse_json(json.dumps("\U0001f600").encode()) == "\U0001f600"


@given(st.lists(st.text(st.sampled_from([*SIGNS, "'", "a", "\n", "日"]), max_size=4)))
def test_the_guard_of_cells_is_taken_off_again(texts: list[str]) -> None:
    cells = pa.array(texts, pa.string())
    guarded = guard(cells)
    assert unguard(guarded).to_pylist() == texts
    for text, written in zip(texts, guarded.to_pylist(), strict=True):
        assert not written.startswith(tuple(SIGNS))
        assert written == text or text.lstrip("'")[0] in SIGNS


@pytest.mark.parametrize("length", [101, 10_000, 10_000_000])
def test_there_is_no_hint_for_a_very_long_name(length: int) -> None:
    assert did_you_mean("x" * length, ["x" * (length - 1), "y"]) == ""


def test_a_hint_looks_at_all_names_and_takes_the_closest() -> None:
    names = [f"server-{number}" for number in range(20_000)]
    assert did_you_mean("SERVR-19999", names) == "; did you mean 'server-19999'?"


def test_the_line_of_progress_obeys_no_name() -> None:
    board = Board()
    board.step("job \x1b[2J\x9b2J\u202e")
    assert str(board.render()).startswith("job \\x1b[2J\\x9b2J\\u202e")
