"""The responses of a backup server's REST interface, by kind, live or saved in a folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.diagnostics import Finding, InputProblem
from models.errors import EstateError
from models.imported_tables import SourceFile
from optimizer.files.json_shapes import DEPTH, misfits
from optimizer.files.reading import parse_json
from optimizer.veeam.response_fields import PAGE, wrong_fields

Item = Mapping[str, Any]
LISTS = (
    "managedServers", "proxies", "repositories", "wanAccelerators",
    "jobs", "sessions", "taskSessions", "credentials",
)  # fmt: skip
DOCUMENTS = ("serverInfo", "license", "highAvailabilityCluster")
LOGS = "logs"
AGAIN = "save the answer of the backup server's interface again, as it is"


@dataclass
class Responses:
    """What the interface answered.

    ``items`` are objects by kind (`LISTS`), ``documents`` single ones (`DOCUMENTS`), ``logs`` the
    records of task sessions, by the session's id in small letters.
    """

    items: dict[str, list[Item]] = field(default_factory=lambda: {kind: [] for kind in LISTS})
    documents: dict[str, Item] = field(default_factory=dict)
    logs: dict[str, list[Item]] = field(default_factory=dict)
    sources: list[SourceFile] = field(default_factory=list)
    announced: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, name: str, content: bytes, task: str = "") -> None:
        """Add an answer of ``kind``, which came from ``name``; the log is that of ``task``.

        What an earlier page had (by its id) is there once.

        Raises EstateError where ``content`` is no such answer.
        """
        self.sources.append(SourceFile(name, hashlib.sha256(content).hexdigest()))
        document = _document(name, content)
        if kind in DOCUMENTS:
            if "data" in document:  # no single answer has it, and a list is read so
                raise _refused(name, "is a list, or holds one, and not a single object")
            _check(kind, name, [document])
            self.documents[kind] = document
        elif kind == LOGS:
            records = _items(name, document, "records")
            _check(kind, name, records)
            self.logs.setdefault(task.lower(), []).extend(records)
        else:
            key = "jobs" if kind == "jobs" and "jobs" in document else "data"
            items = _items(name, document, key)
            _check(kind, name, items)
            _complain(name, misfits(document, PAGE))
            known = {text(item, "id") for item in self.items[kind]} - {""}
            self.items[kind] += [item for item in items if text(item, "id") not in known]
            total = whole_number(document, "pagination", "total")
            self.announced[kind] = max(total, self.announced.get(kind, 0))

    def lacking(self) -> dict[str, int]:
        """Return how many objects of each kind were announced and did not come."""
        there = {
            kind: len({text(item, "id") or id(item) for item in self.items[kind]})
            for kind in self.announced
        }
        missing = {kind: total - there[kind] for kind, total in self.announced.items()}
        return {kind: count for kind, count in missing.items() if count > 0}


def text(item: Any, *path: str) -> str:
    """Return the text or whole number at ``path`` in nested objects, "" where there is none.

    >>> text({"server": {"hostId": " 7 "}}, "server", "hostId")
    '7'
    """
    found = at(item, *path)
    fits = isinstance(found, (str, int)) and not isinstance(found, bool)
    return str(found).strip() if fits else ""


def whole_number(item: Any, *path: str) -> int:
    """Return the whole number at ``path``, 0 where there is none."""
    found = at(item, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def truth(item: Any, *path: str) -> bool | None:
    """Return the boolean at ``path``, None where there is none."""
    found = at(item, *path)
    return found if isinstance(found, bool) else None


def objects(item: Any, *path: str) -> list[Item]:
    """Return the objects in the list at ``path``."""
    found = at(item, *path)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def at(item: Any, *path: str) -> Any:
    """Return what is at ``path`` in nested objects, None where there is nothing."""
    for key in path:
        item = item.get(key) if isinstance(item, dict) else None
    return item


def named(items: list[Item]) -> list[tuple[str, Item]]:
    """Return each item that has a name with a name of its own: one that repeats gets its id."""
    seen: dict[str, int] = {}
    for item in items:
        name = text(item, "name")
        seen[name] = seen.get(name, 0) + 1
    return [
        (name if seen[name] == 1 else f"{name} ({text(item, 'id')})", item)
        for item in items
        if (name := text(item, "name"))
    ]


def _document(name: str, content: bytes) -> Item:
    try:
        document = parse_json(content)
    except ValueError as error:
        raise _refused(name, f"is not JSON: {error}") from error
    if isinstance(document, list):
        return {"data": document}
    if not isinstance(document, dict):
        raise _refused(name, "is no answer of the interface")
    return document


def _items(name: str, document: Item, key: str) -> list[Item]:
    found = document.get(key)
    if isinstance(found, list) and all(isinstance(item, dict) for item in found):
        return found
    if key == "data" and "id" in document:
        return [document]
    raise _refused(name, f"has no list {key!r} of objects")


def _check(kind: str, name: str, items: list[Item]) -> None:
    """Raise EstateError where a field is of another type than it is declared to have."""
    _complain(name, wrong_fields(kind, items))


def _complain(name: str, wrong: Iterable[str]) -> None:
    problems = [InputProblem(name, None, None, None, text, DEPTH) for text in wrong]
    if problems:
        raise EstateError(problems)


def _refused(name: str, reason: str) -> EstateError:
    return EstateError([InputProblem(name, None, None, None, reason, AGAIN)])


LARGEST = 512 << 20
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_KINDS = {kind.lower(): kind for kind in (*LISTS, *DOCUMENTS)}
_TASK = re.compile(UUID, re.IGNORECASE)


def read_saved_veeam(folder: Path, findings: list[Finding]) -> Responses:
    """Return the answers in ``folder``: files called after the last part of their address.

    More pages have a number behind the name (``jobs-2.json``); the log of a task session has
    its id in its name, in the folder or in one called logs. Raises EstateError where there is
    none of them, or one cannot be read.
    """
    answers = Responses()
    files = [*_files(folder), *_files(folder / LOGS)]
    for path in files:
        kind, task = _kind(path)
        if kind:
            answers.add(kind, path.name, _content(path), task)
        else:
            detail = f"not read: its name is none of {', '.join((*LISTS, *DOCUMENTS))}"
            if "log" in path.stem.lower():
                detail = "not read: the id of its task session has to be in its name"
            findings.append(Finding("warning", "unknown_file", path.name, detail))
    if not answers.sources:
        reason = "holds no saved answer of a backup server" if folder.is_dir() else "is no folder"
        remedy = "save managedServers.json, jobs.json and what else there is in it"
        raise EstateError([InputProblem(str(folder), None, None, None, reason, remedy)])
    return answers


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.glob("*.json") if path.is_file())


def _kind(path: Path) -> tuple[str, str]:
    """Return which answer a file holds, "" where its name does not say, and the task's id."""
    task = _TASK.search(path.stem)
    if task and (path.parent.name == LOGS or "log" in path.stem.lower()):
        return LOGS, task[0]
    return _KINDS.get(re.sub(r"[ _.-]*\(?\d*\)?$", "", path.stem).lower(), ""), ""


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            remedy = "save it in several pages"
            reason = f"is larger than {LARGEST >> 20} MiB"
            raise EstateError([InputProblem(path.name, None, None, None, reason, remedy)])
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        problem = InputProblem(
            path.name, None, None, None, f"cannot be read: {why}", "check the file"
        )
        raise EstateError([problem]) from error
