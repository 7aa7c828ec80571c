"""What to do next with an estate, for people: what blocks a plan, and what it costs to go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from models.diagnostics import Finding
from optimizer.analysis.readiness import Readiness
from optimizer.output.console.plan import count_words

SHOWN = 5
SHOWN_PER_CODE = 3


def next_lines(ready: Readiness, estate: Path) -> Iterator[str]:
    """Yield what to do next: what blocks a plan, or what one would cost, and the command."""
    if ready.blocking:
        for line in ready.blocking[:SHOWN]:
            yield f"blocks a plan: {line}"
        more = len(ready.blocking) - SHOWN
        if more > 0:
            yield f"blocks a plan: {more} more; gip check {estate} lists them"
        return
    if not ready.linked:
        yield (
            "There is no links.csv: every network is taken to reach every other. "
            f"gip init {estate} --links hub writes one to start from"
        )
    if ready.unserved:
        kinds = (
            (ready.unknown_os, "of unknown system"),
            (ready.unknown_networks, "of unknown networks"),
            (ready.unreached, "that no server reaches"),
        )
        parts = ", ".join(f"{count} {text}" for count, text in kinds if count)
        yield (
            f"You can plan now; {count_words(ready.unserved, 'VM')} of {ready.vms} would stay "
            f"without a proxy: {parts}"
        )


def grouped(findings: tuple[Finding, ...]) -> Iterator[str]:
    """Yield a line per finding, warnings first; of a code the first ones and how many more."""
    codes: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        codes.setdefault((finding.severity, finding.code), []).append(finding)
    for (severity, code), alike in sorted(codes.items(), key=lambda item: item[0][0] != "warning"):
        for each in alike[:SHOWN_PER_CODE]:
            yield f"{severity}: {each.subject}: {each.detail}"
        more = len(alike) - SHOWN_PER_CODE
        if more > 0:
            yield f"{severity}: {more} more of {code}; --json lists them all"
