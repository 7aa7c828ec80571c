"""The installed program ``gip``, and what it left in a folder."""

from __future__ import annotations

import sys
from pathlib import Path

GIP = str(Path(sys.executable).with_name("gip"))


def content(folder: Path) -> dict[str, bytes]:
    """Return the bytes of each file of ``folder``."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
