"""Reads listings that were saved from NetBox: JSON of its interface, or its CSV export."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from optimizer.imports.netbox_items import Item, Listing, parse_listing
from optimizer.imports.sheets import read_sheets, source_file
from optimizer.sources.raw_table import refused

LARGEST = 512 << 20
GLOBAL = "global"  # what the table view prints where there is no VRF
DISTINGUISHER = r" \([\d.]+:\d+\)$"


def read_saved(path: Path, encoding: str | None) -> Listing:
    """Return the listing in a file; EstateError where it holds none."""
    if path.suffix.lower() != ".json":
        return _exported(path, encoding)
    source = source_file(path)
    size = path.stat().st_size
    if size > LARGEST:
        reason, remedy = f"is larger than {LARGEST >> 20} MiB", "save it in several pages"
        raise refused(path.name, reason, remedy)
    return parse_listing(source, path.read_bytes())


def _exported(path: Path, encoding: str | None) -> Listing:
    """Return the prefixes of a CSV export as the interface would give them."""
    sheets = read_sheets(path, encoding)
    cells = sheets[0].cells if sheets else pd.DataFrame()
    cells = cells.rename(columns=lambda name: str(name).lower().replace("_", " "))
    if not {"prefix", "prefix (flat)"} & set(cells.columns):
        reason, remedy = "has no column 'prefix'", "export IPAM, Prefixes as CSV, or save JSON"
        raise refused(path.name, reason, remedy, 1)
    rows = cells.to_dict("records")
    items = tuple(_item({str(name): str(cell) for name, cell in row.items()}) for row in rows)
    return Listing(source_file(path), items)


def _item(row: Mapping[str, str]) -> Item:
    """Return a row as an object of the interface.

    The table view shows depth as bullets, a VRF with its route distinguisher, a scope's type as
    ``dcim.site`` or ``DCIM | site``.
    """
    vrf = row.get("vrf", "")
    scope = re.split(r"[.|] ?", row.get("scope type", "").lower())[-1].strip()
    return {
        "prefix": (row.get("prefix (flat)") or row.get("prefix", "")).lstrip("•· "),
        "status": {"value": row.get("status", "").lower()},
        "site": {"name": row.get("site", "")},
        "scope_type": f"dcim.{scope or 'site'}" if row.get("scope") else None,
        "scope": {"name": row.get("scope", "")},
        "vrf": None if vrf.lower() in ("", GLOBAL) else {
            "id": vrf, "name": re.sub(DISTINGUISHER, "", vrf, flags=re.ASCII),
        },
        "tenant": {"name": row.get("tenant", "")},
    }  # fmt: skip
