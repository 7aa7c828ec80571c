"""Tests of the offline bundle: what a wheel needs on another system than the one that asks."""

from __future__ import annotations

import importlib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "bundle.py"


@pytest.fixture
def bundle(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPT.parent)
    return importlib.import_module(SCRIPT.stem)


def wheel(folder: Path, name: str, *requires: str) -> None:
    text = "".join(f"Requires-Dist: {each}\n" for each in requires)
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}-1.0.dist-info/METADATA", f"Name: {name}\nVersion: 1.0\n{text}")


def test_what_only_one_system_needs_is_found_there(bundle: ModuleType, tmp_path: Path) -> None:
    """pip sees the markers of its own system; so these come of the metadata."""
    wheel(
        tmp_path, "gip", "Click>=8", "more; extra == 'cluster'", "old; python_version < '3.12'",
    )  # fmt: skip
    wheel(tmp_path, "click", "colorama>=0.4; platform_system == 'Windows'", "deep_er[x]")
    wheel(tmp_path, "deep_er", "posix; os_name == 'posix' and extra == 'x'")
    windows = bundle.Target("Windows", ("win_amd64",), "3.13")
    linux = bundle.Target("Linux", bundle.LINUX_TAGS, "3.11")
    found, missing = bundle.closure(tmp_path, windows, "gip", set())
    assert (found, missing) == ({"gip", "click", "deep-er"}, ["colorama>=0.4"])
    assert bundle.closure(tmp_path, linux, "gip", set())[1] == ["old", "posix"]
    assert bundle.closure(tmp_path, windows, "gip", {"cluster"})[1] == ["more", "colorama>=0.4"]


def test_each_package_has_its_hash_and_where_it_is_for(bundle: ModuleType, tmp_path: Path) -> None:
    for name in ("both", "only"):
        wheel(tmp_path, name)
    both, only = bundle.lines(tmp_path, {"Windows": {"both", "only"}, "Linux": {"both"}})
    assert both.startswith("both==1.0 \\\n    --hash=sha256:")
    assert only.startswith("only==1.0 ; platform_system == 'Windows' \\\n    --hash=sha256:")
