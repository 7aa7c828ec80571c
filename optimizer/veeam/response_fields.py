"""The types of all fields that are read of the backup server's answers, in any revision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from optimizer.files.json_shapes import (
    TEXT,
    TRUTH,
    WHOLE,
    Expected,
    ListOf,
    Shape,
    misfits,
)

_OBJECT: dict[str, Shape] = {
    "platform": TEXT, "hostName": TEXT, "name": TEXT, "type": TEXT, "objectId": TEXT,
    "metadata": ListOf({"field": TEXT, "data": TEXT}),
}  # fmt: skip
_LISTED: Shape = ListOf({**_OBJECT, "inventoryObject": _OBJECT})  # wrapped up to 1.2
_WINDOW: Shape = {"days": ListOf({"day": TEXT, "hours": TEXT})}
_ON: dict[str, Shape] = {"isEnabled": TRUTH}
_AWARE: Shape = {
    **_ON,
    "appSettings": ListOf({
        "vmObject": _OBJECT, "vss": TEXT, "sql": {"logsProcessing": TEXT},
        "oracle": {"backupLogs": TRUTH}, "postgreSQL": {"backupLogs": TRUTH},
    }),
}  # fmt: skip
_MODE: Shape = {"guestFSIndexingMode": TEXT}
_INDEXING: Shape = {
    **_ON,
    "indexingSettings": ListOf(
        {"vmObject": _OBJECT, "WindowsIndexing": _MODE, "LinuxIndexing": _MODE}
    ),
}
_PROXIES: Shape = {
    "autoSelectEnabled": TRUTH, "autoSelection": TRUTH, "automaticSelection": TRUTH,
    "proxyIds": ListOf(TEXT), "proxies": ListOf(TEXT),
}  # fmt: skip
_CREDENTIALS: dict[str, Shape] = {"credentialsId": TEXT, "credentialsType": TEXT}
_SCHEDULE: Shape = {
    "runAutomatically": TRUTH,
    "daily": {**_ON, "localTime": TEXT, "dailyKind": TEXT, "days": ListOf(TEXT)},
    "monthly": {**_ON, "localTime": TEXT, "dayOfWeek": TEXT, "dayNumberInMonth": TEXT},
    "periodically": {**_ON, "frequency": TEXT, "periodicallyKind": TEXT, "backupWindow": _WINDOW},
    "continuously": {**_ON, "backupWindow": _WINDOW},
    "afterThisJob": {**_ON, "jobName": TEXT},
}
_NAMED: dict[str, Shape] = {"id": TEXT, "name": TEXT, "type": TEXT}
_JOB: Shape = {
    **_NAMED,
    "isDisabled": TRUTH,
    "virtualMachines": {"includes": _LISTED, "excludes": {"vms": _LISTED}},
    "guestProcessing": {
        "appAwareProcessing": _AWARE, "applicationAwareProcessing": _AWARE,
        "guestFSIndexing": _INDEXING, "guestFileSystemIndexing": _INDEXING,
        "guestInteractionProxies": _PROXIES,
        "guestCredentials": {
            "credentials": _CREDENTIALS,
            "credentialsPerMachine": ListOf({
                "vmObject": _OBJECT, **_CREDENTIALS, "default": TRUTH,
                "credentials": ListOf(_CREDENTIALS),
            }),
        },
    },
    "schedule": _SCHEDULE,
}  # fmt: skip
_HOLDER: Shape = {**_NAMED, "hostId": TEXT, "server": {"hostId": TEXT}}
SHAPES: Mapping[str, Shape] = {
    "managedServers": {
        **_NAMED,
        "status": TEXT, "isBackupServer": TRUTH,
        "networkSettings": {"components": ListOf({"componentName": TEXT, "port": WHOLE})},
        "optionalComponents": {"optionalComponents": ListOf({"optionalComponent": TEXT})},
    },
    "proxies": _HOLDER,
    "repositories": _HOLDER,
    "wanAccelerators": _HOLDER,
    "jobs": _JOB,
    "sessions": {
        "id": TEXT, "jobId": TEXT, "creationTime": TEXT, "endTime": TEXT,
        "result": {"result": TEXT},
    },
    "taskSessions": {"id": TEXT, "sessionId": TEXT, "name": TEXT, "creationTime": TEXT},
    "credentials": {"id": TEXT, "username": TEXT, "type": TEXT},
    "serverInfo": {"name": TEXT, "buildVersion": TEXT},
    "highAvailabilityCluster": {},
    "license": {
        "edition": TEXT,
        "instanceLicenseSummary": {"licensedInstancesNumber": WHOLE},
        "socketLicenseSummary": {},
    },
    "logs": {"title": TEXT, "startTime": TEXT},
}  # fmt: skip
PAGE: Shape = {"pagination": {"total": WHOLE, "count": WHOLE, "skip": WHOLE, "limit": WHOLE}}
_VM: Expected = {"platform|inventoryObject": {}, "hostName|inventoryObject": {},
    "name|inventoryObject": {}, "objectId|inventoryObject": {}}  # fmt: skip
EXPECTED: Mapping[str, Expected] = {  # what decides, and answers have, if only as null
    "jobs": {
        "isDisabled": {},
        "virtualMachines": {"includes": _VM, "excludes": {"vms": _VM}},
        "guestProcessing": {
            "appAwareProcessing|applicationAwareProcessing": {
                "isEnabled": {}, "appSettings": {"vss": {}, "sql": {"logsProcessing": {}}},
            },
            "guestFSIndexing|guestFileSystemIndexing": {"isEnabled": {}},
            "guestInteractionProxies": {
                "autoSelectEnabled|autoSelection|automaticSelection": {},
                "proxyIds|proxies": {},
            },
        },
        "schedule": {
            "runAutomatically": {},
            "daily": {"isEnabled": {}, "localTime": {}, "dailyKind": {}, "days": {}},
        },
    },
    "managedServers": {
        "id": {}, "type": {}, "status": {}, "isBackupServer": {},
        "networkSettings": {"components": {"componentName": {}}},
    },
    "serverInfo": {"name": {}, "buildVersion": {}},
    "license": {"edition": {}, "instanceLicenseSummary|socketLicenseSummary": {}},
}  # fmt: skip
GUEST_JOBS: Mapping[str, str] = {  # types of jobs that back up or replicate VMs: their type here
    "backup": "backup",  # up to 1.2
    "vspherebackup": "backup",
    "hypervbackup": "backup",
    "clouddirectorbackup": "backup",
    "vspherereplica": "replication",
}
OTHER_JOBS = frozenset({  # the interface's other types, in small letters
    "entraidtenantbackup", "entraidauditlogbackup", "filebackupcopy", "legacybackupcopy",
    "backupcopy", "windowsagentbackup", "linuxagentbackup", "filebackup", "objectstoragebackup",
    "entraidtenantbackupcopy", "surebackupcontentscan", "cloudbackupazure", "cloudbackupaws",
    "cloudbackupgoogle", "windowsagentbackupworkstationpolicy",
    "linuxagentbackupworkstationpolicy", "windowsagentbackupserverpolicy",
    "linuxagentbackupserverpolicy", "nutanixahvbackupjob", "proxmoxbackupjob", "irisbackup",
    "windowsagentbackupfailovercluster",
})  # fmt: skip
OTHER_SERVERS = frozenset({
    "vihost", "clouddirectorhost", "hvcluster", "scvmm", "smbv3cluster", "smbv3standalonehost",
    "nutanixcluster", "prismcentral", "proxmoxnode", "proxmoxcluster",
})  # fmt: skip
_SINGULAR = {"managedServers": "server", "jobs": "job", "proxies": "proxy"}


def wrong_fields(kind: str, items: list[Any]) -> Iterator[str]:
    """Yield what in answers of ``kind`` is of another type, and in which object.

    Of jobs that are not read only name and type are looked at.
    """
    for place, item in enumerate(items):
        shape = SHAPES[kind]
        if kind == "jobs" and str(item.get("type")).strip().lower() not in GUEST_JOBS:
            shape = _NAMED
        name = item.get("name") or item.get("id") or f"number {place + 1}"
        where = f"{_SINGULAR.get(kind, kind)} {name}: " if len(items) > 1 or "name" in item else ""
        yield from (f"{where}{misfit}" for misfit in misfits(item, shape))
