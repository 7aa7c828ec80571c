"""The members of jobs from the backup server's interface, with the VMs of another inventory."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from veeam_answers import ID, Json, guest, imported, job, pairs, read, server, text, vm

from models.imported_tables import Inventory


def placed(*vms: tuple[str, ...]) -> Inventory:
    """Return an inventory of VMs: id, name, vcenter, object, cluster, folder."""
    columns = ["vm", "name", "vcenter", "object", "cluster", "folder"]
    table = pd.DataFrame(vms, columns=columns, dtype="str")
    tables = {"vms": table[["vm", "name"]], "vm_places": table.drop(columns="name")}
    return Inventory(tables, (), ())


MACHINES = placed(
    ("u1", "sql", "VC.corp", "vm-1", "c1", "/east/vm/db"),
    ("u2", "sql", "vc.corp", "vm-2", "c2", "/east/vm/db/old"),
    ("u3", "web", "vc.corp", "vm-3", "c1", "/east/vm/web"),
    ("u4", "dc", "vc2.corp", "vm-1", "c1", "/west/vm/web"),
)


def container(kind: str, name: str, manager: str = "vc.corp") -> Json:
    return vm(name, "x-1", manager) | {"type": kind}


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("first", ["jobs", "machines"])
def test_members_are_found_whichever_inventory_comes_first(
    tmp_path: Path, wrapped: bool, first: str
) -> None:
    includes = [
        vm("sql", "vm-2", "vc.corp"),
        container("Folder", "web"),
        container("Cluster", "C1"),
    ]
    excluded = [vm("web", "vm-3", "VC.CORP")]
    if wrapped:  # revisions up to 1.2
        includes, excluded = ([{"inventoryObject": one} for one in each]
                              for each in (includes, excluded))  # fmt: skip
    machines = {"includes": includes, "excludes": {"vms": excluded}}
    jobs = read(jobs=[job("j", virtualMachines=machines), job("k", vm("dc", "vm-1", "vc2.corp"))])
    order = (jobs, MACHINES) if first == "jobs" else (MACHINES, jobs)
    merged = [imported(tmp_path, each) for each in order][-1]
    ids = {line.split(",")[0] for line in text(tmp_path / "vms.csv").splitlines()[1:]}
    known = {"u1": "u1", "u2": "u2", "u3": "u3", "u4": "u4"}
    if first == "jobs":  # the ids that were there first stay
        known |= {"u2": "vc.corp/vm-2", "u3": "VC.CORP/vm-3", "u4": "vc2.corp/vm-1"}
    assert ids == set(known.values())
    assert pairs(tmp_path) == {("j", known["u2"]), ("j", "u1"), ("k", known["u4"])}
    assert not (merged.missing["column"] == "vm").any()


@pytest.mark.parametrize(
    ("kind", "name", "manager", "members", "why"),
    [
        ("Folder", "db", "vc.corp", {"u1", "u2"}, ""),
        ("folder", "OLD", "vc", {"u2"}, ""),
        ("Cluster", "c1", "vc.corp", {"u1", "u3"}, ""),
        ("vCenterServer", "vc2.corp", "vc2.corp", {"u4"}, ""),
        ("Folder", "nothing", "vc.corp", set(), "no VM is known to be in it"),
        ("Folder", "web", "vc9.corp", set(), "no inventory tells of the VMs of 'vc9.corp'"),
        ("Tag", "gold", "vc.corp", set(), "no inventory tells which VMs are in it"),
    ],
)
def test_a_container_is_expanded_or_listed_as_missing(
    tmp_path: Path, kind: str, name: str, manager: str, members: set[str], why: str
) -> None:
    merged = imported(tmp_path, MACHINES, read(jobs=[job("j", container(kind, name, manager))]))
    assert {found for _, found in pairs(tmp_path)} == members
    gaps = merged.missing[merged.missing["row"] == "j"]
    gaps = gaps[gaps["file"] == "job_vms.csv"]
    starts = [f"takes in the {kind} {name!r}: {why}"] if why else []
    assert [cell[: len(starts[0])] for cell in gaps["why"]] == starts


def test_two_folders_of_one_name_are_not_guessed(tmp_path: Path) -> None:
    twice = placed(
        ("u1", "a", "vc", "vm-1", "", "/east/vm/db"), ("u2", "b", "vc", "vm-2", "", "/west/vm/db")
    )
    merged = imported(tmp_path, twice, read(jobs=[job("j", container("Folder", "db", "vc"))]))
    assert pairs(tmp_path) == set()
    assert "several have this name" in merged.missing["why"].str.cat()


def test_a_name_counts_only_where_it_is_one_vm_s_that_may_be_meant(tmp_path: Path) -> None:
    known = placed(
        ("u1", "plain", "", "", "", ""),
        ("u2", "twin", "", "", "", ""),
        ("u3", "twin", "", "", "", ""),
        ("u4", "other", "vc", "vm-40", "", ""),
        ("u5", "same", "192.0.2.1", "vm-50", "", ""),
    )
    asked = [
        vm("Plain", "vm-10"), vm("twin", "vm-20"), vm("other", "vm-41"), vm("same", "vm-50"),
    ]  # fmt: skip
    imported(tmp_path, known, read(jobs=[job("j", *asked)]))
    assert {found for _, found in pairs(tmp_path)} == {"u1", "vc/vm-20", "vc/vm-41", "u5"}


def test_a_vm_of_hyper_v_brings_its_host(tmp_path: Path) -> None:
    guid = "8649C156-cbdc-4379-af4d-f12acb5df29e"
    found = vm("srv", guid, "hv1", platform="HyperV")
    hosts = [server(1, "hv1", "HvServer")]
    imported(tmp_path, read(managedServers=hosts, jobs=[job("j", found, type="HyperVBackup")]))
    line = text(tmp_path / "vms.csv").splitlines()[1]
    assert line.split(",")[:6] == [guid.lower(), "", "", "srv", "hyperv", "hv1"]


def test_a_vm_whose_guest_work_is_turned_off_is_no_member(tmp_path: Path) -> None:
    a, b, c = (vm(name, f"vm-{name}") for name in "abc")
    off = {"isEnabled": True, "appSettings": [
        {"vmObject": a, "vss": "disabled"}, {"vmObject": b, "vss": "Disabled"},
        {"vmObject": c, "vss": "requireSuccess"},
    ]}  # fmt: skip
    index = {"isEnabled": True, "indexingSettings": [
        {"vmObject": a, "WindowsIndexing": {"guestFSIndexingMode": "disable"}},
        {"vmObject": b, "WindowsIndexing": {"guestFSIndexingMode": "indexAll"}},
    ]}  # fmt: skip
    plain = job("aware", a, b, c, **guest(appAwareProcessing=off))
    both = job("both", a, b, c, **guest(appAwareProcessing=off, guestFSIndexing=index))
    imported(tmp_path, read(jobs=[plain, both | {"id": ID.format(1)}]))
    assert pairs(tmp_path) == {("aware", "vc/vm-c"), ("both", "vc/vm-b"), ("both", "vc/vm-c")}


def test_a_server_that_is_a_vm_takes_its_system_and_networks(tmp_path: Path) -> None:
    vms = pd.DataFrame(
        [
            ("u1", "gip-01", "Windows Server 2022", "10.0.0.5"),
            ("u2", "twin", "Windows", "10.0.0.6"),
            ("u3", "twin", "Windows", "10.0.0.7"),
        ],
        columns=["vm", "name", "os", "networks"],
        dtype="str",
    )
    servers = [server(1, "GIP-01.corp"), server(2, "twin"), server(3, "alone")]
    machines = Inventory({"vms": vms}, (), ())
    for order in (
        (machines, read(managedServers=servers)),
        (read(managedServers=servers), machines),
    ):
        out = tmp_path / str(order[0] is machines)
        merged = imported(out, *order)
        assert [line.split(",")[:4] for line in text(out / "servers.csv").splitlines()[1:]] == [
            ["GIP-01.corp", "Windows Server 2022", "", "10.0.0.5"],
            ["twin", "", "", ""],
            ["alone", "", "", ""],
        ]
        assert [f.subject for f in merged.findings if f.code == "server_is_a_vm"] == ["GIP-01.corp"]
