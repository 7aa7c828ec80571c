"""Loaded by the workers of tests: estates go wrong as their folders are called, or their versions.

``killed`` does so every time, ``killed-once`` the first time only.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

from optimizer.distributed.batch import plan_one, worker_pool
from optimizer.distributed.cluster import versions
from optimizer.pipeline import run_plan


def run(folder: Path, out: Path, *others: Any) -> Any:
    """Plan as ever, unless the estate's name is one of a fault."""
    begun = folder.with_name(f"{folder.name}.begun")
    fault, _, once = folder.name.partition("-")
    spared = bool(once) and begun.exists()
    begun.write_text(str(os.getpid()))
    if spared:
        return run_plan(folder, out, *others)
    if fault == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "stopped":
        os.kill(os.getpid(), signal.SIGSTOP)
    if fault == "waiting":
        while not folder.with_name("go").exists():
            time.sleep(0.02)
    hoard = []
    while fault == "hungry":
        hoard.append(b"x" * (16 << 20))
        time.sleep(0.005)
    if fault == "vanishing":
        shutil.rmtree(folder)
    if fault == "defect":
        raise ZeroDivisionError("not a number")
    return run_plan(folder, out, *others)


def other_versions() -> dict[str, str]:
    """Return what no client has."""
    return versions() | {"gip-planner": "0.0.1", "ortools": "9.14"}


setattr(plan_one, run_plan.__name__, run)
if "GIP_TEST_OTHER_VERSIONS" in os.environ:
    setattr(worker_pool, versions.__name__, other_versions)
