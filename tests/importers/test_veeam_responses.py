"""What the backup server's interface says, of every revision, becomes an estate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from models.diagnostics import Finding
from models.errors import EstateError
from models.imported_tables import Inventory
from optimizer.cli.main import gip
from optimizer.inputs.importers.import_pipeline import ImportResult, run_import
from optimizer.inputs.importers.veeam.reader import read_veeam
from optimizer.inputs.importers.veeam.schedule import schedule_of
from optimizer.veeam.responses import DOCUMENTS, LISTS, Responses, read_saved_veeam

SHARED = Path(__file__).parents[3] / "shared" / "data" / "veeam-rest"
ID = "00000000-0000-4000-8000-0000000000{:02}"
Json = dict[str, Any]


def answers(**kinds: Any) -> Responses:
    found = Responses()
    for kind, value in kinds.items():
        document = value if kind in DOCUMENTS else {"data": value}
        found.add(kind, f"{kind}.json", json.dumps(document).encode())
    return found


def read(**kinds: Any) -> Inventory:
    return read_veeam(answers(**kinds), 60)


def rows(inventory: Inventory, table: str, *columns: str) -> list[tuple[str, ...]]:
    return list(inventory.tables[table][list(columns)].itertuples(index=False, name=None))


def findings_of(inventory: Inventory, code: str) -> list[tuple[str, str]]:
    return [(each.subject, each.detail) for each in inventory.findings if each.code == code]


def server(number: int, name: str, kind: str = "WindowsHost", **more: Any) -> Json:
    return {"id": ID.format(number), "name": name, "type": kind, "description": "", **more}


def vm(name: str, number: str = "", manager: str = "vc", **more: Any) -> Json:
    found = {"type": "VirtualMachine", "hostName": manager, "name": name, "objectId": number}
    return found | {"platform": "VSphere"} | more


def job(name: str, *includes: Json, **more: Any) -> Json:
    daily = {"isEnabled": True, "localTime": "22:00", "dailyKind": "Everyday"}
    base: Json = {
        "id": ID.format(90),
        "name": name,
        "type": "VSphereBackup",
        "isDisabled": False,
        "virtualMachines": {"includes": list(includes), "excludes": {"vms": []}},
        "guestProcessing": {
            "appAwareProcessing": {"isEnabled": True},
            "guestFSIndexing": {"isEnabled": False},
            "guestInteractionProxies": {"autoSelectEnabled": True, "proxyIds": []},
        },
        "schedule": {"runAutomatically": True, "daily": daily},
    }
    return base | more


def guest(**more: Any) -> Json:
    return {"guestProcessing": job("x")["guestProcessing"] | more}


# --- servers


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


# --- jobs


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


def schedule(**kinds: Any) -> Json:
    return {"schedule": {"runAutomatically": True} | kinds}


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ({"daily": {"localTime": "4:00", "dailyKind": "WeekDays"}},
         ("04:00", "60", "mon;tue;wed;thu;fri")),
        ({"daily": {"localTime": "10:05 PM", "dailyKind": "selectedDays",
                    "days": ["sunday", "Tuesday"]}}, ("22:05", "60", "tue;sun")),
        ({"daily": {"localTime": "soon", "dailyKind": "Everyday"}}, ("", "60", "daily")),
        ({"monthly": {"localTime": "09:00", "dayNumberInMonth": "Fourth",
                      "dayOfWeek": "saturday"}}, ("09:00", "60", "sat")),
        ({"monthly": {"localTime": "09:00", "dayNumberInMonth": "OnDay", "dayOfWeek": "saturday",
                      "dayOfMonth": 1}}, ("09:00", "60", "daily")),
        ({"periodically": {"periodicallyKind": "Hours", "frequency": 4,
                           "backupWindow": {"days": [{"day": "monday", "hours": "0,0,1"},
                                                     {"day": "sunday", "hours": "0,0,0"}]}}},
         ("00:00", "1440", "mon")),
        ({"continuously": {}}, ("00:00", "1440", "daily")),
    ],
)  # fmt: skip
def test_a_schedule_becomes_a_start_and_days(kinds: Json, expected: tuple[str, str, str]) -> None:
    on = {kind: {"isEnabled": True} | settings for kind, settings in kinds.items()}
    found = read(jobs=[job("j", **schedule(**on))])
    assert rows(found, "jobs", "start", "duration_minutes", "days") == [expected]
    simplified = "daily" not in kinds
    assert bool(findings_of(found, "simplified_schedule")) == simplified


def test_a_job_that_only_people_start_is_not_enabled() -> None:
    found = read(
        jobs=[
            job("hand", schedule={"runAutomatically": False}),
            job("off", isDisabled=True),
            job("on"),
        ]
    )
    assert rows(found, "jobs", "job", "start", "enabled") == [
        ("hand", "00:00", "false"), ("off", "22:00", "false"), ("on", "22:00", "true"),
    ]  # fmt: skip
    assert [subject for subject, _ in findings_of(found, "job_by_hand")] == ["hand"]


def test_a_job_that_follows_another_starts_at_its_end() -> None:
    """22:00 on weekdays for 150 minutes ends at 00:30 of the next day, and so on in a row."""
    late = {"isEnabled": True, "localTime": "22:00", "dailyKind": "WeekDays"}
    chain = [
        job("c", **schedule(afterThisJob={"isEnabled": True, "jobName": "b"})),
        job("b", **schedule(afterThisJob={"isEnabled": True, "jobName": "a"})),
        job("a", id=ID.format(1), **schedule(daily=late)),
        job("lost", **schedule(afterThisJob={"isEnabled": True, "jobName": "nobody"})),
        job("ring", **schedule(afterThisJob={"isEnabled": True, "jobName": "ring"})),
    ]
    found = read(jobs=chain, sessions=[session(1, 1, "2026-01-05T22:00:00Z", 150)])
    assert rows(found, "jobs", "job", "start", "days") == [
        ("c", "01:30", "tue;wed;thu;fri;sat"),
        ("b", "00:30", "tue;wed;thu;fri;sat"),
        ("a", "22:00", "mon;tue;wed;thu;fri"),
        ("lost", "", "daily"),
        ("ring", "", "daily"),
    ]


@settings(max_examples=200)
@given(st.recursive(
    st.none() | st.booleans() | st.integers(0, 99) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["runAutomatically", "daily", "isEnabled", "days", "localTime", "hours",
                         "periodically", "backupWindow", "afterThisJob", "monthly"]),
        inner, max_size=4),
    max_leaves=12,
))  # fmt: skip
def test_any_schedule_is_a_time_of_the_week_or_unknown(value: Any) -> None:
    found = schedule_of({"schedule": value})
    assert found.start is None or 0 <= found.start < 1440
    assert set(found.days) <= set(range(7))


# --- runs


def session(number: int, of_job: int, start: str, minutes: int, **more: Any) -> Json:
    end = pd.Timestamp(start) + pd.Timedelta(minutes=minutes)
    base = {
        "id": ID.format(number),
        "jobId": ID.format(of_job),
        "creationTime": start,
        "endTime": end.isoformat(),
        "result": {"result": "Success"},
    }
    return base | more


def test_a_duration_is_that_of_the_longest_of_the_last_runs() -> None:
    runs = [session(n, 90, f"2026-01-{n:02}T22:00:00+09:00", 10 + n) for n in range(2, 12)]
    runs[0] |= {"endTime": "2026-01-03T02:00:00+09:00"}  # the first of ten counts no more
    unfinished = session(30, 90, "2026-01-20T22:00:00Z", 900, result={"result": "None"})
    running = session(31, 90, "2026-01-21T22:00:00Z", 900)
    del running["endTime"]
    found = read(jobs=[job("j")], sessions=[*runs, unfinished, running])
    assert rows(found, "jobs", "duration_minutes") == [("21",)]
    assert not findings_of(found, "assumed_duration")
    assert read(jobs=[job("j")]).tables["jobs"]["duration_minutes"].tolist() == ["60"]
    assert findings_of(read(jobs=[job("j")]), "assumed_duration")


@pytest.mark.parametrize(
    "title",
    [
        "Using guest interaction proxy gip-01.corp (Same subnet)",
        "Using guest interaction proxy gip-01.corp",
        "using guest interaction proxy gip-01.corp.",
    ],
)
def test_the_proxy_that_was_used_last_comes_from_the_log(tmp_path: Path, title: str) -> None:
    found = answers(
        managedServers=[server(1, "gip-01.corp", isBackupServer=True)],
        jobs=[job("j", vm("SQL", "vm-1"))],
        sessions=[
            session(1, 90, "2026-01-01T22:00:00Z", 9), session(2, 90, "2026-01-02T22:00:00Z", 9)
        ],
        taskSessions=[
            {"id": "T1", "sessionId": ID.format(1), "name": "sql",
             "creationTime": "2026-01-01T22:00:01Z"},
            {"id": "T2", "sessionId": ID.format(2), "name": "sql",
             "creationTime": "2026-01-02T22:00:01Z"},
            {"id": "T3", "sessionId": ID.format(2), "name": "gone",
             "creationTime": "2026-01-02T22:00:01Z"},
        ],
    )  # fmt: skip
    for task, said in (("T1", "Using guest interaction proxy old"), ("T2", title), ("T3", title)):
        log = {"records": [{"title": "Inventorying guest system"}, {"title": said}]}
        found.add("logs", f"{task}.json", json.dumps(log).encode(), task)
    merged = imported(tmp_path, read_veeam(found, 60))
    assert text(tmp_path / "current.csv") == "job,vm,proxy\nj,vc/vm-1,gip-01.corp\n"
    assert [f.detail for f in merged.findings if f.code == "unknown_runs"] == [
        "1 runs of VMs or servers that are not known, the first 'gone' of 'j' by 'gip-01.corp'"
    ]


def test_the_last_of_several_proxies_in_a_log_did_the_work() -> None:
    log = {
        "records": [
            {"title": "Using guest interaction proxy b", "startTime": "2026-01-01T22:00:09Z"},
            {"title": "Using guest interaction proxy a", "startTime": "2026-01-01T22:00:01Z"},
        ]
    }
    found = answers(
        jobs=[job("j")],
        sessions=[session(1, 90, "2026-01-01T22:00:00Z", 9)],
        taskSessions=[{"id": "t", "sessionId": ID.format(1), "name": "v"}],
    )
    found.add("logs", "t.json", json.dumps(log).encode(), "t")
    used = read_veeam(found, 60).used
    assert used is not None
    assert used.to_dict("records") == [{"job": "j", "name": "v", "proxy": "b"}]


# --- settings


@pytest.mark.parametrize(
    ("build", "licence", "expected"),
    [
        ("12.3.1.1139", {"instanceLicenseSummary": {"licensedInstancesNumber": 9}},
         {"ruleset": "v12", "license.type": "vul"}),
        ("13.0.1.180", {"edition": "EnterprisePlus", "socketLicenseSummary": {}},
         {"ruleset": "v13", "license.type": "socket", "license.edition": "enterprise_plus"}),
        ("12.0.0.1420", {"edition": "Standard", "socketLicenseSummary": {},
                         "instanceLicenseSummary": {"licensedInstancesNumber": 0}},
         {"ruleset": "v12", "license.type": "socket", "license.edition": "standard"}),
    ],
)  # fmt: skip
def test_licence_and_build_become_settings(
    tmp_path: Path, build: str, licence: Json, expected: Json
) -> None:
    found = read(serverInfo={"name": "x", "buildVersion": build}, license=licence)
    assert found.settings == expected
    (tmp_path / "estate.toml").write_text("# mine\nruleset = 'v12'  # kept\n")
    merged = imported(tmp_path, found)
    written = text(tmp_path / "estate.toml")
    assert written.startswith("# mine\nruleset = 'v12'  # kept\n")
    assert f'type = "{expected["license.type"]}"' in written
    kept = [f.subject for f in merged.findings if f.code == "kept_setting"]
    assert kept == ([] if expected["ruleset"] == "v12" else ["ruleset"])
    imported(tmp_path, found, replace=True)
    assert expected["ruleset"] in text(tmp_path / "estate.toml")


def test_settings_that_are_no_toml_are_refused_and_left(tmp_path: Path) -> None:
    (tmp_path / "estate.toml").write_text("ruleset = [")
    with pytest.raises(EstateError, match=r"estate.toml: is not TOML"):
        imported(tmp_path, read(serverInfo={"buildVersion": "13.0.0.1"}))
    assert [path.name for path in tmp_path.iterdir()] == ["estate.toml"]


# --- members


def imported(out: Path, *inventories: Inventory, replace: bool = False) -> ImportResult:
    return run_import(out, inventories, replace, lambda step: None)


def text(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")


def pairs(folder: Path) -> set[tuple[str, str]]:
    lines = text(folder / "job_vms.csv").splitlines()[1:]
    return {(job_, vm_) for job_, vm_ in (line.split(",") for line in lines)}


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


# --- saved answers


def test_files_are_known_by_their_names(tmp_path: Path) -> None:
    task = ID.format(5)
    files = {
        "managedServers.json": {"data": [server(1, "a")], "pagination": {"total": 3, "count": 1}},
        "managedservers-2.json": {"data": [server(2, "b")]},
        "ServerInfo.json": {"buildVersion": "13.0.0.1"},
        f"taskSession_logs_{task}.json": {"records": []},
        "taskSession_logs.json": {"records": []},
        "other.json": {},
    }
    for name, document in files.items():
        (tmp_path / name).write_text(json.dumps(document))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / f"{ID.format(6)}.json").write_text('{"records": []}')
    findings: list[Finding] = []
    found = read_saved_veeam(tmp_path, findings)
    assert [text_["name"] for text_ in found.items["managedServers"]] == ["a", "b"]
    assert set(found.logs) == {task, ID.format(6)}
    assert [f.subject for f in findings] == ["other.json", "taskSession_logs.json"]
    assert findings_of(read_veeam(found, 60), "incomplete") == [
        ("managedServers", "1 more are there than the files hold: save the other pages, too")
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"3", "is no answer"),
        (b'{"data": 3}', "has no list 'data'"),
        (b'{"data": [3]}', "has no list 'data'"),
        (b"{}", "has no list 'data'"),
    ],
)
def test_what_is_no_answer_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "jobs.json").write_bytes(content)
    with pytest.raises(EstateError, match=says):
        read_saved_veeam(tmp_path, [])


def test_a_folder_without_answers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EstateError, match="holds no saved answer"):
        read_saved_veeam(tmp_path, [])
    with pytest.raises(EstateError, match="is no folder"):
        read_saved_veeam(tmp_path / "nowhere", [])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "name", "type", "schedule", "virtualMachines", "includes", "server",
                         "guestProcessing", "guestInteractionProxies", "proxyIds", "jobId",
                         "appAwareProcessing", "appSettings", "vmObject", "excludes", "hostId",
                         "networkSettings", "components", "result", "creationTime", "endTime"]),
        inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(LISTS), st.lists(st.dictionaries(
    st.sampled_from(["id", "name", "type", "schedule", "virtualMachines", "guestProcessing",
                     "server", "hostId", "jobId", "networkSettings", "optionalComponents"]),
    values, max_size=6), max_size=4)))  # fmt: skip
def test_any_answers_are_read_or_refused_with_a_path(kinds: Json) -> None:
    kinds["jobs"] = [each | {"type": "Backup"} for each in kinds.get("jobs", [])]
    try:
        found = read(**kinds)
    except EstateError as error:
        reasons = [problem.reason for problem in error.problems]
    else:
        reasons = []
    if reasons:
        assert all(" is " in reason and ", not " in reason for reason in reasons)
        return
    assert not found.tables["jobs"]["job"].duplicated().any() or len(kinds["jobs"]) > 1
    assert set(found.tables) == {"servers", "jobs", "job_objects"}


# --- the vendor's own examples


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the sample {name} is not here")
    return path


@pytest.mark.parametrize("revision", ["1.2-rev1", "1.3-rev0", "1.3-rev1", "1.3-rev2"])
def test_the_vendor_s_examples_are_read(revision: str) -> None:
    folder = shared(f"examples/{revision}")
    found = Responses()
    names = {
        "managedServers": "ManagedServersResult", "proxies": "ProxiesResult",
        "repositories": "RepositoriesResult", "wanAccelerators": "WANAcceleratorsResult",
        "sessions": "SessionsResult", "taskSessions": "TaskSessionsResult",
        "serverInfo": "ServerInfoModel", "license": "InstalledLicenseModel",
    }  # fmt: skip
    for kind, name in names.items():
        found.add(kind, name, (folder / f"{name}Example.json").read_bytes())
    for name in ("vSphereBackupJobModel", "vSphereReplicaJobModel", "HyperVBackupJobModel"):
        path = folder / f"{name}Example.json"
        if path.exists():
            found.add("jobs", name, path.read_bytes())
    inventory = read_veeam(found, 60)
    jobs = inventory.tables["jobs"]
    assert set(jobs["type"]) == {"backup", "replication"}
    assert (jobs["start"] != "").all()
    assert len(inventory.tables["job_objects"]) >= len(jobs)
    assert inventory.settings["license.type"] == "vul"


def test_the_shared_answers_and_vms_become_an_estate(tmp_path: Path) -> None:
    saved, out = tmp_path / "saved", tmp_path / "estate"
    saved.mkdir()
    for name in ("jobs.json", "managedServers.json"):
        (saved / name).write_bytes(shared(name).read_bytes())
    rvtools = shared("../rvtools/rvtools_constructed.xlsx")
    for words in (["rvtools", str(rvtools), "--guess-prefix", "24"], ["veeam", str(saved)]):
        done = CliRunner().invoke(gip, ["import", *words, "--out", str(out)])
        assert done.exit_code == 0, done.output
    assert len(pairs(out)) == 7
    assert "vcenter" not in text(out / "job_vms.csv")  # every VM is known by its UUID


@pytest.mark.parametrize("words", [[], ["saved", "--url", "https://v"], ["saved", "--no-logs"]])
def test_a_folder_or_an_address(tmp_path: Path, words: list[str]) -> None:
    done = CliRunner().invoke(gip, ["import", "veeam", *words, "--out", str(tmp_path / "e")])
    assert done.exit_code == 2
    assert "--url" in done.output
