"""The sizes of a real cloud's tenant batches: how unevenly VMs come in groups."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import EstateError, Problem

END = "|"
REQUEST = re.compile(r"(\d+ )?[a-z]")
REMEDY = "give a list of VM requests such as b,b,|,g,|"


def read_batches(path: Path) -> NDArray[np.int64]:
    """Return the size of each batch, in VMs.

    The file lists requests between commas or line ends: a letter, the VM's size, at times after
    the second of its arrival; ``|`` ends a batch. Raises EstateError where it cannot be read or
    says otherwise.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(path, None, f"cannot be read: {error}") from error
    cells = [cell for part in re.split(r"[,\r\n]", text) if (cell := part.strip())]
    odd = next((cell for cell in cells if cell != END and not REQUEST.fullmatch(cell)), None)
    if odd is not None:
        raise _refused(path, odd, "is no VM request")
    ends = np.flatnonzero(np.array([*cells, END]) == END)
    sizes = np.diff(ends, prepend=-1) - 1
    if not sizes.any():
        raise _refused(path, None, "holds no VM requests")
    return sizes[sizes > 0].astype(np.int64)


def draw_batches(sizes: NDArray[np.int64], vms: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the batch of each of ``vms`` VMs: all sizes in an order by lot, again and again."""
    rounds = -(-vms // int(sizes.sum()))
    drawn = np.concatenate([rng.permutation(sizes) for _ in range(rounds)])
    return np.repeat(np.arange(len(drawn)), drawn)[:vms]


def _refused(path: Path, value: str | None, reason: str) -> EstateError:
    return EstateError([Problem(path.name, None, None, value, reason, REMEDY)])
