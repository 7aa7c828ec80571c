"""Tests of the JSON Schemas: what every command prints fits its own, and old readers still can."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from commands import NAMES
from jsonschema import Draft202012Validator
from veeam_bodies import job, server
from veeam_server import PASSWORD, USER
from veeam_site import Site, site_of

from models.batch_result import failed_estate, planned_estate
from models.errors import GipError
from optimizer.cli.main import gip
from optimizer.output.console.batch import record
from optimizer.output.schemas import DOCUMENTS, VERSION, schema_of

ROOT = Path(__file__).parents[2]
TINY, BRANCHES = ROOT / "data" / "tiny", ROOT / "data" / "branch-offices"
PROMISED = Path(__file__).with_name(f"schemas.v{VERSION}.json")
REVISION = "1.3-rev2"
every_document = pytest.mark.parametrize("name", DOCUMENTS)


def strict(node: Any) -> Any:
    """Return a schema that also refuses members that it does not name."""
    if isinstance(node, list):
        return [strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    closed = {} if "properties" not in node else {"additionalProperties": False}
    return closed | {key: strict(each) for key, each in node.items()}


def complaints(name: str, document: Any) -> list[str]:
    errors = Draft202012Validator(strict(schema_of(name))).iter_errors(document)
    return [f"{error.json_path}: {error.message[:300]}" for error in errors]


def printed(*words: object) -> Any:
    """Run a command with ``--json``; return what it prints, whatever its exit code."""
    done = CliRunner().invoke(gip, [*map(str, words), "--json"])
    assert isinstance(done.exception, SystemExit | GipError | None), done.exception
    return json.loads(done.stdout)


def check(name: str, *words: object) -> Any:
    """Run a command and hold what it prints to the schema of its name."""
    document = printed(*name.split(" "), *words)
    assert complaints(name, document) == []
    return document


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan of branch-offices, with splits, findings and tasks that nobody serves."""
    out = tmp_path_factory.mktemp("schemas") / "plan"
    assert check("plan", BRANCHES, "--out", out)["week"]["splits"]
    return out


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("VEEAM_USERNAME", USER)
    monkeypatch.setenv("VEEAM_PASSWORD", PASSWORD)
    yield from site_of(REVISION, tmp_path)


@every_document
def test_each_schema_is_one_and_says_which(name: str) -> None:
    schema = schema_of(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:gip-planner:{name.replace(' ', '-')}:{VERSION}"


def test_there_is_a_schema_for_every_command() -> None:
    commands = {"import" if name.startswith("import ") else name for name in NAMES}
    documents = {name for name in DOCUMENTS if not name.endswith(".json")}
    assert commands == documents - {"error"}


def test_the_files_of_a_plan_and_of_a_simulation(plan: Path, tmp_path: Path) -> None:
    assert complaints("plan.json", json.loads((plan / "plan.json").read_bytes())) == []
    check("simulate", TINY, "--out", tmp_path / "alone")
    document = check("simulate", BRANCHES, "--plan", plan, "--out", tmp_path / "week")
    written = json.loads((tmp_path / "week" / "simulation.json").read_bytes())
    assert document == written
    assert complaints("simulation.json", written) == []


def test_the_commands_that_make_an_estate(tmp_path: Path) -> None:
    check("init", tmp_path / "new")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "networks.csv").write_text("network,site\nlan,hq\n", encoding="utf-8")
    check("init", tmp_path / "linked", "--links", "hub")
    check("generate", tmp_path / "made", "--vms", 20)
    check("anonymise", TINY, "--out", tmp_path / "other")
    check("tables")
    check("tables", "servers")
    table = tmp_path / "servers.csv"
    table.write_text("server,os\nx,Windows\n", encoding="utf-8")
    words = ("import", "table", table, "--into", "servers", "--map", "server=server")
    assert complaints("import", printed(*words, "--out", tmp_path / "imported")) == []


def test_the_commands_that_answer_questions(plan: Path, tmp_path: Path) -> None:
    tiny = tmp_path / "tiny"
    assert "other" in check("plan", TINY, "--out", tiny, "--compare")
    check("check", TINY)
    check("check", TINY, tiny)
    assert check("explain", BRANCHES, plan, "nagoya-line-05")["tasks"]
    found = check("diff", BRANCHES / "current.csv", plan, "--estate", BRANCHES)
    assert found["moves"]
    assert found["sites"]
    assert check("diff", plan, plan)["choices"] == []
    for more in ((), ("--week",)):
        check("whatif", TINY, tiny, "--fail", "server:gip-01", *more)
    check("place", TINY, "--max", 1)
    check("report", TINY, tiny, "--out", tmp_path / "page.html")
    check("metrics", plan)
    check("schema")


def test_the_commands_for_the_product(site: Site, tmp_path: Path) -> None:
    live = ("--url", site.backup.url, *site.ca_file)
    site.write({"job-0": ["gip-02"], "none": ["gip-01"]}, {"job-0": [], "none": []})
    for words in ((), live):
        assert check("export veeam", site.plan, "--out", tmp_path / "x", *words)
    assert check("drift", site.plan, *live)["jobs"]
    assert check("apply", site.plan, *live)["jobs"]
    assert check("apply", site.plan, *live, "--yes")["jobs"]
    assert check("rollback", site.journal, *site.ca_file)["jobs"]


def test_metrics_with_drift(plan: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    saved.mkdir()
    for name, items in (
        ("jobs", [job(REVISION, "osaka-vdi")]), ("managedServers", [server(REVISION, "p")]),
    ):  # fmt: skip
        (saved / f"{name}.json").write_text(json.dumps({"data": items}), encoding="utf-8")
    found = check("metrics", plan, "--saved", saved, "--revision", REVISION)
    assert {"gip_drift_jobs", "gip_week_runs"} <= {each["name"] for each in found["metrics"]}


def test_a_batch(plan: Path) -> None:
    """Of an estate with a plan and of one without, as a batch prints them."""
    made = planned_estate("one", json.loads((plan / "plan.json").read_bytes()), False, 1.5, 1 << 28)
    document = record([made, failed_estate("bad", "no vms.csv")], "plans")
    assert complaints("batch", json.loads(json.dumps(document))) == []


def test_what_lacks_a_member_or_has_another_is_refused(plan: Path) -> None:
    document = json.loads((plan / "plan.json").read_bytes())
    for name in document:
        assert complaints("plan.json", {key: document[key] for key in document if key != name})
    other = copy.deepcopy(document)
    other["week"]["lists"]["nominal"]["tier1"] = "many"
    assert complaints("plan.json", other) == [
        "$.week.lists.nominal.tier1: 'many' is not of type 'integer'"
    ]
    assert complaints("plan.json", {**document, "new": 1}) != []
    assert not list(Draft202012Validator(schema_of("plan.json")).iter_errors(document | {"new": 1}))


def members(name: str, schema: Any) -> Iterator[tuple[str, Any, bool]]:
    """Yield the members of each object of a schema: where, what it may be, whether always there."""
    for title, node in {"": schema, **schema.get("$defs", {})}.items():
        for member, kind in node.get("properties", {}).items():
            words = ("title", "description", "default")
            bare = {key: each for key, each in kind.items() if key not in words}
            yield f"{name} {title} {member}", bare, member in node.get("required", ())


@every_document
def test_within_a_version_nothing_that_was_promised_goes(name: str) -> None:
    """Else count `VERSION` up, and `gip schema --json > tests/output/schemas.vN.json`."""
    promised = members(name, json.loads(PROMISED.read_text("utf-8"))["schemas"][name])
    now = {where: (kind, always) for where, kind, always in members(name, schema_of(name))}
    for where, kind, always in promised:
        assert where in now
        assert now[where][0] == kind, where
        assert now[where][1] or not always, where
