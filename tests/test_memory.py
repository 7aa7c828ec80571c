"""Little memory: one line and exit code 1, or a result, and nothing half done."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from parquet_tables import parquet

resource = pytest.importorskip("resource")

ROOT = Path(__file__).parents[1]
PROGRAM = """
import resource
resource.setrlimit(resource.RLIMIT_AS, ({size}, {size}))
from optimizer.cli.main import main
main()
"""


@pytest.mark.parametrize(
    ("size", "options"),
    [(300, []), (500, []), (700, []), (900, []), (700, ["--out-of-core"])],
)
def test_memory_that_runs_out_is_told(tmp_path: Path, size: int, options: list[str]) -> None:
    """Some libraries end the process in native code, which is not promised to be told."""
    program = PROGRAM.format(size=size << 20)
    estate = parquet(ROOT / "data" / "tiny", 3, tmp_path / "estate")
    if not options:
        estate = ROOT / "data" / "tiny"
    words = ["plan", str(estate), "--out", str(tmp_path / "out"), "-q", *options]
    done = subprocess.run(
        [sys.executable, "-c", program, *words], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode >= 0:
        assert done.returncode in (0, 1, 3), done.stderr
        assert "Traceback" not in done.stderr
    if done.returncode == 1:
        assert "memory ran out" in done.stderr
        assert not (tmp_path / "out").exists()
