"""Tests of what is told of a failure: as JSON where it is asked for, and with the right code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from optimizer.cli import main as program
from optimizer.output.schemas import schema_of

TINY = str(Path(__file__).parents[2] / "data" / "tiny")
BROKEN = str(Path(TINY).parent / "broken" / "bad-day")
TABLE = ["import", "table", "t.csv", "--into", "jobs", "--out", "estate"]
Gip = Callable[..., tuple[int, str, str]]


@pytest.fixture
def gip(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Gip:
    """Return the program as a function, run in a folder with ``t.csv``."""
    (tmp_path / "t.csv").write_text("J,D\nnightly,daily\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["gip", *words])
        with pytest.raises(SystemExit) as caught:
            program.run()
        assert isinstance(caught.value.code, int)
        return (caught.value.code, *capsys.readouterr())

    return call


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["check", "nowhere"], 1),
        (["check", BROKEN], 1),
        (["check", TINY, "nowhere"], 1),
        (["check"], 2),
        (["plan", TINY], 2),
        (["explain", TINY, "nowhere", "x"], 1),
        (["metrics", "nowhere"], 1),
        ([*TABLE, "--map", "J"], 2),
        (["check", TINY, "--no-such-option"], 2),
    ],
)
def test_a_failure_is_json_where_json_is_asked_for(gip: Gip, words: list[str], code: int) -> None:
    got, out, error = gip(*words, "--json")
    document = json.loads(error)
    assert (got, out, document["exit_code"]) == (code, "", code)
    assert list(Draft202012Validator(schema_of("error")).iter_errors(document)) == []
    assert document["error"]
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(gip(*words)[2])


def test_each_problem_of_an_estate_is_told_by_itself(gip: Gip) -> None:
    (problem,) = json.loads(gip("check", BROKEN, "--json")[2])["problems"]
    place = [problem[key] for key in ("file", "line", "column", "value")]
    assert place == ["jobs.csv", 2, "days", "mon;tues"]


@pytest.mark.parametrize(
    "words",
    [
        ["--map", "J"],
        ["--map", "J=jobb"],
        ["--map", "D=days"],  # no key
        ["--map", "J=job", "--set", "days"],
        ["--map", "J=job", "--set", "days=someday"],
        ["--map", "J=job", "--value", "x"],
        ["--map", "J=job", "--same", "x"],
        ["--map", "J=job", "--leave-out", "10.0.0.0"],
        ["--map", "J=job", "--encoding", "latin-99"],
        ["--map", "J=job", "--encoding", "rot13"],
    ],
    ids=" ".join,
)
def test_wrong_options_of_an_import_end_with_2(gip: Gip, words: list[str]) -> None:
    code, _, error = gip(*TABLE, *words)
    assert code == 2
    assert words[-2] in error or words[-1] in error
    assert not Path("estate", "jobs.csv").exists()


def test_a_wrong_address_ends_with_2(gip: Gip) -> None:
    code, _, error = gip("import", "netbox", "--url", "netbox", "--out", "estate")
    assert (code, "--url" in error) == (2, True)
