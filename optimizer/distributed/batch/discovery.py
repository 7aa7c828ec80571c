"""Finds the estates of a batch: below a folder, below an address, or named in a list."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from models.errors import GipError
from optimizer.distributed.batch.output_lock import LOCK
from optimizer.distributed.batch.storage import (
    FIRST,
    INPUTS,
    is_url,
    join_place,
    make_absolute,
    open_filesystem,
    sizes,
)
from optimizer.files.replacement import PREFIX

SUMMARY = ("summary.csv", "summary.html")
TAKEN = (*SUMMARY, LOCK)


class EstatesError(GipError):
    """What was given leads to no estate: the place, why not, what to do."""


@dataclass(frozen=True, slots=True)
class EstateLocation:
    """An estate: its ``name`` is its path below the output, ``size`` the bytes of its files."""

    name: str
    place: str
    size: int


def find_estates(source: str) -> list[EstateLocation]:
    """Return the estates of a folder, an address or a list of paths, the largest first.

    Links to folders are not followed. Raises EstatesError.
    """
    source = make_absolute(source)
    if is_url(source):
        found = _at(source)
    elif Path(source).is_file():
        found = list(_listed(Path(source)))
    else:
        found = list(_within(Path(source)))
    if not found:
        raise EstatesError(
            f"{source}: no folder below it holds a servers.csv; name the folder in which the "
            "estates lie, or a file with one path a line"
        )
    return sorted(found, key=lambda estate: (-estate.size, estate.name))


def find_refusal(name: str) -> str | None:
    """Return why an estate of this name has no place below the output; None where it has one."""
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "would lie outside the output folder"
    if os.name == "nt" and any(set(part) & set('\\:*?"<>|') for part in parts):
        return "is no path on this system"
    if parts[0] in TAKEN or any(part.startswith(PREFIX) for part in parts):
        return "is the name of a file of the batch"
    return None


def _within(root: Path) -> Iterator[EstateLocation]:
    if not root.is_dir():
        raise EstatesError(f"{root}: does not exist; name the folder in which the estates lie")
    for folder, folders, files in os.walk(root, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith(PREFIX))
        if FIRST.isdisjoint(files):
            continue
        name = Path(folder).relative_to(root).as_posix()
        if name == ".":
            _itself(root)
        size = sum(_size(Path(folder, file)) for file in files if file in INPUTS)
        yield EstateLocation(name, folder, size)


def _refuse(error: OSError) -> NoReturn:
    raise EstatesError(
        f"{error.filename}: cannot be looked into: {error.strerror}; let it be read"
    ) from error


def _itself(root: str | Path) -> NoReturn:
    raise EstatesError(f"{root}: is an estate itself; plan it with `gip plan`")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # its reader will say what is wrong with it
        return 0


def _at(root: str) -> list[EstateLocation]:
    files, path = open_filesystem(root)
    files.invalidate_cache(path)
    held: dict[str, dict[str, int]] = defaultdict(dict)
    try:
        there = files.find(path, detail=True)
    except OSError as error:
        raise EstatesError(f"{root}: cannot be looked into: {error}; check the address") from error
    for name, row in there.items():
        folder, _, file = name.removeprefix(path).removeprefix("/").rpartition("/")
        held[folder][file] = row["size"] or 0
    estates = [name for name in held if not FIRST.isdisjoint(held[name])]
    if "" in estates:
        _itself(root)
    return [
        EstateLocation(name, join_place(root, name), _sum(held[name].items())) for name in estates
    ]


def _sum(there: Iterable[tuple[str, int]]) -> int:
    return sum(size for name, size in there if name in INPUTS)


def _listed(path: Path) -> Iterator[EstateLocation]:
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise EstatesError(f"{path}: cannot be read: {error}; write one path a line") from error
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        entry = line.rstrip("\r")
        if not entry.strip():
            continue
        if is_url(entry):
            place, name = make_absolute(entry), make_absolute(entry).partition("://")[2]
        else:
            place = str(path.parent / entry)
            name = _name(Path(os.path.normpath(entry)))
        if name in seen:
            raise EstatesError(
                f"{path}:{number}: {entry!r} is in line {seen[name]} already; keep one of them"
            )
        seen[name] = number
        yield EstateLocation(name, place, _weight(place))


def _weight(place: str) -> int:
    try:
        return _sum(sizes(place).items())
    except OSError:  # its worker will say what is wrong with it
        return 0


def _name(path: Path) -> str:
    """Return a path below the output: an absolute one begins with its first folder."""
    drive = [path.drive.rstrip(":")] if path.drive else []
    return "/".join([*drive, *path.relative_to(path.anchor).parts])
