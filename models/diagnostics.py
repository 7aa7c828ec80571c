"""Input problems, findings, and what a misspelt name was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

Severity = Literal["warning", "info"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One row of ``findings.csv``; ``code`` is stable, ``detail`` is for people."""

    severity: Severity
    code: str
    subject: str
    detail: str


LONGEST = 100
FIRST = "; first at "  # before where a finding was made first, the last thing in its detail
LOOKED_AT = 100_000
CLOSE = 0.6


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return how many there are.

    >>> counted(1, "row"), counted(2, "row")
    ('1 row', '2 rows')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {plural or f'{noun}s'}"


class UnknownNameError(LookupError):
    """A name that the estate does not have, or not once; says what may have been meant."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the closest of ``known`` names, the first of several.

    "" where none is close, and for names longer than `LONGEST`, which nobody types.

    >>> did_you_mean("SERWER", ["Server", "site"])
    "; did you mean 'Server'?"
    """
    if len(name) > LONGEST:
        return ""
    spelt = {other.casefold(): other for other in known if len(other) <= LONGEST}
    close = extractOne(
        name.casefold(), spelt.keys(), scorer=OSA.normalized_similarity, score_cutoff=CLOSE
    )
    return f"; did you mean {spelt[close[0]]!r}?" if close else ""


class Hints:
    """`did_you_mean` among `LOOKED_AT` names, for the first few that are asked for: it is slow."""

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


@dataclass(slots=True)
class Diagnostics:
    """What there is to say of an input: ``problems`` stop a command, ``findings`` do not."""

    problems: list[InputProblem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def extend(self, other: Diagnostics) -> None:
        """Add all that ``other`` has."""
        self.problems += other.problems
        self.findings += other.findings


def _short(value: str) -> str:
    return repr(value if len(value) <= 80 else value[:77] + "...")
