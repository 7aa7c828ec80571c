"""Install gip into clean environments and plan with it.

On each --python, by default on the newest of PYTHONS that this machine has, but for the one that
runs this, which has the tests; those that it lacks are named. From a --bundle alone (see
bundle.py), with hashes, by default on the Python that runs this; or else from the package index
under constraints.txt. Nothing is compiled: no compiler would be found.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def find_python(version: str) -> Path | None:
    """Return an interpreter of a version, from the path or from pyenv; None where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    named = [Path(folder) / f"python{version}" for folder in os.get_exec_path()]
    for path in (*named, *sorted(pyenv.glob(f"{version}.*/bin/python"))):
        told = "import sys; print('%d.%d' % sys.version_info[:2])"
        try:
            done = subprocess.run([path, "-c", told], capture_output=True, text=True, check=False)  # noqa: S603
        except OSError:
            continue
        if done.stdout.strip() == version:
            return path
    return None


def try_wheel(python: Path, wheel: Path, bundle: Path | None, folder: Path) -> None:
    """Install into a new environment in ``folder`` and plan there; SystemExit if not."""
    windows = sys.platform == "win32"
    binaries = folder / "venv" / ("Scripts" if windows else "bin")
    words = ["--quiet", "--disable-pip-version-check", "--no-compile", "--only-binary=:all:"]
    if bundle is None:
        words += ["--constraint", str(ROOT / "constraints.txt"), str(wheel)]
    else:
        words += ["--no-index", "--find-links", str(bundle / "wheels"), "--require-hashes"]
        words += ["--requirement", str(bundle / "requirements.txt")]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    clean |= {"CC": "no-compiler", "CXX": "no-compiler"}

    def run(*command: object) -> int:
        words = list(map(str, command))
        return subprocess.run(words, cwd=folder, env=clean, check=False).returncode  # noqa: S603

    data = ROOT / "data" / "tiny"
    for command in (
        (python, "-m", "venv", folder / "venv"),
        (binaries / "python", "-m", "pip", "install", *words),
        (binaries / "gip", "--version"),
        (binaries / "gip", "plan", data, "--out", "plan", "--quiet"),
        (binaries / "gip", "check", data, "plan", "--quiet"),
    ):
        code = run(*command)
        if code:
            sys.exit(f"{' '.join(map(str, command))}: exit code {code}")
    made = json.loads((folder / "plan" / "plan.json").read_bytes())
    print(f"{made['tool']['python']}: {made['totals']['assigned']} tasks assigned")


def main() -> None:
    """Try a wheel."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("wheel", type=Path)
    options.add_argument("--bundle", type=Path)
    options.add_argument("--python", action="append", metavar="3.N")
    given = options.parse_args()
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    wanted = given.python or ([own] if given.bundle else PYTHONS)
    found = {version: find_python(version) for version in wanted}
    for version in [version for version, python in found.items() if python is None]:
        print(f"Python {version}: not on this machine, so not tried")
    there = {version: python for version, python in found.items() if python is not None}
    if wanted is PYTHONS:
        newest = max(there, key=lambda version: (version != own, PYTHONS.index(version)))
        there = {newest: there[newest]}
    for python in there.values():
        with tempfile.TemporaryDirectory() as folder:
            bundle = given.bundle and given.bundle.resolve()
            try_wheel(python, given.wheel.resolve(), bundle, Path(folder))


if __name__ == "__main__":
    main()
