"""The order of the house (house.md): what may import what, and how big a module may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("models", "optimizer", "benchmarks", "docs")
MODULES = sorted(
    path.relative_to(ROOT) for name in PACKAGES for path in (ROOT / name).rglob("*.py")
)
LONGEST = 250
DOORS = {
    "networkx": (
        "optimizer/network.py",
        "optimizer/explain/paths.py",
        "optimizer/generate/",
        "optimizer/report/layout.py",
    ),
    "ortools": ("optimizer/relax.py", "optimizer/search.py", "optimizer/explain/"),
    "click": ("optimizer/cli/",),
    "dask": ("optimizer/cluster.py", "optimizer/pieces/"),
    "distributed": ("optimizer/cluster.py", "optimizer/batch/", "optimizer/pieces/"),
    "fsspec": ("optimizer/batch/storage.py",),
    "jinja2": ("optimizer/outputs/batch_page.py", "optimizer/report/"),
}
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc"}
HEAVY = ("pandas", "networkx", "ortools", "dask", "distributed", "fsspec", "jinja2")

every_module = pytest.mark.parametrize("module", MODULES, ids=str)


def imports(module: Path) -> set[str]:
    """Return the dotted names that a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def within(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def test_there_is_something_to_look_at() -> None:
    assert {"models/estate.py", "optimizer/cli/main.py", "optimizer/check/__init__.py"} <= {
        module.as_posix() for module in MODULES
    }
    assert "models.estate.Estate" in imports(Path("optimizer/planner.py"))
    assert "networkx" in imports(Path("optimizer/network.py"))


@every_module
def test_imports_point_from_the_terminal_to_the_nouns(module: Path) -> None:
    forbidden = {
        "models": ("optimizer", "benchmarks", "docs"),
        "optimizer": ("benchmarks", "docs", "tests"),
        "benchmarks": ("docs", "tests"),
        "docs": ("benchmarks", "tests"),
    }[module.parts[0]]
    if module.parts[0] == "optimizer" and module.parts[1] != "cli":
        forbidden += ("optimizer.cli",)
    assert [name for name in imports(module) if any(within(name, f) for f in forbidden)] == []


@every_module
def test_each_solver_and_tool_has_few_doors(module: Path) -> None:
    free = module.parts[0] in ("benchmarks", "docs")
    for package, doors in DOORS.items():
        if not module.as_posix().startswith(doors) and not free:
            assert [name for name in imports(module) if within(name, package)] == []


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m.as_posix().startswith("optimizer/check/")], ids=str
)
def test_the_checker_has_never_seen_the_planner(module: Path) -> None:
    planners = ("models.problem", "models.program", "networkx", "ortools")
    for name in imports(module):
        assert within(name, "optimizer.check") or not within(name, "optimizer")
        assert not any(within(name, package) for package in planners)


@every_module
def test_no_module_is_too_long(module: Path) -> None:
    lines = (ROOT / module).read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST, f"{module} has {lines} lines"


@every_module
def test_every_module_is_about_something(module: Path) -> None:
    assert NAMELESS.isdisjoint({module.stem, *module.parts})


@pytest.mark.parametrize("option", ["--version", "--help", "-h"])
def test_help_is_quick(option: str) -> None:
    program = (
        "import sys\n"
        "from optimizer.cli.main import main\n"
        f"sys.argv = ['gip', '{option}']\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code\n"
        f"print('loaded:', *(name for name in {HEAVY} if name in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    *said, loaded = done.stdout.splitlines()
    assert "gip" in said[0]
    assert loaded == "loaded:"
