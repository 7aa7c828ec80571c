"""Replace files of a folder, all or none, whenever the process or the machine dies.

New files are written into a hidden folder ``.gip-…/new`` inside. Once they are on the disk it is
renamed to `SWAP`: from then on the new state is the valid one. Old files go to ``old`` in it, new
ones come to their places. Where that is cut off, `recover` does the rest.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from models.errors import OutputError
from optimizer.files.lock import LockedError, lock_folder

PREFIX = ".gip-"
SWAP = f"{PREFIX}swap"
NEW, OLD = "new", "old"
PATIENCE = 10.0  # seconds: putting files in place takes much less


def recover(folder: Path) -> None:
    """Finish what a killed process left half replaced in ``folder``; to be called before reading.

    Raises OutputError where that is not possible: what is there is then a mixture.
    """
    until = time.monotonic() + PATIENCE
    while _is_pending(folder):
        try:
            with lock_folder(folder):
                finish(folder)
        except LockedError:  # perhaps by whom it is being replaced now
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        except OSError as error:
            why = error.strerror or str(error)
            raise OutputError(
                f"{folder}: a command was killed while it replaced files there, and the rest "
                f"cannot be done: {why}; run this with the right to write there"
            ) from error


@contextlib.contextmanager
def replacement(folder: Path, last: str) -> Iterator[Path]:
    """Give a folder for new files, and put them in place when the block ends well.

    ``folder`` is locked meanwhile; what killed processes left in it is finished or removed first.
    The file called ``last`` goes first and comes last. Raises OSError and OutputError; on these
    and on any error of the block all is as it was.
    """
    with lock_folder(folder):
        finish(folder)
        sweep(folder)
        scratch = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
        try:
            (scratch / NEW).mkdir()
            (scratch / OLD).mkdir()
            yield scratch / NEW
            _swap(folder, scratch, last)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def finish(folder: Path) -> None:
    """Put in place what was decided and not done yet; ``folder`` is locked by the caller."""
    swap = folder / SWAP
    if not _is_folder(swap):
        return
    for name in sorted(os.listdir(swap / NEW)) if (swap / NEW).exists() else ():
        _put_aside(folder, swap, name)
        os.replace(swap / NEW / name, folder / name)
    sync(folder)
    shutil.rmtree(swap, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what killed processes left of their work in ``folder``, which the caller locks."""
    for path in folder.glob(f"{PREFIX}*"):
        if _is_folder(path) and path.name != SWAP:
            shutil.rmtree(path, ignore_errors=True)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    if path.is_dir():
        if os.name == "nt":  # knows no such thing
            return
        file = os.open(path, os.O_RDONLY)
    else:
        file = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _is_pending(folder: Path) -> bool:
    """Tell whether some decided file is not in its place yet."""
    new = folder / SWAP / NEW
    try:
        return _is_folder(folder / SWAP) and bool(os.listdir(new))
    except FileNotFoundError:
        return False


def _swap(folder: Path, scratch: Path, last: str) -> None:
    names = sorted(os.listdir(scratch / NEW), key=lambda name: (name == last, name))
    for name in names:
        _refuse_folder(folder / name)
        sync(scratch / NEW / name)
    sync(scratch / NEW)
    sync(scratch)
    swap = folder / SWAP
    os.rename(scratch, swap)  # the one moment from which the new state counts
    try:
        sync(folder)
        for name in reversed(names):
            _put_aside(folder, swap, name)
        for name in names:
            os.replace(swap / NEW / name, folder / name)
        sync(folder)
    except BaseException:
        for name in names:
            if not (swap / NEW / name).exists():
                os.replace(folder / name, swap / NEW / name)
        for name in os.listdir(swap / OLD):
            os.replace(swap / OLD / name, folder / name)
        os.rename(swap, scratch)
        raise
    shutil.rmtree(swap, ignore_errors=True)


def _put_aside(folder: Path, swap: Path, name: str) -> None:
    """Move an old file out of the way, if there is one."""
    _refuse_folder(folder / name)
    if os.path.lexists(folder / name):
        os.replace(folder / name, swap / OLD / name)


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise OutputError(f"{path}: is a folder where a file is to be; move it away first")
