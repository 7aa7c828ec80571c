"""Texts, codes and figures of the report, in every language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from models.aims import AIMS
from models.plan import Reason
from models.ports import PORTS, WHEN
from models.report_data import Week
from models.week_aims import WEEK_AIMS
from models.week_plan import Certainty, Proof
from optimizer.output.report.counts import ASSUMED, ASSUMPTION, CODES
from optimizer.output.report.texts import LANGUAGES, Texts, catalogue, number, share

ROOT = Path(__file__).parents[2]
HOME = ROOT / "optimizer" / "output" / "report"
TEMPLATES = sorted((HOME / "templates").glob("*.html"))


def test_every_text_is_in_every_language() -> None:
    for key, each in catalogue().items():
        assert set(each) <= {*LANGUAGES, "en_one"}, key
        assert all(each.get(lang) or key == "note.space" for lang in LANGUAGES), key
        fields = {frozenset(re.findall(r"{(\w+)}", each[lang])) for lang in LANGUAGES}
        assert len(fields) == 1, key
        assert set(re.findall(r"{(\w+)}", each.get("en_one", ""))) <= set(*fields), key


def test_no_text_is_unused_and_none_is_missing() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES)
    script = (HOME / "templates" / "page.js").read_text(encoding="utf-8")
    named = set(re.findall(r'\bt\("([\w.]+)"', sources))
    named |= set(re.findall(r'else "(\w+\.\w+)"', sources))
    named |= {f"js.{word}" for word in re.findall(r"words\.(\w+)", script)}
    by_code = set(re.findall(r't\.code\((?:"\w+" if .*? else )?"(\w+)"', sources))
    by_code |= set(re.findall(r't\.code\("(\w+)"', sources))
    workbook = (HOME / "workbook.py").read_text(encoding="utf-8")
    named |= set(re.findall(r'"((?:col|sheet|change|target|good)\.\w+)"', workbook))
    named |= set(re.findall(r"text\('([\w.]+)'\)", workbook))
    by_code |= set(re.findall(r'amounts\("(\w+)"', sources))
    assert named <= set(catalogue())
    unused = {
        key
        for key in set(catalogue()) - named
        if key.split(".")[0] not in by_code and not key.startswith("js.reason_")
    }
    assert unused == set()
    assert by_code <= {key.split(".")[0] for key in catalogue()}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_words(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"{%.*?%}|{{.*?}}", "", text, flags=re.DOTALL)
    said = re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', text)
    said.append(re.sub(r"<[^>]*>", "", text))
    assert [word for words in said for word in re.findall(r"[^\W\d_]+", words)] == []


def test_every_code_has_its_words() -> None:
    keys = set(catalogue())
    for reason in get_args(Reason):
        assert {f"reason.{reason}", f"remedy.{reason}", f"js.reason_{reason}"} <= keys
    for aim in AIMS:
        assert {f"aim.{aim}", f"meaning.{aim}"} <= keys
    assert {f"week.{week}" for week in get_args(Week)} <= keys
    for aim in {aim for aims in WEEK_AIMS.values() for aim in aims}:
        assert {f"week_aim.{aim}", f"gain.{aim}", f"cost.{aim}"} <= keys
    assert {f"certainty.{certainty}" for certainty in get_args(Certainty)} <= keys
    assert {f"proof.{proof}" for proof in get_args(Proof)} <= keys
    assert {f"when.{when}" for when in WHEN} <= keys
    assert {f"purpose.{use.purpose}" for uses in PORTS.values() for use in uses} <= keys
    assumed = {*CODES.values(), *ASSUMED, "unofficial_ports"} - {ASSUMPTION}
    assert {f"assumption.{code}" for code in assumed} <= keys


def test_figures_are_as_people_read_them() -> None:
    t = Texts("en")
    assert t("note.more", n=1200, file="<b>") == "… and 1,200 more, in &lt;b&gt;"
    assert t("target.some", assigned=1, n=1).endswith("one can have none.")
    assert t.code("finding", "<x>") == "<bdi><code>&lt;x&gt;</code></bdi>"
    assert number(-1234567) == "\N{MINUS SIGN}1,234,567"
    assert [share(*each).replace("\N{NARROW NO-BREAK SPACE}", "") for each in [
        (0, 7), (7, 7), (1, 3), (99999, 100000), (1, 100000), (1, 20), (0, 0),
    ]] == ["0%", "100%", "33%", "99.9%", "<0.1%", "5.0%", "\N{EN DASH}"]  # fmt: skip
