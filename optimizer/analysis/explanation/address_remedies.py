"""Remedies for the addresses of a VM that are in no network, or in two: what a person would do."""

from __future__ import annotations

from ipaddress import ip_network

import numpy as np

from models.estate import Estate
from optimizer.files.table_reader import read_table
from optimizer.files.text_table import items

USUAL_PREFIX = {4: 24, 6: 64}


def address_remedies(estate: Estate, vm: int) -> tuple[str, ...]:
    """Return what to do about the addresses of a VM (code) that count as unknown."""
    codes = {finding.subject: finding.code for finding in estate.findings}
    unsettled = {subject for subject, code in codes.items() if code.endswith("_address")}
    if not unsettled:
        return ()
    name = str(estate.vms["vm"].iloc[vm])
    (file,) = (file for file in estate.inputs if file.startswith("vms."))
    raw = read_table(estate.folder / file, ("vm", "networks"))
    (row,) = np.flatnonzero(raw.columns["vm"].to_numpy(zero_copy_only=False) == name).tolist()
    listed = items(raw.text("networks", row)) if "networks" in raw.columns else ()
    return tuple(
        _remedy(estate, address, codes[address]) for address in listed if address in unsettled
    )


def _remedy(estate: Estate, address: str, code: str) -> str:
    if code == "ambiguous_address":
        same = f"{address} is in two networks of the same prefix"
        return f"{same}: write the name of the right one in vms.csv instead"
    network = ip_network(address)
    around = network.supernet(new_prefix=USUAL_PREFIX[network.version])
    links = "" if estate.links is None else ", and what reaches it to links.csv"
    return f"{address} is in no network: add {around} to networks.csv{links}"
