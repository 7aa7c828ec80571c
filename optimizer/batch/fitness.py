"""Whether a worker may plan for a client: the same versions, and the same output before it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

import optimizer.batch.worker  # noqa: F401  (loaded before the first estate is timed)
from optimizer.batch.lock import holds
from optimizer.outputs.plan_files import tools

ENGINE = ("dask", "distributed", "numpy")


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a worker says of itself: its versions, and whether it sees the batch's lock."""

    versions: dict[str, str]
    sees_output: bool


def introduce(out: str, token: str) -> Introduction:
    """Return what has to be known before this worker is given estates."""
    return Introduction(versions(), holds(out, token))


def versions() -> dict[str, str]:
    """Return the versions in which client and workers have to agree."""
    return tools() | {name: version(name) for name in ENGINE}


def complaint(found: Introduction, out: str) -> str | None:
    """Return why the client cannot use a worker, None where it can."""
    other = [
        f"{name} {found.versions.get(name)} (here {ours})"
        for name, ours in versions().items()
        if found.versions.get(name) != ours
    ]
    if other:
        return f"has {', '.join(other)}; install the same versions there"
    if not found.sees_output:
        return (
            f"does not see {out}; name a folder that all workers share, or an address as in "
            "s3://bucket/out"
        )
    return None
