"""What the backup server's interface says, of every revision, becomes an estate."""

from __future__ import annotations

import json
from typing import Any

import pytest
from veeam_answers import ID, Json, findings_of, guest, job, read, rows, server, vm

from optimizer.inputs.importers.veeam.reader import read_veeam
from optimizer.veeam.responses import Responses


def test_roles_are_joined_on_the_id_of_the_host() -> None:
    found = read(
        managedServers=[
            server(1, "vbr", isBackupServer=True, status="Available"),
            server(2, "p", status="Unavailable"),
            server(3, "hv", "HvServer"),
            server(4, "lin", "LinuxHost"),
            server(5, "vcenter", "ViHost"),
        ],
        proxies=[
            {"id": "x", "type": "ViProxy", "name": "p", "server": {"hostId": ID.format(2).upper()}},
            {"id": "y", "type": "HvProxy", "name": "hv", "server": {"hostId": ID.format(3)}},
        ],
        repositories=[
            {"id": "r", "name": "r", "type": "WinLocal", "hostId": ID.format(2)},
            {"id": "s", "name": "s3", "type": "AmazonS3"},
        ],
        wanAccelerators=[{"id": "w", "name": "w", "server": {"hostId": ID.format(4)}}],
    )
    assert rows(found, "servers", "server", "roles", "available") == [
        ("vbr", "backup_server", "true"),
        ("p", "backup_proxy;repository", "false"),
        ("hv", "backup_proxy;hyperv_host", ""),
        ("lin", "wan_accelerator", ""),
    ]
    assert [subject for subject, _ in findings_of(found, "other_servers")] == ["servers"]


@pytest.mark.parametrize(
    ("names", "info", "expected"),
    [
        (["a", "This server"], "Veeam Backup and Replication", "This server"),
        (["a.corp", "VBR.corp"], "vbr.corp", "VBR.corp"),
        (["a.corp", "vbr.corp"], "vbr", "vbr.corp"),
        (["vbr.east", "vbr.west"], "vbr", None),
        (["a", "b"], "Veeam Backup and Replication", None),
    ],
)
def test_the_backup_server_is_named_by_older_revisions_or_not_known(
    names: list[str], info: str, expected: str | None
) -> None:
    servers = [server(number, name) for number, name in enumerate(names)]
    found = read(managedServers=servers, serverInfo={"name": info, "buildVersion": "12.3.1.1139"})
    pairs = rows(found, "servers", "server", "roles")
    roles = {row[0]: row[1] for row in pairs}
    assert [name for name, role in roles.items() if role] == [name for name in [expected] if name]
    assert bool(findings_of(found, "backup_server_unknown")) == (expected is None)


def test_a_system_is_told_only_where_the_component_shows_it() -> None:
    component = {"components": [{"componentName": "GuestInteractionProxy", "port": 6190}]}
    absent = {"components": [{"componentName": "GuestInteractionProxy", "port": -1}]}
    optional = {"optionalComponents": [{"optionalComponent": "GuestInteractionProxy"}]}
    found = read(
        managedServers=[
            server(1, "a", networkSettings=component),
            server(2, "b", networkSettings=absent),
            server(3, "c"),
            server(4, "d", "LinuxHost", optionalComponents=optional),
            server(5, "e", "LinuxHost"),
        ]
    )
    assert [os for _, os in rows(found, "servers", "server", "os")] == [
        "Microsoft Windows Server", "", "", "Linux (RHEL or Rocky)", "Linux",
    ]  # fmt: skip


def test_servers_of_one_name_are_told_apart() -> None:
    found = read(managedServers=[server(1, "x"), server(2, "x", "HvServer")])
    names = [name for (name,) in rows(found, "servers", "server")]
    assert names == [f"x ({ID.format(1)})", f"x ({ID.format(2)})"]


@pytest.mark.parametrize("flag", ["autoSelection", "autoSelectEnabled"])
def test_a_selection_by_hand_is_read_from_either_flag(flag: str) -> None:
    def chosen(auto: bool, *ids: str) -> Json:
        return guest(guestInteractionProxies={flag: auto, "proxyIds": list(ids)})

    found = read(
        managedServers=[server(1, "p;1"), server(2, "q")],
        jobs=[
            job("hand", **chosen(False, ID.format(2), ID.format(1).upper(), ID.format(7))),
            job("auto", **chosen(True, ID.format(1))),
        ],
    )
    assert rows(found, "jobs", "job", "proxies") == [("hand", "q;p,1"), ("auto", "")]
    assert [subject for subject, _ in findings_of(found, "unknown_proxy")] == ["hand"]


def test_the_form_of_an_export_is_read_too() -> None:
    exported = job("j", type="Backup") | {
        "guestProcessing": {
            "applicationAwareProcessing": {"isEnabled": False},
            "guestFileSystemIndexing": {"isEnabled": True},
            "guestInteractionProxies": {"automaticSelection": False, "proxies": ["gip01.corp"]},
        }
    }
    found = Responses()
    found.add("jobs", "export.json", json.dumps({"jobs": [exported]}).encode())
    inventory = read_veeam(found, 60)
    columns = ("application_aware", "indexing", "proxies")
    assert rows(inventory, "jobs", *columns) == [("false", "true", "gip01.corp")]


@pytest.mark.parametrize("disabled", ["disabled", "Disabled"])
def test_what_a_job_does_in_guests(disabled: str) -> None:
    def aware(*settings: Json, on: bool = True) -> Json:
        processing = {"isEnabled": on, "appSettings": list(settings)}
        return guest(appAwareProcessing=processing)

    def of(vss: str, **more: Any) -> Json:
        return {"vmObject": vm("a"), "vss": vss} | more

    sql = {"sql": {"logsProcessing": "Backup"}}
    jobs = [
        job("all", **aware()),
        job("none", **aware(of(disabled))),
        job("off", **aware(of("requireSuccess", **sql), on=False)),
        job("sql", **aware(of("RequireSuccess", **sql))),
        job("truncate", **aware(of("requireSuccess", sql={"logsProcessing": "truncate"}))),
        job("oracle", **aware(of(disabled), of("ignoreFailures", oracle={"backupLogs": True}))),
        job("unused", **aware(of(disabled, **sql))),
    ]
    found = read(jobs=[each | {"id": ID.format(n)} for n, each in enumerate(jobs)])
    assert rows(found, "jobs", "job", "application_aware", "log_processing") == [
        ("all", "true", "false"),
        ("none", "false", "false"),
        ("off", "false", "false"),
        ("sql", "true", "true"),
        ("truncate", "true", "false"),
        ("oracle", "true", "true"),
        ("unused", "false", "false"),
    ]


def test_other_jobs_are_left_out_and_told() -> None:
    kinds = ["Backup", "HyperVBackup", "CloudDirectorBackup", "VSphereReplica", "BackupCopy"]
    found = read(jobs=[job(kind, type=kind) for kind in kinds])
    assert rows(found, "jobs", "job", "type") == [
        *((kind, "backup") for kind in kinds[:3]), ("VSphereReplica", "replication"),
    ]  # fmt: skip
    assert findings_of(found, "other_jobs") == [
        ("BackupCopy", "1 of this type left out: not a backup or replication of VMs")
    ]
