"""Room in the address space that native libraries need: without it they abort, and say nothing."""

from __future__ import annotations

import mmap
import sys

NEEDED = 640 << 20  # measured on two cores: 550 MiB mostly failed or aborted, 750 MiB never in five


def require_headroom() -> None:
    """See that a limit of the address space (``ulimit -v``) leaves `NEEDED` bytes.

    Raises MemoryError where it does not. Without a limit nothing is asked for.
    """
    if sys.platform == "win32":
        return
    import resource

    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        return
    try:
        mmap.mmap(-1, NEEDED, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError as error:
        raise MemoryError(f"less than {NEEDED >> 20} MiB of address space are left") from error
