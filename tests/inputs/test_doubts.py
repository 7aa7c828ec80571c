"""What an estate probably does not mean is told: names, systems, platforms, routers, numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import EstateError
from models.ruleset import is_maybe_windows, is_maybe_windows_server
from optimizer.inputs.estate_folder.reader import read_estate

TABLES = {
    "servers.csv": "server,os,roles,networks,max_tasks\n"
    "vbr,Windows Server 2022,backup_server,lan,\ngip,Windows Server 2022,backup_proxy,lan,9\n",
    "networks.csv": "network,cidr\nlan,10.0.0.0/24\nbranch,10.1.0.0/24\n",
    "vms.csv": "vm,os,networks,name,platform\nv1,Windows Server 2022,lan,web,vmware\n",
    "jobs.csv": "job,start,duration_minutes\nnightly,22:00,60\n",
    "job_vms.csv": "job,vm\nnightly,v1\n",
}


def findings_of(folder: Path, **changed: str) -> dict[str, list[str]]:
    """Return subjects of the findings of an estate by code; ``changed`` tables have more rows."""
    for file, text in TABLES.items():
        more = changed.get(file.removesuffix(".csv"), "")
        (folder / file).write_text(text + more, encoding="utf-8")
    if "links" in changed:
        (folder / "links.csv").write_text(f"from,to\n{changed['links']}", encoding="utf-8")
    found: dict[str, list[str]] = {}
    for finding in read_estate(folder).findings:
        found.setdefault(finding.code, []).append(finding.subject)
    return found


def test_a_sound_estate_has_no_doubts(tmp_path: Path) -> None:
    assert findings_of(tmp_path, links="lan,rtr\nrtr,branch\nbranch,isp\n") == {}


@pytest.mark.parametrize(
    ("table", "row", "subject"),
    [
        ("servers", "GIP,Windows Server 2022,,lan,\n", "gip"),
        ("servers", "gip\u200b,Windows Server 2022,,lan,\n", "gip\u200b"),
        ("servers", "gip.corp.test,Windows Server 2022,,lan,\n", "gip.corp.test"),
        ("networks", "LAN,10.2.0.0/24\n", "lan"),
        ("jobs", "Nightly,22:00,60\n", "nightly"),
    ],
)
def test_names_that_look_alike(tmp_path: Path, table: str, row: str, subject: str) -> None:
    assert findings_of(tmp_path, **{table: row})["alike_names"] == [subject]


@pytest.mark.parametrize("links", ["lan,Branch\n", "lan,brnch\n", "lan,branch \nlan,BRANCH\n"])
def test_a_network_misspelt_in_links_is_told(tmp_path: Path, links: str) -> None:
    assert len(findings_of(tmp_path, links=links)["doubtful_router"]) == 1


@pytest.mark.parametrize("platform", ["ESXi", "hyper-v", "Proxmox VE", "kvm"])
def test_a_platform_without_rules_is_told(tmp_path: Path, platform: str) -> None:
    found = findings_of(tmp_path, vms=f"v2,Windows Server 2022,lan,db,{platform}\n")
    assert found["unknown_platform"] == [platform.lower()]


@pytest.mark.parametrize("platform", ["Nutanix", "HYPERV", "proxmox", ""])
def test_a_platform_with_rules_is_not(tmp_path: Path, platform: str) -> None:
    assert findings_of(tmp_path, vms=f"v2,Windows Server 2022,lan,db,{platform}\n") == {}


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "::/0"])
def test_a_network_of_every_address_is_told(tmp_path: Path, cidr: str) -> None:
    assert findings_of(tmp_path, networks=f"all,{cidr}\n")["whole_space"] == ["all"]


@pytest.mark.parametrize("number", ["1.000", "1.440", "10.000", "1,000", "1e3"])
def test_a_number_that_may_be_thousands_is_refused(tmp_path: Path, number: str) -> None:
    with pytest.raises(EstateError, match="is not a whole number"):
        findings_of(tmp_path, jobs=f'weekly,22:00,"{number}"\n')
    findings_of(tmp_path, jobs="weekly,22:00,60.0\n")


def test_a_misspelt_name_of_a_vm_has_a_hint(tmp_path: Path) -> None:
    with pytest.raises(EstateError, match="did you mean 'web'"):
        findings_of(tmp_path, job_vms="nightly,Web\n")


@pytest.mark.parametrize(
    "system",
    [
        "Windows_Server_2019", "WindowsServer2022", "windows9Server64Guest", "Windows Datacenter",
        "windows2019srv_64Guest", "2019", "2022 Datacenter", "2K19", "Windows Svr Std",
        "Windows Storage Server 2016",
    ],
)  # fmt: skip
def test_a_system_that_may_be_windows_server(system: str) -> None:
    assert is_maybe_windows_server(system)


@pytest.mark.parametrize("system", ["Windows 10", "Windows Server 2019", "Ubuntu", "RHEL 9", ""])
def test_a_system_that_is_or_is_not_windows_server(system: str) -> None:
    assert not is_maybe_windows_server(system)


@pytest.mark.parametrize("system", ["2016", "2K12", "wserver2019", "SBS 2011", "Hyper-V Core"])
def test_a_system_that_may_be_windows(system: str) -> None:
    assert is_maybe_windows(system)
