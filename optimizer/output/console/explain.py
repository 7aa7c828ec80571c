"""What a person sees of why a task is served as it is, within 80 columns; the same as a record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from models.plan import CONNECTIONS, OTHER, WINDOWS
from models.week import clock
from optimizer.analysis.explanation.explainer import Explanation, VmExplanations
from optimizer.analysis.explanation.obstacles import Fact
from optimizer.analysis.explanation.repairs import Repair
from optimizer.analysis.explanation.server_options import ServerOption
from optimizer.output.console.route import route_lines, route_record
from optimizer.output.console.terminal import Terminal

SHOWN = 20
DIRECT = "powershell_direct"
IF_IT_FAILS = {
    "require_success": "Its backup fails where its guest cannot be processed (vss).",
    "ignore_failures": "Where its guest cannot be processed, its backup is crash-consistent (vss).",
}
NO_WAY = {"S10": "no way by network", "S11": "no PowerShell Direct"}


def record(explained: VmExplanations) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    return {"tasks": [_record(explained, found) for found in explained.explanations]}


def _record(explained: VmExplanations, found: Explanation) -> dict[str, Any]:
    estate, tasks = explained.estate, explained.tasks
    names = estate.servers["server"]
    limits = estate.servers["max_tasks"].tolist()
    vm = int(tasks.vm[found.task])
    return {
        "job": estate.jobs["job"].iloc[tasks.job[found.task]],
        "vm": estate.vms["vm"].iloc[vm],
        "vm_name": estate.vms["name"].iloc[vm] if "name" in estate.vms else "",
        "proxy": None if found.proxy < 0 else names[found.proxy],
        "tier": found.tier or None,
        "vss": estate.vms["vss"].iloc[vm] or None,
        "own_work": bool(tasks.kind[found.task] == OTHER),
        "servers": [
            {
                "server": names[option.server],
                "chosen": option.chosen,
                "tier": option.tier or None,
                "connection": CONNECTIONS[option.connection] if option.tier else None,
                "path": list(option.path),
                "load": option.load,
                "max_tasks": None if limits[option.server] < 0 else limits[option.server],
                "busiest": clock(option.at),
                "reasons": _facts(option.reasons),
            }
            for option in found.options
        ],
        "changes": [
            {"tier": change.tier, "server": names[change.server], "change": change.text}
            for change in found.changes
        ],
        "forbidden_by": None if found.forbidden is None else _facts(found.forbidden),
        "undecided": found.undecided,
        "disputed": found.disputed,
        "remedies": list(found.remedies),
        "week": route_record(explained, found),
    }


def _facts(facts: Sequence[Fact]) -> list[dict[str, str]]:
    return [{"rule": fact.rule, "text": fact.text} for fact in facts]


def print_explained(explained: VmExplanations, whole: bool) -> None:
    """Print each task: its server, all servers or the first `SHOWN`, changes, what forbids it."""
    console = Terminal()
    for found in explained.explanations:
        document = _record(explained, found)
        console.tell(_headline(document))
        if found.options:
            console.print(_options(explained, found.options[: None if whole else SHOWN]))
        if document["vss"] and not document["own_work"]:
            console.tell(IF_IT_FAILS[document["vss"]])
        hidden = len(found.options) - SHOWN
        if hidden > 0 and not whole:
            console.tell(f"... {hidden} more servers; --all prints them")
        told = (
            *_changes(explained, found),
            *_forbidden(explained, found),
            *(f"{remedy[0].upper()}{remedy[1:]}." for remedy in found.remedies),
            *route_lines(explained, found),
        )
        for line in told:
            console.tell(line)


def _headline(document: dict[str, Any]) -> str:
    name = document["vm_name"]
    called = f"{name} ({document['vm']})" if name and name != document["vm"] else document["vm"]
    who = f"{called} in job {document['job']}"
    if document["own_work"]:
        return f"{who}: not a Windows VM, so it is {document['proxy']}'s own work (S5)"
    if document["proxy"] is None:
        return f"{who}: served by nobody"
    return f"{who}: served by {document['proxy']} in tier {document['tier']}"


def _options(explained: VmExplanations, options: Sequence[ServerOption]) -> Table:
    table = Table()
    table.add_column("server", overflow="fold")
    table.add_column("tier")
    table.add_column("way", overflow="fold")
    table.add_column("load", justify="right", no_wrap=True)
    table.add_column("why not", overflow="fold")
    servers = explained.estate.servers
    rows: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for option in options:
        name, limit = (
            servers["server"].iloc[option.server],
            servers["max_tasks"].iloc[option.server],
        )
        reasons = dict.fromkeys(_short(fact, name) for fact in option.reasons)
        why = "chosen" if option.chosen else "; ".join(reasons)
        load = str(option.load) if limit < 0 else f"{option.load}/{limit}"
        rows.setdefault((str(option.tier or "-"), _way(option), why), []).append((name, load))
    for (tier, way, why), alike in rows.items():
        names, loads = ("\n".join(cells) for cells in zip(*alike, strict=True))
        table.add_row(names, tier, way, loads, why)
    return table


def _way(option: ServerOption) -> str:
    if not option.tier:
        return "none"
    way = " > ".join(option.path)
    return f"{way} (PowerShell Direct)" if CONNECTIONS[option.connection] == DIRECT else way


def _short(fact: Fact, server: str) -> str:
    text = fact.text.removeprefix(f"{server} ")
    named = text.startswith("powershell_version")  # a cell that is quickly filled
    return f"{fact.rule}: {text if named else NO_WAY.get(fact.rule, text)}"


def _changes(explained: VmExplanations, found: Explanation) -> list[str]:
    if explained.tasks.kind[found.task] != WINDOWS or found.tier == 1:
        return []
    if not found.changes:
        return (
            []
            if found.remedies
            else ["No single flag, list entry, place or link would lead to a better tier."]
        )
    cheapest, *others = found.changes
    first = f"The cheapest single change for a better tier: {_worded(explained, cheapest)}"
    return [first, *(f"Or: {_worded(explained, change)}" for change in others)]


def _worded(explained: VmExplanations, change: Repair) -> str:
    name = explained.estate.servers["server"].iloc[change.server]
    return f"{change.text}; then {name} serves it in tier {change.tier}"


def _forbidden(explained: VmExplanations, found: Explanation) -> list[str]:
    if found.undecided:
        return ["Which facts forbid it was not found in time."]
    if found.disputed:
        return [
            "Which facts forbid it is not proven: of two searches of the solver one rules out what "
            "the other has found, a defect of the solver."
        ]
    if found.proxy >= 0:
        return []
    if found.forbidden is None:
        return ["No fact forbids it: a later aim's tolerance or the time limit left it out."]
    count = len(found.forbidden)
    facts = "This fact forbids it" if count == 1 else f"These {count} facts together forbid it"
    others = any(fact.rule in ("max_tasks", "S16") for fact in found.forbidden)
    given = (
        f", while the {explained.served} tasks that the plan serves stay served" if others else ""
    )
    return [f"{facts}{given}:", *(f"  {fact.rule}: {fact.text}" for fact in found.forbidden)]
