"""The aims of a plan (docs/aims.md): the one place that knows their names, order and direction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args


@dataclass(frozen=True, slots=True)
class PlanAim:
    """An aim of a plan.

    ``combine`` makes one value of those of several components. ``is_leading`` aims come first,
    in their order. One that ``needs_current`` counts only where `current.csv` is given.
    """

    name: str
    maximise: bool = True
    combine: Callable[[Iterable[int]], int] = sum
    is_leading: bool = False
    needs_current: bool = False


COVERAGE = PlanAim("coverage", is_leading=True)
TIER1 = PlanAim("tier1", is_leading=True)
TIER2 = PlanAim("tier2", is_leading=True)
TIER3 = PlanAim("tier3", is_leading=True)
PROTECTED = PlanAim("protected")
SAME_SITE = PlanAim("same_site")
PEAK = PlanAim("peak", maximise=False, combine=max)
BALANCE = PlanAim("balance", maximise=False)
MOVES = PlanAim("moves", maximise=False, needs_current=True)

AIMS = {
    aim.name: aim
    for aim in (COVERAGE, TIER1, TIER2, TIER3, PROTECTED, SAME_SITE, PEAK, BALANCE, MOVES)
}
LEADING = tuple(aim.name for aim in AIMS.values() if aim.is_leading)
MINIMISED = frozenset(aim.name for aim in AIMS.values() if not aim.maximise)

Proof = Literal["duals", "search", "unconfirmed", "disputed"]
"""What a bound rests on, the surest first: multipliers that are multiplied out; a solver's search
that another search confirms; a search without a second opinion, which had no time to end; or
multipliers only, since two searches contradict each other on what is better."""
PROOFS: tuple[Proof, ...] = get_args(Proof)
