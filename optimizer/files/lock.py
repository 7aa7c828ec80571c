"""Lock a folder or a file against a second process: the system's own lock, gone with its holder.

The lock file says who holds it. It is removed on release; what a killed process leaves of it holds
nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from models.errors import OutputError

LOCK = ".gip-lock"
LONGEST_RECORD = 4096
LONGEST_COMMAND = 200

_held: set[tuple[int, Path]] = set()  # by thread: what one holds it need not wait for


class LockedError(OutputError):
    """Another process writes the same: who, since when, and what to do."""


if sys.platform == "win32":
    import msvcrt

    _BEYOND = 1 << 30  # a locked byte cannot be read, so it is one behind the record

    def _try_lock(file: int) -> bool:
        os.lseek(file, _BEYOND, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True
else:
    import fcntl

    def _try_lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextlib.contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Hold a folder, made where it is not there, until the block ends.

    Folders made for it that are empty then are removed. A thread may hold a folder again. Raises
    LockedError where another process holds it, OSError where nothing can be written there.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        with _hold(folder / LOCK, str(folder), make=True):
            yield
    finally:
        for path in made:
            with contextlib.suppress(OSError):
                path.rmdir()


@contextlib.contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Hold a file by a lock beside it; raises as `lock_folder` does."""
    with _hold(path.with_name(f"{LOCK}-{path.name}"), str(path), make=False):
        yield


@contextlib.contextmanager
def _hold(lock: Path, what: str, make: bool) -> Iterator[None]:
    """Hold the lock file ``lock``, which stands for ``what``; ``make`` the folder that it is in."""
    key = (threading.get_ident(), lock.absolute())
    if key in _held:
        yield
        return
    file = _acquire(lock, what, make)
    _held.add(key)
    try:
        os.ftruncate(file, 0)
        os.lseek(file, 0, os.SEEK_SET)
        os.write(file, _record())
        yield
    finally:
        _held.discard(key)
        if sys.platform == "win32":  # there a file that is open cannot be removed
            os.close(file)
        with contextlib.suppress(OSError):
            lock.unlink()
        if sys.platform != "win32":
            os.close(file)


def _acquire(lock: Path, what: str, make: bool) -> int:
    """Return the lock file, open and locked."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    while True:
        if make:
            lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = os.open(lock, flags, 0o666)
        except FileNotFoundError:
            if make:  # the folder went meanwhile
                continue
            raise
        try:
            if not _try_lock(file):
                raise LockedError(f"{what}: {_holder(file)}; wait for it, or name another place")
            if _is_there(file, lock):
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)  # the holder before has removed it: try the new one


def _is_there(file: int, lock: Path) -> bool:
    """Tell whether an open lock file is the one that its path leads to."""
    try:
        return os.path.samestat(os.fstat(file), os.stat(lock))
    except FileNotFoundError:
        return False


def _record() -> bytes:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    command = " ".join(["gip", *sys.argv[1:]])[:LONGEST_COMMAND]
    who = {"pid": os.getpid(), "host": socket.gethostname(), "since": since, "command": command}
    return json.dumps(who).encode()


def _holder(file: int) -> str:
    """Return who holds a lock, in words."""
    os.lseek(file, 0, os.SEEK_SET)
    try:
        who = json.loads(os.read(file, LONGEST_RECORD))
        return (
            f"is in use by process {who['pid']} on {who['host']} since {who['since']}: "
            f"{who['command']}"
        )
    except (ValueError, TypeError, KeyError, OSError):
        return "is in use by another process"
