"""Says where the week inside the choice of its job leads a VM, and why; the same as a record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from models.plan import CONNECTIONS
from models.week import clock
from optimizer.analysis.explanation.explainer import Explanation, VmExplanations
from optimizer.analysis.explanation.obstacles import listed
from optimizer.analysis.explanation.week_route import ServedRuns, WeekRoute
from optimizer.output.console.week import name_choice


def route_record(explained: VmExplanations, found: Explanation) -> dict[str, Any] | None:
    """Return what ``--json`` says of a task's week; None where the task is not planned."""
    route = explained.routes.get(found.task)
    if route is None:
        return None
    split = explained.split_routes.get(found.task)
    parted = split and {"rank": split.rank, "part": split.part} | _record(
        explained, found, split.route
    )
    change = {"change": "set" if route.is_set else "keep"}
    return change | _record(explained, found, route) | {"split": parted}


def _record(explained: VmExplanations, found: Explanation, route: WeekRoute) -> dict[str, Any]:
    names = explained.estate.servers["server"].tolist()
    return {
        "choice": "list" if route.servers else "automatic",
        "proxies": [names[code] for code in route.servers],
        "runs": route.runs,
        "runs_as_planned": route.runs_on(found.proxy) if found.proxy >= 0 else 0,
        "served": [
            {
                "server": None if part.server < 0 else names[part.server],
                "tier": part.tier or None,
                "connection": CONNECTIONS[part.connection] if part.tier else None,
                "failed_over": part.failed_over,
                "runs": len(part.starts),
                "starts": [clock(start) for start in part.starts],
            }
            for part in route.served
        ],
        "offered": [names[code] for code in route.offered],
        "unconnected": [names[code] for code in route.unconnected],
        "why": list(_reasons(explained, found, route)),
    }


def route_lines(explained: VmExplanations, found: Explanation) -> Iterator[str]:
    """Yield where the runs of the task go, why, and what its part of a split would give."""
    route = explained.routes.get(found.task)
    if route is None:
        return
    names = explained.estate.servers["server"].tolist()
    job = explained.estate.jobs["job"].iloc[explained.tasks.job[found.task]]
    how = "set by the plan" if route.is_set else "as it is today"
    yield f"In the week, {job} selects {name_choice(names, route.servers)} ({how}):"
    yield from _shares(explained, found, route)
    yield from (f"  {reason}" for reason in _reasons(explained, found, route))
    split = explained.split_routes.get(found.task)
    if split is not None:
        chosen = name_choice(names, split.route.servers)
        yield f"If {job} is split, it is in {split.part}, which selects {chosen}:"
        yield from _shares(explained, found, split.route)


def _shares(explained: VmExplanations, found: Explanation, route: WeekRoute) -> Iterator[str]:
    names = explained.estate.servers["server"].tolist()
    for part in route.served:
        planned = " as planned" if part.server == found.proxy >= 0 else ""
        yield f"  {len(part.starts)} of {route.runs} runs {_where(part, names)}{planned}"


def _where(part: ServedRuns, names: Any) -> str:
    if part.server < 0:
        return "fail: nobody serves them"
    how = ", which takes over," if part.failed_over else ""
    return f"are on {names[part.server]}{how} in tier {part.tier}"


def _reasons(explained: VmExplanations, found: Explanation, route: WeekRoute) -> Iterator[str]:
    """Yield why the runs are where they are, rule by rule."""
    names = explained.estate.servers["server"].tolist()
    own = names[explained.estate.backup_server]
    taken_over = any(part.failed_over for part in route.served)
    stand_in = f"{own} takes over" if taken_over else f"{own} cannot take over, so the run fails"
    if not route.offered:
        yield f"No server of this choice may serve it: {stand_in} (S16)."
        return
    offered = listed([names[code] for code in route.offered])
    if len(route.offered) == 1:
        yield f"By networks alone {offered} is the nearest: no other is offered (S14)."
    else:
        yield (
            f"By networks alone {offered} are the nearest (S14); each run takes the one with the "
            "fewest running tasks, or the first by name among equals (S15)."
        )
    if route.unconnected:
        cut_off = listed([names[code] for code in route.unconnected])
        does = "does" if len(route.unconnected) == 1 else "do"
        if route.unconnected == route.offered and does == "do":
            yield f"None of them connects to it: {stand_in} (S16)."
        else:
            yield f"{cut_off} {does} not connect to it: {stand_in} (S16)."
    if found.proxy >= 0 and found.proxy not in route.offered:
        planned = names[found.proxy]
        if route.servers and found.proxy not in route.servers:
            yield f"{planned}, its server in the plan, is not selected in the job (S13)."
        else:
            yield f"{planned}, its server in the plan, is farther by networks (S14)."
