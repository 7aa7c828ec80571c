"""Print text that shows names and obeys none: what would steer a terminal is written as escapes.

All that a person or a program reads of ``gip`` leaves through here or through
`optimizer.output.console.terminal`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any, TextIO

from models.errors import GipError


class UnprintedError(GipError):
    """What was to be printed cannot be; files were written before."""


def printable(text: str) -> str:
    r"""Return ``text`` without what would steer the terminal.

    >>> printable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def say(text: str, err: bool = False) -> None:
    """Print lines of text on stdout, or on stderr, where an error that cannot be told is not."""
    stream = sys.stderr if err else sys.stdout
    lines = "".join(f"{line}\n" for line in _lines(text, terminal_width(stream)))
    if not err:
        with ending_with_reader():
            print(lines, end="", flush=True)
    elif sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(lines, end="", flush=True, file=sys.stderr)


def _lines(text: str, width: int | None) -> Iterator[str]:
    for line in map(printable, text.split("\n")):
        if width is None or len(line) < width // 2:  # no sign is wider than two cells
            yield line
        else:
            from optimizer.output.console.wrapping import wrapped

            yield from wrapped(line, width)


def terminal_width(stream: TextIO | None) -> int | None:
    """Return how many cells wide the terminal behind ``stream`` is; None where there is none."""
    try:
        if stream is None or not stream.isatty():
            return None
        width = os.environ.get("COLUMNS", "")
        return int(width) if width.isdecimal() else os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return None


def print_json(document: Any) -> None:
    """Print ``document`` as JSON on stdout."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(document, indent=2)
    with ending_with_reader():
        print(json_printable(text), flush=True)


def json_printable(text: str) -> str:
    r"""Return JSON with all signs escaped that would steer a terminal, lone surrogates as well.

    >>> json_printable('["\x9b2J\u202e"]')
    '["\\u009b2J\\u202e"]'
    """
    if text.isascii() and "\x7f" not in text:
        return text  # its control characters are escaped already
    return "".join(
        sign if sign.isprintable() or sign == "\n" else json.dumps(sign)[1:-1].replace(
            "\x7f", "\\u007f"
        )
        for sign in text
    )  # fmt: skip


@contextlib.contextmanager
def ending_with_reader() -> Iterator[None]:
    """Let a write to a pipe that nobody reads any more end the program, as it ends other tools.

    Only while results are printed: elsewhere a connection that breaks is an error like others.
    Raises UnprintedError where the system takes no more.
    """
    ends = hasattr(signal, "SIGPIPE") and threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL) if ends else None
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise UnprintedError(
            f"standard output: {why}; files, where the command writes any, are written"
        ) from error
    finally:
        if before is not None:
            signal.signal(signal.SIGPIPE, before)
