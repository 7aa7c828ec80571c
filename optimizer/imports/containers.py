"""Says which VMs are in a folder, cluster, host, datacenter, resource pool or vCenter."""

from __future__ import annotations

import pandas as pd

NAMED = {"datacenter": "datacenter", "cluster": "cluster", "host": "host"}
PATHS = {"folder": "folder", "resourcepool": "resource_pool"}
MANAGER = "vcenterserver"
IMPORT = "import an inventory that knows (RVTools), or list its VMs in job_vms.csv"


class Containers:
    """The places of all VMs that inventories told of."""

    def __init__(self, places: pd.DataFrame) -> None:
        self._places = places
        self._manager = places["vcenter"].str.lower()

    def vms(self, kind: str, manager: str, name: str) -> tuple[list[str], str]:
        """Return the VMs in a container, and "", or none, and why they are not known."""
        kind = kind.lower()
        there = self._at(manager)
        if there.empty:
            return [], f"no inventory tells of the VMs of {manager!r}; {IMPORT}"
        if kind == MANAGER:
            return there["vm"].tolist(), ""
        if kind in NAMED:
            found = there[there[NAMED[kind]].str.lower() == name.lower()]
        elif kind in PATHS:
            paths = there[PATHS[kind]].str.lower()
            within = paths.map({path: _up_to(path, name.lower()) for path in paths.unique()})
            found = there[within != ""]
            if within[within != ""].nunique() > 1:
                return [], "several have this name; list the VMs of the right one in job_vms.csv"
        else:
            return [], "no inventory tells which VMs are in it; list them in job_vms.csv"
        return found["vm"].tolist(), "" if len(found) else f"no VM is known to be in it; {IMPORT}"

    def _at(self, manager: str) -> pd.DataFrame:
        """Return the VMs of a manager: by its name, else the only one of that short name."""
        exact = self._places[self._manager == manager.lower()]
        if len(exact):
            return exact
        short = self._manager.str.split(".").str[0] == manager.lower().partition(".")[0]
        alike = self._manager[short & (self._manager != "")].unique()
        return self._places[self._manager.isin(alike)] if len(alike) == 1 else exact


def _up_to(path: str, name: str) -> str:
    """Return ``path`` as far as the part that is called ``name``, "" where none is.

    >>> _up_to("/dc1/vm/sql/old", "sql")
    '/dc1/vm/sql'
    """
    parts = path.split("/")
    return "/".join(parts[: parts.index(name) + 1]) if name in parts else ""
