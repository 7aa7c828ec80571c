"""Looks through an xlsx, without keeping any of it, for what would burst the memory.

The reader of spreadsheets holds a sheet as one block from its first cell to its last, and gives
every cell a text of its own. So a file of a few bytes may ask for terabytes: by inflating well,
by a cell in the last corner, or by naming one long text a million times.
"""

from __future__ import annotations

import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.diagnostics import InputProblem
from models.errors import EstateError
from optimizer.files.text_table import refuse_table
from optimizer.inputs.importers.error_cells import Errors, errors_in, sheet_parts

LARGEST_INFLATED = 2 << 30
LARGEST_SHEET = 20_000_000
LARGEST_TEXT = 1 << 30
LONGEST_CELL = 1 << 20
MOST_PARTS = 10_000
DAMAGED = (  # all that reading a broken archive raises
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError,
    RuntimeError,
)  # fmt: skip
SPLIT_UP = "split it up, or export CSV files"

_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_SHARED = re.compile(rb't="s"[^>]*><(?:\w+:)?v>([0-9]{1,8})<')
_TEXTS = re.compile(rb"<(?:\w+:)?si[\s/>]")
_BEFORE = np.isin(np.arange(256), list(b"<:"))  # the name of a tag
_BEHIND = np.isin(np.arange(256), list(b" \t\r\n/>"))  # it
_PLACE = np.frombuffer(b' r="', dtype=np.uint8)
_LONGEST_PLACE = len("XFD1048576")


def check_xlsx(path: Path) -> dict[str, Errors]:
    """Return the cells that hold errors, by sheet.

    Raises EstateError where reading the xlsx would take more memory than an honest one does.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            look = _WorkbookGuard(path.name, archive)
            look.check()
            names = sheet_parts(archive) if look.errors else {}
        return {names.get(part, part): found for part, found in look.errors.items()}
    except DAMAGED as error:
        reason = f"is a damaged or encrypted xlsx: {error}"
        raise refuse_table(path.name, reason, "export it again") from error


@dataclass
class _WorkbookGuard:
    file: str
    archive: zipfile.ZipFile
    inflated: int = 0
    cells: int = 0
    lengths: list[int] = field(default_factory=list)  # of the shared texts, in their order
    errors: dict[str, Errors] = field(default_factory=dict)  # by part

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
        for piece in self._chunks(part):
            self.inflated += len(piece)
            if self.inflated > LARGEST_INFLATED:
                raise self._too_large()
            if b"<!" in piece and _DECLARED.search(piece):
                remedy = "no spreadsheet has any: do not trust this file"
                raise self._refused(part, "declares a document type or XML entities", remedy)
            if b"si" in piece:  # a quick look
                begins = [found.start() for found in _TEXTS.finditer(piece)]
                self.lengths += np.diff([*begins, len(piece)]).tolist() if begins else []
            places = _places(piece)
            if places is None:
                reason = "has cells that do not say where they stand"
                raise self._refused(part, reason, "save it anew with a spreadsheet program")
            self.cells += len(places)
            if len(places) and (found := errors_in(piece)):
                self.errors.setdefault(part.filename, {}).update(found)
            far = places.max(axis=0, initial=0).tolist()
            rows, columns = max(rows, far[0]), max(columns, far[1])
            if rows * columns > LARGEST_SHEET:
                raise self._refused(part, f"reaches to row {rows}, column {columns}", SPLIT_UP)

    def _chunks(self, part: zipfile.ZipInfo) -> Iterator[bytes]:
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
            for piece in self._chunks(part):
                texts = np.array(_SHARED.findall(piece), dtype="S8").astype(np.int64)
                total += int(lengths[texts[texts < len(lengths)]].sum())
                if total > LARGEST_TEXT:
                    reason = f"has cells with more than {LARGEST_TEXT >> 20} MiB of text"
                    raise self._refused(part, reason, SPLIT_UP)

    def _too_large(self) -> EstateError:
        reason = f"unpacks to more than {LARGEST_INFLATED >> 20} MiB"
        return refuse_table(self.file, reason, SPLIT_UP)

    def _refused(self, part: zipfile.ZipInfo, reason: str, remedy: str) -> EstateError:
        return EstateError([InputProblem(self.file, None, None, part.filename, reason, remedy)])


def _places(piece: bytes) -> NDArray[np.int64] | None:
    """Return row and column of each cell, shape (cells, 2); None where one does not say them.

    A cell is a tag called c, with a prefix or without.

    >>> _places(b'<c r="A1"/><x:c r="AB12" t="s"><col>').tolist()
    [[1, 1], [12, 28]]
    """
    content = np.frombuffer(b" " + piece + bytes(_LONGEST_PLACE + 6), dtype=np.uint8)
    at = np.flatnonzero(content == ord("c"))
    at = at[_BEFORE[content[at - 1]] & _BEHIND[content[at + 1]]]
    if not (content[at[:, None] + np.arange(1, 5)] == _PLACE).all():
        return None
    at += 5
    rows, columns = np.zeros((2, len(at)), dtype=np.int64)
    numbered = np.zeros(len(at), dtype=np.bool_)
    ended = np.zeros(len(at), dtype=np.bool_)
    for sign in content[at[:, None] + np.arange(_LONGEST_PLACE + 1)].T.astype(np.int64):
        digit = ~ended & (sign >= ord("0")) & (sign <= ord("9"))
        letter = ~ended & ~numbered & (sign >= ord("A")) & (sign <= ord("Z"))
        rows[digit] = rows[digit] * 10 + sign[digit] - ord("0")
        columns[letter] = columns[letter] * 26 + sign[letter] - ord("A") + 1
        numbered |= digit
        ended |= ~digit & ~letter & (sign == ord('"'))
        if not (digit | letter | ended).all():
            return None
    known = ended & (rows > 0) & (columns > 0)
    return np.stack([rows, columns], axis=1) if known.all() else None
