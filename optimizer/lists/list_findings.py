"""Findings on the choices of jobs: what leaves the VMs' sites, and what is kept against a wish."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from models.diagnostics import Finding
from models.week_plan import JobChoice, ListWishes
from optimizer.eligibility.context import PlanningContext
from optimizer.lists.server_classes import Mask, offered
from optimizer.simulation.candidate_sets import JobTasks

LISTED = 3


def find_in_lists(
    context: PlanningContext,
    working: Sequence[JobTasks],
    choices: Sequence[JobChoice],
    wishes: ListWishes,
) -> tuple[Finding, ...]:
    """Return the findings on ``choices``, those of the jobs ``working``, in their order."""
    jobs = context.estate.jobs["job"].tolist()
    found: list[Finding] = []
    for of, choice in zip(working, choices, strict=True):
        name = jobs[of.job]
        if choice.is_set and choice.leaves_site and choice.servers:
            detail = (
                f"its list, {_names(context, choice.servers)}, offers no server at the sites of "
                "its VMs"
            )
            found.append(Finding("warning", "list_without_site", name, detail))
        if not choice.is_set:
            found += (
                Finding("warning", "kept_against_wish", name, detail)
                for detail in _broken_wishes(context, of, choice, wishes)
            )
    return tuple(found)


def _broken_wishes(
    context: PlanningContext, of: JobTasks, choice: JobChoice, wishes: ListWishes
) -> Iterator[str]:
    """Yield which wishes a choice that is kept breaks."""
    least = wishes.least_servers
    if choice.servers and len(choice.servers) < least:
        yield f"keeps {_names(context, choice.servers)}, but [lists] least_servers = {least}"
    outside = np.flatnonzero(_outside(context, of, choice)).tolist()
    if not wishes.cross_sites and outside:
        yield (
            f"keeps {_names(context, outside)}, outside the sites of its VMs, but "
            "[lists] cross_sites = false"
        )


def _outside(context: PlanningContext, of: JobTasks, choice: JobChoice) -> Mask:
    """Return the servers that a choice offers outside the sites of the job's VMs.

    Those listed, or those that automatic selection offers; none where no server in the sites serves
    one of the VMs.
    """
    eligibility = context.eligibility
    inside = eligibility.same_site[of.profiles].any(axis=0)
    serves = (eligibility.tier[of.profiles] > 0).any(axis=0)
    usable = eligibility.usable
    if not (inside & serves & usable).any():
        return np.zeros_like(usable)
    if choice.servers:
        chosen = np.zeros_like(usable)
        chosen[list(choice.servers)] = True
    else:
        own = context.estate.backup_server
        chosen = np.asarray(offered(eligibility, own, of.profiles, usable).any(axis=0))
    return np.asarray(chosen & ~inside)


def _names(context: PlanningContext, codes: Sequence[int]) -> str:
    """Return the first few servers by name, and how many more there are."""
    names = context.estate.servers["server"].array
    more = f" and {len(codes) - LISTED} more" if len(codes) > LISTED else ""
    return ", ".join(names[code] for code in codes[:LISTED]) + more
