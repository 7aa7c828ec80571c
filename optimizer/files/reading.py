"""Read files that end, and JSON that is text: what a person hands over may be neither."""

from __future__ import annotations

import errno
import json
import re
import stat
from pathlib import Path
from typing import Any

_PERHAPS_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")


def read_bytes(path: Path) -> bytes:
    """Return what a regular file holds; OSError for others, of which a pipe may never end."""
    check_regular(path)
    return path.read_bytes()


def check_regular(path: Path) -> None:
    """Raise OSError where ``path`` is a folder, a pipe or a device, or is not there."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "is no file, but a device or a pipe", str(path))


def text_of_name(name: str) -> str:
    r"""Return a file's name as text: bytes that are no UTF-8 are written as escapes.

    >>> text_of_name("caf\udce9")
    'caf\\xe9'
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def parse_json(content: bytes) -> Any:
    """Return what JSON says; ValueError for what is none, too deep, or no Unicode text."""
    try:
        document = json.loads(content)
        if _PERHAPS_SURROGATE.search(content):
            json.dumps(document, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    return document
