"""What README and the guides show is what the program does: their blocks are run, in order.

A block's language says how: ``console`` has commands after ``$`` and what they print, ``...`` for
lines left out; ``sh`` has commands only. A block whose first line also names a file is that file.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from optimizer.cli import main as program

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
COMMANDS = ("console", "sh", "powershell")

NOT_RUN = {
    "$ make plan     # makes .venv, plans data/branch-offices into out/, shows the tables":
        "installs packages",
    "python3 -m venv .venv": "installs packages",
    "python -m venv .venv": "needs the bundle",
    "py -3.11 -m venv .venv": "Windows",
    "$ gip import veeam --url https://vbr.example.com:9419 --out estate": "needs a backup server",
    "$ gip apply plan --url https://vbr.example.com:9419": "needs a backup server",
    "$ gip rollback plan/apply-journal.jsonl": "needs a backup server",
    "python -m benchmarks run --case hub --size 10000 --peer scip --out results.csv":
        "takes minutes",
    "python -m benchmarks run --case hub --size 10000 --whole --out results.csv": "takes minutes",
    "python -m benchmarks.published semi-matching --tasks 100000 --out results.csv":
        "takes minutes",
}  # fmt: skip


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that it is, or none, and its lines."""

    language: str
    file: str
    text: str

    @property
    def head(self) -> str:
        return self.text.partition("\n")[0]

    def calls(self) -> Iterator[tuple[str, list[str] | None]]:
        """Yield each command and the lines that it is to print, None for any."""
        if self.language == "sh":
            yield from ((line, None) for line in self.text.splitlines())
            return
        for piece in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, *shown = piece.replace("\\\n", "").splitlines()
            yield command, shown


def blocks(document: Path) -> list[Block]:
    text = document.read_text("utf-8")
    found = [Block(language, file, body) for language, file, body in BLOCK.findall(text)]
    assert 2 * len(found) == len(re.findall("^```", text, re.MULTILINE)), "a block is not closed"
    return found


def matches(shown: list[str], said: str) -> bool:
    """Tell whether ``said`` is what is ``shown``, whatever the times and where ``...`` stands."""
    pieces = [
        r"(?:.*\n)*?" if line == "..." else re.escape(timeless(line)) + r"\n" for line in shown
    ]
    lines = "".join(f"{timeless(line)}\n" for line in said.splitlines())
    return re.fullmatch("".join(pieces), lines) is not None


def timeless(line: str) -> str:
    """Return a line without the seconds that an aim took, and blanks at its end."""
    return re.sub(r" +\d+\.\d\d │$", " s │", line.rstrip())


Call = Callable[[str], tuple[int, str]]


@pytest.fixture
def call(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Call:
    """Return a shell in a folder that has the project's data: a line in, code and output out."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    codes = [0]

    def run(command: str) -> tuple[int, str]:
        name, *arguments = shlex.split(command, comments=True)
        if name != "gip":
            subprocess.run(["bash", "-c", f"(exit {codes[-1]}); {command}"], check=True)
            return (0, "".join(capfd.readouterr()).replace("\ufeff", ""))
        monkeypatch.setattr("sys.argv", [name, *arguments])
        with pytest.raises(SystemExit) as caught:
            program.run()
        assert isinstance(caught.value.code, int)
        codes.append(caught.value.code)
        return (codes[-1], "".join(capfd.readouterr()))

    return run


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_shows_is_what_happens(call: Call, document: Path) -> None:
    for block in blocks(document):
        if block.file:
            Path(block.file).parent.mkdir(parents=True, exist_ok=True)
            Path(block.file).write_text(block.text, "utf-8", newline="")
        elif block.language in COMMANDS and block.head not in NOT_RUN:
            for command, shown in block.calls():
                code, said = call(command)
                assert code in (0, 3, 4, 5) or (code == 1 and "Error: " in block.text), said
                if shown is not None:
                    assert matches(shown, said), f"{command}\n{said}"


def test_the_blocks_that_are_not_run_are_there() -> None:
    heads = {block.head for document in DOCUMENTS for block in blocks(document)}
    assert NOT_RUN.keys() <= heads


def test_a_difference_is_seen() -> None:
    assert matches(["a", "...", "│ x │    0.01 │"], "a \nb\nc\n│ x │   12.34 │\n")
    assert matches(["a", "..."], "a\n")
    assert not matches(["a", "..."], "b\n")
    assert not matches(["│ 3 │    0.01 │"], "│ 4 │    0.01 │\n")
    assert not matches(["a"], "a\nb\n")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_link_is_broken(document: Path) -> None:
    for target in LINK.findall(document.read_text("utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), target
            assert document.parent == ROOT or "/" not in target, "a built page would not have it"


def test_every_guide_is_named_in_the_readme() -> None:
    targets = set(LINK.findall(DOCUMENTS[0].read_text("utf-8")))
    assert {f"docs/{path.name}" for path in DOCUMENTS[1:]} <= targets
