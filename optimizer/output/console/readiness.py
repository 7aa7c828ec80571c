"""What to do next with an estate, for people: what blocks a plan, and what it costs to go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from models.diagnostics import FIRST, Finding
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
            (ready.unknown_os, "whose system is unknown"),
            (ready.unknown_networks, "whose networks are unknown"),
            (ready.unreached, "that no server reaches"),
        )
        parts = ", ".join(f"{count} {text}" for count, text in kinds if count)
        yield (
            f"You can plan now; {count_words(ready.unserved, 'VM')} of {ready.vms} would stay "
            f"without a proxy: {parts}"
        )


def grouped(findings: tuple[Finding, ...]) -> Iterator[str]:
    """Yield lines for the findings, warnings first.

    What is alike but for its subject is one line with the first of them and how many more there
    are; of other findings of one code come the first.
    """
    codes: dict[tuple[str, str], dict[str, list[Finding]]] = {}
    for finding in findings:
        of_code = codes.setdefault((finding.severity, finding.code), {})
        of_code.setdefault(finding.detail.split(FIRST)[0], []).append(finding)
    for (severity, _), kinds in sorted(codes.items(), key=lambda item: item[0][0] != "warning"):
        for detail, alike in list(kinds.items())[:SHOWN_PER_CODE]:
            subjects = [each.subject for each in alike]
            more = len(subjects) - SHOWN_PER_CODE
            named = ", ".join(subjects[:SHOWN_PER_CODE]) + f" and {more} more" * (more > 0)
            named += ", each" * (len(subjects) > 1)
            yield f"{severity}: {named}: {alike[0].detail if len(alike) == 1 else detail}"
        rest = sum(map(len, list(kinds.values())[SHOWN_PER_CODE:]))
        if rest:
            yield f"{severity}: {rest} more of this kind; --json lists them all"
