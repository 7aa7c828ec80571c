"""Reads and writes places: paths of this machine, or addresses that fsspec knows."""

from __future__ import annotations

import contextlib
from pathlib import Path

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from models.errors import GipError
from models.schema import TABLES
from optimizer.files.table_reader import ENDINGS
from optimizer.inputs.estate_folder.settings_reader import FILE

INPUTS = (FILE, *(table.name + end for table in TABLES for end in ENDINGS))
FIRST = frozenset("servers" + end for end in ENDINGS)  # one of them makes a folder an estate


class StorageError(GipError):
    """A place cannot be used at all: which one, why not, what to do."""


def is_url(place: str) -> bool:
    """Tell an address from a path.

    >>> is_url("s3://bucket/estates"), is_url("/srv/estates")
    (True, False)
    """
    return "://" in place


def make_absolute(place: str) -> str:
    """Return a place that workers may use, who run in other folders."""
    return place.rstrip("/") if is_url(place) else str(Path(place).absolute())


def open_filesystem(place: str) -> tuple[AbstractFileSystem, str]:
    """Return the file system of a place and its path there.

    Raises StorageError where there is none for the address.
    """
    if not is_url(place):
        return LocalFileSystem(), Path(place).as_posix()
    try:
        found, path = url_to_fs(place)
    except (ImportError, ValueError) as error:
        remedy = "install the package that it names, or write another address"
        raise StorageError(f"{place}: cannot be opened: {error}; {remedy}") from error
    return found, str(path).rstrip("/")


def join_place(place: str, name: str) -> str:
    """Join a place and a name with slashes."""
    return f"{place}/{name}" if is_url(place) else str(Path(place, *name.split("/")))


def sizes(place: str) -> dict[str, int]:
    """Return the bytes of each file right in a place, none where it does not exist."""
    files, path = open_filesystem(place)
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        files.invalidate_cache(path)
        found = files.ls(path, detail=True)
        return {_last(row["name"]): row["size"] or 0 for row in found if row["type"] == "file"}
    return {}


def fetch(place: str, folder: Path) -> None:
    """Copy an estate's files from an address into ``folder``."""
    files, path = open_filesystem(place)
    there = sizes(place)
    if not there:
        raise StorageError(f"{place}: holds no files, or no longer; check the address")
    for name in sorted(there.keys() & set(INPUTS)):
        files.get_file(f"{path}/{name}", str(folder / name))


def publish(folder: Path, place: str, last: str) -> None:
    """Copy all files of ``folder`` to an address.

    The one called ``last`` is taken away first and comes back last: while it is not there, the
    others may be a mixture.
    """
    files, path = open_filesystem(place)
    files.makedirs(path, exist_ok=True)
    forget(place, last)
    for file in sorted(folder.iterdir(), key=lambda file: (file.name == last, file.name)):
        files.put_file(str(file), f"{path}/{file.name}")


def forget(place: str, name: str) -> None:
    """Remove a file where it is there."""
    files, path = open_filesystem(place)
    with contextlib.suppress(FileNotFoundError):
        files.rm_file(f"{path}/{name}")


def read(place: str, name: str) -> bytes:
    """Return what a file holds; FileNotFoundError where it is not there."""
    files, path = open_filesystem(place)
    return bytes(files.cat_file(f"{path}/{name}"))


def write(place: str, name: str, content: bytes) -> None:
    """Write a file; at an address it appears whole."""
    files, path = open_filesystem(place)
    files.makedirs(path, exist_ok=True)
    files.pipe_file(f"{path}/{name}", content)


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
