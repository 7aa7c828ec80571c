"""Machine code: functions that numba compiles when they are first called, and keeps on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that Python calls."""
    return _compiled(function, no_cfunc_wrapper=True)


def compiled_helper(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that only compiled ones call, without what Python would need to."""
    return _compiled(function, no_cfunc_wrapper=True, no_cpython_wrapper=True)


def _compiled(function: Callable[..., Any], **options: bool) -> Callable[..., Any]:
    try:
        made = njit(cache=True, **options)(function)
    except RuntimeError:  # no folder to keep it in: the program's and the user's are read-only
        made = njit(**options)(function)
    return made  # type: ignore[no-any-return]
