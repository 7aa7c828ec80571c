"""Machine code: functions that numba compiles when they are first called, and keeps on disk.

That is in `__pycache__` beside their modules, in the user's cache folder where that is read-only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that Python calls."""
    return _compiled(function, no_cfunc_wrapper=True)


def compiled_helper(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that only compiled ones call, without what Python would need to."""
    return _compiled(function, no_cfunc_wrapper=True, no_cpython_wrapper=True)


def _sources() -> list[tuple[str, float, int]]:
    """Return every module with compiled functions, when it was changed, and its size."""
    paths = sorted(Path(__file__).parent.glob("*/compiled*.py"))
    return [(path.name, path.stat().st_mtime, path.stat().st_size) for path in paths]


SOURCES = _sources()


class _Cache(FunctionCache):  # type: ignore[misc]
    """Machine code on disk, good as long as no module with compiled functions changes.

    numba looks at a function's own module only, not at those whose functions are called there.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file._source_stamp = (self._cache_file._source_stamp, SOURCES)

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Return what is kept for a signature; None where that names what is gone since."""
        try:
            return super().load_overload(signature, context)
        except (AttributeError, ImportError):
            self.flush()
            return None


def _compiled(function: Callable[..., Any], **options: bool) -> Callable[..., Any]:
    made = njit(**options)(function)
    with contextlib.suppress(RuntimeError):  # no folder for it: program's and user's are read-only
        made._cache = _Cache(function)  # as `enable_caching` does
    return made  # type: ignore[no-any-return]
