"""Batches of VMs that are alike, and shares in whole numbers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.diagnostics import InputProblem
from models.errors import EstateError
from optimizer.files.reading import read_bytes


def share_out(total: int, weights: ArrayLike) -> NDArray[np.int64]:
    """Return whole numbers that add up to ``total``, as near to the weights as can be.

    >>> share_out(10, [3, 1, 1]).tolist()
    [6, 2, 2]
    """
    shares = np.asarray(weights, dtype=np.float64)
    if not shares.sum():
        shares = np.ones(len(shares))
    exact = total * shares / shares.sum()
    whole: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    most_missing = np.argsort(whole - exact, kind="stable")
    whole[most_missing[: total - int(whole.sum())]] += 1
    return whole


def rank_within(groups: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the place of each element among those of its group, in their order.

    >>> rank_within(np.array([7, 2, 7, 7])).tolist()
    [0, 0, 1, 2]
    """
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    first = np.searchsorted(ordered, ordered, side="left")
    ranks = np.empty(len(groups), dtype=np.int64)
    ranks[order] = np.arange(len(groups)) - first
    return ranks


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
        text = read_bytes(path).decode()
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
    return EstateError([InputProblem(path.name, None, None, value, reason, REMEDY)])
