"""A backup server of version 13: an appliance in a cluster, a gMSA, an unregistered server."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from veeam_bodies import id_of, job, server
from veeam_server import PASSWORD, USER, VeeamServer, serving

from optimizer import http_client
from optimizer.cli.main import gip

OWN, GIP, BARE = "vbr.corp", "gip-01.corp", "files.corp"
ACCOUNT = id_of("account")
NEWEST = "1.3-rev2"
Row = dict[str, str]


@pytest.fixture(params=["1.3-rev1", NEWEST])
def vbr(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[VeeamServer]:
    """Give a server that is a Linux appliance and a proxy; a file server has no component."""
    monkeypatch.setenv("VEEAM_USERNAME", USER)
    monkeypatch.setenv("VEEAM_PASSWORD", PASSWORD)
    monkeypatch.setattr(http_client, "RETRY", http_client.RETRY.new(backoff_factor=0))
    with serving(request.param, tmp_path) as started:
        bare = server(request.param, BARE)
        bare.pop("networkSettings")
        appliance = server(
            request.param, OWN, "LinuxHost", isBackupServer=True, isVBRLinuxAppliance=True
        )
        started.lists = {
            "backupInfrastructure/managedServers": [appliance, server(request.param, GIP), bare],
            "backupInfrastructure/proxies": [],
            "backupInfrastructure/repositories": [],
            "backupInfrastructure/wanAccelerators": [],
            "sessions": [],
            "credentials": [{"id": ACCOUNT, "username": "Corp.Test\\gmsa$", "type": "Standard"}],
        }
        build = "13.1.0.411" if request.param == NEWEST else "13.0.1.180"
        started.documents["serverInfo"] = {
            "vbrId": id_of("vbr"), "name": OWN, "buildVersion": build, "patches": [],
            "databaseVendor": "x", "sqlServerEdition": "x", "sqlServerVersion": "x",
            "databaseSchemaVersion": "x", "databaseContentVersion": "x", "platform": "Linux",
            "vbrInstallationId": id_of("vbr"), "veeamRegistration": {"isRegistered": False},
        }  # fmt: skip
        started.documents["license"] = {
            "status": "Valid", "type": "Subscription", "edition": "EnterprisePlus",
            "licensedTo": "x", "supportId": "0", "autoUpdateEnabled": False,
            "freeAgentInstanceConsumptionEnabled": False, "cloudConnect": "Disabled",
            "IsMultiSection": False, "proactiveSupportEnabled": False,
        }  # fmt: skip
        yield started
    assert started.complaints == []


def imported(vbr: VeeamServer, folder: Path) -> tuple[dict[str, list[Row]], str]:
    """Return the tables of the estate that the import makes, and what it says."""
    words = ["import", "veeam", "--url", vbr.url, "--ca-file", str(vbr.ca_file), "--out", folder]
    done = CliRunner().invoke(gip, list(map(str, words)), env={"COLUMNS": "200"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    tables = {}
    for name in ("servers", "vms", "jobs"):
        with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            tables[name] = list(csv.DictReader(file))
    return tables, " ".join(done.output.split())


def add(vbr: VeeamServer, name: str, **guest: Any) -> dict[str, Any]:
    """Add a job of one VM, called as the job with ``-vm``; return its VM."""
    made = job(vbr.revision, name)
    made["guestProcessing"] |= guest
    vbr.add_job(made)
    vm: dict[str, Any] = made["virtualMachines"]["includes"][0]
    return vm


def account(kind: str = "ManagedService") -> dict[str, str]:
    return {"credentialsId": ACCOUNT, "credentialsType": kind}


def test_an_appliance_is_the_backup_server_and_a_linux_proxy(
    vbr: VeeamServer, tmp_path: Path
) -> None:
    add(vbr, "plain")
    tables, _ = imported(vbr, tmp_path / "estate")
    servers = {row["server"]: row for row in tables["servers"]}
    assert (servers[OWN]["roles"], servers[OWN]["os"]) == ("backup_server", "Linux (RHEL or Rocky)")
    assert 'ruleset = "v13"' in (tmp_path / "estate" / "estate.toml").read_text("utf-8")


def test_a_gmsa_of_a_job_or_of_a_machine_is_that_of_its_vms(
    vbr: VeeamServer, tmp_path: Path
) -> None:
    of_all = {"useAgentManagementCredentials": False, "credentials": account()}
    add(vbr, "whole", guestCredentials=of_all)
    other = add(vbr, "other")
    newest = vbr.revision == NEWEST

    def machine(name: str, kind: str, **more: Any) -> dict[str, Any]:
        vm = {**other, "name": f"{name}-vm", "objectId": f"vm-{name}-vm"}
        told = {"credentials": [account(kind)]} if newest else account(kind)
        return {"vmObject": vm, "default": False, **told, **more}

    single = {"useAgentManagementCredentials": False, "credentialsPerMachine": [
        machine("one", "ManagedService"),
    ]}  # fmt: skip
    add(vbr, "one", guestCredentials=single)
    mixed = of_all | {"credentialsPerMachine": [machine("mixed", "Standard")]}
    add(vbr, "mixed", guestCredentials=mixed)
    usual = of_all | {"credentialsPerMachine": [machine("usual", "Standard", default=True)]}
    add(vbr, "usual", guestCredentials=usual)
    tables, _ = imported(vbr, tmp_path / "estate")
    assert {row["name"]: row["gmsa_domain"] for row in tables["vms"]} == {
        "whole-vm": "corp.test", "one-vm": "corp.test", "usual-vm": "corp.test",
        "other-vm": "", "mixed-vm": "",
    }  # fmt: skip
    assert ("GET", "credentials") in vbr.asked


def test_accounts_are_read_only_where_a_job_has_a_gmsa(vbr: VeeamServer, tmp_path: Path) -> None:
    add(vbr, "plain")
    imported(vbr, tmp_path / "estate")
    assert ("GET", "credentials") not in vbr.asked


def test_a_gmsa_whose_domain_is_not_told_keeps_proxies_away(
    vbr: VeeamServer, tmp_path: Path
) -> None:
    del vbr.lists["credentials"]
    add(vbr, "j", guestCredentials={"useAgentManagementCredentials": False,
                                    "credentials": account()})  # fmt: skip
    tables, said = imported(vbr, tmp_path / "estate")
    assert [row["gmsa_domain"] for row in tables["vms"]] == ["unknown"]
    assert "j: has a gMSA whose account tells no domain" in said
    assert "credentials?skip=0&limit=200: answers 404" in said


def test_what_success_a_vm_requires_is_read(vbr: VeeamServer, tmp_path: Path) -> None:
    add(vbr, "must")
    vm = add(vbr, "may")
    aware = {"isEnabled": True, "appSettings": [
        {"vmObject": vm, "vss": "IgnoreFailures", "transactionLogs": "Process"}
    ]}  # fmt: skip
    add(vbr, "may", appAwareProcessing=aware)
    add(vbr, "unsaid", appAwareProcessing={"isEnabled": True, "appSettings": []})
    tables, _ = imported(vbr, tmp_path / "estate")
    assert {row["name"]: row["vss"] for row in tables["vms"]} == {
        "must-vm": "require_success", "may-vm": "ignore_failures", "unsaid-vm": "",
    }  # fmt: skip


def test_a_server_that_is_not_registered_is_excluded_where_lists_ask_for_it(
    vbr: VeeamServer, tmp_path: Path
) -> None:
    add(vbr, "plain")
    tables, said = imported(vbr, tmp_path / "estate")
    excluded = [row["server"] for row in tables["servers"] if row["excluded"] == "true"]
    newest = vbr.revision == NEWEST
    assert excluded == ([BARE] if newest else [])
    assert (f"{BARE}: has no component GuestInteractionProxy" in said) == newest


def test_a_cluster_of_backup_servers_is_a_finding(vbr: VeeamServer, tmp_path: Path) -> None:
    add(vbr, "plain")
    vbr.documents["highAvailabilityCluster"] = {"id": id_of("cluster"), "name": "ha"}
    _, said = imported(vbr, tmp_path / "estate")
    assert ("the backup server is one of two" in said) == (vbr.revision == NEWEST)


def test_without_a_cluster_there_is_no_finding_of_one(vbr: VeeamServer, tmp_path: Path) -> None:
    add(vbr, "plain")
    _, said = imported(vbr, tmp_path / "estate")
    assert "the backup server is one of two" not in said
