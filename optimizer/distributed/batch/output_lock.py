"""Locks an output: no second batch writes to it, nor the workers of one that has stopped.

The lock is a file with the process that made it. Where that process is gone, on the same
machine, the lock is taken over. At an address there is no certain way to be the only one who
makes a file; most stores have one, and fsspec uses it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from models.errors import GipError, OutputError
from optimizer.distributed.batch.storage import forget, is_url, open_filesystem, read

LOCK = "batch.lock"
GRACE = 1.0  # seconds from a lock's making to its content; what stays empty was left by a crash
SAME = 60.0  # seconds that the clocks may disagree about when a process began


class BatchLockedError(GipError):
    """Another batch writes to the same output: who, and what to do."""


@contextlib.contextmanager
def lock_output(out: str) -> Iterator[str]:
    """Hold the output ``out``, made where it does not exist; give the token of the lock.

    Raises BatchLockedError where another batch holds it, OutputError where nothing can be written.
    """
    token = secrets.token_hex(16)
    me = psutil.Process()
    record = {
        "pid": me.pid, "host": socket.gethostname(), "started": me.create_time(), "token": token
    }  # fmt: skip
    fresh = not is_url(out) and not Path(out).exists()
    try:
        _acquire(out, json.dumps(record).encode(), token)
    except OSError as error:
        why = error.strerror or str(error)
        remedy = "choose another folder with --out, or make room and start again"
        raise OutputError(f"{out}: cannot be written: {why}; {remedy}") from error
    try:
        yield token
    finally:
        with contextlib.suppress(OSError):  # what cannot be removed is stale at the next start
            if is_held(out, token):
                forget(out, LOCK)
            if fresh:
                Path(out).rmdir()


def is_held(out: str, token: str) -> bool:
    """Tell whether the lock in ``out`` is the one of this token."""
    found = _read(out)
    return found is not None and found.get("token") == token


def _acquire(out: str, content: bytes, token: str) -> None:
    """Create the lock; BatchLockedError where a batch that is alive has it."""
    while not _create(out, content):
        found = _await_content(out)
        if found is None:
            continue
        if found and _alive(found):
            raise BatchLockedError(
                f"{out}: another batch writes there: process {found.get('pid')} on "
                f"{found.get('host')}; wait for it or choose another --out. If it is gone, "
                f"remove {LOCK} there"
            )
        _break_lock(out, found, token)


def _create(out: str, content: bytes) -> bool:
    files, path = open_filesystem(out)
    files.makedirs(path, exist_ok=True)
    try:
        if is_url(out):
            files.pipe_file(f"{path}/{LOCK}", content, mode="create")
        else:
            with Path(out, LOCK).open("xb") as file:
                file.write(content)
    except FileExistsError:
        return False
    return True


def _await_content(out: str) -> dict[str, Any] | None:
    """Wait for the lock's content: {} where it stays empty, None where the lock is gone."""
    found = _read(out)
    until = time.monotonic() + GRACE
    while found == {} and time.monotonic() < until:
        time.sleep(GRACE / 20)
        found = _read(out)
    return found


def _read(out: str) -> dict[str, Any] | None:
    try:
        return _parsed(read(out, LOCK))
    except FileNotFoundError:
        return None


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(content))
    except (ValueError, TypeError):
        return {}


def _alive(found: dict[str, Any]) -> bool:
    """Tell whether a lock's process may still run; one of another machine always may."""
    if found.get("host") != socket.gethostname():
        return True
    try:
        created = psutil.Process(int(found["pid"])).create_time()
        return bool(abs(created - float(found["started"])) < SAME)
    except (psutil.NoSuchProcess, KeyError, TypeError, ValueError):
        return False
    except psutil.AccessDenied:
        return True


def _break_lock(out: str, stale: dict[str, Any], token: str) -> None:
    """Remove the lock of a process that is gone, unless another batch has just done so."""
    if is_url(out):
        forget(out, LOCK)
        return
    lock, aside = Path(out, LOCK), Path(out, f"{LOCK}.{token}")
    try:
        os.replace(lock, aside)
    except FileNotFoundError:
        return
    if _parsed(aside.read_bytes()) == stale:
        aside.unlink()
    else:  # it was the other's new one
        os.replace(aside, lock)
