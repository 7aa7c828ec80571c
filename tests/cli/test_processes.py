"""The command as a process: pipes, terminals, broken connections and Ctrl+C."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import GIP, content

DATA = Path(__file__).parents[2] / "data"
TINY, BRANCHES, BROKEN = (str(DATA / name) for name in ("tiny", "branch-offices", "broken/bad-day"))
PLAN_FILES = {
    "assignments.csv", "findings.csv", "job_before.csv", "job_proxies.csv", "job_splits.csv",
    "plan.json", "proxy_load.csv", "unassigned.csv",
}  # fmt: skip


def environment(**changed: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if "COLOR" not in key}
    return kept | {"COLUMNS": "80", "TERM": "xterm-256color"} | changed


def test_pipes_get_no_escape_codes(tmp_path: Path) -> None:
    command = [GIP, "plan", TINY, "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, env=environment(), check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"coverage" in done.stdout
    assert b"\x1b" not in done.stdout
    command = [GIP, "check", BROKEN]
    done = subprocess.run(command, capture_output=True, env=environment(), check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"Error: jobs.csv:2: days: ")
    assert b"\x1b" not in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["plan", "plan --json", "check", "check --json"])
def test_who_stops_reading_ends_it_quietly(tmp_path: Path, command: str) -> None:
    arguments = [*command.split(), BRANCHES]
    if "plan" in command:
        arguments += ["--out", str(tmp_path / "out")]
    process = subprocess.Popen(
        [GIP, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == -signal.SIGPIPE
    if "plan" in command:
        assert content(tmp_path / "out").keys() == PLAN_FILES


BREAKING = """
import socket, sys
from optimizer.cli import main

@main.gip.command("break")
def broken():
    mine, theirs = socket.socketpair()
    theirs.close()
    try:
        mine.send(b"x")
    except BrokenPipeError:
        print("told")

sys.argv = ["gip", "break"]
main.main()
"""


def test_a_connection_that_breaks_is_an_error_and_not_the_end() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BREAKING], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "told\n"), done.stderr


ABORTING = """
import atexit, ctypes, sys
library = ctypes.CDLL(None)
library.on_exit(ctypes.cast(library.abort, ctypes.c_void_p), None)
atexit.register(print, "closed")
from optimizer.cli.main import main
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="on_exit is of Linux")
def test_a_library_that_aborts_at_the_end_does_not_change_the_exit_code() -> None:
    command = [sys.executable, "-c", ABORTING, "tables", "jobs"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "start" in done.stdout
    assert done.stdout.endswith("closed\n")


def on_terminal(command: list[str], variables: dict[str, str]) -> bytes:
    """Return what ``command`` shows on a terminal."""
    own, its = pty.openpty()
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=variables)
    os.close(its)
    shown = b""
    while True:
        try:
            piece = os.read(own, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(own)
    assert process.wait() == 0
    return shown


COLOUR = re.compile(rb"\x1b\[[\d;]*\b(3\d|4\d|9\d|10\d)[\d;]*m")


def test_no_colour_where_none_is_wanted(tmp_path: Path) -> None:
    command = [GIP, "check", TINY, str(tmp_path)]
    assert subprocess.run([GIP, "plan", TINY, "--out", str(tmp_path), "-q"], check=True)
    shown = on_terminal(command, environment(NO_COLOR="1"))
    assert b"coverage" in shown
    assert not COLOUR.search(shown)
    assert COLOUR.search(b"\x1b[1;31mred\x1b[0m")


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an estate whose solving takes far longer than the tests wait."""
    folder = tmp_path_factory.mktemp("hard") / "estate"
    options = ["--vms", "20000", "--likeness", "0", "--tightness", "1.3", "--seed", "3"]
    subprocess.run([GIP, "generate", str(folder), *options, "--quiet"], check=True)
    return folder


# Says on stdout that a solver is at work, then is ``gip``.
DRIVER = """
from optimizer.solver import deadline
real = deadline.interruptible
def interruptible(*arguments, **options):
    print("solving", flush=True)
    return real(*arguments, **options)
deadline.interruptible = interruptible
from optimizer.cli.main import main
main()
"""


@contextlib.contextmanager
def solving(estate: Path, out: Path) -> Iterator[subprocess.Popen[str]]:
    """Give the program while a solver is at work, in native code."""
    command = [sys.executable, "-c", DRIVER, "plan", str(estate), "--out", str(out)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "solving\n"
        time.sleep(0.5)
        assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("earlier", [True, False])
def test_ctrl_c_ends_soon_and_leaves_nothing_behind(
    hard: Path, tmp_path: Path, earlier: bool
) -> None:
    out = tmp_path / "a" / "b"
    if earlier:
        out.mkdir(parents=True)
        (out / "plan.json").write_text("earlier")
    with solving(hard, out) as process:
        assert len(list(out.iterdir())) == 2 + earlier  # the lock, and what is being written
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        shown, error = process.communicate(timeout=30)
        took = time.monotonic() - began
    assert process.returncode == 130
    assert set(shown.splitlines()) <= {"solving"}
    # click ends the line on which a terminal shows ^C.
    assert error.removeprefix("\n") == "interrupted; nothing was written\n"
    assert took < 2
    if earlier:
        assert content(out) == {"plan.json": b"earlier"}
    else:
        assert not (tmp_path / "a").exists()
