"""The aims of the week (docs/aims.md): the one place that knows their names and orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

First = Literal["limits", "tiers"]


@dataclass(frozen=True, slots=True)
class ChoiceAim:
    """An aim of the week: what the choices of jobs are made good at, in runs.

    ``figure`` is the figure of a week (`WeekFigures`) that it is; a shortfall is none, but what is
    missing of the runs planned in its ``tier`` or a better one. Other aims with a ``tier`` count
    the runs in it.
    """

    name: str
    figure: str = ""
    maximise: bool = False
    tier: int = 0

    @property
    def is_shortfall(self) -> bool:
        """Tell whether it counts what is missing beside the week as planned."""
        return not self.figure


FAILED = ChoiceAim("failed", "failed")
SHORT1 = ChoiceAim("short1", tier=1)
SHORT2 = ChoiceAim("short2", tier=2)
SHORT3 = ChoiceAim("short3", tier=3)
OVERLOAD = ChoiceAim("overload", "overload_minutes")
TIER1 = ChoiceAim("tier1", "tier1", maximise=True, tier=1)
TIER2 = ChoiceAim("tier2", "tier2", maximise=True, tier=2)
TIER3 = ChoiceAim("tier3", "tier3", maximise=True, tier=3)
PROTECTED = ChoiceAim("protected", "protected", maximise=True)
SAME_SITE = ChoiceAim("same_site", "same_site", maximise=True)
PEAK = ChoiceAim("peak", "peak")
CHANGED = ChoiceAim("changed", "jobs_changed")

SHORTFALLS = (SHORT1, SHORT2, SHORT3)
TIERS = (TIER1, TIER2, TIER3)
LABELS = (PROTECTED, SAME_SITE)
ORDERS: Mapping[First, tuple[ChoiceAim, ...]] = {
    "limits": (FAILED, *SHORTFALLS, OVERLOAD, *TIERS, *LABELS, PEAK, CHANGED),
    "tiers": (FAILED, *TIERS, OVERLOAD, *LABELS, PEAK, CHANGED),
}

# The same by name, as files and messages have them.
CHOICE_AIMS = {aim.name: aim for order in ORDERS.values() for aim in order}
WEEK_AIMS: Mapping[First, tuple[str, ...]] = {
    first: tuple(aim.name for aim in order) for first, order in ORDERS.items()
}
SHORT_AIMS = tuple(aim.name for aim in SHORTFALLS)
TIER_AIMS = tuple(aim.name for aim in TIERS)
LABEL_AIMS = tuple(aim.name for aim in LABELS)
MAXIMISED_WEEK_AIMS = frozenset(aim.name for aim in CHOICE_AIMS.values() if aim.maximise)
