"""Options of ``gip import table`` are taken as cells are, or refused, or told; IP plans, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models.errors import EstateError
from models.imported_tables import Inventory
from models.schema import TABLES
from optimizer.inputs.importers.generic_table import read_generic_table
from optimizer.inputs.importers.import_pipeline import run_import
from optimizer.inputs.importers.ip_plan import parse_prefix, read_ip_plan

KINDS = {table.name: table for table in TABLES}


def read(folder: Path, into: str, text: str, *mapping: str, **more: Any) -> Inventory:
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    values, constants = more.get("values", ()), more.get("constants", ())
    return read_generic_table(path, KINDS[into], mapping, "", None, values, constants)


def subjects(inventory: Inventory, code: str) -> list[str]:
    return [finding.subject for finding in inventory.findings if finding.code == code]


@pytest.mark.parametrize(
    ("into", "entry", "field", "cell"),
    [
        ("servers", "os=windows2019srv_64Guest", "os", "Microsoft Windows Server 2019 (64-bit)"),
        ("servers", "networks=169.254.1.1;10.0.0.7/24", "networks", "10.0.0.7"),
        ("networks", "cidr=10.0.0.7/255.255.255.0", "cidr", "10.0.0.0/24"),
        ("vms", "platform=Hyper-V", "platform", "hyperv"),
        ("servers", "excluded=ja", "excluded", "true"),
    ],
)
def test_a_constant_is_read_as_a_cell(
    tmp_path: Path, into: str, entry: str, field: str, cell: str
) -> None:
    key = KINDS[into].key[0]
    found = read(tmp_path, into, "N\nx\n", f"N={key}", constants=[entry])
    assert found.tables[into][field].tolist() == [cell]
    written = entry.partition("=")[2]
    mapped = read(tmp_path, into, f"N,C\nx,{written}\n", f"N={key}", f"C={field}")
    assert mapped.tables[into][field].tolist() == [cell]


@pytest.mark.parametrize(
    ("into", "entries"),
    [
        ("networks", ["cidr=banana"]),
        ("networks", ["cidr=10.0.0.0"]),
        ("networks", ["cidr=10.0.0.0/0"]),
        ("servers", ["networks=0.0.0.0"]),
        ("servers", ["os=a", "os=b"]),
        ("servers", ["max_tasks=1.000"]),
    ],
)
def test_a_constant_that_no_cell_may_have_is_refused(
    tmp_path: Path, into: str, entries: list[str]
) -> None:
    with pytest.raises(EstateError, match="--set: "):
        read(tmp_path, into, "N\nx\n", f"N={KINDS[into].key[0]}", constants=entries)


def test_a_value_that_no_cell_has_is_told(tmp_path: Path) -> None:
    table = "J,D\na,Weekdays\nb,daily\n"
    values = ["weekdays=mon;tue", "werktags=mon", "dayz:daily=mon"]
    found = read(tmp_path, "jobs", table, "J=job", "D=days", values=values)
    details = [one.detail for one in found.findings if one.code == "unused_value"]
    assert details == ["no cell is 'werktags'", "no cell is 'dayz:daily'"]
    with pytest.raises(EstateError, match="says otherwise"):
        read(tmp_path, "jobs", table, "J=job", "D=days", values=["daily=mon", "Daily=tue"])


def test_a_mapped_column_that_is_there_twice_is_told(tmp_path: Path) -> None:
    table = "J,J,D,X,X\na,b,daily,1,2\n"
    found = read(tmp_path, "jobs", table, "J=job", "D=days")
    assert [one.code for one in found.findings] == ["repeated_column"]
    both = read(tmp_path, "jobs", table, "J=job", "J (2)=proxies")
    assert both.findings == ()


@pytest.mark.parametrize(
    ("platform", "known"),
    [
        ("ESXi", "vmware"), ("VMware vSphere", "vmware"), ("hyper-v", "hyperv"),
        ("Nutanix AHV", "nutanix"), ("Proxmox VE", "proxmox"), ("kvm", "kvm"),
    ],
)  # fmt: skip
def test_a_platform_by_its_maker_s_name(tmp_path: Path, platform: str, known: str) -> None:
    found = read(tmp_path, "vms", f"V,P\na,{platform}\n", "V=vm", "P=platform")
    assert found.tables["vms"]["platform"].tolist() == [known]


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        ("N,C\na,10.0.0.7/24\n", ["N=network", "C=cidr"]),
        ("N,C,M\na,10.0.0.7,255.255.255.0\n", ["N=network", "C=cidr", "M=cidr"]),
    ],
)
def test_host_bits_are_cut_off_and_told(tmp_path: Path, text: str, mapping: list[str]) -> None:
    found = read(tmp_path, "networks", text, *mapping)
    assert found.tables["networks"]["cidr"].tolist() == ["10.0.0.0/24"]
    assert subjects(found, "host_bits") == ["t.csv"]


def test_an_ip_plan_is_written_so_that_it_can_be_read(tmp_path: Path) -> None:
    """A named network of an address and a mask was written as it stood, and then refused."""
    path = tmp_path / "plan.csv"
    path.write_text("network,cidr,site\na,10.0.0.7/24,x\nb,10.1.0.0/255.255.0.0,x\nc,,x\n")
    findings: list[Any] = []
    assert read_ip_plan(path, None, findings)["cidr"].tolist() == ["10.0.0.0/24", "10.1.0.0/16", ""]
    assert [one.code for one in findings] == ["host_bits"]


def test_a_mask_of_zero_is_a_gap() -> None:
    assert parse_prefix("10.0.0.0/0") is None
    assert parse_prefix("10.0.0.0/0.0.0.0") is None
    assert str(parse_prefix("0.0.0.0/0")) == "0.0.0.0/0"


def test_an_id_that_is_another_s_name_is_told(tmp_path: Path) -> None:
    estate = tmp_path / "estate"
    vms = read(tmp_path, "vms", "V,N\na,b\nb,c\n", "V=vm", "N=name")
    pairs = read(tmp_path, "job_vms", "J,V\nj,b\nj,c\n", "J=job", "V=vm")
    result = run_import(estate, [vms, pairs], False, lambda step: None)
    told = [one.subject for one in result.findings if one.code == "ambiguous_name"]
    assert told == ["b"]
