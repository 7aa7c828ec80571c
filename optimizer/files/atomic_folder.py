"""Puts a folder's files in place whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from models.errors import OutputError

PREFIX = ".gip-"


@contextlib.contextmanager
def write_atomically(folder: Path, last: str) -> Iterator[Path]:
    """Give a scratch folder; when the block ends well its files appear in ``folder``.

    Other files there stay. On any error, Ctrl-C among them, all is as it was before, ``folder``
    itself included. The file called ``last`` goes first and comes back last, so that even a power
    cut in between cannot leave a mixture that looks complete.
    """
    made = _make(folder)
    try:
        scratch = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
        try:
            fresh, old = scratch / "new", scratch / "old"
            fresh.mkdir()
            old.mkdir()
            yield fresh
            _swap(folder, fresh, old, last)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except BaseException as error:
        for path in made:
            with contextlib.suppress(OSError):
                path.rmdir()
        if isinstance(error, OSError):
            raise _refused(folder, error) from error
        raise


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left of their work in ``folder``; nobody may be at work."""
    for path in folder.glob(f"{PREFIX}*"):
        shutil.rmtree(path, ignore_errors=True)


def _make(folder: Path) -> list[Path]:
    """Make ``folder`` and what it lies in; return what was not there, innermost first."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(folder, error) from error
    return made


def _refused(folder: Path, error: OSError) -> OutputError:
    why = error.strerror or str(error)
    return OutputError(f"{folder}: cannot be written: {why}; choose another folder with --out")


def _swap(folder: Path, fresh: Path, old: Path, last: str) -> None:
    names = sorted((path.name for path in fresh.iterdir()), key=lambda name: name == last)
    aside: list[str] = []
    placed: list[str] = []
    try:
        for name in reversed(names):
            if (folder / name).exists():
                os.replace(folder / name, old / name)
                aside.append(name)
        for name in names:
            os.replace(fresh / name, folder / name)
            placed.append(name)
    except BaseException:
        for name in placed:
            (folder / name).unlink(missing_ok=True)
        for name in aside:
            os.replace(old / name, folder / name)
        raise
