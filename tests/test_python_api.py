"""The names of ``from optimizer import ...``, and the example of docs/python.md as it stands."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import optimizer

ROOT = Path(__file__).parents[1]


def test_every_name_is_there_and_says_what_it_does() -> None:
    for name in optimizer.__all__:
        assert getattr(optimizer, name).__doc__, name
    page = (ROOT / "docs" / "python.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)", page, re.MULTILINE)) == set(optimizer.__all__)


def test_importing_costs_nothing() -> None:
    program = "import sys, optimizer; print([m for m in ('pandas', 'ortools') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_example_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "python.md").read_text("utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    shutil.copytree(ROOT / "data" / "branch-offices", tmp_path / "data" / "branch-offices")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{example}"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "coverage 167 167 True" in done.stdout
