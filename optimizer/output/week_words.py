"""Says what a change of a job's choice gains or costs in the week, and reads the words back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from models.week_aims import MAXIMISED_WEEK_AIMS, SHORT_AIMS, TIER_AIMS
from models.week_plan import WEEKS, Certainty, JobChoice

NOUNS = {
    "failed": ("failed run", "failed runs"),
    "short1": ("of the planned runs in tier 1",) * 2,
    "short2": ("of the planned runs in tiers 1 and 2",) * 2,
    "short3": ("of the planned runs in tiers 1 to 3",) * 2,
    "overload": ("task-minute of overload", "task-minutes of overload"),
    "tier1": ("run in tier 1", "runs in tier 1"),
    "tier2": ("run in tier 2", "runs in tier 2"),
    "tier3": ("run in tier 3", "runs in tier 3"),
    "protected": ("protected run", "protected runs"),
    "same_site": ("run at the VM's site", "runs at the VM's site"),
    "peak": ("task on the busiest server", "tasks on the busiest server"),
    "changed": ("job to change", "jobs to change"),
}
AIM_OF_NOUN = {noun: aim for aim, nouns in NOUNS.items() for noun in nouns}
GROW = frozenset({*MAXIMISED_WEEK_AIMS, *SHORT_AIMS})  # in words: the less short, the more runs
SAME_RUNS = frozenset({*TIER_AIMS, *SHORT_AIMS})
CERTAINTIES: Mapping[Certainty, str] = {
    "guaranteed": "certain",
    "likely": "likely",
    "depends": "depends on load",
}
NO_SERVER_OF_SITE = "no server of its VMs' site is offered"
_SAID = re.compile(r"([\d,]+(?:\.\d)?) (?:more|fewer) (.+)")


def describe_gain(aim: str, amount: int) -> str:
    """Say by how much an aim becomes better; ``amount`` is the sum over the five weeks.

    >>> describe_gain("overload", 142800)
    '28,560 fewer task-minutes of overload'
    >>> describe_gain("tier1", 7)
    '1.4 more runs in tier 1'
    """
    return _describe(aim, amount, "more" if aim in GROW else "fewer")


def describe_cost(aim: str, amount: int) -> str:
    """Say by how much an aim becomes worse.

    >>> describe_cost("tier1", 5)
    '1 fewer run in tier 1'
    """
    return _describe(aim, amount, "fewer" if aim in GROW else "more")


def _describe(aim: str, amount: int, direction: str) -> str:
    weekly = f"{amount / WEEKS:,.1f}".removesuffix(".0")
    one, many = NOUNS[aim]
    return f"{weekly} {direction} {one if weekly == '1' else many}"


def without_repetition(gains: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Leave out what tells of the same runs again: as many as an earlier aim has, one tier on.

    >>> without_repetition([("short1", 35), ("short2", 35), ("tier1", 35), ("tier2", 5)])
    (('short1', 35), ('tier2', 5))
    """
    said: list[tuple[str, int]] = []
    for aim, amount in gains:
        earlier = {number for other, number in said if other in SAME_RUNS}
        if aim not in SAME_RUNS or amount not in earlier:
            said.append((aim, amount))
    return tuple(said)


def describe_gains(gains: Sequence[tuple[str, int]]) -> str:
    """Say what all gains are, most important first."""
    return ", ".join(describe_gain(aim, amount) for aim, amount in without_repetition(gains))


def describe_costs(costs: Sequence[tuple[str, int]]) -> str:
    """Say what all costs are, most important first."""
    return ", ".join(describe_cost(aim, amount) for aim, amount in without_repetition(costs))


def note_of(choice: JobChoice) -> str:
    """Return the note of a row: what a change gains, or that no server of the site is offered."""
    parts = [describe_gains(choice.gains)] if choice.is_set and choice.gains else []
    if choice.leaves_site:
        parts.append(NO_SERVER_OF_SITE)
    return "; ".join(parts)


def read_note(note: str) -> tuple[tuple[tuple[str, int], ...], bool]:
    """Return the gains that a note of `note_of` tells, and whether it tells of the site.

    >>> read_note("7 fewer failed runs, 1.4 more runs in tier 1; something else")
    ((('failed', 35), ('tier1', 7)), False)
    """
    parts = note.split("; ")
    said = [_SAID.fullmatch(words) for part in parts for words in part.split(", ")]
    gains = tuple(
        (AIM_OF_NOUN[found[2]], round(float(found[1].replace(",", "")) * WEEKS))
        for found in said
        if found and found[2] in AIM_OF_NOUN
    )
    return gains, NO_SERVER_OF_SITE in parts
