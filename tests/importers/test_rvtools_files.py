"""Which files and tabs of RVTools are read, in which encodings."""

from __future__ import annotations

from pathlib import Path

import pytest
from rvtools_tables import INFO, NETWORK, info, table, vm, vms, workbook, write

from models.errors import EstateError
from optimizer.inputs.importers.rvtools.reader import read_rvtools

DATA = Path(__file__).parents[3] / "shared" / "data" / "rvtools"


def shared(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip("the shared samples are not here")
    return path


def test_columns_of_a_customer_may_stand_anywhere(tmp_path: Path) -> None:
    place = INFO.index("Datacenter")
    header = (*INFO[:place], "Owner", "VM-Zone", "OS license", *INFO[place:])
    row = vm(1, Owner="10.9.9.9", Datacenter="Tokyo", Primary_IP_Address="10.0.0.1")
    read = read_rvtools([info(tmp_path, row, header=header)], None, 24)
    assert vms(read, "vm", "networks", "os") == [
        ["4202-1", "10.0.0.1", "Microsoft Windows Server 2016 (64-bit)"]
    ]
    guessed = ["10.0.0.0/24 (guessed)", "10.0.0.0/24", "Tokyo"]
    assert read.tables["networks"].to_numpy().tolist() == [guessed]


def test_a_database_calls_the_columns_otherwise(tmp_path: Path) -> None:
    told = write(
        tmp_path / "RVTools_tabvInfo.csv",
        "vInfoVMName,vInfoUUID,vInfoPowerstate,vInfoTemplate,vInfoSRMPlaceHolder,vInfoOSTools,"
        "vInfoOS,vInfoPrimaryIPAddress,vInfoNetwork1,vInfo_tags_Team\n"
        "a,U1,poweredOff,False,False,,Windows,,dmz,10.7.7.7\nt,U2,poweredOff,True,False,,,,,\n",
    )
    nics = write(
        tmp_path / "RVTools_tabvNetwork.csv",
        "vNetworkVMName,vNetworkName,vNetworkIP4Address,vNetworkUUID\na,lan,10.0.0.7,U1\n",
    )
    networks = write(tmp_path / "n.csv", "network,cidr\nlan,\n")
    read = read_rvtools([told, nics], networks)
    assert vms(read, "vm", "os", "networks", "available") == [
        ["u1", "Windows", "10.0.0.7; lan", "false"]
    ]


@pytest.mark.parametrize("unit", ["MB", "MiB"])
def test_the_unit_in_a_header_makes_no_difference(tmp_path: Path, unit: str) -> None:
    header = (*INFO, f"Provisioned {unit}", f"In Use {unit}")
    rows: list[list[object]] = [list(header), [vm(1).get(name, "") or 5.0 for name in header]]
    book = workbook(tmp_path / "old.xlsx", {"vInfo": rows})
    assert vms(read_rvtools([book]), "vm", "name") == [["4202-1", "vm1"]]


def test_other_tabs_do_not_pass_for_vinfo(tmp_path: Path) -> None:
    cpu = write(tmp_path / "RVTools_tabvCPU.csv", table(["VM", "CPUs", "VM UUID"], [vm(1), vm(2)]))
    called = write(tmp_path / "all nics.csv", table(NETWORK, [vm(1, IPv4_Address="10.0.0.1")]))
    read = read_rvtools([cpu, called, info(tmp_path, vm(1))])
    assert vms(read, "vm", "networks") == [["4202-1", "10.0.0.1"]]
    assert [(f.code, f.subject) for f in read.findings] == [("no_tab", "RVTools_tabvCPU.csv")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_csv_of_any_sign_and_encoding(tmp_path: Path, sign: str, encoding: str) -> None:
    text = table(INFO, [vm(1, "基幹DB; 本番, \t1", Primary_IP_Address="10.0.0.1")], sign)
    path = write(tmp_path / "RVTools_tabvInfo.csv", text, encoding)
    read = read_rvtools([path], encoding=encoding)
    assert vms(read, "name", "networks") == [["基幹DB; 本番, \t1", "10.0.0.1"]]


def test_an_unnamed_encoding_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "RVTools_tabvInfo.csv", table(INFO, [vm(1, "基幹")]), "cp932")
    with pytest.raises(EstateError, match="--encoding cp932"):
        read_rvtools([path])


def test_blank_rows_at_the_end_are_no_vms(tmp_path: Path) -> None:
    rows = [list(INFO), [vm(1).get(name, "") for name in INFO]]
    book = workbook(tmp_path / "x.xlsx", {"vInfo": rows, "vNetwork": [list(NETWORK)]}, blank=2698)
    assert vms(read_rvtools([book]), "vm") == ["4202-1"]
    commas = write(tmp_path / "RVTools_tabvInfo.csv", table(INFO, [vm(1), {}, {}]))
    assert vms(read_rvtools([commas]), "vm") == ["4202-1"]


def test_a_file_without_tabs_is_refused(tmp_path: Path) -> None:
    book = workbook(tmp_path / "x.xlsx", {"vHost": [["Host"], ["esx"]]})
    with pytest.raises(EstateError, match=r"x\.xlsx: has no sheet vInfo or vNetwork"):
        read_rvtools([book])
    host = write(tmp_path / "RVTools_tabvHost.csv", "Host,Datacenter\nesx,dc\n")
    with pytest.raises(EstateError, match="holds neither of the tabs"):
        read_rvtools([host])
    wrong = write(tmp_path / "people.csv", "Name,Age\nx,1\n")
    with pytest.raises(EstateError, match=r"people\.csv:1: is no tab of RVTools by its columns"):
        read_rvtools([info(tmp_path, vm(1)), wrong])


def test_each_file_and_tab_is_told_as_it_is_read(tmp_path: Path) -> None:
    steps: list[str] = []
    book = workbook(tmp_path / "x.xlsx", {"vInfo": [list(INFO)], "vHost": [["Host"]]})
    read_rvtools([info(tmp_path, vm(1)), book], step=steps.append)
    assert steps == [
        "reading RVTools_tabvInfo.csv", "reading x.xlsx", "reading x.xlsx: is it sound?",
        "reading x.xlsx: vInfo", "finding the VMs' networks",
    ]  # fmt: skip


def test_the_made_samples_tell_the_same_in_every_form() -> None:
    forms = [
        [shared(f"{form}/RVTools_tab{tab}.csv") for tab in ("vInfo", "vNetwork")]
        for form in ("csv_comma", "csv_semicolon_cp932")
    ]
    read = [
        read_rvtools(files, None, 24, encoding=encoding)
        for files, encoding in zip(forms, (None, "cp932"), strict=True)
    ]
    read.append(read_rvtools([shared("rvtools_constructed.xlsx")], None, 24))
    first = read[0]
    assert len(first.tables["vms"]) == 8
    assert len(first.tables["job_vms"]) == 7
    assert first.tables["vms"]["networks"].tolist()[:4] == [
        "10.10.110.21; 10.10.190.21", "10.10.100.11", "10.10.120.31; 10.10.120.32", "10.20.110.41",
    ]  # fmt: skip
    for other in read[1:]:
        assert list(other.tables) == list(first.tables)
        assert all(other.tables[name].equals(first.tables[name]) for name in first.tables)
    database = read_rvtools([shared("dbcolumnnames/RVTools_tabvInfo.csv")])
    assert set(vms(database, "vm")) == set(vms(first, "vm"))


def test_the_real_export_is_read() -> None:
    read = read_rvtools([shared("SizingWorkshop-RVTools.xlsx")], None, 24)
    assert len(read.tables["vms"]) == 795  # of 805 rows 10 are templates
    assert read.tables["vms"]["vm"].is_unique
    assert read.tables["networks"]["cidr"].tolist() == [f"10.0.{n}.0/24" for n in range(4)]
    assert (read.tables["vms"]["networks"] != "").all()
