"""Tables as Markdown: one for docs/speed.md, one for two runs side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from benchmarks.records import AIM, Measure, Row
from benchmarks.results_table import Result, results

NOISE = 0.01
SUMMARY = (
    "case", "VMs", "groups", "columns", "read s", "solve s", "total s", "x baseline", "peak MB",
    "unproven",
)  # fmt: skip
WHOLE = (
    "case", "VMs", "read", "plan", "lists", "write", "check", "command", "wall s", "x bare",
    "first run", "peak MB",
)  # fmt: skip
CHANGES = ("case", "VMs", "engine", "phase", "A s", "B s", "B / A", "value")


def summary(rows: Sequence[Row]) -> str:
    """Return one line per case and size: what the planner took, and the model's size."""
    found = results(rows)
    lines = [
        _summary(result, found.get((estate, "baseline")))
        for (estate, engine), result in sorted(found.items())
        if engine == "gip"
    ]
    return table(SUMMARY, lines)


def _summary(result: Result, baseline: Result | None) -> list[str]:
    case, vms, _ = result.estate
    total, size = result.seconds("total"), result.total
    least = None if baseline is None else baseline.seconds("total")
    if total is None:
        return [case, f"{vms:,}", *[""] * (len(SUMMARY) - 3), size.note]
    return [
        case,
        f"{vms:,}",
        f"{size.groups or 0:,}",
        f"{size.columns or 0:,}",
        seconds(result.seconds("read")),
        seconds(result.seconds("solve")),
        seconds(total),
        f"{total / least:.1f}" if least else "",
        f"{size.peak_mb or 0:,.0f}",
        ", ".join(_unproven(result)) or "-",
    ]


def _unproven(result: Result) -> Iterator[str]:
    for phase in result.aims:
        aim = result.aim(phase)
        if not aim.proven:
            yield f"{phase.removeprefix(AIM)} (gap {100 * (aim.gap or 0):.3g} %)"


def whole_command(rows: Sequence[Row]) -> str:
    """Return one line per case and size: CPU seconds of the phases and of the whole command.

    It is compared with a process that merely reads and writes as much.
    """
    found = results(rows)
    lines = []
    for (estate, engine), result in sorted(found.items()):
        if engine != "command":
            continue
        case, vms, _ = estate
        phases = found[estate, "gip"]
        took, first, bare = (found[estate, name].cpu for name in ("command", "first", "baseline"))
        lines.append(
            [case, f"{vms:,}"]
            + [seconds(phases.cpu_seconds(phase)) for phase in WHOLE[2:7]]
            + [seconds(took), seconds(result.seconds("total"))]
            + [f"{took / bare:.1f}" if took and bare else "", seconds(first)]
            + [f"{result.total.peak_mb or 0:,.0f}"]
        )
    return table(WHOLE, lines)


def changes(before: Sequence[Row], after: Sequence[Row]) -> str:
    """Return the phases that both runs measured, but for those too short to tell."""
    old, new = results(before), results(after)
    lines = []
    for key in [key for key in old if key in new]:
        a, b = old[key], new[key]
        for phase in [phase for phase in a.measures if phase in b.measures]:
            line = _change(a.seconds(phase), b.seconds(phase), a, b, phase)
            if line is not None:
                case, vms, _ = a.estate
                lines.append([case, f"{vms:,}", a.engine, phase, *line])
    return table(CHANGES, lines)


def _change(
    before: float | None, after: float | None, a: Result, b: Result, phase: str
) -> list[str] | None:
    value = _values(a.aim(phase), b.aim(phase))
    if max(before or 0.0, after or 0.0) < NOISE and not value:
        return None
    ratio = f"{after / before:.2f}" if before and after else ""
    return [seconds(before), seconds(after), ratio, value]


def _values(before: Measure, after: Measure) -> str:
    if (before.value, before.proven) == (after.value, after.proven):
        return ""
    old, new = (f"{m.value}{'' if m.proven else ' unproven'}" for m in (before, after))
    return f"{old} -> {new}"


def seconds(time: float | None) -> str:
    """Return a time to three digits.

    >>> seconds(12.345), seconds(0.012345), seconds(None)
    ('12.3', '0.0123', '')
    """
    return "" if time is None else f"{time:.3g}"


def table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table.

    >>> print(table(["a", "b"], [["1", "2"]]), end="")
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    rows = [header, ["---"] * len(header), *lines]
    parts = [
        "|" + "|".join(row) + "|" if row[0] == "---" else "| " + " | ".join(row) + " |"
        for row in rows
    ]
    return "\n".join(parts) + "\n"
