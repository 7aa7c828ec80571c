"""Input problems, findings, and what a misspelt name was probably meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Literal

Severity = Literal["warning", "info"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One row of ``findings.csv``; ``code`` is stable, ``detail`` is for people."""

    severity: Severity
    code: str
    subject: str
    detail: str


LOOKED_AT = 5000


class UnknownNameError(LookupError):
    """A name that the estate does not have, or not once; says what may have been meant."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the closest of ``known`` names, or "".

    A name one slip away comes first, else the most similar of the first `LOOKED_AT`.

    >>> did_you_mean("SERWER", ["Server", "site"])
    "; did you mean 'Server'?"
    """
    spelt = {other.casefold(): other for other in known}
    wanted = name.casefold()
    close = sorted(_slips(wanted) & spelt.keys()) or difflib.get_close_matches(
        wanted, islice(spelt, LOOKED_AT), n=1
    )
    return f"; did you mean {spelt[close[0]]!r}?" if close else ""


def _slips(name: str) -> set[str]:
    """Return the names one slip away: a character too many, missing or wrong, or two swapped.

    Characters that may come in are those of ``name``, letters, digits and marks.
    """
    halves = [(name[:place], name[place:]) for place in range(len(name) + 1)]
    letters = {*name, *"abcdefghijklmnopqrstuvwxyz0123456789-_."}
    return {
        name,
        *(left + right[1:] for left, right in halves if right),
        *(left + right[1] + right[0] + right[2:] for left, right in halves if len(right) > 1),
        *(left + letter + right[1:] for left, right in halves if right for letter in letters),
        *(left + letter + right for left, right in halves for letter in letters),
    }


class Hints:
    """`did_you_mean` for the first few names that are asked for; they are slow to find."""

    def __init__(self, known: Iterable[str], most: int = 20) -> None:
        self._known = list(islice(known, LOOKED_AT))
        self._most = most
        self._given: dict[str, str] = {}

    def of(self, name: str) -> str:
        """Return the hint for ``name``, "" once enough others were given."""
        if name not in self._given and len(self._given) < self._most:
            self._given[name] = did_you_mean(name, self._known)
        return self._given.get(name, "")


@dataclass(frozen=True, slots=True)
class InputProblem:
    """One thing wrong in the input: where it stands, what it says, why not, what to do."""

    file: str
    line: int | None
    column: str | None
    value: str | None
    reason: str
    remedy: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        column = "" if self.column is None else f"{self.column}: "
        value = "" if self.value is None else f"{_short(self.value)} "
        return f"{place}: {column}{value}{self.reason}; {self.remedy}"


def _short(value: str) -> str:
    return repr(value if len(value) <= 80 else value[:77] + "...")
