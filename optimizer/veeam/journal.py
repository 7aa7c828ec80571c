"""The journal of an apply: each job's body before it is changed, and after, one line of JSON each.

Every line is on the disk before the next request is sent. So a crash leaves a job either without
a line, or with its old body and no line after: then the server is asked which of both it has.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.errors import GipError
from optimizer.files.lock import lock_file
from optimizer.files.reading import parse_json, read_bytes
from optimizer.veeam.job_payload import ProxySelection

FORMAT = "gip apply 1"
START = json.dumps({"event": FORMAT})[:-1].encode()
MODE = 0o600  # bodies tell much about a site


class JournalError(GipError):
    """A journal cannot be used: the file, why not, what to do."""


@dataclass(frozen=True, slots=True)
class Header:
    """Whose journal it is: the server, its interface's revision, the plan's files by SHA-256."""

    server: str
    revision: str
    plan: dict[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A job that was changed, or was about to be where ``after`` is None."""

    job: str
    id: str
    before: str
    wanted: ProxySelection
    after: str | None


class Journal:
    """A journal that is open for writing.

    ``entries`` gives ids of jobs what was last done to them, in that order; what has been put
    back is not among them.
    """

    def __init__(self, path: Path, header: Header, entries: dict[str, Entry], file: int) -> None:
        self.path, self.header, self.entries = path, header, entries
        self._file = file

    def before(self, job: str, id_: str, body: str, wanted: ProxySelection) -> None:
        """Record that a job is about to be changed from ``body``."""
        chosen = {"automatic": wanted.automatic, "proxies": wanted.proxies}
        self._record("before", job, id_, body=body, wanted=chosen)

    def after(self, job: str, id_: str, body: str) -> None:
        """Record that a job has been changed, and the server's body since."""
        self._record("after", job, id_, body=body)

    def restoring(self, job: str, id_: str, body: str) -> None:
        """Record that a job is about to be put back from ``body``."""
        self._record("restoring", job, id_, body=body)

    def restored(self, job: str, id_: str) -> None:
        """Record that a job is as it was before."""
        self._record("restored", job, id_)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _record(self, event: str, job: str, id_: str, **rest: Any) -> None:
        line = {"event": event, "at": _now(), "job": job, "id": id_, **rest}
        _write(self.path, self._file, line)
        _fold(self.entries, line)


@contextlib.contextmanager
def lock_journal(path: Path) -> Iterator[None]:
    """Keep other processes from a journal; LockedError where one is at it, else JournalError."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(lock_file(path))
        except OSError as error:
            raise _refused(path, error) from error
        yield


def start_or_resume(path: Path, header: Header) -> Journal:
    """Open the journal of one plan on one server, a new one where there is none.

    Raises JournalError where the file is the journal of something else, or cannot be written.
    """
    found, entries, size = _read(path)
    if found is None:
        file = _opened(path, size)
        _write(path, file, {"event": FORMAT, "at": _now(), **asdict(header)})
        return Journal(path, header, {}, file)
    remedies = {
        "server": f"another server, {found.server}; name another file with --journal",
        "plan": "another plan; name another file with --journal",
        "revision": f"another revision; go on with --revision {found.revision}",
    }
    for name, remedy in remedies.items():
        if getattr(found, name) != getattr(header, name):
            raise JournalError(f"{path}: is the journal of {remedy}")
    return Journal(path, found, entries, _opened(path, size))


def resume(path: Path) -> Journal:
    """Open a journal that is there; JournalError where it is none."""
    header, entries, size = _read(path)
    if header is None:
        raise JournalError(f"{path}: is no journal; name the one that `gip apply` wrote")
    return Journal(path, header, entries, _opened(path, size))


def _read(path: Path) -> tuple[Header | None, dict[str, Entry], int | None]:
    """Return a journal's header, None where it has none yet, and its entries.

    A crash can tear the last line; it counts as not written, and what is sound is the first so
    many bytes, which come last (else None).
    """
    try:
        lines = read_bytes(path).splitlines(keepends=True)
    except FileNotFoundError:
        lines = []
    except OSError as error:
        raise _refused(path, error) from error
    header, size = None, 0
    entries: dict[str, Entry] = {}
    for number, line in enumerate(lines, start=1):
        if header is None and not line.startswith(START[: len(line)]):
            raise JournalError(f"{path}: is no journal of `gip apply`; name another file")
        try:
            record = parse_json(line if line.endswith(b"\n") else b"")
            if header is None:
                header = Header(record["server"], record["revision"], record["plan"])
            else:
                _fold(entries, record)
        except (ValueError, TypeError, KeyError) as error:
            if number == len(lines):
                return header, entries, size
            remedy = "restore it from a copy, or undo the rest by hand"
            raise JournalError(f"{path}:{number}: is damaged; {remedy}") from error
        size += len(line)
    return header, entries, None


def _fold(entries: dict[str, Entry], line: dict[str, Any]) -> None:
    """Let a line of the journal happen."""
    event, id_, job = line["event"], _text(line["id"]), _text(line["job"])
    if event == "before":
        entries.pop(id_, None)  # the last change comes last
        wanted = ProxySelection(
            bool(line["wanted"]["automatic"]), tuple(map(_text, line["wanted"]["proxies"]))
        )
        entries[id_] = Entry(job, id_, _text(line["body"]), wanted, None)
    elif event == "after":
        entries[id_] = replace(entries[id_], after=_text(line["body"]))
    elif event == "restored":
        entries.pop(id_, None)


def _text(value: Any) -> str:
    """Return ``value``, which has to be text that can be sent; else ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    value.encode()
    return value


def _opened(path: Path, size: int | None) -> int:
    """Open a file to write on; of one that ends in a torn line only ``size`` bytes are kept."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    try:
        file = os.open(path, flags, MODE)
        if size is not None:
            os.ftruncate(file, size)
        if os.name == "posix":
            folder = os.open(path.parent, os.O_RDONLY)
            os.fsync(folder)  # else a power cut could take the whole file
            os.close(folder)
        return file
    except OSError as error:
        raise _refused(path, error) from error


def _write(path: Path, file: int, line: dict[str, Any]) -> None:
    """Write a line and wait until it is on the disk."""
    content = memoryview(json.dumps(line).encode() + b"\n")
    try:
        while content:
            content = content[os.write(file, content) :]
        os.fsync(file)
    except OSError as error:
        why = error.strerror or str(error)
        raise JournalError(f"{path}: {why}; make room, then run the same again") from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _refused(path: Path, error: OSError) -> JournalError:
    why = error.strerror or str(error)
    return JournalError(f"{path}: cannot be used: {why}; name another file with --journal")
