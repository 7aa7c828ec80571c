"""The answers of a backup server's REST interface, by kind, whichever way they came."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.errors import EstateError, Problem
from models.inventory import SourceFile

Item = Mapping[str, Any]
LISTS = (
    "managedServers", "proxies", "repositories", "wanAccelerators",
    "jobs", "sessions", "taskSessions",
)  # fmt: skip
DOCUMENTS = ("serverInfo", "license")
LOGS = "logs"
AGAIN = "save the answer of the backup server's interface again, as it is"


@dataclass
class Answers:
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

        Raises EstateError where ``content`` is no such answer.
        """
        self.sources.append(SourceFile(name, hashlib.sha256(content).hexdigest()))
        document = _document(name, content)
        if kind in DOCUMENTS:
            self.documents[kind] = document
        elif kind == LOGS:
            self.logs.setdefault(task.lower(), []).extend(_items(name, document, "records"))
        else:
            key = "jobs" if kind == "jobs" and "jobs" in document else "data"
            self.items[kind] += _items(name, document, key)
            total = whole(document, "pagination", "total")
            self.announced[kind] = max(total, self.announced.get(kind, 0))

    def lacking(self) -> dict[str, int]:
        """Return how many objects of each kind were announced and did not come."""
        missing = {kind: total - len(self.items[kind]) for kind, total in self.announced.items()}
        return {kind: count for kind, count in missing.items() if count > 0}


def text(item: Any, *path: str) -> str:
    """Return the text or whole number at ``path`` in nested objects, "" where there is none.

    >>> text({"server": {"hostId": " 7 "}}, "server", "hostId")
    '7'
    """
    found = at(item, *path)
    fits = isinstance(found, (str, int)) and not isinstance(found, bool)
    return str(found).strip() if fits else ""


def whole(item: Any, *path: str) -> int:
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
        document = json.loads(content)
    except RecursionError as error:
        raise _refused(name, "is nested too deeply") from error
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


def _refused(name: str, reason: str) -> EstateError:
    return EstateError([Problem(name, None, None, None, reason, AGAIN)])
