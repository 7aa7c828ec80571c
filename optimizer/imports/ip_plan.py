"""Reads a list of networks: the contract's networks.csv, or an IP plan's cidr, site, vrf, name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from models.errors import EstateError, Problem
from models.finding import Finding
from optimizer.imports.prefixes import Prefix, listable, named, networks_table, parse
from optimizer.imports.sheets import Sheet, read_sheets
from optimizer.sources.raw_table import refused

COLUMNS = ("network", "cidr", "site")


def read_ip_plan(path: Path, encoding: str | None, findings: list[Finding]) -> pd.DataFrame:
    """Return networks, columns network, cidr and site; EstateError where a row cannot be one.

    A network's name is its ``network`` or ``name``, else its range, in a VRF ``vrf/range``.
    """
    sheet = next(iter(read_sheets(path, encoding)), None)
    cells = pd.DataFrame() if sheet is None else sheet.cells.rename(columns=str.lower)
    if sheet is None or "cidr" not in cells:
        remedy = "give it the columns network,cidr,site or cidr,site,vrf,name"
        raise refused(path.name, "has no column 'cidr'", remedy, 1)
    told = cells.reindex(columns=["network", "name", "cidr", "site", "vrf"], fill_value="")
    told["network"] = told["network"].where(told["network"] != "", told["name"]).map(listable)
    _check(sheet, told)
    free = told[told["network"] == ""]
    prefixes = [
        Prefix(cidr, site, vrf, vrf)
        for text, site, vrf in zip(free["cidr"], free["site"], free["vrf"], strict=True)
        if (cidr := parse(text)) is not None
    ]
    named_ = told.loc[told["network"] != "", list(COLUMNS)]
    both = [named_, networks_table(named(prefixes, findings))]
    return pd.concat(both, ignore_index=True).drop_duplicates("network", ignore_index=True)


def _check(sheet: Sheet, told: pd.DataFrame) -> None:
    problems = []
    again = told["network"].duplicated() & (told["network"] != "")
    for row, (name, text) in enumerate(zip(told["network"], told["cidr"], strict=True)):
        line = sheet.first_row + row
        if (text or not name) and parse(text) is None:
            remedy = "write it as in 10.0.1.0/24 or 2001:db8:1::/64"
            problems.append(Problem(sheet.file, line, "cidr", text, "is not a network", remedy))
        if again.iloc[row]:
            reason = "was there before"
            problems.append(Problem(sheet.file, line, "network", name, reason, "name it otherwise"))
    if problems:
        raise EstateError(problems)
