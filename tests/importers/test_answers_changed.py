"""Answers of interfaces whose keys are gone or were renamed: no difference without a word."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from changed_inputs import JOB, SERVER, paths, rows_and_messages

from models.imported_tables import Inventory
from optimizer.inputs.importers.netbox.reader import read_netbox
from optimizer.inputs.importers.netbox.sources import read_saved_netbox
from optimizer.inputs.importers.veeam.reader import read_veeam
from optimizer.veeam.responses import read_saved_veeam

PREFIX: dict[str, Any] = {
    "id": 1, "prefix": "10.1.1.0/24", "status": {"value": "container"},
    "scope_type": "dcim.site", "scope": {"id": 3, "name": "hq"},
    "vrf": {"id": 2, "name": "red"}, "tenant": {"id": 4, "name": "x"},
}  # fmt: skip
VM: dict[str, Any] = {
    "id": 9, "name": "web", "status": {"value": "offline"},
    "platform": {"id": 1, "name": "Windows"},
    "primary_ip4": {"id": 5, "address": "10.1.1.7/24"}, "primary_ip6": None,
}  # fmt: skip
ADDRESS: dict[str, Any] = {
    "id": 5, "address": "10.1.1.8/24", "vrf": {"id": 2, "name": "red"},
    "assigned_object": {"virtual_machine": {"id": 9, "name": "web"}},
}  # fmt: skip
LICENCE: dict[str, Any] = {"edition": "Standard", "type": "Perpetual", "socketLicenseSummary": {}}
INFO: dict[str, Any] = {"name": "s", "buildVersion": "13.0.1.180"}
ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "prefix": (PREFIX, "netbox"),
    "vm": (VM, "netbox"),
    "address": (ADDRESS, "netbox"),
    "jobs": (JOB, "veeam"),
    "managedServers": (SERVER, "veeam"),
    "license": (LICENCE, "veeam"),
    "serverInfo": (INFO, "veeam"),
}


def readers(folder: Path, name: str, document: Any) -> Callable[[], Inventory]:
    """Return what reads all answers of one kind, ``document`` in the place of ``name``."""
    kind = ANSWERS[name][1]
    found = {key: each for key, (each, of) in ANSWERS.items() if of == kind} | {name: document}
    files = []
    for key, each in found.items():
        whole = each if key in ("license", "serverInfo") else {"data": [each]}
        files.append(folder / f"{key}.json")
        files[-1].write_text(json.dumps([each] if kind == "netbox" else whole), encoding="utf-8")
    if kind == "netbox":
        return lambda: read_netbox([read_saved_netbox(path, None) for path in files])
    return lambda: read_veeam(read_saved_veeam(folder, []), 60)


def changed(document: Any, path: tuple[Any, ...]) -> Iterator[Any]:
    """Yield ``document`` without the key at ``path``, and with it in other words."""
    for new in (None, f"{path[-1]}s", "feld"):
        found = copy.deepcopy(document)
        at = found
        for key in path[:-1]:
            at = at[key]
        value = at.pop(path[-1])
        if new is not None:
            at[new] = value
        yield found


CASES = [
    pytest.param(name, path, id=f"{name}: {'.'.join(map(str, path))}")
    for name, (document, _) in ANSWERS.items()
    for path in paths(document)
    if isinstance(path[-1], str)
]


@pytest.mark.parametrize(("name", "path"), CASES)
def test_no_key_is_gone_without_a_word(tmp_path: Path, name: str, path: tuple[Any, ...]) -> None:
    document = ANSWERS[name][0]
    whole, before = rows_and_messages(readers(tmp_path, name, document))
    assert whole, before
    for other in changed(document, path):
        found, after = rows_and_messages(readers(tmp_path, name, other))
        if found != whole:
            news = "\n".join(line for line in after.splitlines() if line not in before)
            is_told = not found or str(path[-1]) in news
            assert is_told, f"{path}: {found} is not {whole}, told is {after}"
