"""Looks through an xlsx, without keeping any of it, for what would burst the memory.

The reader of spreadsheets holds a sheet as one block from its first cell to its last, and gives
every cell a text of its own. So a file of a few bytes may ask for terabytes: by inflating well,
by a cell in the last corner, or by naming one long text a million times.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.errors import EstateError, Problem

LARGEST_INFLATED = 2 << 30
LARGEST_SHEET = 20_000_000
LARGEST_TEXT = 1 << 30
LONGEST_CELL = 1 << 20
MOST_PARTS = 10_000
SPLIT_UP = "split it up, or export CSV files"

_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_COLUMNS = re.compile(rb'[<:]c r="([A-Z]{1,3})[0-9]{1,7}"')
_ROWS = re.compile(rb'[<:]c r="[A-Z]{1,3}([0-9]{1,7})"')
_SHARED = re.compile(rb't="s"[^>]*><(?:\w+:)?v>([0-9]{1,8})<')
_TEXTS = re.compile(rb"<(?:\w+:)?si[\s/>]")
_ENDS = np.isin(np.arange(256), list(b" \t\r\n/>"))  # what ends the name of a tag


def check_bounds(path: Path) -> None:
    """Raise EstateError where reading the xlsx would take more memory than an honest one does."""
    try:
        with zipfile.ZipFile(path) as archive:
            _Look(path.name, archive).check()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        reason = f"is a damaged or encrypted xlsx: {error}"
        problem = Problem(path.name, None, None, None, reason, "export it again")
        raise EstateError([problem]) from error


@dataclass
class _Look:
    file: str
    archive: zipfile.ZipFile
    inflated: int = 0
    cells: int = 0
    lengths: list[int] = field(default_factory=list)  # of the shared texts, in their order

    def check(self) -> None:
        parts = self.archive.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_INFLATED:
            raise self._too_large()
        for part in parts:
            part.file_size = 2 * LARGEST_INFLATED  # what the directory says may be a lie
            self._part(part)
        if self.cells * max(self.lengths, default=0) > LARGEST_TEXT:
            self._texts(parts)

    def _part(self, part: zipfile.ZipInfo) -> None:
        """Look at the size of a part, at its sheet's, and for declarations."""
        rows = columns = 0
        for piece in self._pieces(part):
            self.inflated += len(piece)
            if self.inflated > LARGEST_INFLATED:
                raise self._too_large()
            if b"<!" in piece and _DECLARED.search(piece):
                remedy = "no spreadsheet has any: do not trust this file"
                raise self._refused(part, "declares a document type or XML entities", remedy)
            if b"si" in piece:  # a quick look
                begins = [found.start() for found in _TEXTS.finditer(piece)]
                self.lengths += np.diff([*begins, len(piece)]).tolist() if begins else []
            numbers = _ROWS.findall(piece)
            if len(numbers) < _count(piece):
                reason = "has cells that do not say where they stand"
                raise self._refused(part, reason, "save it anew with a spreadsheet program")
            self.cells += len(numbers)
            rows = max(rows, *map(int, set(numbers)), 0)
            columns = max(columns, *map(_column, set(_COLUMNS.findall(piece))), 0)
            if rows * columns > LARGEST_SHEET:
                raise self._refused(part, f"reaches to row {rows}, column {columns}", SPLIT_UP)

    def _pieces(self, part: zipfile.ZipInfo) -> Iterator[bytes]:
        """Yield a part bit by bit, no tag cut in two."""
        rest = b""
        with self.archive.open(part) as stream:
            while chunk := stream.read(LONGEST_CELL):
                cut = chunk.rfind(b"<")
                if cut < 0 and len(chunk) == LONGEST_CELL:
                    reason = f"has a cell of more than {LONGEST_CELL} characters"
                    raise self._refused(part, reason, "shorten it")
                yield rest + chunk[: max(cut, 0)]
                rest = chunk[cut:] if cut >= 0 else rest + chunk
        yield rest

    def _texts(self, parts: list[zipfile.ZipInfo]) -> None:
        """Look at how much text the cells have if each has its own."""
        lengths = np.array(self.lengths, dtype=np.int64)
        total = 0
        for part in parts:
            for piece in self._pieces(part):
                texts = np.array(_SHARED.findall(piece), dtype="S8").astype(np.int64)
                total += int(lengths[texts[texts < len(lengths)]].sum())
                if total > LARGEST_TEXT:
                    reason = f"has cells with more than {LARGEST_TEXT >> 20} MiB of text"
                    raise self._refused(part, reason, SPLIT_UP)

    def _too_large(self) -> EstateError:
        reason = f"inflates to more than {LARGEST_INFLATED >> 20} MiB"
        return EstateError([Problem(self.file, None, None, None, reason, SPLIT_UP)])

    def _refused(self, part: zipfile.ZipInfo, reason: str, remedy: str) -> EstateError:
        return EstateError([Problem(self.file, None, None, part.filename, reason, remedy)])


def _count(piece: bytes) -> int:
    """Return how many tags are called c, with a prefix or without.

    >>> _count(b'<c r="A1"/><x:c><col>')
    2
    """
    content = np.frombuffer(piece, dtype=np.uint8)
    before, letter, after = content[:-2], content[1:-1], content[2:]
    opened = (before == ord("<")) | (before == ord(":"))
    return int((opened & (letter == ord("c")) & _ENDS[after]).sum())


def _column(letters: bytes) -> int:
    """Return the number of a column.

    >>> _column(b"A"), _column(b"AA")
    (1, 27)
    """
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number
