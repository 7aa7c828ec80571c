"""Tests of what is installed only on request: without it, a sentence with the remedy."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from optimizer.cli.extras import EXTRAS, MissingExtraError, importing

ROOT = Path(__file__).parents[2]
WITHOUT = """\
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
from optimizer.cli.main import main
main()
"""


def without(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the program where nothing of any extra can be imported."""
    blocked = tuple(module for modules in EXTRAS.values() for module in modules)
    return subprocess.run(
        [sys.executable, "-c", WITHOUT.format(blocked=blocked), *words],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("batch", "data"), "gip batch"),
        (("plan", "data/tiny", "--out-of-core"), "gip plan --out-of-core"),
    ],
)
def test_a_command_without_its_extra_says_what_to_install(
    words: tuple[str, ...], what: str, tmp_path: Path
) -> None:
    done = without(*words, "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"Error: {what} needs the package ")
    assert "  python -m pip install 'gip-planner[cluster]'\n" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_plan_needs_no_extra(tmp_path: Path) -> None:
    done = without("plan", "data/tiny", "--out", str(tmp_path / "out"), "--report", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_missing_for_another_reason_is_a_defect() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such"), importing("cluster", "x"):
        importlib.import_module("no_such_module")
    with pytest.raises(MissingExtraError), importing("cluster", "x"):
        raise ModuleNotFoundError("No module named 'dask.array'", name="dask.array")


def test_the_extras_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert EXTRAS.keys() == project["optional-dependencies"].keys() - {"test", "lint"}
