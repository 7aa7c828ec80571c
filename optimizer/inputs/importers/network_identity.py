"""Knows a network again that another inventory calls otherwise: by its range and its site."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set

import pandas as pd

from models.diagnostics import Finding
from optimizer.files.text_table import items
from optimizer.inputs.importers.ip_plan import COLUMNS, Network, parse_prefix

NAMED = {"networks": ("network",), "links": ("from", "to")}  # columns that hold one name
LISTED = ("servers", "vms")  # tables whose column networks holds several
Place = tuple[str, str]  # a network's name and site


def same_networks(
    new: pd.DataFrame, known: pd.DataFrame, findings: list[Finding]
) -> dict[str, str]:
    """Return the name in ``known`` of each network of ``new`` that is there under another one.

    Two are one where range and site are equal, each once on either side, or where one of them
    has no site and no other has the range. Each is told; so is a range that then is several
    networks', since its addresses are in none.
    """
    taken = set(new["network"]) & set(known["network"])
    there, free = _by_range(known, set()), _by_range(known, taken)
    names: dict[str, str] = {}
    for cidr, told in _by_range(new, taken).items():
        found = _pairs(told, free.get(cidr, []), alone=len(there.get(cidr, [])) == 1)
        for name, other in found.items():
            detail = f"called {other} in networks.csv, which has its range {cidr}: taken as that"
            findings.append(Finding("info", "same_network", name, detail))
        names |= found
        others = [place for place in told if place[0] not in found]
        if others and cidr in there:
            findings.append(_several(cidr, [*there[cidr], *others]))
    return names


def with_network_names(
    tables: Mapping[str, pd.DataFrame], names: Mapping[str, str]
) -> dict[str, pd.DataFrame]:
    """Return ``tables`` with other ``names`` of networks; those without any stay the same."""
    renamed = dict(tables)
    if not names:
        return renamed
    for table, columns in NAMED.items():
        rows = tables.get(table)
        if rows is not None and any(rows[column].isin(list(names)).any() for column in columns):
            cells = {name: _renamed(rows[name], names) for name in columns}
            renamed[table] = rows.assign(**cells).drop_duplicates(columns, ignore_index=True)
    for table in LISTED:
        rows = tables.get(table)
        if rows is None or "networks" not in rows:
            continue
        told = {
            cell: "; ".join(dict.fromkeys(names.get(item, item) for item in items(cell)))
            for cell in map(str, rows["networks"].unique())
            if not names.keys().isdisjoint(items(cell))
        }
        if told:
            renamed[table] = rows.assign(networks=_renamed(rows["networks"], told))
    return renamed


def _renamed(cells: pd.Series[str], names: Mapping[str, str]) -> pd.Series[str]:
    return cells.map(lambda text: names.get(text, text)).astype("str")


def _by_range(networks: pd.DataFrame, without: Set[str]) -> dict[Network, list[Place]]:
    """Return the networks of each range, but for those of a name in ``without``."""
    rows = networks.reindex(columns=list(COLUMNS), fill_value="")
    ranges: dict[Network, list[Place]] = defaultdict(list)
    for name, text, site in rows.itertuples(index=False, name=None):
        cidr = parse_prefix(text)
        if cidr is not None and name not in without:
            ranges[cidr].append((name, site))
    return dict(ranges)


def _pairs(told: Sequence[Place], known: Sequence[Place], alone: bool) -> dict[str, str]:
    """Return the known name of each of the networks ``told`` of one range; it may be ``alone``."""
    if alone and len(told) == len(known) == 1:
        (name, site), (other, place) = told[0], known[0]
        return {name: other} if site == place or "" in (site, place) else {}
    once = [
        {site for site, count in Counter(site for _, site in side).items() if count == 1}
        for side in (told, known)
    ]
    names = {site: name for name, site in known if site in once[0] & once[1]}
    return {name: names[site] for name, site in told if site in names}


def _several(cidr: Network, places: Sequence[Place]) -> Finding:
    told = ", ".join(f"{name} at {site}" if site else f"{name} at no site" for name, site in places)
    detail = (
        f"the range of several networks ({told}), so its addresses count as unknown: write the "
        "network's name in their place or, where two are one, delete one in networks.csv"
    )
    return Finding("warning", "same_range", str(cidr), detail)
