"""Reads RVTools exports: VMs, where they are, and which job backs them up."""

from __future__ import annotations

from collections.abc import ItemsView, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pandas as pd

from models.diagnostics import Finding
from models.imported_tables import VM_PLACES, Inventory
from optimizer.files.text_table import items
from optimizer.inputs.importers.guest_networks import (
    addresses_of,
    codes_of,
    guess,
    is_address,
    places,
)
from optimizer.inputs.importers.guest_systems import worded
from optimizer.inputs.importers.ip_plan import COLUMNS, read_ip_plan
from optimizer.inputs.importers.network_identity import (
    outlived_guesses,
    same_networks,
    with_network_names,
)
from optimizer.inputs.importers.rvtools.backup_notes import job_tables
from optimizer.inputs.importers.rvtools.tabs import BETWEEN, read_tabs
from optimizer.inputs.importers.rvtools.vm_ids import identify_vms
from optimizer.inputs.importers.shared_addresses import Addresses, is_in, read_prefixes
from optimizer.inputs.importers.spreadsheets import Step, silent, source_file

VCLS = r"vCLS(?:-| \(|$)"  # vSphere's own VMs


@dataclass(frozen=True, slots=True)
class Choice:
    """Which VMs count: those that are no guests to protect are left out unless asked for.

    VMs that are not powered on are kept, as not available; with ``powered_off`` as available.
    """

    templates: bool = False
    placeholders: bool = False
    vcls: bool = False
    powered_off: bool = False


def read_rvtools(
    files: Sequence[Path],
    networks: Path | None = None,
    guess_prefix: int | None = None,
    choice: Choice = Choice(),
    encoding: str | None = None,
    step: Step = silent,
    there: Path | None = None,
    leave_out: Sequence[str] = (),
) -> Inventory:
    """Return what the tabs vInfo and vNetwork in ``files`` tell, of one or of several vCenters.

    ``networks`` is a list of networks, ``there`` those that the estate has already.
    ``guess_prefix`` is the length of networks to be guessed for addresses that are in neither,
    but not for those in prefixes to ``leave_out``, nor for those that prove nothing.
    Raises EstateError where a file cannot be read.
    """
    findings: list[Finding] = []
    told = known = pd.DataFrame(columns=COLUMNS, dtype="str")
    if networks is not None:
        told = read_ip_plan(networks, encoding, findings)
    if there is not None and there.exists():
        known = read_ip_plan(there, None, [])
    names = frozenset([*told["network"], *known["network"]])
    same = with_network_names({"networks": told}, same_networks(told, known, []))["networks"]
    known = known[~known["network"].isin(list(outlived_guesses(same, known, [])))]
    known = pd.concat([same, known]).drop_duplicates("network", ignore_index=True)
    tabs = read_tabs(files, encoding, findings, step)
    info, nics = identify_vms(tabs, findings)
    info = _chosen(info, choice, findings)
    step("finding the VMs' networks")
    addresses = {vm: addresses_of(cells) for vm, cells in _gathered(info, nics, "addresses")}
    if guess_prefix is not None:
        sites = dict(zip(info["vm"].tolist(), info["datacenter"].tolist(), strict=True))
        whose = Addresses({("vms", vm): found for vm, found in addresses.items()})
        prefixes = read_prefixes(leave_out)
        proven = {
            vm: [item for item in found if not whose.is_idle(item) and not is_in(item, prefixes)]
            for vm, found in addresses.items()
        }
        guessed = guess(proven, sites, known, guess_prefix, findings)
        told = pd.concat([told, guessed], ignore_index=True)
        known = pd.concat([known, guessed], ignore_index=True)
    codes = codes_of(chain.from_iterable(addresses.values()), known)
    inside = frozenset(item for item, code in codes.items() if code >= 0)
    info["networks"] = [
        places(addresses[vm], groups, names, inside)
        for vm, groups in _gathered(info, nics, "port_groups")
    ]
    grouped = [
        name
        for name, cell in zip(info["name"].tolist(), info["networks"].tolist(), strict=True)
        if any(not is_address(item) for item in items(cell))
    ]
    if grouped:
        detail = (
            f"{_counted(len(grouped), 'VM')} without an address in a listed network, first "
            f"{grouped[0]}: in the network that has the name of the port group"
        )
        findings.append(Finding("info", "placed_by_port_group", "vms", detail))
    tables = {"vms": _vms(info, choice, findings), "vm_places": _vm_places(info)}
    if len(told):
        tables["networks"] = told
    tables |= job_tables(info["vm"].tolist(), info["notes"].tolist(), findings)
    paths = [*files, *([] if networks is None else [networks])]
    return Inventory(tables, tuple(map(source_file, paths)), tuple(findings))


def _chosen(info: pd.DataFrame, choice: Choice, findings: list[Finding]) -> pd.DataFrame:
    """Return the VMs without those that no job backs up, which are counted in ``findings``."""
    kinds = {
        "templates": ("template", info["template"] == "true"),
        "placeholders": ("SRM placeholder", info["placeholder"] == "true"),
        "vcls": ("vCLS VM", info["name"].str.match(VCLS)),
    }
    left_out = pd.Series(False, info.index)
    for kind, (called, found) in kinds.items():
        if not getattr(choice, kind) and found.any():
            left_out |= found
            number = int(found.sum())
            those = "it" if number == 1 else "them"
            detail = f"{_counted(number, called)} left out; --{kind} takes {those} in"
            findings.append(Finding("info", kind, "vms", detail))
    return info[~left_out].reset_index(drop=True)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _gathered(info: pd.DataFrame, nics: pd.DataFrame, column: str) -> ItemsView[str, list[str]]:
    """Return each VM with what its rows of vNetwork have in ``column``, and then its own."""
    gathered: dict[str, list[str]] = {vm: [] for vm in info["vm"].tolist()}
    for rows in (nics, info):
        told = rows[rows[column] != ""]
        for vm, text in zip(told["vm"].tolist(), told[column].tolist(), strict=True):
            if vm in gathered:
                gathered[vm] += text.split(BETWEEN)
    return gathered.items()


def _vms(info: pd.DataFrame, choice: Choice, findings: list[Finding]) -> pd.DataFrame:
    off, unreachable = info["power"] == "off", info["connection"] == "gone"
    if off.any() and not choice.powered_off:
        detail = (
            f"{_counted(int(off.sum()), 'VM')} not powered on: not planned without --powered-off"
        )
        findings.append(Finding("info", "powered_off", "vms", detail))
    if unreachable.any():
        detail = (
            f"{_counted(int(unreachable.sum()), 'VM')} not connected to the vCenter: not planned"
        )
        findings.append(Finding("info", "disconnected", "vms", detail))
    gone = unreachable if choice.powered_off else off | unreachable
    return pd.DataFrame(
        {
            "vm": info["vm"],
            "os": worded(info["tools_os"].where(info["tools_os"] != "", info["config_os"])),
            "networks": info["networks"],
            "name": info["name"],
            "platform": "vmware",
            "available": gone.map({True: "false", False: "true"}),
        },
        dtype="str",
    )


def _vm_places(info: pd.DataFrame) -> pd.DataFrame:
    """Return what is known of where the VMs are; jobs may name these places instead of them."""
    names = {"manager": "vcenter", "number": "object", "pool": "resource_pool"}
    columns = [column.name for column in VM_PLACES.columns]
    found = info.drop(columns="vcenter").rename(columns=names)[columns]
    return found[(found[columns[1:]] != "").any(axis=1)].reset_index(drop=True)
