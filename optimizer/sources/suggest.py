"""Finds what a misspelt name was probably meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice

LOOKED_AT = 5000


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the closest of the first `LOOKED_AT` names, or "".

    >>> did_you_mean("serwer", ["server", "site"])
    "; did you mean 'server'?"
    """
    close = difflib.get_close_matches(name, list(islice(known, LOOKED_AT)), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
