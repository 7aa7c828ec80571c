"""What is installed only on request: a sentence with the remedy where it is missing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from models.errors import GipError

# Extras of pyproject.toml, and the modules that come with each.
EXTRAS = {"cluster": ("cryptography", "dask", "distributed", "fsspec", "psutil", "tornado")}


class MissingExtraError(GipError):
    """A command needs packages that are installed only on request."""


@contextlib.contextmanager
def importing(extra: str, what: str) -> Iterator[None]:
    """Import what comes with an extra; MissingExtraError, about ``what`` it is for, without it."""
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in EXTRAS[extra]:
            raise
        raise MissingExtraError(
            f"{what} needs the package {module}, which comes with the extra `{extra}`; run\n"
            f"  python -m pip install 'gip-planner[{extra}]'\n"
            "with the wheel's file in place of gip-planner, where it was installed from one"
        ) from error
