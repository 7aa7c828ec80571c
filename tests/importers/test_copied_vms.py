"""VMs that share a UUID: a copy is another VM, a renamed or moved one is the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from first_hour import INFO, WINDOWS, rows, run, write

HEADER = f"{INFO},VI SDK Server,VM ID"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def exported(*vms: str, replace: bool = False) -> str:
    """Import VMs, each as ``name vcenter number``, all of one UUID."""
    lines = []
    for vm in vms:
        name, vcenter, number = vm.split(" ")
        lines.append(f"{name},poweredOn,4202-7,{WINDOWS},10.1.1.{len(name)},{vcenter},{number}")
    write("RVTools_tabvInfo.csv", "\n".join((HEADER, *lines)))
    more = ["--replace"] if replace else []
    told = run("import", "rvtools", "RVTools_tabvInfo.csv", "--out", "estate", *more)
    return " ".join(told.split())


def known() -> list[tuple[str, str]]:
    return [(row["vm"], row["name"]) for row in rows("estate/vms.csv")]


@pytest.mark.parametrize("place", ["vc vm-2", "other vm-2"])
def test_a_copy_that_comes_later_is_another_vm(place: str) -> None:
    exported("web vc vm-1")
    told = exported(f"clone {place}")
    number = place.replace(" ", "/")
    assert f"clone: has the id 4202-7 of web, but is {number}: taken as a copy with that" in told
    assert known() == [("4202-7", "web"), (number, "clone")]
    assert [row["networks"] for row in rows("estate/vms.csv")] == ["10.1.1.3", "10.1.1.5"]
    assert "taken as a copy" not in exported(f"clone {place}", "web vc vm-1")
    assert known() == [("4202-7", "web"), (number, "clone")]


@pytest.mark.parametrize("later", ["web vc vm-9", "WEB other vm-2", "shop vc vm-1"])
def test_a_vm_that_moved_or_was_renamed_is_the_same(later: str) -> None:
    exported("web vc vm-1")
    assert "4202-7" not in exported(later, replace=True)
    assert known() == [("4202-7", later.split(" ")[0])]


@pytest.mark.parametrize(("first", "later"), [
    ("web  ", "clone  "), ("web vc vm-1", "clone  "), ("web  ", "clone vc vm-2"),
    ("web vc vm-1", "clone other vm-1"),
])  # fmt: skip
def test_where_it_may_be_either_both_are_named(first: str, later: str) -> None:
    exported(first)
    told = exported(later)
    assert "warning: clone: has the id 4202-7 of web: taken as that, renamed; if it is a" in told
    assert known() == [("4202-7", "web")]


@pytest.mark.parametrize("vms", [["web vc vm-1", "clone  "], ["web  ", "clone vc vm-2"]])
def test_in_one_export_both_are_named_where_one_place_is_not_known(vms: list[str]) -> None:
    told = exported(*vms)
    assert "4202-7: the UUID of web and clone: clone left out; if they are two, export" in told
    assert known() == [("4202-7", "web")]


def optics(*vms: str) -> str:
    header = "VM Name,VM OS,Guest IP1,Power State,vCenter,MOB ID,UUID,Template"
    lines = [
        f"{name},{WINDOWS},10.1.1.{len(name)},poweredOn,{vcenter},{number},4202-7,False"
        for name, vcenter, number in (vm.split(" ") for vm in vms)
    ]
    write("VMs.csv", "\n".join((header, *lines)))
    return " ".join(run("import", "liveoptics", "VMs.csv", "--out", "estate").split())


def test_live_optics_keeps_copies_apart_as_rvtools_does() -> None:
    told = optics("web vc vm-1", "clone vc vm-2", "web vc vm-1")
    assert "4202-7: the UUID of more than one VM: their ids are vCenter and VM ID" in told
    assert "1 row of VMs that were there before: left out" in told
    assert known() == [("vc/vm-1", "web"), ("vc/vm-2", "clone")]
    exported("clone vc vm-2")
    assert known() == [("vc/vm-1", "web"), ("vc/vm-2", "clone")]


def test_what_live_optics_tells_of_places_finds_vms_of_rvtools() -> None:
    exported("web vc vm-1", "clone vc vm-2")
    optics("web vc vm-1")
    assert known() == [("vc/vm-1", "web"), ("vc/vm-2", "clone")]
