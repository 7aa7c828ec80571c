"""An environment of its own for Meta's Rebalancer, which wants a newer Python than the planner.

Nothing of it is shared with the planner's process: a worker runs there, problem in, plan out.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ENVIRONMENT = Path(os.environ.get("REBALANCER_ENV", ROOT / ".venv-rebalancer"))
WORKER = Path(__file__).with_name("rebalancer_worker.py")
REQUIREMENT = "rebalancer==1.0.4"
VERSIONS = ("3.12", "3.13", "3.14")
GRACE = 120.0
NEWER = "import sys; sys.exit(sys.version_info < (3, 12))"


def ready() -> bool:
    """Tell whether the environment is there and can load the library."""
    python = _python(ENVIRONMENT)
    return python.exists() and _works([str(python), "-c", "import rebalancer"])


@cache
def install() -> str:
    """Make the environment where it is missing; return why that failed, "" where it did not."""
    if ready():
        return ""
    newer = next((path for path in _pythons() if _works([path, "-c", NEWER])), None)
    if newer is None:
        return "not installed: no Python 3.12 or later was found"
    commands = (
        [newer, "-m", "venv", "--clear", str(ENVIRONMENT)],
        [str(_python(ENVIRONMENT)), "-m", "pip", "install", "--quiet", REQUIREMENT],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            return f"not installed: {(done.stderr.strip().splitlines() or ['failed'])[-1]}"
    (ENVIRONMENT / ".gitignore").write_text("*\n", encoding="utf-8")
    return "" if ready() else "not installed: the library cannot be loaded"


def run(problem: dict[str, Any], limit: float) -> dict[str, Any]:
    """Return what the worker says of ``problem``; a note alone where it fails."""
    try:
        done = subprocess.run(  # noqa: S603
            [str(_python(ENVIRONMENT)), str(WORKER)],
            input=json.dumps(problem), capture_output=True, text=True, check=False,
            timeout=2 * limit + GRACE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"note": f"killed after {2 * limit + GRACE:.0f} s, its limit being {limit:.0f} s"}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return {"note": f"failed with {done.returncode}: {last[:300]}"}
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _python(environment: Path) -> Path:
    folder = "Scripts" if sys.platform == "win32" else "bin"
    return environment / folder / "python"


def _pythons() -> list[str]:
    """Return where a newer Python may be: on PATH, or among pyenv's."""
    found = [shutil.which(f"python{version}") for version in VERSIONS]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found += [
        str(path) for version in VERSIONS for path in sorted(pyenv.glob(f"{version}*/bin/python"))
    ]
    return [path for path in found if path]


def _works(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


if __name__ == "__main__":
    print(install() or f"ready: {ENVIRONMENT}")
