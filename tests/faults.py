"""Makes the n-th system call that changes a file fail, or the process die there.

`strike` forks: the parent has everything imported, so that a trial costs a fork and a run. Calls
that name files come to an audit hook before they happen; writes and fsyncs are counted in
functions put over them. What libraries write from C++ is not among them.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KILL = "kill"
KINDS = (KILL, "ENOSPC", "EIO", "EACCES")
EVENTS = frozenset(
    {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink"}
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
TRACEBACK, KILLED = 99, -signal.SIGKILL


@dataclass
class Fault:
    """The ``number``-th call below ``folder`` (0: none) ends as ``kind`` says; ``count`` so far."""

    folder: Path
    number: int = 0
    kind: str = KILL
    count: int = 0

    def meet(self, path: Any = None) -> None:
        """Count a call, and let it fail where it is its turn."""
        if isinstance(path, str | bytes) and not self._is_inside(os.fsdecode(path)):
            return
        self.count += 1
        if self.count == self.number:
            if self.kind == KILL:
                os.kill(os.getpid(), signal.SIGKILL)
            code = getattr(errno, self.kind)
            raise OSError(code, os.strerror(code))

    def _is_inside(self, path: str) -> bool:
        return not os.path.isabs(path) or path.startswith(str(self.folder))


class _Raw(io.FileIO):
    fault: Fault

    def write(self, content: Any) -> int:
        """Write half of it before a failure: writes are torn."""
        view = memoryview(content).cast("B")
        if self.fault.count + 1 == self.fault.number:
            super().write(view[: len(view) // 2])
        self.fault.meet()
        return super().write(view) or 0


def install(fault: Fault) -> None:
    """Let all calls of this process meet the fault, for good."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in EVENTS:
            fault.meet(arguments[0] if isinstance(arguments[0], str | bytes) else None)
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING:
            fault.meet(arguments[0])

    real_open, real_write, real_fsync = io.open, os.write, os.fsync
    raw = type("Raw", (_Raw,), {"fault": fault})

    def open_(file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if isinstance(file, int) or not set(mode) & set("wax+") or not fault._is_inside(str(file)):
            return real_open(file, mode, *rest, **options)
        binary = io.BufferedWriter(raw(os.fspath(file), mode.replace("b", "").replace("t", "")))
        if "b" in mode:
            return binary
        names = ("buffering", "encoding", "errors", "newline")
        options = {**dict(zip(names, rest, strict=False)), **options}
        options.pop("buffering", None)
        return io.TextIOWrapper(binary, **options)

    def write(file: int, content: Any) -> int:
        if file > 2:
            if fault.count + 1 == fault.number:
                real_write(file, bytes(content)[: len(content) // 2])
            fault.meet()
        return real_write(file, content)

    def fsync(file: int) -> None:
        fault.meet()
        real_fsync(file)

    builtins.open = io.open = open_
    os.write, os.fsync = write, fsync  # type: ignore[assignment]
    sys.addaudithook(hook)


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code (`KILLED`, `TRACEBACK`), what it said, calls it made."""

    code: int
    said: str
    calls: int


def strike(run: Callable[[], int], fault: Fault) -> Ended:
    """Run in a process of its own, with the fault installed."""
    inside, outside = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(inside)
        os.dup2(outside, 1)
        os.dup2(outside, 2)
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), write_through=True)
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), write_through=True)
        code = TRACEBACK
        try:
            install(fault)
            try:
                code = run()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 0
        except BaseException:
            traceback.print_exc(file=sys.stderr)
        finally:
            fault.number = 0
            os.write(2, b"\ncalls: %d" % fault.count)
            os._exit(code)
    os.close(outside)
    with open(inside, "rb") as pipe:
        said, _, calls = pipe.read().decode(errors="replace").rpartition("\ncalls: ")
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return Ended(status, said or calls, int(calls) if calls.isdigit() else 0)
