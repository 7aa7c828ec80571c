"""What ``changes.json`` says: the one file that scripts read, names as data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from models.change import JobChange

FORMAT = 1
CHANGE, NONE = "change", "none"


def entry(change: JobChange) -> dict[str, Any]:
    """Return what is to be done with one job, in words and as the automation import has it."""
    return {
        "job": change.job,
        "action": NONE if change.is_none else CHANGE,
        "before": list(change.before),
        "after": list(change.after),
        "guestInteractionProxies": {
            "before": _by_name(change.before),
            "after": _by_name(change.after),
        },
    }


def _by_name(servers: Sequence[str]) -> dict[str, Any]:
    return {"automaticSelection": not servers, "proxies": list(servers)}


def text(inputs: Mapping[str, str], entries: Sequence[Mapping[str, Any]]) -> str:
    """Return the file: one line for each job, of ASCII, whatever its name is made of.

    So no program takes it for another encoding, no character turns the line round, and it stays
    below what Windows PowerShell reads (2 MB) for some thousand jobs.
    """
    head = {"format": FORMAT, "inputs": dict(sorted(inputs.items()))}
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    return f'{json.dumps(head)[:-1]},\n"changes": [\n{lines}\n]}}\n'
