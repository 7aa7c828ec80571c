"""The page as text: its policy, its words, its bounds, and names that stay names."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zlib
from base64 import b64encode, b85decode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import reports

from models.report_data import Line, Place, Report
from optimizer.output.report import heatmap
from optimizer.output.report.firewall import openings
from optimizer.output.report.map.labels import HEIGHT, NARROW, Label, place_labels
from optimizer.output.report.map.svg import MOST_LABELS, draw_map
from optimizer.output.report.page import render
from optimizer.output.report.search_index import COLUMNS, pack_rows
from optimizer.output.report.texts import LANGUAGES, Language, catalogue

ROOT = Path(__file__).parents[2]
HOME = ROOT / "optimizer" / "output" / "report"
EVERY_LANGUAGE = pytest.mark.parametrize("lang", LANGUAGES)


class Page(HTMLParser):
    """What a browser would make of the page: elements with attributes, and text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.inside: dict[str, list[str]] = {"style": [], "script": []}
        self._open = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag
        if tag in self.inside:
            self.inside[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in self.inside:
            self.inside[self._open][-1] += data
        else:
            self.texts.append(data)


@EVERY_LANGUAGE
def test_the_policy_allows_the_one_style_and_the_one_script_only(lang: Language) -> None:
    page = Page(render(reports.report(reports.search()), lang))
    policy = next(
        a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"
    )
    (style,), (*data, script) = page.inside["style"], page.inside["script"]
    hashes = [b64encode(sha256(text.encode()).digest()).decode() for text in (style, script)]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    types = [attributes.get("type") for tag, attributes in page.elements if tag == "script"]
    assert types == ["application/json", "application/octet-stream", None]
    assert json.loads(data[0])["nothing"] == catalogue()["js.nothing"][lang]


@pytest.mark.parametrize("which", [reports.report, reports.hostile])
def test_nothing_is_asked_of_anybody_and_nothing_is_inline(which: object) -> None:
    text = render(which(), "en")  # type: ignore[operator]
    page = Page(text)
    tags = {tag for tag, _ in page.elements}
    assert tags.isdisjoint({"img", "iframe", "object", "embed", "base", "audio", "video", "use"})
    for _, attributes in page.elements:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        for name in {"src", "href", "action", "xlink:href"} & set(attributes):
            assert str(attributes[name]).startswith(("#", "data:image/svg+xml,"))
    style = page.inside["style"][0]
    assert set(re.findall(r"url\(([^)]*)", style)) == {"#p-t4", "#p-none", "#p-lost"}
    assert "@import" not in style
    assert not re.search(
        r"fetch|XMLHttp|WebSocket|Beacon|import\(|innerHTML|eval", page.inside["script"][-1]
    )


@EVERY_LANGUAGE
def test_hostile_names_are_text(lang: Language) -> None:
    hostile = Page(render(reports.hostile(), lang))
    plain = Page(render(reports.report(), lang))
    assert {tag for tag, _ in hostile.elements} == {tag for tag, _ in plain.elements}
    texts = "".join(hostile.texts)
    for name in reports.HOSTILE:
        assert (name if len(name) <= 72 else name[:48]) in texts


@EVERY_LANGUAGE
def test_the_page_is_that_of_its_language_and_always_the_same(lang: Language) -> None:
    report = reports.report(reports.search())
    page = render(report, lang)
    assert page == render(report, lang)
    elements = Page(page).elements
    assert ("html", {"lang": lang}) in elements
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in elements:
        if tag == "a" or "aria-labelledby" in attributes:
            ends = (attributes.get("href") or "").removeprefix("#")
            assert {ends} <= {"", *ids}
            assert set((attributes.get("aria-labelledby") or "").split()) <= set(ids)


def test_every_table_has_a_caption_and_headings() -> None:
    tags = Page(render(reports.report(), "en")).elements
    for at, (tag, attributes) in enumerate(tags):
        if tag == "table":
            assert tags[at + 1][0] == "caption"
        if tag == "th":
            assert attributes["scope"] in ("col", "row", "rowgroup")
        if attributes.get("role") == "img":
            assert tags[at + 1][0] == "title"


def test_the_questions_come_in_their_order() -> None:
    text = render(reports.report(), "en").decode()
    asked = [
        "What do I change?", "Find a VM, job or server", "Is it good?", "What is wrong?",
        "How loaded is each server?",
        "What does the network look like?", "What happens if?", "Which ports must be open?",
        "What was assumed?",
    ]  # fmt: skip
    assert re.findall(r'<h2 id="\w+-h">(.*?)</h2>', text) == asked


def first_screen(report: Report) -> str:
    """Return what is said before the search, as plain text."""
    text = render(report, "en").decode().split('<header class="top">')[1].split('id="search"')[0]
    words = " ".join(re.sub(r"<[^>]*>", " ", text).split())
    return re.sub(r" ([,.;:)])", r"\1", words).replace("\u2019", "'")


def test_the_first_screen_tells_what_to_do_and_what_comes_of_it() -> None:
    said = first_screen(reports.report())
    wanted = [
        "Select the servers below in 2 jobs: failed runs go from 76 to 35 a week, overload goes "
        "from 6,645 to 915 task-minutes a week.",
        "Then split one job: overload goes from 915 to 0 task-minutes a week, runs in tier 1 go "
        "from 599 to 640 a week.",
        "today with these lists with the splits best possible",
        "Overload, task-minutes 6,645 worst 13,290 915 worst 1,830 0 0",
        "daily gip-tokyo-01, vbr-01 5,730 fewer task-minutes of overload, 1.4 more runs in tier 1",
        "weekly automatic selection one fewer failed run",
        "9 jobs keep what they have.",
        "daily 915 fewer task-minutes of overload, 41 more runs in tier 1, at the price of one "
        "fewer run",
        "daily (10.10.1.0/24) 31 gip-tokyo-01, gip-tokyo-02 daily (2) 12 automatic selection",
        "Changes that can wait",
        "monthly vbr-01 2 more runs with a second path",
        "Next: gip export veeam PLAN",
        "Once the jobs are split, plan again: gip plan ESTATE --out NEXT --after PLAN",
    ]
    places = [said.find(text) for text in wanted]
    assert -1 not in places, wanted[places.index(-1)]
    assert places == sorted(places)


def test_where_doing_nothing_is_as_good_it_says_so() -> None:
    report = reports.report()
    late = [job for job in report.jobs if not job.early]
    kept = replace(report, jobs=late, splits=[], weeks=[report.weeks[0], report.weeks[0]])
    said = first_screen(kept)
    assert "Doing nothing is as good: no list of servers does better" in said
    assert "What stays: 76 failed runs and 6,645 task-minutes of overload a week." in said
    assert "No list of servers does better than what the jobs have today." in said
    said = first_screen(replace(report, jobs=late))
    assert "does better than today's choices; splitting jobs does. Split one job: over" in said
    today = report.weeks[0]
    easy = replace(today, nominal=replace(today.nominal, failed=0, overload_minutes=0))
    assert "Worst: the worst of five weeks" in said
    easy = replace(easy, worst=easy.nominal)
    said = first_screen(replace(kept, jobs=[], weeks=[easy, easy]))
    assert "worst" not in said.lower()
    assert "Nothing has to change" in said
    assert "Next:" not in said


def test_a_peak_by_utilisation_is_not_called_tasks() -> None:
    by_use = render(replace(reports.report(), balance="utilisation"), "en").decode()
    assert by_use.count("thousandths") == 1
    assert "thousandths" not in render(reports.report(), "en").decode()


def test_an_empty_report_is_a_page() -> None:
    empty = replace(
        reports.report(), estate="", windows_tasks=0, assigned=0, unprotected=0, aims=[],
        unassigned=[], overloaded=[], findings=[], servers=[], places=[], lines=[], failures=[],
        jobs=[], kept_jobs=0, splits=[], week_aims=[], moves_by_server=[], rules=[],
        assumptions=[], inputs={}, versions={}, weeks=reports.report().weeks[:2],
    )  # fmt: skip
    page = render(empty, "en").decode()
    assert "No port has to be opened." in page
    assert 'class="atlas"' not in page


def test_levels_follow_the_limit_and_overload_has_teeth() -> None:
    over = heatmap.strip(reports.server("a", 25, 20))
    assert (over.busiest, over.over, over.teeth.count("M")) == (22, 7, 7)
    assert [level for level, _ in over.paths] == [2, heatmap.OVER]
    assert [level for level, _ in heatmap.strip(reports.server("b", 20, 20)).paths] == [
        2,
        heatmap.FULL,
    ]
    assert heatmap.strip(reports.server("c", 20, None)).teeth == ""
    both = heatmap.combined_strip([reports.server("a", 25, 20), reports.server("b", 90, 100)])
    assert (both.server.server, both.over) == ("b", 7)


def test_the_busiest_server_comes_first() -> None:
    servers = [reports.server(*each) for each in [("a", 9, None), ("b", 9, 10), ("c", 3, 2)]]
    assert [each.server for each in heatmap.busiest_first(servers)] == ["c", "b", "a"]


def crowd(count: int) -> tuple[list[Place], list[Line]]:
    drawn = np.random.default_rng(3)
    places = [
        reports.place(f"site-{n:03}", float(x), float(y), (int(tasks), 0, int(tasks) // 2, 0))
        for n, (x, y, tasks) in enumerate(
            zip(*drawn.random((2, count)), drawn.integers(0, 90, count), strict=True)
        )
    ]
    lines = [Line(n, int(drawn.integers(0, n)), 1, n % 3 == 0, True) for n in range(1, count)]
    return places, lines


def test_labels_of_750_places_cover_neither_each_other_nor_the_edge() -> None:
    places, lines = crowd(750)
    drawn = draw_map(places, lines)
    labels = [spot.label for spot in drawn.spots if spot.label is not None]
    assert 20 < len(labels) <= MOST_LABELS
    boxes = [box(label) for label in labels]
    for n, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0
        assert right <= 1000
        for other in boxes[:n]:
            apart = left >= other[2] or other[0] >= right or top >= other[3] or other[1] >= bottom
            assert apart, (labels[n], other)
    assert drawn == draw_map(places, lines)
    assert drawn.lines["bridge"].count("M") == 249


def box(label: Label) -> tuple[float, float, float, float]:
    width = NARROW * len(label.text)
    left = label.x - {"start": 0.0, "middle": width / 2, "end": width}[label.anchor]
    return left, label.y - HEIGHT + 3, left + width, label.y + 3


def test_the_important_name_wins() -> None:
    circles = [(50.0, 50.0, 3.0), (52.0, 50.0, 3.0)]
    assert list(place_labels(["a" * 9, "b" * 9], circles, [1, 0], 1, (0, 0, 200, 200))) == [1]


def test_rules_alike_become_one_line() -> None:
    rules = [reports.rule(f"n{n}", "", purpose, False) for n in range(3) for purpose in "ab"]
    (one,) = openings(rules)
    assert (one.server, one.purposes, one.back) == ("gip-tokyo-01", ("a", "b"), ())
    assert [end.name for end in one.ends] == ["n0", "n1", "n2"]
    back = replace(rules[0], start="n0", start_kind="network", end=one.server, ports=("1",))
    first, second = openings([*rules, back])
    assert (first.back, [end.name for end in first.ends]) == (("1",), ["n0"])
    assert (second.back, [end.name for end in second.ends]) == ((), ["n1", "n2"])


def test_the_rows_come_out_as_they_went_in() -> None:
    search = reports.search(30)
    data = zlib.decompress(b85decode(pack_rows(search).replace("/", "<")), wbits=-15)
    size = int.from_bytes(data[:4], "little")
    head, rest = json.loads(data[4 : 4 + size]), data[4 + size :]
    assert head["vms"] == [None] * 30
    ids = [rest[16 * n : 16 * n + 16].hex() for n in range(30)]
    planes = np.frombuffer(rest[16 * 30 :], np.uint8).reshape(len(COLUMNS), 4, -1)
    columns = dict(zip(COLUMNS, planes.transpose(0, 2, 1).copy().view("<i4")[..., 0], strict=True))
    columns["vm"] = np.cumsum(columns["vm"])
    got = {
        (head["jobs"][job], ids[vm], head["names"][vm], proxy, tier, protected, reason)
        for job, vm, proxy, tier, protected, reason in zip(
            *(columns[c].tolist() for c in COLUMNS), strict=True
        )
    }
    assert got == {
        (search.jobs[job], search.vms[vm].replace("-", ""), search.names[vm], *others)
        for job, vm, *others in zip(*(getattr(search, c).tolist() for c in COLUMNS), strict=True)
    }


def test_it_grows_with_the_searchable_rows_only() -> None:
    places, lines = crowd(750)
    many = replace(
        reports.report(),
        servers=[reports.server(f"gip-{n}", n % 40) for n in range(5000)],
        places=places,
        lines=lines,
        rules=[reports.rule(f"net-{n}", "", f"p{n % 5}", n % 2 == 0) for n in range(20000)],
        failures=[*reports.report().failures] * 500,
        jobs=[*reports.report().jobs] * 5000,
        moves_by_server=[*reports.report().moves_by_server] * 5000,
        findings=[*reports.report().findings] * 500,
    )
    assert len(render(many, "en")) < 600_000
    assert "4,900 servers" in render(many, "en").decode()


def test_a_hundred_thousand_vms_stay_below_three_megabytes() -> None:
    assert len(render(reports.report(reports.search(100_000)), "ja")) < 3_000_000


def test_the_installed_package_has_all_it_needs(tmp_path: Path) -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = told["tool"]["setuptools"]["package-data"]["optimizer.output.report"]
    data = {path for pattern in patterns for path in HOME.glob(pattern)}
    for path in [*ROOT.glob("models/**/*.py"), *ROOT.glob("optimizer/**/*.py"), *data]:
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    shutil.copy(ROOT / "tests" / "reports.py", tmp_path)
    program = "import reports; from optimizer.output.report.page import render; import optimizer\n"
    program += "render(reports.report(), 'ja'); print(optimizer.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().startswith(str(tmp_path))
