"""Apply that is killed, resumed and put back by its journal."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import Result
from veeam_bodies import id_of
from veeam_server import Fault
from veeam_site import Site

from optimizer.veeam.api_revisions import NAMES

JOB = "jobs/"
pytestmark = pytest.mark.usefixtures("account")
every_revision = pytest.mark.parametrize("revision", NAMES)


def error(result: Result) -> str:
    assert result.exit_code == 1
    return str(result.exception)


def kill_amid(
    site: Site, words: Sequence[str], put: int, how: signal.Signals
) -> subprocess.Popen[str]:
    """Run gip, and end it when the server has acted on a PUT but has not answered yet."""
    if os.name != "posix":
        pytest.skip("signals are sent as POSIX has them")
    held = Fault("wait", JOB, "PUT")
    site.backup.faults[:] = [Fault("call", JOB, "PUT", times=put), held]
    program = [sys.executable, "-c", "from optimizer.cli.main import main; main()", *words]
    running = subprocess.Popen(
        program, cwd=Path(__file__).parents[2], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert held.waiting.wait(60)
    running.send_signal(how)
    out, err = running.communicate()
    site.said += [out, err]
    held.released.set()
    site.backup.faults.clear()
    return running


@every_revision
def test_killed_between_the_change_and_its_record_then_resumed_then_put_back(site: Site) -> None:
    before = dict(site.backup.jobs)
    assert kill_amid(site, site.words("--yes"), 1, signal.SIGKILL).returncode == -signal.SIGKILL
    assert [line["event"] for line in site.lines()[1:]] == ["before", "after", "before"]
    done = site.apply("--yes", "--json")
    results = [each["result"] for each in json.loads(done.stdout)["jobs"]]
    assert results == ["as planned", "changed", "changed", "changed"]
    assert len(site.backup.puts()) == 4
    killed = ["rollback", str(site.journal), *site.ca_file]
    assert kill_amid(site, killed, 2, signal.SIGKILL).returncode == -signal.SIGKILL
    assert site.rollback().exit_code == 0
    assert site.backup.jobs == before


def test_killed_and_put_back_at_once(newest: Site) -> None:
    before = dict(newest.backup.jobs)
    kill_amid(newest, newest.words("--yes"), 2, signal.SIGKILL)
    assert newest.rollback().exit_code == 0
    assert newest.backup.jobs == before
    assert "nothing to put back" in newest.rollback().stdout


def test_ctrl_c_says_how_far_it_went(newest: Site) -> None:
    before = dict(newest.backup.jobs)
    ended = kill_amid(newest, newest.words("--yes"), 1, signal.SIGINT)
    assert ended.returncode == 130
    assert "interrupted; 1 of 4 jobs done, 1 changed; run the same again" in newest.said[-1]
    assert newest.rollback().exit_code == 0
    assert newest.backup.jobs == before


def test_a_torn_last_line_counts_as_not_written(newest: Site) -> None:
    before = dict(newest.backup.jobs)
    assert newest.apply("--yes").exit_code == 0
    whole = newest.journal.read_bytes()
    last = whole.rindex(b'{"event": "after"')
    for end in (last, last + 1, len(whole) - 1):
        newest.journal.write_bytes(whole[:end])
        assert newest.apply("--yes").exit_code == 0
        *kept, again = newest.lines()
        assert again | {"at": ""} == json.loads(whole[last:]) | {"at": ""}
        assert kept == [json.loads(line) for line in whole[:last].splitlines()]
    newest.journal.write_bytes(whole[: len(whole) - 1])
    assert newest.rollback().exit_code == 0
    assert newest.backup.jobs == before
    assert len(newest.lines()) == 8 + 2 * 4


def test_a_journal_begun_but_torn_in_its_first_line_is_begun_anew(newest: Site) -> None:
    newest.journal.write_bytes(b'{"event": "gip ap')
    assert newest.apply("--yes").exit_code == 0
    assert len(newest.lines()) == 9


def test_a_damaged_journal_or_another_file_is_left_as_it_is(newest: Site) -> None:
    assert newest.apply("--yes").exit_code == 0
    whole = newest.journal.read_bytes()
    damaged = whole.replace(b'"event": "after"', b'"event: "after"', 1)
    for content, says in ((damaged, ":3: is damaged"), (b"my notes", "is no journal")):
        newest.journal.write_bytes(content)
        for result in (newest.apply("--yes"), newest.rollback()):
            assert says in error(result)
        assert newest.journal.read_bytes() == content


def test_the_journal_of_something_else_is_refused(newest: Site) -> None:
    assert newest.apply("--yes").exit_code == 0
    header, *rest = newest.journal.read_text().splitlines(keepends=True)
    for old, new, says in (
        ("localhost", "127.0.0.1", "another server, https://127.0.0.1:"),
        ('"1.3-rev2"', '"1.3-rev1"', "go on with --revision 1.3-rev1"),
        ('{"job_proxies.csv": "', '{"job_proxies.csv": "0', "another plan; name another file"),
    ):
        newest.journal.write_text("".join([header.replace(old, new), *rest]))
        assert says in error(newest.apply("--yes"))
    assert newest.apply("--yes", "--journal", str(newest.plan / "other.jsonl")).exit_code == 0


def test_only_the_owner_reads_the_journal(newest: Site) -> None:
    newest.apply("--yes")
    if os.name == "posix":
        assert stat.S_IMODE(newest.journal.stat().st_mode) == 0o600


def test_a_journal_that_cannot_be_written_stops_it_before_any_change(newest: Site) -> None:
    said = error(newest.apply("--yes", "--journal", str(newest.plan / "no" / "journal")))
    assert "name another file with --journal" in said
    assert newest.backup.puts() == []


def test_rollback_twice_is_harmless_and_apply_may_follow(newest: Site) -> None:
    before = dict(newest.backup.jobs)
    for _ in range(2):
        assert newest.apply("--yes").exit_code == 0
        applied = dict(newest.backup.jobs)
        assert newest.rollback().exit_code == 0
        assert newest.backup.jobs == before != applied
        assert newest.rollback().exit_code == 0
        assert newest.backup.jobs == before
    assert len(newest.backup.puts()) == 16


def test_what_somebody_else_changed_since_is_put_back_by_force_only(newest: Site) -> None:
    before = dict(newest.backup.jobs)
    assert newest.apply("--yes").exit_code == 0
    other = newest.backup.job("job-1")
    newest.backup.add_job({**other, "isHighPriority": True})
    said = error(newest.rollback())
    assert "1 of 4 jobs are not as before\n'job-1' skipped: was changed by somebody" in said
    assert newest.backup.job("job-1")["isHighPriority"] is True
    assert newest.rollback("--force").exit_code == 0
    assert newest.backup.jobs == before
    lost = [line for line in newest.lines() if line["event"] == "restoring"][-1]
    assert json.loads(lost["body"])["isHighPriority"] is True


def test_a_change_by_somebody_else_after_a_crash_is_not_taken_for_ours(newest: Site) -> None:
    kill_amid(newest, newest.words("--yes"), 0, signal.SIGKILL)
    other = newest.backup.job("job-0")
    newest.backup.add_job({**other, "isHighPriority": True})
    assert newest.apply("--yes").exit_code == 0
    assert "'job-0' skipped" in error(newest.rollback())
    assert newest.backup.job("job-0")["isHighPriority"] is True


def test_a_job_that_is_gone_does_not_keep_the_others(newest: Site) -> None:
    before = dict(newest.backup.jobs)
    assert newest.apply("--yes").exit_code == 0
    gone = id_of("job job-2")
    del newest.backup.jobs[gone]
    assert "'job-2' failed: " in error(newest.rollback())
    assert newest.backup.jobs == {id_: body for id_, body in before.items() if id_ != gone}
