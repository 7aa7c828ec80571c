"""A folder for what is only needed while a process runs; what killed ones left is removed."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from optimizer.files.lock import LockedError, lock_folder

PREFIX = "gip-scratch-"
JUST_MADE = 60.0  # seconds in which it may not be locked yet


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a folder in the system's folder for temporary files, gone when the block ends."""
    _sweep(Path(tempfile.gettempdir()))
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name,
        lock_folder(Path(name)),
    ):
        yield Path(name)


def _sweep(folder: Path) -> None:
    """Remove the folders that no process holds; others' cannot be, and stay."""
    for path in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(LockedError, OSError):
            if time.time() > path.stat().st_mtime + JUST_MADE:
                with lock_folder(path):
                    shutil.rmtree(path, ignore_errors=True)
