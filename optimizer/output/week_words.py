"""Says in words what a change of a job's choice gains or costs in the week that follows."""

from __future__ import annotations

from collections.abc import Sequence

from models.week_plan import MAXIMISED_WEEK_AIMS, WEEKS, JobChoice

RUNS_OF = {
    "failed": "failed run",
    "tier1": "run in tier 1",
    "tier2": "run in tier 2",
    "tier3": "run in tier 3",
    "protected": "protected run",
    "same_site": "run at the VM's site",
}
OTHERS = {
    "short1": ("run short of the plan in tier 1", "runs short of the plan in tier 1"),
    "short2": ("run short of the plan in tiers 1 and 2", "runs short of the plan in tiers 1 and 2"),
    "short3": ("run short of the plan in tiers 1 to 3", "runs short of the plan in tiers 1 to 3"),
    "overload": ("task-minute over the limit", "task-minutes over the limit"),
    "peak": ("task at the busiest server", "tasks at the busiest server"),
    "changed": ("job changed", "jobs changed"),
}
NO_SERVER_OF_SITE = "no server of its VMs' site is offered"


def describe_gain(aim: str, amount: int) -> str:
    """Say by how much an aim becomes better; ``amount`` is the sum over the five weeks.

    >>> describe_gain("overload", 142800)
    '28560 task-minutes over the limit fewer'
    >>> describe_gain("tier1", 7)
    '1.4 runs in tier 1 more'
    """
    return _describe(aim, amount, "more" if aim in MAXIMISED_WEEK_AIMS else "fewer")


def describe_cost(aim: str, amount: int) -> str:
    """Say by how much an aim becomes worse.

    >>> describe_cost("tier1", 595)
    '119 runs in tier 1 fewer'
    """
    return _describe(aim, amount, "fewer" if aim in MAXIMISED_WEEK_AIMS else "more")


def _describe(aim: str, amount: int, direction: str) -> str:
    weekly = f"{amount / WEEKS:.1f}".removesuffix(".0")
    if aim in RUNS_OF:
        words = RUNS_OF[aim]
        one, many = words, words.replace("run", "runs", 1)
    else:
        one, many = OTHERS[aim]
    return f"{weekly} {one if weekly == '1' else many} {direction}"


def describe_gains(gains: Sequence[tuple[str, int]]) -> str:
    """Say what all gains are, most important first."""
    return ", ".join(describe_gain(aim, amount) for aim, amount in gains)


def note_of(choice: JobChoice) -> str:
    """Return the note of a row: what a change gains, or that no server of the site is offered."""
    parts = [describe_gains(choice.gains)] if choice.is_set and choice.gains else []
    if choice.leaves_site:
        parts.append(NO_SERVER_OF_SITE)
    return "; ".join(parts)
