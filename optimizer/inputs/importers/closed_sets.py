"""Reads columns whose words are a closed set, in the spellings of other programs and languages.

Case, blanks, hyphens and underscores do not count. What is none of the words is told with its
value and place, and with what it is taken for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from models.diagnostics import Finding
from optimizer.inputs.importers.spreadsheets import Sheet

# What Excel and people write in English, German, French, Spanish, Italian, Portuguese, Dutch,
# Polish, Czech, Slovak, Danish, Swedish, Norwegian, Finnish, Hungarian, Turkish, Romanian,
# Russian, Ukrainian, Greek, Croatian, Slovenian, Estonian, Latvian, Japanese, Chinese and Korean.
# ruff: noqa: RUF001 - these letters are meant
YES = (
    "true 1 yes wahr ja vrai oui verdadero sí si vero sì verdadeiro sim waar prawda tak pravda ano "
    "áno sand sandt sant tosi kyllä igaz igen doğru evet adevărat da истина да істина так αληθεσ "
    "αληθήσ ναι istina resnično tõene jah patiess jā はい 真 是 예 참"
)
NO = (
    "false 0 no falsch nein faux non falso não nao onwaar nee fałsz nie nepravda ne falsk falskt "
    "usann nei epätosi ei hamis nem yanlış hayır fals nu ложь нет хибність ні ψευδεσ ψευδήσ όχι "
    "neistina neresnično väär aplams nē いいえ 偽 假 否 아니요 거짓"
)


@dataclass(frozen=True, slots=True)
class ClosedSet:
    """What each word means; another one is told to be none of ``words``, and means ``assumed``."""

    meanings: Mapping[str, str]
    words: str
    assumed: str

    def meaning(self, text: str) -> str | None:
        """Return what ``text`` means, "" where it is empty, None where it is none of the words."""
        return self.meanings.get(plain(text)) if text else ""


def plain(text: str) -> str:
    """Return ``text`` without what spellings differ in.

    >>> plain("Hyper-V host"), plain("Powered On")
    ('hypervhost', 'poweredon')
    """
    return re.sub(r"[\s_]|(?<=\w)-(?=\w)", "", text).casefold()


def flags(assumed: str) -> ClosedSet:
    """Return the set of yes and no in any language of Excel: "true" and "false"."""
    words = {plain(word): "true" for word in YES.split()}
    return ClosedSet(
        words | {plain(word): "false" for word in NO.split()}, "true or false", assumed
    )


FLAGS = flags("")


def read_closed(
    sheet: Sheet, column: str, known: ClosedSet, taken: str, findings: list[Finding]
) -> pd.Series[str]:
    """Return what the cells of ``column`` mean, "" where they are empty.

    Of each word that is not known a finding tells the first place, and what it is ``taken`` for.
    """
    cells = sheet.cells[column]
    meanings = {}
    for text in map(str, cells.unique()):
        meaning = known.meaning(text)
        if meaning is None:
            meaning = known.assumed
            findings.append(_unknown(sheet, column, text, f"is not {known.words}: {taken}"))
        meanings[text] = meaning
    return cells.map(meanings).astype("str")


def _unknown(sheet: Sheet, column: str, text: str, why: str) -> Finding:
    rows = (sheet.cells[column] == text).to_numpy()
    count = f" in {int(rows.sum())} rows" if rows.sum() > 1 else ""
    detail = f"{column}: {text[:80]!r}{count} {why}"
    return Finding("warning", "unknown_value", sheet.place(int(rows.argmax())), detail)
