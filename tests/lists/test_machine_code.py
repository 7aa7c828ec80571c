"""Tests of compiled functions: where their machine code is kept, and what if it cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from numba.core import config

from optimizer.lists import compiled, compiled_descent, compiled_offers
from optimizer.machine_code import compiled as compile_kept

PROGRAMS = (compiled.replay, compiled_descent.descend_loads, compiled_offers.offer)


def twice(number: int) -> int:
    return 2 * number


def test_without_a_folder_to_write_to_functions_are_compiled_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As where neither the program's folder nor the user's can be written to.
    monkeypatch.setattr(config, "CACHE_LOCATOR_CLASSES", "ZipCacheLocator")
    made: Any = compile_kept(twice)
    assert made(21) == 42
    assert made.stats.cache_path is None


@pytest.mark.parametrize("program", PROGRAMS)
def test_machine_code_is_kept_on_disk(program: Any) -> None:
    assert Path(program.stats.cache_path).is_dir()


CALLED = """
from optimizer import machine_code

@machine_code.compiled_helper
def times(number):
    return {factor} * number
"""
CALLING = """
import sys
from typing import NamedTuple
from optimizer import machine_code
machine_code.SOURCES = sys.argv[1]
from called import times

class {name}(NamedTuple):
    number: int

@machine_code.compiled
def work(given):
    return times(given.number)

if __name__ == "__main__":
    import calling
    print(calling.work(calling.{name}(21)), *calling.work.stats.cache_hits.values())
"""


def test_what_is_kept_of_other_code_is_made_anew(tmp_path: Path) -> None:
    """As after an update: a class is gone, or a module has changed whose functions are called."""

    def run(name: str, factor: int, sources: str) -> str:
        (tmp_path / "called.py").write_text(CALLED.format(factor=factor))
        path = tmp_path / "calling.py"
        path.write_text(CALLING.format(name=name))
        os.utime(path, (1, 1))  # numba tells by size and age whether a module has changed
        command = [sys.executable, "-B", str(path), sources]  # no bytecode of before
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert run("Before", 2, "then") == "42"
    assert run("Before", 2, "then") == "42 1"  # kept
    assert run("Before", 3, "then") == "42 1"  # what numba alone would do
    assert run("Before", 3, "now") == "63"
    assert run("After1", 3, "now") == "63"  # of the same size
    assert run("After1", 3, "now") == "63 1"
