"""Finds what a misspelt name was probably meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice

LOOKED_AT = 5000


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the closest of the first `LOOKED_AT` names, or "".

    >>> did_you_mean("SERWER", ["Server", "site"])
    "; did you mean 'Server'?"
    """
    spelt = {other.casefold(): other for other in islice(known, LOOKED_AT)}
    close = difflib.get_close_matches(name.casefold(), spelt, n=1)
    return f"; did you mean {spelt[close[0]]!r}?" if close else ""


class Hints:
    """`did_you_mean` for the first few names that are asked for; they are slow to find."""

    def __init__(self, known: Iterable[str], most: int = 20) -> None:
        self._known = list(islice(known, LOOKED_AT))
        self._most = most
        self._given: dict[str, str] = {}

    def of(self, name: str) -> str:
        """Return the hint for ``name``, "" once enough others were given."""
        if name not in self._given and len(self._given) < self._most:
            self._given[name] = did_you_mean(name, self._known)
        return self._given.get(name, "")
