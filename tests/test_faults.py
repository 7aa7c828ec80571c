"""Whatever dies, and wherever: the old state or the new one, and the next run mends the rest.

Each command that writes is run again and again, with another of its system calls failing each
time. A sample is tried of commands, of what they have in common all in CI, a third without a
profile; ``GIP_FAULTS=all`` tries all.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from distributed import Client, LocalCluster
from faults import KILL, KILLED, KINDS, TRACEBACK, Fault, strike
from hypothesis import settings
from parquet_tables import parquet
from veeam_server import PASSWORD, USER
from veeam_site import site_of

from models.batch_result import EstateResult
from models.errors import GipError, OutputError
from optimizer import http_client
from optimizer import pipeline as planning
from optimizer.cli import main as program
from optimizer.distributed.batch import run_batch as batch
from optimizer.distributed.batch.plan_one import PlanOrder, plan_estate
from optimizer.distributed.batch.run_batch import BatchRequest
from optimizer.distributed.cluster import Cluster
from optimizer.distributed.out_of_core.run import SolveRequest, solve_out_of_core
from optimizer.distributed.out_of_core.small_tables import read_small_tables
from optimizer.distributed.out_of_core.task_runner import TaskRunner
from optimizer.files.atomic_folder import write_atomically
from optimizer.files.replacement import recover
from optimizer.veeam.api_revisions import NAMES

if not hasattr(os, "fork"):
    pytest.skip("needs fork", allow_module_level=True)

ROOT = Path(__file__).parents[1]
TINY = ROOT / "data" / "tiny"
ALL = os.environ.get("GIP_FAULTS") == "all"
THINNER = 1 if settings().max_examples >= 150 else 3
CHANGING = re.compile(rb'"(seconds|peak_memory|plan)": [^,\n]*|\d{4}-\d\d-\d\dT[\d:]{8}Z')


@pytest.fixture(scope="module", autouse=True)
def _machine_code(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Load the compiled functions here, else each fork would do so again."""
    planning.run_plan(TINY, tmp_path_factory.mktemp("warm") / "out", None, 1, 0, lambda step: None)


def gip(*words: str | Path) -> int:
    """Run the program; return its exit code."""
    sys.argv = ["gip", *map(str, words)]
    try:
        program.run()
    except SystemExit as end:
        return int(end.code or 0)
    raise AssertionError("main came back")


def state(folder: Path) -> dict[str, bytes]:
    """Return what lies in a folder, but for times and what is hidden."""
    return {
        path.relative_to(folder).as_posix(): once(CHANGING.sub(b"", path.read_bytes()))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".gip-" not in str(path.relative_to(folder))
    }


def once(content: bytes) -> bytes:
    """Return lines without those that were there before: an import may be told twice."""
    return b"\n".join(dict.fromkeys(content.split(b"\n")))


def litter(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".gip-*")]


@dataclass
class Work:
    """A command that changes ``out`` from what ``before`` makes; ``thin`` trials out for CI."""

    out: Path
    before: Callable[[], object]
    run: Callable[[], int]
    code: int = 0
    thin: int = 1


def trials(calls: int, thin: int) -> Iterator[tuple[int, str]]:
    """Yield which calls are to fail, and how; of ``thin`` calls one in each way."""
    for number in range(1, calls + 1):
        for turn, kind in enumerate(KINDS):
            if ALL or (number + turn) % (thin * THINNER) == 0:
                yield number, kind


def hold_against(work: Work) -> None:
    """Try the faults: after each the old or the new state, and the next run is as any other."""
    work.before()
    old = state(work.out)
    whole = strike(work.run, Fault(work.out.parent))
    assert whole.code == work.code, whole.said
    new = state(work.out)
    assert litter(work.out) == []
    assert old != new
    for number, kind in trials(whole.calls, work.thin):
        shutil.rmtree(work.out, ignore_errors=True)
        work.before()
        ended = strike(work.run, Fault(work.out.parent, number, kind))
        where = f"call {number} of {whole.calls}, {kind}: {ended.said}"
        assert ended.code in ((KILLED,) if kind == KILL else (1, work.code)), where
        if work.out.exists():
            recover(work.out)
            assert state(work.out) in (old, new), where
        else:
            assert old == {}, where
        again = strike(work.run, Fault(work.out.parent))
        assert (again.code, state(work.out)) == (work.code, new), where + again.said
        assert litter(work.out) == [], where


def test_the_shim_finds_calls_and_breaks_them(tmp_path: Path) -> None:
    """A write that is not safe is found out."""

    def run() -> int:
        (tmp_path / "a").write_text("one")
        os.replace(tmp_path / "a", tmp_path / "b")
        return 0

    assert strike(run, Fault(tmp_path)).calls == 3  # open, write, rename
    assert strike(run, Fault(tmp_path, 2)).code == KILLED
    assert (tmp_path / "a").read_text() == "o"
    ended = strike(run, Fault(tmp_path, 3, "EIO"))
    assert ended.code == TRACEBACK
    assert "Input/output error" in ended.said


@pytest.mark.parametrize("earlier", [True, False])
def test_files_of_a_folder_are_replaced_all_or_none(tmp_path: Path, earlier: bool) -> None:
    """Every call in every way, with nothing but the files."""
    out = tmp_path / "out"

    def before() -> None:
        if earlier:
            write(out, {"a.csv": "old a", "last.json": "old", "mine": "mine"})

    def run() -> int:
        try:
            with write_atomically(out, last="last.json") as folder:
                write(folder, {"a.csv": "new a", "b.csv": "new b", "last.json": "new"})
        except OutputError as error:
            print(error)
            return 1
        return 0

    hold_against(Work(out, before, run))


def write(folder: Path, texts: Mapping[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)


def planned_before(tmp_path: Path, estate: Path) -> tuple[Path, int]:
    """Return a plan of the estate in ``estate`` and its exit code; then change the estate."""
    first = tmp_path / "first"
    code = strike(lambda: gip("plan", estate, "--out", first, "-q"), Fault(tmp_path)).code
    assert code in (0, 3)
    (estate / "current.csv").unlink()
    return first, code


def test_plan(tmp_path: Path) -> None:
    estate, out = shutil.copytree(TINY, tmp_path / "estate"), tmp_path / "out"
    first, code = planned_before(tmp_path, estate)
    run = partial(gip, "plan", estate, "--out", out, "-q")
    hold_against(Work(out, partial(shutil.copytree, first, out), run, code, thin=12))


def test_plan_out_of_core(tmp_path: Path) -> None:
    """The one worker is a thread of the process, so that its calls are met, too."""
    estate = parquet(TINY, 3, tmp_path / "estate")
    (estate / "README.md").unlink()
    first = tmp_path / "first"
    planning.run_plan(estate, first, None, 1, 0, lambda step: None)
    (estate / "current.parquet").unlink()
    out = tmp_path / "out"

    def run() -> int:
        with (
            LocalCluster(1, threads_per_worker=1, processes=False, dashboard_address=None) as all_,
            Client(all_, set_as_default=False) as client,
        ):
            head, problems = read_small_tables(estate)
            hands = TaskRunner(client, lambda step: None)
            try:
                solve_out_of_core(hands, head, problems, out, SolveRequest(), 5, lambda event: None)
            except (GipError, OSError) as error:
                print(error)
                return 1
        return 0

    hold_against(Work(out, partial(shutil.copytree, first, out), run, thin=120))


def test_import(tmp_path: Path) -> None:
    """What is in the estate stays, and what comes is there once."""
    estate, file = tmp_path / "estate", tmp_path / "prefixes.json"
    prefixes = [{"prefix": f"10.9.{number}.0/24"} for number in range(2)]
    file.write_text(json.dumps({"results": prefixes}))
    run = partial(gip, "import", "netbox", file, "--out", estate, "-q")
    hold_against(Work(estate, partial(shutil.copytree, TINY, estate), run, thin=5))


def test_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workers' part is done by the process itself."""
    estates, out = tmp_path / "estates", tmp_path / "out"
    for name in ("one", "two"):
        shutil.copytree(TINY, estates / name)
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def planned(orders: list[PlanOrder], *_: object) -> Iterator[tuple[EstateResult, list[str]]]:
        for order in orders:
            yield plan_estate(order, scratch), []

    monkeypatch.setattr(batch, "_planned", planned)

    def run() -> int:
        try:
            rows = batch.run_batch(
                str(estates), str(out), BatchRequest(), Cluster(), lambda *_: None
            )
        except GipError as error:
            print(error)
            return 1
        return int(any(row.status == "failed" for row in rows))

    run_first = strike(run, Fault(tmp_path))
    assert run_first.code == 0, run_first.said
    first = out.rename(tmp_path / "first")
    for name in ("one", "two"):
        (estates / name / "current.csv").unlink()
    calls = strike(run, Fault(tmp_path)).calls
    new = plans(out)
    each = {name: (plans(first / name), plans(out / name)) for name in ("one", "two")}
    for number, kind in trials(calls, thin=40):
        shutil.rmtree(out)
        shutil.copytree(first, out)
        ended = strike(run, Fault(tmp_path, number, kind))
        where = f"call {number} of {calls}, {kind}: {ended.said}"
        assert ended.code in ((KILLED,) if kind == KILL else (0, 1)), where
        for name, states in each.items():
            recover(out / name)
            assert unmarked(plans(out / name)) in map(unmarked, states), where
        again = strike(run, Fault(tmp_path))
        assert (again.code, plans(out)) == (0, new), where + again.said
        assert litter(out) == [], where


def unmarked(plan: dict[str, bytes]) -> dict[str, bytes]:
    """Return a plan without the mark of the batch, which comes after it."""
    return {name: text for name, text in plan.items() if name != "batch.json"}


def plans(folder: Path) -> dict[str, bytes]:
    """Return the files of plans, without the figures of the run."""
    found = state(folder)
    return {name: text for name, text in found.items() if not name.startswith("summary")}


def test_apply_and_rollback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each job has its old body or the new one, and going on or back needs the journal alone."""
    monkeypatch.setattr(http_client, "RETRY", http_client.RETRY.new(backoff_factor=0))
    monkeypatch.setenv("VEEAM_USERNAME", USER)
    monkeypatch.setenv("VEEAM_PASSWORD", PASSWORD)
    with contextlib.contextmanager(site_of)(NAMES[-1], tmp_path) as site:
        apply = partial(gip, *site.words("--yes", "-q"))
        back = partial(gip, "rollback", site.journal, *site.ca_file, "-q")
        before = dict(site.backup.jobs)
        whole = strike(apply, Fault(tmp_path))
        assert whole.code == 0, whole.said
        after = dict(site.backup.jobs)
        for number, kind in trials(whole.calls, thin=8):
            for fault in (Fault(tmp_path, number, kind), Fault(tmp_path)):
                strike(back, Fault(tmp_path))
                site.backup.jobs.update(before)
                site.journal.unlink(missing_ok=True)
                ended = strike(apply, fault)
                where = f"call {number} of {whole.calls}, {kind}: {ended.said}"
                assert ended.code != TRACEBACK, where
                for name, body in site.backup.jobs.items():
                    assert body in (before[name], after[name]), where
                if fault.number:  # go on
                    assert strike(apply, Fault(tmp_path)).code == 0, where
                    assert site.backup.jobs == after, where
            broken = strike(back, Fault(tmp_path, number, kind))
            assert broken.code != TRACEBACK, broken.said
            assert strike(back, Fault(tmp_path)).code == 0
            assert site.backup.jobs == before, broken.said
            assert [*site.plan.glob(".gip-*")] == []
