"""Screens of every command at 80 and 40 columns: nothing is wider, and no column is lost.

Tables are compared with what they hold: each heading and each name of the first column is there as
a whole. Sentences end between words. Only what is to be pasted may be longer than a line.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import ALL, NAMES, run
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from veeam_bodies import job, server
from veeam_server import PASSWORD, USER
from veeam_site import GIPS, Site, site_of

from optimizer.output.console import plain, terminal
from optimizer.output.console.fitting import fitted

DATA = Path(__file__).parents[2] / "data"
REVISION = "1.3-rev2"
WIDTHS = (80, 40)
PASTED = ("gip ", "Next: gip ", "Nothing is missing: gip ", "Example: ")
WINDOWS = "Microsoft Windows Server 2022 (64-bit)"
FILES = {
    "vinfo.csv": "VM,Powerstate,Template,VM UUID,OS according to the VMware Tools,"
    f"Primary IP Address\na-rather-long-name-of-a-machine,poweredOn,False,u-1,{WINDOWS},10.1.1.7\n",
    "prefixes.csv": "prefix,status,site\n10.1.1.0/24,active,hq\n",
    "blox.csv": "IP Address,Type,Site\n10.1.1.0,Network,hq\n",
    "x_Servers.csv": f"Id,Name,IsUnavailable,Type,OSInfo\na1,vbr,False,Local,{WINDOWS}\n",
    "optics.csv": "VM Name,VM OS,Guest IP1,Power State,MOB ID,UUID,vCenter,Template\n"
    f"v,{WINDOWS},10.1.1.7,Powered On,vm-1,u-1,vc,False\n",
    "machines.csv": f"name,system\na-rather-long-name-of-a-machine,{WINDOWS}\n",
}
IMPORT = ["--out", "new"]
MACHINES = ["machines.csv", "--into", "servers", "--map", "name=server", "--map", "system=os"]
WORDS: dict[str, list[list[str]]] = {
    "plan": [["tiny", "--out", "new", "--compare"], ["branches"], ["absent", "--out", "new"]],
    "check": [["branches"], ["branches", "out"], ["broken"]],
    "init": [["new"]],
    "generate": [["new", "--vms", "9"]],
    "import rvtools": [["vinfo.csv", "--guess-prefix", "24", *IMPORT]],
    "import veeam": [["saved", *IMPORT], ["absent", *IMPORT]],
    "import netbox": [["prefixes.csv", *IMPORT]],
    "import infoblox": [["blox.csv", *IMPORT]],
    "import healthcheck": [["x_Servers.csv", *IMPORT]],
    "import liveoptics": [["optics.csv", *IMPORT]],
    "import table": [[*MACHINES, *IMPORT]],
    "simulate": [["branches", "--plan", "out", "--out", "new"]],
    "explain": [["branches", "out", "nagoya-line-05"], ["branches", "out", "takamatsu-plant-05"]],
    "diff": [["branches/current.csv", "out", "--estate", "branches"]],
    "drift": [["live", "--saved", "saved", "--revision", REVISION]],
    "metrics": [["out"]],
    "whatif": [["branches", "out", "--sweep", "--week"], ["branches", "out", "--fail", "site:x"]],
    "place": [["branches", "--max", "1", "--greedy"]],
    "batch": [["estates", "--out", "new", "--workers", "1"], ["absent", "--out", "new"]],
    "report": [["branches", "out", "--out", "page.html"]],
    "export veeam": [["out", "--out", "new"]],
    "apply": [["live", "--url", "URL", "--ca-file", "CA"]],
    "rollback": [["live/apply-journal.jsonl", "--ca-file", "CA"]],
    "tables": [[], *([name] for name in ("servers", "vms", "jobs", "current"))],
    "schema": [[]],
    "anonymise": [["branches", "--out", "new"]],
}  # fmt: skip
WITHOUT_TABLES = {"init", "generate", "metrics", "batch", "report", "schema", "anonymise"}
# What a Prometheus and what a program reads is no screen.
NO_SCREEN = {"metrics", "schema"}
every_screen = [(name, width) for name in NAMES for width in WIDTHS]


@pytest.fixture(scope="module")
def estates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with estates, a plan, and files to import."""
    folder = tmp_path_factory.mktemp("estates")
    for name, source in (
        ("branches", "branch-offices"), ("tiny", "tiny"), ("broken", "broken/ten-at-once"),
        ("estates/tiny", "tiny"), ("estates/a-name-that-is-not-short", "broken/bad-cidr"),
    ):  # fmt: skip
        shutil.copytree(DATA / source, folder / name)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run("plan", "branches", "--out", "out", "-q") == 3
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "backup").mkdir()
    yield from site_of(REVISION, tmp_path / "backup")


def too_wide(text: str, width: int) -> list[str]:
    """Return the lines that are wider, but for a command, an example, and a word by itself."""
    return [
        line
        for line in map(str.rstrip, text.splitlines())
        if cell_len(line) > width and not line.strip().startswith(PASTED) and " " in line.strip()
    ]


def lost(table: Table, shown: str) -> list[str]:
    """Return the words of headings and of the first column that are not shown as they are."""
    first, *others = table.columns
    wanted = [*map(str, first.cells), *(str(column.header) for column in others)]
    seen = {word.strip("()") for word in shown.replace("│", " ").replace("┃", " ").split()}
    words = [word.strip("()") for text in wanted for word in text.split()]
    return [word for word in words if word not in seen] + ["…"] * ("…" in shown)


def test_there_are_words_for_every_command() -> None:
    assert set(WORDS) == set(NAMES)


@pytest.mark.parametrize(("name", "width"), every_screen)
def test_nothing_is_wider_than_the_terminal_and_no_column_is_lost(
    name: str, width: int, estates: Path, tmp_path: Path, request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for path in estates.iterdir():
        (tmp_path / path.name).symlink_to(path)
    surroundings = {
        "VEEAM_USERNAME": USER, "VEEAM_PASSWORD": PASSWORD, "COLUMNS": str(width), "LINES": "24",
        "FORCE_COLOR": "1", "TERM": "dumb",
    }  # fmt: skip
    for key, value in surroundings.items():
        monkeypatch.setenv(key, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plain, "terminal_width", lambda stream: width)
    stand_in: dict[str, str] = {}
    if name in ("apply", "rollback", "drift", "import veeam"):
        stand_in = with_backup_server(request.getfixturevalue("site"), tmp_path, name)
        capsys.readouterr()
    seen: list[tuple[list[str], str]] = []

    def watched(console: Console, table: Table) -> RenderableType:
        whole = Table()
        for column in table.columns:
            whole.add_column(column.header)
        for row in zip(*(column.cells for column in table.columns), strict=True):
            whole.add_row(*row)
        shown = fitted(console, table)
        with console.capture() as captured:
            Console.print(console, shown)
        seen.append((lost(whole, captured.get()), captured.get()))
        return shown

    monkeypatch.setattr(terminal, "fitted", watched)
    for words in WORDS[name]:
        shutil.rmtree(tmp_path / "new", ignore_errors=True)
        run(*name.split(), *(stand_in.get(word, word) for word in words))
        captured = capsys.readouterr()
        said = captured.out + captured.err
        assert "Traceback" not in said
        assert "\\n" not in said
        assert said
        assert name in NO_SCREEN or too_wide(said, width) == []
    for missing, table in seen:
        assert missing == [], table
        assert too_wide(table, width) == []
    assert bool(seen) == (name not in WITHOUT_TABLES)


def with_backup_server(site: Site, folder: Path, name: str) -> dict[str, str]:
    """Make ``live`` a plan for a backup server, ``saved`` its answers; return its address."""
    (folder / "live").symlink_to(site.plan)
    (folder / "saved").mkdir()
    bodies = {
        "jobs": [job(REVISION, f"job-{number}") for number in range(4)],
        "managedServers": [server(REVISION, each) for each in GIPS],
    }
    for file, items in bodies.items():
        text = json.dumps({"data": items})
        (folder / "saved" / f"{file}.json").write_text(text, encoding="utf-8")
    if name == "rollback":
        assert site.apply("--yes").exit_code == 0
    return {"URL": site.backup.url, "CA": site.ca_file[1]}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_help_is_no_wider_than_the_terminal(
    name: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert run(*name.split(), "--help") == 0
    said = capsys.readouterr().out
    usage, _, told = said.partition("\n\n")
    free = usage.split("\n")[0] + "\n" + _without_verbatim(told)
    assert too_wide(free, width) == []
    for parameter in ALL[tuple(name.split())].params:
        assert parameter.param_type_name == "argument" or parameter.opts[0] in said


def _without_verbatim(help_text: str) -> str:
    """Return help without examples, which are to be pasted."""
    before, _, after = help_text.partition("Example:")
    return before + after.partition("Options:")[2]


def test_a_wide_table_and_a_lost_column_are_noticed() -> None:
    table = Table("job", "what to select")
    table.add_row("a-job-whose-name-is-as-long-as-names-are", "gip-01, gip-02, gip-03")
    for width in WIDTHS:
        console = Console(width=90)
        with console.capture() as captured:
            console.print(Table("job", "what to select", min_width=85), table)
        assert too_wide(captured.get(), width) != []
        assert lost(table, captured.get()) == []
    narrow = Console(width=24)
    with narrow.capture() as captured:
        narrow.print(table)
    assert too_wide(captured.get(), 40) == []
    assert "a-job-whose-name-is-as-long-as-names-are" in lost(table, captured.get())
    with narrow.capture() as captured:
        narrow.print(fitted(narrow, table))
    assert "select" not in lost(table, captured.get())
