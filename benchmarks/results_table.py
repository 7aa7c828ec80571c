"""Results as figures that can be compared: medians over repeats, per estate, engine and phase."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from benchmarks.records import AIM, Measure, Row

N = TypeVar("N", int, float)
Estate = tuple[str, int, int]
PARTS = ("read", "connect", "qualify", "collapse", "build", "aims", "expand", "check", "write")
OWN = ("build", "solve", "expand")


@dataclass(frozen=True)
class Result:
    """What one engine did with one estate: each phase's measures, one per repeat."""

    estate: Estate
    engine: str
    measures: dict[str, list[Measure]]

    def seconds(self, phase: str) -> float | None:
        """Return the median wall time of a phase; ``aims`` is all of them, ``other`` the rest."""
        if phase == "aims":
            return sum(filter(None, map(self.seconds, self.aims)))
        if phase == "other":
            return (self.seconds("total") or 0.0) - sum(self.seconds(p) or 0.0 for p in PARTS)
        return _median(measure.wall_s for measure in self.measures.get(phase, ()))

    def cpu_seconds(self, phase: str) -> float | None:
        """Return the median CPU time of a phase."""
        return _median(measure.cpu_s for measure in self.measures.get(phase, ()))

    @property
    def cpu(self) -> float | None:
        """Return the CPU seconds of imports, where they are apart, and of the total.

        None where the run failed.
        """
        total = self.cpu_seconds("total")
        return None if total is None else total + (self.cpu_seconds("import") or 0.0)

    @property
    def own(self) -> float | None:
        """Return the seconds of building and solving, which is all that a peer's total holds."""
        if self.engine != "gip":
            return self.seconds("total")
        return sum(self.seconds(phase) or 0.0 for phase in OWN)

    @property
    def aims(self) -> list[str]:
        """Return the phases that are aims, in their order."""
        return [phase for phase in self.measures if phase.startswith(AIM)]

    def aim(self, phase: str) -> Measure:
        """Return an aim as the last repeat left it."""
        return self.measures[phase][-1]

    @property
    def total(self) -> Measure:
        """Return the last repeat's total, with the model's size."""
        return self.measures["total"][-1]


def results(rows: Sequence[Row]) -> dict[tuple[Estate, str], Result]:
    """Return the results by estate (case, VMs, seed) and engine, in the order of ``rows``."""
    found: dict[tuple[Estate, str], Result] = {}
    for row in rows:
        run = row.run
        estate = (run.case, run.vms, run.seed)
        result = found.setdefault((estate, run.engine), Result(estate, run.engine, {}))
        result.measures.setdefault(row.measure.phase, []).append(row.measure)
    return found


def _median(values: Iterable[N | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
