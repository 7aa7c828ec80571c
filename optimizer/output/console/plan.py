"""The tables that a person sees on the terminal, within 80 columns."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from models.estate import Estate
from models.plan import Plan
from models.schema import TABLES
from models.week import clock
from models.week_plan import WeekPlan
from optimizer.checker.violations import Judgement
from optimizer.eligibility.server_load import Spans, plan_load
from optimizer.output.console.terminal import Terminal
from optimizer.output.console.week import print_week
from optimizer.output.plan_writer import all_findings

BUSIEST = 10
CONDITIONAL = "* As good as the aims above it leave room for; not all of those are proven."


def print_plan(plan: Plan, week: WeekPlan, out: Path) -> None:
    """Print the aims, what was left unassigned, the week that follows, and what to do."""
    console = Terminal()
    console.print(_aims(plan))
    if any(aim.conditional for aim in plan.aims):
        console.tell(CONDITIONAL)
    console.print(_busiest(plan, plan_load(plan)))
    reasons = Counter(reason for _, reason, _ in plan.unassigned)
    if reasons:
        table = Table("reason", "tasks", title="Unassigned tasks", title_justify="left")
        table.columns[1].justify = "right"
        for reason, count in reasons.most_common():
            table.add_row(reason, str(count))
        console.print(table)
    warnings = sum(finding.severity == "warning" for finding in all_findings(plan, week))
    console.tell(
        f"{count_words(int(plan.tasks.count.sum()), 'task')}, {len(plan.unassigned)} unassigned; "
        f"{count_words(warnings, 'warning')} in findings.csv; written to {out}"
    )
    print_week(console, plan.estate, week, out)


def count_words(count: int, noun: str) -> str:
    """Return how many there are: ``1 task``, ``2 tasks``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _aims(plan: Plan) -> Table:
    table = Table(title="Aims, in their order", title_justify="left")
    table.add_column("aim")
    for name in ("value", "bound"):
        table.add_column(name, justify="right")
    table.add_column("proven")
    table.add_column("proof")
    table.add_column("seconds", justify="right")
    for aim in plan.aims:
        gap = abs(aim.best - aim.bound) / max(1, abs(aim.bound))
        proven = "yes" if aim.proven else f"no, gap {gap:.2%}"
        proven += "*" * aim.conditional
        figures = str(aim.value), str(aim.bound)
        table.add_row(aim.aim, *figures, proven, aim.proof, f"{aim.seconds:.2f}")
    return table


def _busiest(plan: Plan, spans: Spans) -> Table:
    table = Table(title=f"The {BUSIEST} busiest servers", title_justify="left")
    table.add_column("server", overflow="fold")
    table.add_column("busiest at")
    for name in ("running", "planned", "max_tasks"):
        table.add_column(name, justify="right")
    load = spans.running + spans.planned
    order = np.lexsort((spans.begin, -load))
    _, first = np.unique(spans.server[order], return_index=True)
    servers = plan.estate.servers
    for row in order[np.sort(first)][:BUSIEST].tolist():
        server = int(spans.server[row])
        limit = int(servers["max_tasks"].iloc[server])
        table.add_row(
            servers["server"].iloc[server],
            clock(int(spans.begin[row])),
            str(spans.running[row]),
            str(spans.planned[row]),
            "" if limit < 0 else str(limit),
        )
    return table


def estate_record(estate: Estate) -> dict[str, Any]:
    """Return how large the estate is and what reading found, for JSON."""
    return {
        "name": estate.settings.name,
        "rows": {name: None if rows is None else len(rows) for name, rows in _tables(estate)},
        "findings": [asdict(finding) for finding in estate.findings],
    }


def _tables(estate: Estate) -> list[tuple[str, Any]]:
    return [(table.name, getattr(estate, table.name)) for table in TABLES]


def print_judgement(judgement: Judgement) -> None:
    """Print the values that the checker worked out."""
    console = Terminal()
    table = Table("aim", "value", title="Values, worked out from the files", title_justify="left")
    table.columns[1].justify = "right"
    for aim, value in judgement.values.items():
        table.add_row(aim, str(value))
    console.print(table)
    if not judgement.violations:
        console.tell(
            f"{count_words(judgement.tasks, 'task')}, {judgement.unassigned} unassigned: "
            "every rule is kept"
        )
        console.tell(f"Not worked out again: {'; '.join(judgement.not_derived)}")


def print_estate(estate: Estate) -> None:
    """Print how large the estate is."""
    console = Terminal()
    title = f"Estate {estate.settings.name or estate.folder.name}"
    table = Table("table", "rows", title=title, title_justify="left")
    table.columns[1].justify = "right"
    for name, rows in _tables(estate):
        table.add_row(name, "-" if rows is None else str(len(rows)))
    console.print(table)
