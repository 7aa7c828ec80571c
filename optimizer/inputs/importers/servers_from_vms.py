"""Takes a server's system and networks from the VM that it is: many proxies are VMs themselves.

No interface of the backup server tells a server's addresses, but an inventory of VMs may.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import pandas as pd

from models.diagnostics import Finding

FILLED = ("os", "networks")


def servers_as_guests(tables: Mapping[str, pd.DataFrame], findings: list[Finding]) -> pd.DataFrame:
    """Return the cells that servers lack and that the VM of the same name has.

    The name counts where it is one VM's: the server's whole name, or else its host name. Each
    one is told in ``findings``.
    """
    servers = tables["servers"].reindex(columns=["server", *FILLED], fill_value="")
    lacking = servers[(servers[list(FILLED)] == "").any(axis=1)]
    guests: dict[str, list[int]] = defaultdict(list)
    vms = tables["vms"].reindex(columns=["vm", "name", *FILLED], fill_value="")
    if len(lacking):
        both = zip(vms["vm"].tolist(), vms["name"].tolist(), strict=True)
        for row, (vm, name) in enumerate(both):
            guests[(name or vm).lower()].append(row)
    rows = []
    for server, *cells in lacking.itertuples(index=False):
        names = (server.lower(), server.lower().partition(".")[0])
        found = next((guests[name] for name in names if name in guests), [])
        if len(found) != 1:
            continue
        guest = vms.iloc[found[0]]
        told = ["" if cell else str(guest[name]) for cell, name in zip(cells, FILLED, strict=True)]
        if any(told):
            rows.append((server, *told))
            filled = " and ".join(name for name, cell in zip(FILLED, told, strict=True) if cell)
            detail = f"{filled} taken from the VM {guest['vm']!r}, which has its name"
            findings.append(Finding("info", "server_is_a_vm", server, detail))
    return pd.DataFrame(rows, columns=["server", *FILLED], dtype="str")
