"""Tests of compiled functions: where their machine code is kept, and what if it cannot be."""

from __future__ import annotations

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
