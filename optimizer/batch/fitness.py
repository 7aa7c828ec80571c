"""Whether a worker may plan for a client: the same versions, and the same output before it."""

from __future__ import annotations

from dataclasses import dataclass

import optimizer.batch.worker  # noqa: F401  (loaded before the first estate is timed)
from optimizer.batch.lock import holds
from optimizer.versions import disagreement, versions


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a worker says of itself: its versions, and whether it sees the batch's lock."""

    versions: dict[str, str]
    sees_output: bool


def introduce(out: str, token: str) -> Introduction:
    """Return what has to be known before this worker is given estates."""
    return Introduction(versions(), holds(out, token))


def complaint(found: Introduction, out: str) -> str | None:
    """Return why the client cannot use a worker, None where it can."""
    other = disagreement(found.versions)
    if other is not None:
        return other
    if not found.sees_output:
        return (
            f"does not see {out}; name a folder that all workers share, or an address as in "
            "s3://bucket/out"
        )
    return None
