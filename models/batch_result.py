"""The result of one estate of a batch: a row of the summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from models.aims import Proof

Status = Literal["planned", "unchanged", "unassigned", "unproven", "failed"]
STATUSES: tuple[Status, ...] = ("planned", "unchanged", "unassigned", "unproven", "failed")


# the weeks of plan.json whose nominal figures the summary has, by their short names
WEEKS_SHOWN = {"today": "today", "lists": "lists", "splits": "lists_and_splits"}
FIGURES_SHOWN = ("failed", "tier1", "overload_minutes")
JOBS_SHOWN = ("jobs_to_set", "jobs_to_split")
WEEK_COLUMNS = (
    *(f"{figure}_{week}" for figure in FIGURES_SHOWN for week in WEEKS_SHOWN),
    *JOBS_SHOWN,
)


@dataclass(frozen=True, slots=True)
class AimOutcome:
    """One aim of one plan, as plan.json has it."""

    aim: str
    value: int
    bound: int
    proven: bool
    proof: Proof


@dataclass(frozen=True, slots=True)
class EstateResult:
    """One estate: its figures where it has a plan, else the ``error``.

    ``week`` has `WEEK_COLUMNS`: runs of the nominal week as today, with the lists, and with the
    splits, too. ``seconds`` are those of its planning, whenever that was; ``peak_memory`` is in
    bytes, the most that its worker held meanwhile.
    """

    estate: str
    status: Status
    tasks: int | None = None
    unassigned: int | None = None
    findings: int | None = None
    aims: Sequence[AimOutcome] = ()
    seconds: float | None = None
    peak_memory: int | None = None
    error: str = ""
    week: Mapping[str, int] = field(default_factory=dict)

    @property
    def proven(self) -> bool:
        """Tell whether no aim is left unproven."""
        return all(aim.proven for aim in self.aims)


def failed_estate(estate: str, error: str) -> EstateResult:
    """Return the row of an estate without a plan."""
    return EstateResult(estate, "failed", error=error)


def planned_estate(
    estate: str, record: Mapping[str, Any], unchanged: bool, seconds: float, peak_memory: int
) -> EstateResult:
    """Return the row of an estate from its plan.json."""
    aims = [
        AimOutcome(**{field.name: aim[field.name] for field in fields(AimOutcome)})
        for aim in record["aims"]
    ]
    totals = record["totals"]
    status: Status = "planned"
    if unchanged:
        status = "unchanged"
    elif totals["unassigned"]:
        status = "unassigned"
    elif not all(aim.proven for aim in aims):
        status = "unproven"
    return EstateResult(
        estate, status, totals["tasks"], totals["unassigned"], totals["findings"], aims,
        seconds, peak_memory, week=_week(record),
    )  # fmt: skip


def _week(record: Mapping[str, Any]) -> dict[str, int]:
    """Return the `WEEK_COLUMNS` of a plan.json."""
    weeks = record["week"]
    return {
        f"{figure}_{week}": weeks[name]["nominal"][figure]
        for figure in FIGURES_SHOWN
        for week, name in WEEKS_SHOWN.items()
    } | {
        "jobs_to_set": weeks["lists"]["nominal"]["jobs_changed"],
        "jobs_to_split": record["totals"]["jobs_to_split"],
    }
