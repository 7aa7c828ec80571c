"""Jobs and managed servers as a backup server of a revision has them; made up."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

NOBODY = "00000000-0000-0000-0000-000000000000"


def id_of(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def flag_of(revision: str) -> str:
    return "autoSelection" if revision == "1.1-rev0" else "autoSelectEnabled"


def job_types(revision: str) -> tuple[str, ...]:
    """Return the types of job whose proxies the revision tells."""
    if revision == "1.1-rev0":
        return ("Backup",)
    if revision == "1.2-rev1":
        return ("Backup", "VSphereReplica", "CloudDirectorBackup")
    return ("VSphereBackup", "HyperVBackup", "VSphereReplica", "CloudDirectorBackup")


def job(
    revision: str, name: str, proxies: Sequence[str] = (), type_: str | None = None
) -> dict[str, Any]:
    """Return a job that selects ``proxies`` by name, or automatically where there are none."""
    kind = type_ or job_types(revision)[0]
    vm = _vm(revision, kind, f"{name}-vm")
    sized = {"inventoryObject": vm, "size": "96 GB"} if revision == "1.1-rev0" else vm
    guest = {
        "appAwareProcessing": {"isEnabled": True, "appSettings": [_application(revision, vm)]},
        "guestFSIndexing": {"isEnabled": False, "indexingSettings": []},
        "guestInteractionProxies": {
            flag_of(revision): not proxies,
            "proxyIds": [id_of(proxy) for proxy in proxies],
        },
        "guestCredentials": _credentials(revision),
    }
    if kind == "VSphereReplica":
        del guest["guestFSIndexing"]
    body = {
        "id": id_of(f"job {name}"),
        "name": name,
        "description": "夜間バックアップ \u2028 <b>",
        "type": kind,
        "isDisabled": False,
        "isHighPriority": False,
        "virtualMachines": {"includes": [sized]},
        "storage": {
            "backupRepositoryId": id_of("repository"),
            "backupProxies": _backup_proxies(revision, kind),
            "retentionPolicy": {"type": "Days", "quantity": 14},
        },
        "guestProcessing": guest,
        "schedule": {
            "runAutomatically": True,
            "daily": {"isEnabled": True, "localTime": "22:00", "dailyKind": "Everyday"},
        },
    }
    if kind == "VSphereReplica":
        del body["storage"]
        places = ("host", "resourcePool", "folder", "datastore")
        body["destination"] = {place: _vm(revision, kind, place) for place in places}
    return body


def _vm(revision: str, kind: str, name: str) -> dict[str, Any]:
    vm = {"hostName": "vcenter.example.test", "name": name, "type": "VirtualMachine"}
    vm["objectId"] = f"vm-{name}"
    if revision == "1.1-rev0":
        return vm
    platform = {"HyperVBackup": "HyperV", "CloudDirectorBackup": "CloudDirector"}
    vsphere = "VMware" if revision == "1.2-rev1" else "VSphere"
    return {"platform": platform.get(kind, vsphere), "size": "96 GB", **vm}


def _application(revision: str, vm: dict[str, Any]) -> dict[str, Any]:
    pascal = revision in ("1.3-rev1", "1.3-rev2")
    words = ("RequireSuccess", "Process") if pascal else ("requireSuccess", "process")
    settings = {"vmObject": vm, "vss": words[0], "transactionLogs": words[1]}
    return settings if revision == "1.1-rev0" else {**settings, "usePersistentGuestAgent": False}


def _credentials(revision: str) -> dict[str, Any]:
    if revision == "1.1-rev0":
        return {"credsId": NOBODY, "credsType": "Standard", "credentialsPerMachine": []}
    if revision == "1.2-rev1":
        return {"credentialsId": NOBODY, "credentialsType": "Standard", "credentialsPerMachine": []}
    return {"useAgentManagementCredentials": False, "credentialsPerMachine": []}


def _backup_proxies(revision: str, kind: str) -> dict[str, Any]:
    automatic = {flag_of(revision): True, "proxyIds": []}
    if kind == "HyperVBackup":
        return {"proxyType": "offHost", "offHostSettings": automatic}
    return automatic


def server(revision: str, name: str, type_: str = "WindowsHost", **more: Any) -> dict[str, Any]:
    """Return a managed server; a Linux one has the component, where the revision tells."""
    found: dict[str, Any] = {
        "id": id_of(name), "name": name, "description": "", "type": type_,
    }  # fmt: skip
    if revision != "1.1-rev0":
        found["status"] = "Available"
    if type_ not in ("WindowsHost", "LinuxHost", "HvServer"):
        return {**found, "credentialsId": NOBODY, **more}
    found["credentialsId"] = NOBODY
    if revision.startswith("1.3") or type_ == "LinuxHost":
        found["credentialsStorageType"] = "Permanent"
    if revision.startswith("1.3") and type_ == "WindowsHost":
        found["isBackupServer"] = False
        found["networkSettings"] = {
            "components": [{"componentName": "GuestInteractionProxy", "port": 6190}],
            "portRangeStart": 2500, "portRangeEnd": 3300, "serverSide": False,
        }  # fmt: skip
    if revision.startswith("1.3") and type_ == "LinuxHost":
        part = {"displayName": "GIP", "optionalComponent": "GuestInteractionProxy"}
        found["optionalComponents"] = {"optionalComponents": [part]}
    return {**found, **more}
