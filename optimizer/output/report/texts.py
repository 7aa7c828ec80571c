"""The texts of the page, in each language, from one catalogue."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any, Literal, get_args

from markupsafe import Markup, escape

Language = Literal["en", "ja"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def catalogue() -> dict[str, dict[str, str]]:
    """Return the texts by dotted key, each with one per language.

    ``en_one`` is the English for ``n`` = 1, where that differs.
    """
    text = files("optimizer.output.report").joinpath("texts.toml").read_text(encoding="utf-8")
    tables: dict[str, dict[str, dict[str, str]]] = tomllib.loads(text)
    return {f"{part}.{key}": each for part, keys in tables.items() for key, each in keys.items()}


class Texts:
    """The texts of one language: filled in, escaped, numbers with thousands separators.

    >>> Texts("en")("note.more", n=12000, file="<b>")
    Markup('… and 12,000 more, in &lt;b&gt;')
    """

    def __init__(self, lang: Language) -> None:
        self._texts = {
            key: (each[lang], each.get(f"{lang}_one", each[lang]))
            for key, each in catalogue().items()
        }

    def __call__(self, key: str, **values: Any) -> Markup:
        """Return the text of ``key``; it must exist."""
        text = self._texts[key][values.get("n") == 1]
        return escape(text).format(**{name: _shown(value) for name, value in values.items()})

    def code(self, part: str, code: str, **values: Any) -> Markup:
        """Return what ``code`` means, or the code itself where the catalogue is silent."""
        key = f"{part}.{code}"
        if key in self._texts:
            return self(key, **values)
        return Markup("<bdi><code>{}</code></bdi>").format(code)

    def part(self, part: str) -> dict[str, str]:
        """Return the texts of one part, unfilled, for the script."""
        start = f"{part}."
        return {
            key.removeprefix(start): text
            for key, (text, _) in self._texts.items()
            if key.startswith(start)
        }


def number(value: int) -> str:
    """Return a number as people read it: ``12,345``, with a minus sign that is one."""
    return f"{value:,}".replace("-", "\N{MINUS SIGN}")


def share(part: int, whole: int) -> str:
    """Return ``part`` of ``whole`` in per cent, never rounded up to all or down to nothing.

    >>> share(999, 1000), share(1, 1000), share(0, 0)
    ('99.9\N{NARROW NO-BREAK SPACE}%', '0.1\N{NARROW NO-BREAK SPACE}%', '\N{EN DASH}')
    """
    if whole == 0:
        return "\N{EN DASH}"
    per_mille = part * 1000 // whole
    if part and not per_mille:
        return "<0.1\N{NARROW NO-BREAK SPACE}%"
    if per_mille in (0, 1000) or (per_mille >= 100 and per_mille < 990):
        return f"{per_mille // 10}\N{NARROW NO-BREAK SPACE}%"
    return f"{per_mille / 10:.1f}\N{NARROW NO-BREAK SPACE}%"


def _shown(value: Any) -> Any:
    return number(value) if isinstance(value, int) else value
