"""Make a folder from which gip installs without internet, on Windows and Linux.

python .ci/bundle.py WHEEL OUT [--python 3.13] [--extra cluster]

OUT/wheels holds every package, OUT/requirements.txt its version and SHA-256. pip resolves for the
machine that it runs on, so what other systems need in addition is found in the wheels' metadata.
"""

from __future__ import annotations

import argparse
import email.parser
import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).parents[1]
LINUX_TAGS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
README = """\
Install without internet, on Windows or Linux (64 bit) with Python {pythons}:

  python -m venv .venv
  .venv/bin/pip install --no-index --find-links wheels --require-hashes -r requirements.txt
  .venv/bin/gip --help

On Windows they are .venv\\Scripts\\pip and .venv\\Scripts\\gip.
"""


@dataclass(frozen=True)
class Target:
    """A system with a Python: wheel tags for pip, and what markers of requirements see there."""

    system: str
    tags: tuple[str, ...]
    python: str

    @property
    def environment(self) -> dict[str, str]:
        """Return the values of markers there."""
        windows = self.system == "Windows"
        return {
            **{key: str(value) for key, value in default_environment().items()},
            "platform_system": self.system,
            "sys_platform": "win32" if windows else "linux",
            "os_name": "nt" if windows else "posix",
            "platform_machine": "AMD64" if windows else "x86_64",
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
        }

    def download(self, wheels: Path, wanted: list[str]) -> None:
        """Download what is ``wanted``, and what pip finds that it requires, into ``wheels``."""
        words = ["--quiet", "--only-binary=:all:", "--implementation", "cp"]
        words += ["--python-version", self.python, "--dest", str(wheels)]
        words += [word for tag in self.tags for word in ("--platform", tag)]
        words += ["--constraint", str(ROOT / "constraints.txt"), *wanted]
        subprocess.run([sys.executable, "-m", "pip", "download", *words], check=True)  # noqa: S603


def names(wheels: Path) -> dict[str, list[Path]]:
    """Return the wheels of each package."""
    found: dict[str, list[Path]] = {}
    for path in sorted(wheels.glob("*.whl")):
        found.setdefault(parse_wheel_filename(path.name)[0], []).append(path)
    return found


def required(path: Path, environment: dict[str, str], extras: set[str]) -> Iterator[Requirement]:
    """Yield what a wheel requires in an environment, with some of its extras."""
    with zipfile.ZipFile(path) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = email.parser.BytesParser().parsebytes(wheel.read(name))
    for text in metadata.get_all("Requires-Dist", []):
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(
            marker.evaluate({**environment, "extra": extra}) for extra in extras or {""}
        ):
            yield requirement


def closure(
    wheels: Path, target: Target, root: str, extras: set[str]
) -> tuple[set[str], list[str]]:
    """Return the packages that ``root`` needs on a target, and requirements that nothing meets."""
    have, seen, missing = names(wheels), {root}, []
    todo = [(root, extras)]
    while todo:
        name, with_extras = todo.pop()
        for requirement in required(have[name][0], target.environment, with_extras):
            needed = canonicalize_name(requirement.name)
            if needed not in have:
                missing.append(f"{requirement.name}{requirement.specifier}")
            elif needed not in seen:
                seen.add(needed)
                todo.append((needed, requirement.extras))
    return seen, missing


def gather(wheels: Path, target: Target, wheel: Path, extras: set[str]) -> set[str]:
    """Download all that the wheel needs on a target; return the names of the packages."""
    root = parse_wheel_filename(wheel.name)[0]
    wanted = [f"{wheel}[{','.join(sorted(extras))}]" if extras else str(wheel)]
    while wanted:
        target.download(wheels, wanted)
        found, wanted = closure(wheels, target, root, extras)
    return found


def lines(wheels: Path, needed: dict[str, set[str]]) -> Iterator[str]:
    """Yield the requirements with hashes; what only one system needs has a marker."""
    for name, paths in names(wheels).items():
        systems = {system for system, packages in needed.items() if name in packages}
        versions = {parse_wheel_filename(path.name)[1] for path in paths}
        if len(versions) != 1:
            sys.exit(f"{name}: {versions}: two versions; pin one in constraints.txt")
        only = f" ; platform_system == '{systems.pop()}'" if len(systems) == 1 else ""
        hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
        yield " \\\n".join(
            [f"{name}=={versions.pop()}{only}", *(f"    --hash=sha256:{each}" for each in hashes)]
        )


def main() -> None:
    """Make the bundle."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("wheel", type=Path)
    options.add_argument("out", type=Path)
    options.add_argument("--python", action="append", metavar="3.N")
    options.add_argument("--extra", action="append", default=[])
    given = options.parse_args()
    pythons = given.python or [f"{sys.version_info.major}.{sys.version_info.minor}"]
    wheels = given.out / "wheels"
    shutil.rmtree(given.out, ignore_errors=True)
    wheels.mkdir(parents=True)
    needed: dict[str, set[str]] = {"Windows": set(), "Linux": set()}
    for python in pythons:
        for target in (
            Target("Windows", ("win_amd64",), python), Target("Linux", LINUX_TAGS, python),
        ):  # fmt: skip
            needed[target.system] |= gather(wheels, target, given.wheel, set(given.extra))
    for name, paths in names(wheels).items():
        if not any(name in packages for packages in needed.values()):
            for path in paths:
                path.unlink()
    (given.out / "requirements.txt").write_text("\n".join(lines(wheels, needed)) + "\n", "utf-8")
    (given.out / "README.txt").write_text(README.format(pythons=" or ".join(pythons)), "utf-8")
    size = sum(path.stat().st_size for path in wheels.iterdir()) / 1e6
    print(f"{len(list(wheels.iterdir()))} wheels, {size:.0f} MB in {given.out}")


if __name__ == "__main__":
    main()
