"""The order of the house: which room may import which, who may use a solver, sizes and words."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("models", "optimizer", "benchmarks", "docs")
MODULES = sorted(
    path.relative_to(ROOT) for name in PACKAGES for path in (ROOT / name).rglob("*.py")
)
LONGEST = 400
# Lowest first. A room may import the rooms of the layers below its own, and itself.
LAYERS = (
    ("files", "certificate", "machine_code"),
    ("solver", "http_client", "checker"),
    ("veeam",),
    ("inputs",),
    ("eligibility",),
    ("formulation",),
    ("planner",),
    ("simulation",),
    ("lists",),
    ("analysis",),
    ("output",),
    ("pipeline",),
    ("distributed",),
    ("cli",),
)
LAYER = {room: number for number, layer in enumerate(LAYERS) for room in layer}
DOORS = {
    "networkx": (
        "optimizer/eligibility/reachability.py",
        "optimizer/eligibility/dominators.py",
        "optimizer/analysis/explanation/routes.py",
        "optimizer/inputs/synthetic/",
        "optimizer/output/report/map/layout.py",
    ),
    "ortools": (
        "optimizer/solver/lp_relaxation.py",
        "optimizer/solver/cp_sat.py",
        "optimizer/analysis/explanation/",
        "optimizer/lists/load_bounds.py",  # maximum flow, a graph algorithm
    ),
    "click": ("optimizer/cli/",),
    "dask": ("optimizer/distributed/cluster.py", "optimizer/distributed/out_of_core/"),
    "distributed": ("optimizer/distributed/",),
    "fsspec": ("optimizer/distributed/batch/storage.py",),
    "jinja2": ("optimizer/output/batch_page.py", "optimizer/output/report/"),
    "msgspec": ("optimizer/inputs/plan_folder.py", "optimizer/output/schemas.py"),
    "prometheus_client": ("optimizer/output/metrics.py",),
    "xlsxwriter": ("optimizer/output/report/workbook.py",),
}
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc"}
# Words that the glossary replaces, as names of modules, functions and classes.
OLD_WORDS = re.compile(
    r"_*(apart|course|begun|advanced|settle[ds]?|told|looks?|hands|shelf|deals?|dealt|wish(es)?|"
    r"crew|box(es|ed)|pieces?|whole|joined|made|holding|face|cutting|qualify|fill|chain|together)",
    re.IGNORECASE,
)
HEAVY = (
    "pandas",
    "networkx",
    "ortools",
    "dask",
    "distributed",
    "fsspec",
    "jinja2",
    "xlsxwriter",
    "msgspec",
    "prometheus_client",
)

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
    assert {"models/estate.py", "optimizer/cli/main.py", "optimizer/checker/__init__.py"} <= {
        module.as_posix() for module in MODULES
    }
    assert "models.estate.Estate" in imports(Path("optimizer/planner.py"))
    assert "networkx" in imports(Path("optimizer/eligibility/reachability.py"))


@every_module
def test_packages_import_downwards(module: Path) -> None:
    forbidden = {
        "models": ("optimizer", "benchmarks", "docs"),
        "optimizer": ("benchmarks", "docs", "tests"),
        "benchmarks": ("docs", "tests"),
        "docs": ("benchmarks", "tests"),
    }[module.parts[0]]
    assert [name for name in imports(module) if any(within(name, f) for f in forbidden)] == []


@pytest.mark.parametrize(
    "module",
    [module for module in MODULES if module.parts[0] == "optimizer" and len(module.parts) > 1],
    ids=str,
)
def test_rooms_import_lower_rooms_only(module: Path) -> None:
    room = module.with_suffix("").parts[1]
    if room == "__init__":
        return
    rooms = {name.split(".")[1] for name in imports(module) if within(name, "optimizer")}
    assert {room, *rooms} <= set(LAYER)
    assert [other for other in rooms - {room} if LAYER[other] >= LAYER[room]] == []


def test_no_module_imports_itself_through_others() -> None:
    graph = nx.DiGraph()
    names = {".".join(module.with_suffix("").parts): module for module in MODULES}
    for name, module in names.items():
        for node in ast.parse((ROOT / module).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    graph.add_edge(name, whole if whole in names else node.module)
    circles = [sorted(part) for part in nx.strongly_connected_components(graph) if len(part) > 1]
    assert circles == []


@every_module
def test_each_solver_and_tool_has_few_doors(module: Path) -> None:
    free = module.parts[0] in ("benchmarks", "docs")
    for package, doors in DOORS.items():
        if not module.as_posix().startswith(doors) and not free:
            assert [name for name in imports(module) if within(name, package)] == []


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m.as_posix().startswith("optimizer/checker/")], ids=str
)
def test_the_checker_has_never_seen_the_planner(module: Path) -> None:
    planners = ("models.assignment_problem", "models.integer_program", "networkx", "ortools")
    for name in imports(module):
        assert within(name, "optimizer.checker") or not within(name, "optimizer")
        assert not any(within(name, package) for package in planners)


@every_module
def test_no_module_is_too_long(module: Path) -> None:
    lines = (ROOT / module).read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST, f"{module} has {lines} lines"


@every_module
def test_names_are_words_of_the_field(module: Path) -> None:
    assert NAMELESS.isdisjoint({module.stem, *module.parts})
    names = {module.stem}
    for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
    assert [name for name in sorted(names) if OLD_WORDS.fullmatch(name)] == []


def test_no_two_classes_have_one_name() -> None:
    names = Counter(
        node.name
        for module in MODULES
        if module.parts[0] in ("models", "optimizer")
        for node in ast.walk(ast.parse((ROOT / module).read_text("utf-8")))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize("option", ["--version", "--help", "-h"])
def test_help_is_quick(option: str) -> None:
    program = (
        "import sys\n"
        "from optimizer.cli.main import run\n"
        f"sys.argv = ['gip', '{option}']\n"
        "try:\n"
        "    run()\n"
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
