"""Put into words what the system refuses wherever it does: memory, threads, names, a full disk."""

from __future__ import annotations

import errno

MEMORY = (
    "memory ran out; what was begun is undone. Give it more, plan less at once, or see "
    "`gip plan --out-of-core`"
)
WANTING = (
    "can't start new thread", "failed to launch worker thread", "cannot allocate memory",
    "failed to map segment", "bad_alloc",
)  # fmt: skip


def explain_failure(error: BaseException) -> str | None:
    """Return what to tell of an error that nobody else has; None where it is a defect.

    Libraries say in many ways that there is no memory.
    """
    reasons: str = ""
    at: BaseException | None = error
    while at is not None:  # a library's own words hide those of the system
        reasons, at = f"{reasons} {at}".lower(), at.__cause__ or at.__context__
    if isinstance(error, MemoryError) or any(want in reasons for want in WANTING):
        return MEMORY
    if not isinstance(error, OSError):
        return None
    if error.errno == errno.ENOMEM:
        return MEMORY
    why = error.strerror or str(error)
    if error.filename is None:
        return f"standard output or a file: {why}; make room, or check where it goes"
    name = error.filename if isinstance(error.filename, str) else repr(error.filename)
    if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
        return f"{_shortened(name)}: {why}; choose a shorter path"
    return f"{_shortened(name)}: {why}; check the path and the right to use it"


def _shortened(name: str) -> str:
    return name if len(name) <= 300 else f"{name[:150]}...{name[-100:]}"
