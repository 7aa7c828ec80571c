"""Reads answers that were saved in a folder: ``jobs.json``, ``managedServers.json`` and others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from models.errors import EstateError, Problem
from models.finding import Finding
from optimizer.imports.veeam.answers import DOCUMENTS, LISTS, LOGS, Answers

LARGEST = 512 << 20
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_KINDS = {kind.lower(): kind for kind in (*LISTS, *DOCUMENTS)}
_TASK = re.compile(UUID, re.IGNORECASE)


def read_saved(folder: Path, findings: list[Finding]) -> Answers:
    """Return the answers in ``folder``: files called after the last part of their address.

    More pages have a number behind the name (``jobs-2.json``); the log of a task session has
    its id in its name, in the folder or in one called logs. Raises EstateError where there is
    none of them, or one cannot be read.
    """
    answers = Answers()
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
        raise EstateError([Problem(str(folder), None, None, None, reason, remedy)])
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
            raise EstateError([Problem(path.name, None, None, None, reason, remedy)])
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        problem = Problem(path.name, None, None, None, f"cannot be read: {why}", "check the file")
        raise EstateError([problem]) from error
