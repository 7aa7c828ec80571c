"""Knows a network again that another inventory calls otherwise, by range and site, or guessed."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set

import pandas as pd

from models.diagnostics import Finding
from optimizer.files.text_table import items
from optimizer.inputs.importers.guest_networks import GUESSED
from optimizer.inputs.importers.ip_plan import COLUMNS, Network, parse_prefix

NAMED = {"networks": ("network",), "links": ("from", "to")}  # columns that hold one name
LISTED = ("servers", "vms")  # tables whose column networks holds several
TENANT = re.compile(r" \((.+?)\)")
Place = tuple[str, str]  # a network's name and site


def recognise_networks(
    new: Mapping[str, pd.DataFrame], known: Mapping[str, pd.DataFrame], findings: list[Finding]
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """Return an inventory's tables and the estate's, both with the estate's names of networks.

    Guesses of the estate that a listed network holds are there no more. Tables without any of
    these stay the same; `same_networks` and `outlived_guesses` say what is told.
    """
    if "networks" not in new:
        return dict(new), dict(known)
    names = same_networks(new["networks"], known["networks"], findings)
    found = with_network_names(new, names)
    outlived = outlived_guesses(found["networks"], known["networks"], findings)
    rows = known["networks"]
    rows = rows[~rows["network"].isin(list(outlived))].reset_index(drop=True) if outlived else rows
    return found, with_network_names({**known, "networks": rows}, names | outlived)


def same_networks(
    new: pd.DataFrame, known: pd.DataFrame, findings: list[Finding]
) -> dict[str, str]:
    """Return the name in ``known`` of each network of ``new`` that is there under another one.

    Two are one where range and site are equal, each once on either side, or where one of them
    has no site and no other has the range; but not where their names say that their VRFs or
    tenants differ. Each is told; so is a range that then is several networks', since its addresses
    are in none.
    """
    taken = set(new["network"]) & set(known["network"])
    there, free = _by_range(known, set()), _by_range(known, taken)
    names: dict[str, str] = {}
    for cidr, told in _by_range(new, taken).items():
        pairs = _pairs(told, free.get(cidr, []), alone=len(there.get(cidr, [])) == 1)
        found = {name: other for name, other in pairs.items() if _may_be_one(cidr, name, other)}
        for name, other in found.items():
            detail = f"called {other} in networks.csv, which has its range {cidr}: taken as that"
            findings.append(Finding("info", "same_network", name, detail))
        names |= found
        others = [place for place in told if place[0] not in found]
        if others and cidr in there:
            findings.append(_several(cidr, [*there[cidr], *others]))
    return names


def outlived_guesses(
    new: pd.DataFrame, known: pd.DataFrame, findings: list[Finding]
) -> dict[str, str]:
    """Return for each guess in ``known`` the listed network that holds it, the smallest.

    ``new`` are networks that an inventory lists by now. Each guess that gives way is told; one
    stays where two networks of one range hold it.
    """
    rows = _rows(known)
    listed = _by_range(pd.concat([rows, _rows(new)]).drop_duplicates("network"), set())
    names = {}
    for name, text, site in rows[_is_guess(rows)].itertuples(index=False, name=None):
        around = _around(parse_prefix(text))
        cidr = next((cidr for cidr in around if cidr in listed), None)
        if cidr is not None and len(listed[cidr]) == 1:
            names[name], at = listed[cidr][0]
            lost = f"; its site {site} goes with it" if site not in ("", at) else ""
            detail = f"gives way to {names[name]}, which is listed and holds it ({cidr}){lost}"
            findings.append(Finding("info", "guess_replaced", name, detail))
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


def _around(guess: Network | None) -> list[Network]:
    """Return a network and all that hold it, the smallest first."""
    if guess is None:
        return []
    return [guess.supernet(new_prefix=bits) for bits in range(guess.prefixlen, -1, -1)]


def _rows(networks: pd.DataFrame) -> pd.DataFrame:
    return networks.reindex(columns=list(COLUMNS), fill_value="")


def _is_guess(networks: pd.DataFrame) -> pd.Series[bool]:
    return networks["network"] == networks["cidr"] + GUESSED


def _by_range(networks: pd.DataFrame, without: Set[str]) -> dict[Network, list[Place]]:
    """Return the networks of each range, but for guesses and those of a name in ``without``."""
    rows = _rows(networks)
    ranges: dict[Network, list[Place]] = defaultdict(list)
    for name, text, site in rows[~_is_guess(rows)].itertuples(index=False, name=None):
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


def _may_be_one(cidr: Network, name: str, other: str) -> bool:
    """Tell whether names of networks, as `name_networks` makes them, are of one VRF and tenant."""
    (vrf, called, more), (other_vrf, other_called, other_more) = (
        text.partition(str(cidr)) for text in (name, other)
    )
    tenants = [TENANT.match(text) for text in (more, other_more)]
    differ = len({found[1] for found in tenants if found}) > 1
    return not (called and other_called) or (vrf == other_vrf and not differ)


def _several(cidr: Network, places: Sequence[Place]) -> Finding:
    told = ", ".join(f"{name} at {site}" if site else f"{name} at no site" for name, site in places)
    detail = (
        f"the range of several networks ({told}), so its addresses count as unknown: write the "
        "network's name in their place or, where two are one, delete one in networks.csv"
    )
    return Finding("warning", "same_range", str(cidr), detail)
