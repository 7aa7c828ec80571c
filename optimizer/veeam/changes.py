"""What an export says of each job: the entries of ``changes.json``, names as data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from optimizer.veeam.planned_lists import PlannedChange

FORMAT = 1
CHANGE, AS_PLANNED = "change", "as planned"
STALE, UNKNOWN, NOT_COVERED = "stale", "unknown", "not covered"
NOT_AS_SEEN = "kept, changed since"


def changes_entry(wish: PlannedChange) -> dict[str, Any]:
    """Return what is to be done with a job, as far as the plan knows.

    ``before`` is what the plan saw; no servers mean automatic selection. The product keeps a set
    of them, so their order means nothing. ``guestInteractionProxies`` are in the form of the
    automation import, which has names.
    """
    return {
        "job": wish.job,
        "action": AS_PLANNED if set(wish.seen) == set(wish.wanted) else CHANGE,
        "reason": "",
        "before": list(wish.seen),
        "after": list(wish.wanted),
        "guestInteractionProxies": {"before": _named(wish.seen), "after": _named(wish.wanted)},
    }


def _named(servers: Sequence[str]) -> dict[str, Any]:
    return {"automaticSelection": not servers, "proxies": list(servers)}


def changes_text(head: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> str:
    """Return the file: one line for each job, in ASCII, whatever its name is made of.

    So no program takes it for another encoding, and no character turns a line round.
    """
    begin = json.dumps({"format": FORMAT, **head})[:-1]
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    return f'{begin},\n"changes": [\n{lines}\n]}}\n'
