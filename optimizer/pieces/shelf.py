"""Puts what many tasks need where every worker finds it, and keeps it there in memory."""

from __future__ import annotations

import pickle
from functools import lru_cache
from pathlib import Path
from typing import Any


def put(value: Any, path: Path) -> Path:
    """Write a value down in the run's own folder; return ``path``."""
    path.write_bytes(pickle.dumps(value))
    return path


def fetch(path: Path) -> Any:
    """Return the value at ``path``, which only this program's own run can have written."""
    return pickle.loads(path.read_bytes())  # noqa: S301


@lru_cache(maxsize=2)
def take(path: Path) -> Any:
    """Return the same, and keep it for the next call."""
    return fetch(path)
