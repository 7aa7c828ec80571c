"""Violations of the contract, collected by kind, and the judgement that they make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.errors import SHOWN_PER_KIND

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One sentence per broken rule, and what the checker itself counted in the files.

    ``values`` maps each aim of the settings, in their order, to its value. ``tasks`` are the
    estate's; ``windows`` and ``own_work`` (of the backup server) are kinds of them; ``assigned``
    are the Windows tasks with a proxy, ``unassigned`` the tasks listed without one.
    ``not_derived`` names what was not judged.
    """

    violations: tuple[str, ...]
    values: dict[str, int]
    tasks: int
    windows: int
    own_work: int
    assigned: int
    unassigned: int
    not_derived: tuple[str, ...] = ()


@dataclass
class Violations:
    """Collects violations by kind; of each kind only the first `SHOWN_PER_KIND` are spelt out."""

    _shown: dict[str, list[str]] = field(default_factory=dict)
    _count: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, sentence: str) -> None:
        """Add one violation; ``kind`` is what several of them are called."""
        self._count[kind] += 1
        shown = self._shown.setdefault(kind, [])
        if len(shown) < SHOWN_PER_KIND:
            shown.append(sentence)

    def each(self, kind: str, rows: Rows, sentence: Callable[[int], str]) -> None:
        """Add one violation for each of ``rows``; only those to be shown are put into words."""
        for row in rows[:SHOWN_PER_KIND].tolist():
            self.add(kind, sentence(row))
        self._count[kind] += max(0, len(rows) - SHOWN_PER_KIND)

    def include(self, other: Violations) -> None:
        """Add all violations of ``other`` after those that are here."""
        self._count.update(other._count)
        for kind, sentences in other._shown.items():
            shown = self._shown.setdefault(kind, [])
            shown += sentences[: SHOWN_PER_KIND - len(shown)]

    def sentences(self) -> tuple[str, ...]:
        """Return all sentences, kind by kind, each kind closed by how many were left out."""
        lines = []
        for kind, shown in self._shown.items():
            lines += shown
            if self._count[kind] > len(shown):
                lines.append(f"{self._count[kind] - len(shown)} more {kind}")
        return tuple(lines)
