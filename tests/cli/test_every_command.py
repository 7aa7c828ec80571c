"""What holds for each command, whatever it is: no traceback, no escape code, an exit code."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import commands
import pytest
from commands import ALL, NAMES

from models.schema import TABLES

ROOT = Path(__file__).parents[2]
TINY = ROOT / "data" / "tiny"
EVIL = "\x1b[2J\x1b]52;c;YQ==\x07\x9b31m\u202e\u2066\x7f"
NAME = EVIL.replace(";", ":")  # which parts the items of a list
PATH = EVIL + os.fsdecode(b"\xff")
ESTATE = f"estate{PATH}"
CODES = (0, 1, 2, 3, 4, 5)
PROGRAM = [sys.executable, "-c", "from optimizer.cli.main import main; main()"]
every_command = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VEEAM_USERNAME", "user")
    monkeypatch.setenv("VEEAM_PASSWORD", "password")
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], words: Sequence[str]) -> tuple[int, str]:
    """Run the program in this process; return its exit code and all that it says."""
    code, said = commands.run(*words), capsys.readouterr()
    return code, said.out + said.err


def steering(text: str) -> list[str]:
    """Return the signs of a text that are not to be shown."""
    return [sign for sign in text if not sign.isprintable() and sign != "\n"]


def needed(command: click.Command, given: dict[str, str]) -> list[str]:
    """Return what a command must be given, with ``given`` for some of its parameters."""
    words: list[str] = []
    options: list[str] = []
    for parameter in command.params:
        value = given.get(str(parameter.name))
        if value is None and parameter.required:
            value = "3" if isinstance(parameter.type, click.IntRange) else "absent"
        if value is None:
            continue
        if isinstance(parameter, click.Option):
            options += [parameter.opts[0], value]
        else:
            words.append(value)
    return [*options, "--", *words]


def parameters(command: click.Command) -> Iterator[str]:
    """Yield the parameters that take a text."""
    for parameter in command.params:
        flag = isinstance(parameter, click.Option) and parameter.is_flag
        if not flag and parameter.name not in ("help", "scheduler"):
            yield str(parameter.name)


@every_command
@pytest.mark.parametrize(
    "value", [EVIL, f"kind:{EVIL}", "x" * 300, "d/" * 3000, "x" * 9000], ids=range(5)
)
def test_no_argument_steers_the_terminal_or_ends_in_a_traceback(
    name: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tuple(name.split(" "))
    for parameter in parameters(ALL[path]):
        code, said = run(capsys, [*path, *needed(ALL[path], {parameter: value})])
        assert code in CODES, said
        assert steering(said) == [], parameter
        assert "Traceback" not in said


@every_command
def test_help_that_cannot_be_printed_is_an_error(name: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*PROGRAM, *name.split(" "), "--help"], stdout=full, stderr=subprocess.PIPE,
            text=True, cwd=ROOT, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("Error: standard output")
    assert done.stderr.count("\n") == 1


def evil_estate(folder: Path) -> Path:
    """Return an estate with an escape code in every name."""
    folder.mkdir()
    names = {"server", "vm", "job", "proxy", "host", "network", "site", "from", "to", "name"}
    lists = {"networks", "proxies"}
    (folder / "estate.toml").write_bytes((TINY / "estate.toml").read_bytes())
    for table in TABLES:
        with (TINY / f"{table.name}.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            for column, cell in row.items():
                if column in names and cell:
                    row[column] = f"={cell}{NAME}"
                elif column in lists:
                    items = [item if item[:1].isdigit() else f"={item}{NAME}"
                             for item in cell.split(";") if item]  # fmt: skip
                    row[column] = ";".join(items)
        with (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return folder


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with such an estate, a plan of it, and files to import."""
    folder = tmp_path_factory.mktemp("evil")
    evil_estate(folder / "estate")
    planned = commands.run("plan", folder / "estate", "--out", folder / "plan", "-q")
    assert planned in (0, 3)
    (folder / "saved").mkdir()
    item = {"id": EVIL, "name": EVIL, "type": "WindowsHost"}
    for name in ("jobs", "managedServers"):
        (folder / "saved" / f"{name}.json").write_text(json.dumps({"data": [item]}))
    (folder / "prefixes.json").write_text(json.dumps([{"prefix": EVIL}, {"prefix": "10.0.0.0/8"}]))
    (folder / "table.csv").write_text(f"vm,os{EVIL}\n{EVIL},Windows\n", encoding="utf-8")
    (folder / "journal.jsonl").write_text(f'{{"event": "gip apply 1", "server": "{EVIL}"\n')
    return folder


TABLE = ["--into", "vms", "--mapping", f"vm=vm,os={EVIL}", "table.csv", "--out", f"e{PATH}"]
WORDS: dict[str, list[list[str]]] = {
    "plan": [[ESTATE, "--out", f"o{PATH}", "--compare", "--report"]],
    "check": [[ESTATE], ["estate", "plan"], ["estate", "plan", "--quiet"], [EVIL]],
    "init": [[f"i{PATH}"]],
    "generate": [[f"g{PATH}", "--vms", "3"]],
    "import rvtools": [["table.csv", "--out", f"e{PATH}"], [f"table{PATH}", "--out", f"e{PATH}"]],
    "import veeam": [[f"{EVIL}", "--out", f"e{PATH}"]],
    "import netbox": [[f"prefixes{PATH}", "--out", f"n{PATH}"]],
    "import infoblox": [["table.csv", "--out", f"e{PATH}"], [f"table{PATH}", "--out", f"e{PATH}"]],
    "import healthcheck": [
        ["table.csv", "--out", f"e{PATH}"],
        [f"table{PATH}", "--out", f"e{PATH}"],
    ],
    "import liveoptics": [
        ["table.csv", "--out", f"e{PATH}"],
        [f"table{PATH}", "--out", f"e{PATH}"],
    ],
    "import table": [TABLE],
    "tables": [[], ["servers"], [EVIL]],
    "anonymise": [[ESTATE, "--out", f"a{PATH}", "--key", f"k{PATH}"]],
    "simulate": [["estate", "--plan", "plan", "--out", f"s{PATH}"]],
    "explain": [["estate", "plan", f"=a1{NAME}"], ["estate", "plan", f"=a2{NAME}"]],
    "diff": [["plan", "estate/current.csv"]],
    "drift": [["plan", "--saved", "saved", "--revision", "1.3-rev2"], ["plan", "--url", EVIL]],
    "metrics": [["plan", "--out", f"m{PATH}"], ["plan", "--saved", f"{EVIL}"]],
    "schema": [[], ["explain"], [EVIL]],
    "whatif": [["estate", "plan", "--sweep"], ["estate", "plan", "--fail", f"server:{EVIL}"]],
    "place": [["estate", "--max", "1"]],
    "batch": [["plan", "--out", f"b{PATH}"]],
    "report": [[ESTATE, "plan", "--out", f"r{PATH}.html"]],
    "export veeam": [["plan", "--out", f"x{PATH}"]],
    "apply": [["plan", "--url", EVIL], ["plan", "--url", f"https://{EVIL}:9419"]],
    "rollback": [["journal.jsonl"]],
}


def test_there_are_words_for_every_command() -> None:
    assert set(WORDS) == set(NAMES)


@every_command
@pytest.mark.parametrize("more", [[], ["--json"]], ids=["text", "json"])
def test_no_data_steers_the_terminal(
    name: str, more: list[str], evil: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in evil.iterdir():
        (tmp_path / path.name).symlink_to(path)
        (tmp_path / f"{path.stem}{PATH}").symlink_to(path)
    for words in WORDS[name]:
        code, said = run(capsys, [*name.split(" "), *words, *more])
        assert code in CODES
        assert steering(said) == []


def test_names_that_begin_like_formulas_come_back_as_they_were(evil: Path) -> None:
    """In every table of a plan a spreadsheet sees a text, and gip the name."""
    cells = [
        cell
        for path in (evil / "plan").glob("*.csv")
        for row in csv.reader(path.open(encoding="utf-8-sig", newline=""))
        for cell in row
    ]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert any(cell.startswith("'=a1") for cell in cells)


@pytest.mark.parametrize("words", [["check", "estate"], ["check", "estate", "--json"], ["nope"]])
def test_an_output_that_is_full_or_closed(words: list[str], evil: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    for streams in ("> /dev/full", ">&-", "2> /dev/full", "2>&-", "> /dev/full 2> /dev/full"):
        done = subprocess.run(
            ["/bin/sh", "-c", f'"$@" {streams}', "sh", *PROGRAM, *words], cwd=evil, check=False,
            capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        full = "> /dev/full" in streams and not streams.startswith("2")
        assert done.returncode == (2 if words == ["nope"] else 1 if full else 0), streams
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
