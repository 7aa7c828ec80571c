"""None"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import Result
from veeam_bodies import flag_of, id_of, job, server
from veeam_server import Fault, serving
from veeam_site import GIPS, SERVERS, Lists, Site

from optimizer import http_client
from optimizer.veeam.api_revisions import NAMES
from optimizer.veeam.job_payload import ProxySelection, read_selection, with_selection

JOB = "jobs/"
CHOSEN = re.compile(rb'(?<="guestInteractionProxies": ){[^}]*}')
pytestmark = pytest.mark.usefixtures("account")
every_revision = pytest.mark.parametrize("revision", NAMES)


def error(result: Result) -> str:
    assert result.exit_code == 1
    return str(result.exception)


@every_revision
def test_a_dry_run_changes_nothing(site: Site) -> None:
    before = dict(site.backup.jobs)
    done = site.apply()
    assert done.exit_code == 0
    assert done.stdout.count("would change") == 4 + 1
    assert site.backup.jobs == before
    assert site.backup.puts() == []
    assert not site.journal.exists()
    assert max(map(len, done.stdout.splitlines())) <= 80


@every_revision
def test_nothing_is_sent_for_a_kept_job_and_one_that_changed_since_is_told(site: Site) -> None:
    """Of two kept jobs one selects what the plan saw."""
    names = {id_of(name): name for name in GIPS}
    seen: Lists = {}
    for name in ("job-0", "job-1"):
        found = read_selection(site.backup.job(name))
        seen[name] = [names[each] for each in found.proxies] if found else []
    site.write({}, {}, seen | {"job-0": GIPS[2:]})
    done = site.apply("--yes")
    assert done.exit_code == 0
    assert site.backup.puts() == []
    assert "job-0" in done.output
    assert "no longer as the plan saw it" in " ".join(done.output.split())
    assert "job-1" not in done.output


@every_revision
def test_nothing_but_the_selection_is_changed_and_all_of_it_put_back(site: Site) -> None:
    before = dict(site.backup.jobs)
    assert site.apply("--yes").exit_code == 0
    ids = [id_of(name) for name in GIPS[1:]]
    for id_, body in site.backup.jobs.items():
        was, now = json.loads(before[id_]), json.loads(body)
        assert list(now) == list(was)
        assert list(now["guestProcessing"]) == list(was["guestProcessing"])
        was["guestProcessing"]["guestInteractionProxies"] = {
            flag_of(site.backup.revision): False, "proxyIds": ids,
        }  # fmt: skip
        assert now == was
        assert CHOSEN.sub(b"", body) == CHOSEN.sub(b"", before[id_])
    assert site.rollback().exit_code == 0
    assert site.backup.jobs == before
    puts = site.backup.puts()
    assert puts[4:] == puts[3::-1]  # the last first


def test_a_body_changes_in_one_place_only() -> None:
    rest = '"a": [1e400, 0.10, "\\u00e9é"], "guestProcessing" : {"x": {"guestProcessing": 1}%s}'
    old = ', "guestInteractionProxies":{ "autoSelection" :true,"more": 1.0}'
    new = ', "guestInteractionProxies":{"autoSelectEnabled": false, "more": 1.0, "proxyIds": ["i"]}'
    text = "\n{" + rest % old + "} "
    assert with_selection(text, ProxySelection(False, ("i",)), "autoSelectEnabled") == text.replace(
        old, new
    )
    twice = '{"guestProcessing": {}, "guestProcessing": {"guestInteractionProxies": null}}'
    last = twice.replace("null", '{"autoSelection": true, "proxyIds": []}')
    assert with_selection(twice, ProxySelection(True), "autoSelection") == last
    fields = '"guestInteractionProxies": {"autoSelectEnabled": true, "proxyIds": []}'
    for before, after in (("{}", f"{{{fields}}}"), ('{ "b": 1}', f'{{{fields},  "b": 1}}')):
        text = '{"guestProcessing": %s}'
        changed = with_selection(text % before, ProxySelection(True), "autoSelectEnabled")
        assert changed == text % after


def test_back_to_automatic_selection(newest: Site) -> None:
    newest.plan_lists({"job-1": ()})
    assert newest.apply("--yes").exit_code == 0
    chosen = newest.backup.job("job-1")["guestProcessing"]["guestInteractionProxies"]
    assert chosen == {"autoSelectEnabled": True, "proxyIds": []}


def test_what_is_as_planned_is_left_alone(newest: Site) -> None:
    assert newest.apply("--yes").exit_code == 0
    again = newest.apply("--yes", "--json")
    assert {each["result"] for each in json.loads(again.stdout)["jobs"]} == {"as planned"}
    assert len(newest.backup.puts()) == 4


def test_a_stale_job_is_skipped_and_the_others_are_set(newest: Site) -> None:
    newest.backup.add_job(job(NAMES[-1], "job-1", GIPS[2:]))
    said = error(newest.apply("--yes"))
    assert (
        "1 of 4 jobs were not set\n'job-1' stale: no longer selects what the plan saw, gip-01"
        in said
    )
    assert len(newest.backup.puts()) == 3
    chosen = read_selection(newest.backup.job("job-1"))
    assert chosen == ProxySelection(False, (id_of("gip-03"),))


def test_a_server_that_the_plan_saw_and_that_is_gone_makes_a_job_stale(newest: Site) -> None:
    newest.write({"job-1": GIPS}, {"job-1": ("gone",)})
    assert "stale" in error(newest.apply())


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"job-9": GIPS}, "lists no job 'job-9'"),
        ({"job-0": ("gip-9",)}, "lists no managed server 'gip-9'"),
        ({"twin": GIPS}, "lists 2 jobs 'twin'"),
        ({"TWIN": GIPS}, "lists 2 jobs 'TWIN'"),
        ({"job-0": ("double",)}, "lists 2 managed servers 'double'"),
        ({"job-0": ("lin",)}, "'lin' is a LinuxHost, no proxy in revision 1.3-rev1"),
        ({"job-0": ("esx",)}, "'esx' is a ViHost, no proxy in revision"),
        ({"agents": GIPS}, "is a LinuxAgentBackup, whose proxies revision 1.3-rev1 does not tell"),
        ({"bare": GIPS}, "has no guest processing"),
        ({"odd": GIPS}, "its guestInteractionProxies are none of this revision"),
    ],
)
def test_what_cannot_be_set_is_told_and_changes_nothing(
    tmp_path: Path, wanted: Lists, says: str
) -> None:
    revision = "1.3-rev1"
    with serving(revision, tmp_path) as backup:
        site = Site(backup, tmp_path)
        backup.add_job(job(revision, "job-0"))
        for number in (1, 2):
            backup.add_job({**job(revision, "twin"), "id": id_of(str(number))})
        backup.add_job({**job(revision, "agents"), "type": "LinuxAgentBackup"})
        backup.add_job({**job(revision, "bare"), "guestProcessing": None})
        odd = job(revision, "odd")
        odd["guestProcessing"]["guestInteractionProxies"] = {"chosen": True}
        backup.add_job(odd)
        doubles = [{**server(revision, "double"), "id": id_of(str(n))} for n in (1, 2)]
        others = [server(revision, "lin", "LinuxHost"), server(revision, "esx", "ViHost")]
        backup.lists[SERVERS] += doubles + others
        site.write(wanted, dict.fromkeys(wanted, ()))
        for more in ((), ("--yes",)):
            assert says in error(site.apply(*more))
        assert backup.puts() == []


def test_names_are_found_whatever_their_case(newest: Site) -> None:
    newest.write({" JOB-1 ": ("GIP-02",)}, {"JOB-1": ("Gip-01",)})
    assert newest.apply("--yes").exit_code == 0
    assert read_selection(newest.backup.job("job-1")) == ProxySelection(False, (id_of("gip-02"),))


def test_a_linux_server_with_the_component_is_a_proxy_in_the_newest_revision(newest: Site) -> None:
    newest.backup.lists[SERVERS].append(server(NAMES[-1], "lin", "LinuxHost"))
    bare = server(NAMES[-1], "bare", "LinuxHost", optionalComponents={"optionalComponents": []})
    newest.backup.lists[SERVERS].append(bare)
    newest.write({"job-0": ("lin",), "job-2": ("bare",)}, {"job-0": (), "job-2": ()})
    assert "'bare' is not registered as guest interaction proxy" in error(newest.apply("--yes"))
    assert read_selection(newest.backup.job("job-0")) == ProxySelection(False, (id_of("lin"),))


@every_revision
def test_a_server_that_is_not_registered_is_refused_where_the_revision_asks(site: Site) -> None:
    revision = site.backup.revision
    bare = server(revision, "bare")
    bare.pop("networkSettings", None)
    site.backup.lists[SERVERS].append(bare)
    site.write({"job-0": ("bare",)}, {"job-0": ()})
    before = dict(site.backup.jobs)
    done = site.apply("--yes")
    if revision == "1.3-rev2":
        assert "'bare' is not registered as guest interaction proxy" in error(done)
        assert site.backup.jobs == before
        assert site.backup.puts() == []
    else:
        assert done.exit_code == 0
        assert read_selection(site.backup.job("job-0")) == ProxySelection(False, (id_of("bare"),))


@every_revision
def test_a_server_that_writes_bodies_its_own_way(site: Site) -> None:
    def rewrite(body: bytes) -> bytes:
        return json.dumps(json.loads(body), sort_keys=True, indent=3).encode()

    site.backup.jobs = {id_: rewrite(body) for id_, body in site.backup.jobs.items()}
    site.backup.rewrite = rewrite
    before = dict(site.backup.jobs)
    assert site.apply("--yes").exit_code == 0
    assert site.rollback().exit_code == 0
    assert site.backup.jobs == before


@pytest.mark.parametrize(
    "fault",
    [
        Fault("expire", JOB, "PUT"),
        Fault("status", JOB, "PUT", status=429, headers={"Retry-After": "0"}, times=2),
        Fault("status", JOB, "PUT", status=503, times=3),
        Fault("cut before", JOB, "PUT", times=2),
        Fault("cut after", JOB, "PUT", times=2),
        Fault("cut amid", JOB, "PUT", times=2),
        Fault("cut after", JOB, times=2),
    ],
    ids=lambda fault: f"{fault.kind} {fault.status}",
)
def test_what_passes_is_waited_for(newest: Site, fault: Fault) -> None:
    before = dict(newest.backup.jobs)
    newest.backup.faults.append(fault)
    assert newest.apply("--yes").exit_code == 0
    assert fault.times == 0
    assert newest.rollback().exit_code == 0
    assert newest.backup.jobs == before


BROKEN = [
    Fault("status", JOB, "PUT", status=500, times=99),
    Fault("cut before", JOB, "PUT", times=99),
    Fault("cut after", JOB, "PUT", times=99),
    Fault("echo", JOB, "PUT", status=400, times=99),
    Fault("echo", JOB, "PUT", status=500, times=99),
    Fault("endless", JOB, "PUT", times=99),
    Fault("status", JOB, "PUT", status=302, headers={"Location": "/"}, times=99),
    Fault("status", JOB, status=200, body=b"[1]", times=99),
    Fault("status", JOB, status=200, body=b"\xff", times=99),
]


@pytest.mark.parametrize("fault", BROKEN, ids=lambda fault: f"{fault.kind} {fault.status}")
def test_an_error_stops_it_and_later_it_goes_on(
    newest: Site, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "LARGEST_ANSWER", 1 << 20)
    before = dict(newest.backup.jobs)
    times, fault.times = fault.times, 0
    newest.backup.faults.append(
        Fault("call", "job", times=1, action=lambda: setattr(fault, "times", times))
    )
    newest.backup.faults.append(fault)
    said = error(newest.apply("--yes"))
    assert "1 of 4 jobs were not set\n'job-0' failed: " in said
    assert "stopped there, 3 jobs left" in said
    assert f"`gip rollback {newest.journal}` to go back" in said
    fault.times = 0
    assert newest.apply("--yes").exit_code == 0
    assert newest.rollback().exit_code == 0
    assert newest.backup.jobs == before


def test_an_error_does_not_stop_it_where_it_keeps_going(newest: Site) -> None:
    broken = f"{JOB}{id_of('job job-1')}"
    newest.backup.faults.append(Fault("status", broken, "PUT", status=400, times=99))
    said = error(newest.apply("--yes", "--keep-going"))
    assert "1 of 4 jobs were not set" in said
    assert "left" not in said
    assert len(set(newest.backup.puts())) == 4


def test_a_server_that_ignores_a_change_is_found_out(newest: Site) -> None:
    newest.backup.rewrite = lambda body: body.replace(b'false, "proxyIds"', b'true, "proxyIds"')
    assert "the server took the change but does not say so" in error(newest.apply("--yes"))


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("job_before.csv", None, "job_before.csv: cannot be read"),
        ("job_before.csv", "job,proxies\n", "has no row for job 'job-0'"),
        ("job_proxies.csv", "job,change\nx,set\n", "has no column 'proxies'"),
        (
            "job_proxies.csv",
            "job,choice,proxies,change\na,automatic,,set\na,automatic,,set\n",
            "has job 'a' twice",
        ),
        (
            "job_proxies.csv",
            "job,choice,proxies,change\njob-0,list,,set\n",
            "choice 'list' of job 'job-0' does not go with its proxies",
        ),
    ],
)
def test_a_broken_plan_is_told(newest: Site, file: str, content: str | None, says: str) -> None:
    (newest.plan / file).unlink()
    if content is not None:
        (newest.plan / file).write_text(content)
    said = error(newest.apply())
    assert says in said
    assert "run `gip plan` again" in said
    assert newest.backup.asked == []


def test_without_an_account_or_a_terminal_it_is_a_wrong_command_line(
    newest: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VEEAM_PASSWORD")
    done = newest.apply()
    assert done.exit_code == 2
    assert "Set VEEAM_USERNAME and VEEAM_PASSWORD" in done.output
    assert newest.run("apply", str(newest.plan)).exit_code == 2


def test_a_wrong_password_is_tried_once(newest: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEEAM_PASSWORD", "other")
    assert "check VEEAM_USERNAME and VEEAM_PASSWORD" in error(newest.apply())
    assert newest.backup.asked.count(("POST", "/api/oauth2/token")) == 1


def test_names_cannot_speak_to_the_terminal(newest: Site) -> None:
    newest.backup.add_job(job(NAMES[-1], "[red]a\x1b[2J"))
    newest.write({"[red]a\x1b[2J": GIPS}, {"[red]a\x1b[2J": ()})
    assert r"[red]a\x1b[2J" in newest.apply().stdout


def test_a_job_of_a_repeated_name_is_found_by_the_name_that_import_gave_it(tmp_path: Path) -> None:
    with serving("1.3-rev1", tmp_path) as backup:
        site = Site(backup, tmp_path)
        twins = [job("1.3-rev1", "twin"), job("1.3-rev1", "twin") | {"id": id_of("other")}]
        first, second = map(backup.add_job, twins)
        site.write({f"twin ({second})": GIPS[:1]}, {f"twin ({second})": ()})
        assert site.apply("--yes").exit_code == 0
        chosen = [read_selection(json.loads(backup.jobs[each])) for each in (first, second)]
        assert [found.proxies for found in chosen if found] == [(), (id_of(GIPS[0]),)]
        site.write({"twin": GIPS[:1]}, {"twin": ()})
        assert "lists 2 jobs 'twin'" in str(site.apply().exception)
