"""Puts a folder's files in place whole or not at all; says so where that cannot be."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from models.errors import OutputError
from optimizer.files.lock import lock_folder
from optimizer.files.replacement import PREFIX as PREFIX
from optimizer.files.replacement import finish, replacement, sweep


@contextlib.contextmanager
def write_atomically(folder: Path, last: str) -> Iterator[Path]:
    """Give a scratch folder; when the block ends well its files appear in ``folder``.

    Other files there stay. On any error, Ctrl-C among them, all is as it was before, ``folder``
    itself included; where the process is killed, the next command finishes or removes what it
    left. Raises OutputError, LockedError where another process writes there.
    """
    with _refusing(folder), replacement(folder, last) as fresh:
        yield fresh


@contextlib.contextmanager
def lock_output(folder: Path) -> Iterator[None]:
    """Hold ``folder``, finished and tidied, until the block ends; raise as `write_atomically`."""
    with contextlib.ExitStack() as stack:
        with _refusing(folder):
            stack.enter_context(lock_folder(folder))
            finish(folder)
            sweep(folder)
        yield


def tidy(folder: Path) -> None:
    """Finish and remove what killed processes left in ``folder``, where it is there."""
    if folder.is_dir():
        with lock_output(folder):
            pass


@contextlib.contextmanager
def _refusing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        remedy = "choose another folder with --out"
        raise OutputError(f"{folder}: cannot be written: {why}; {remedy}") from error
