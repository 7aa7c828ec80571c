"""Knows servers that manage VMs, vCenters above all, by more than one name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from models.diagnostics import InputProblem
from models.errors import EstateError

OPTION = "--same"
COLUMNS = {"vm_places": "vcenter", "job_objects": "manager"}  # that name such a server


def read_aliases(same: Sequence[str]) -> dict[str, str]:
    """Return the name that counts for each other name, in small letters.

    Raises EstateError for an entry that is not ``name=other``.
    """
    aliases = {}
    for entry in same:
        name, sign, other = (part.strip() for part in entry.partition("="))
        if not sign or not name or not other:
            remedy = "write it as in vcenter1=vc1.example.com"
            raise EstateError(
                [InputProblem(OPTION, None, None, entry, "is not name=other", remedy)]
            )
        aliases[name.lower()] = other
    return aliases


def with_aliases(
    tables: Mapping[str, pd.DataFrame], aliases: Mapping[str, str]
) -> dict[str, pd.DataFrame]:
    """Return ``tables`` with the names that count; those without any other stay the same."""
    found = dict(tables)
    for name, column in COLUMNS.items():
        table = tables.get(name)
        if table is None or column not in table:
            continue
        there = table[column].str.lower().isin(list(aliases))
        if there.any():
            renamed = table[column].map(lambda text: aliases.get(text.lower(), text))
            found[name] = table.assign(**{column: renamed.astype("str")})
    return found
