"""The page in a real browser: quiet, searchable, accessible, right in the dark and on paper."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import reports

from models.report_data import Report
from optimizer.output.report.page import render
from optimizer.output.report.texts import Language, catalogue

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
if CHROMIUM is None:
    pytest.skip("there is no Chromium here to look at the page with", allow_module_level=True)
pytest.importorskip("playwright", reason="Playwright is not installed")

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402

QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass
class Seen:
    """An open page, and everything that it said or asked for beside itself."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@dataclass
class Desk:
    """Opens pages in one browser; each must have been quiet when it is closed."""

    browser: Browser
    folder: Path
    opened: list[Seen] = field(default_factory=list)

    def open(self, report: Report, lang: Language = "en", **context: object) -> Page:
        file = self.folder / f"page-{len(self.opened)}.html"
        file.write_bytes(render(report, lang))
        page = self.browser.new_page(**context)  # type: ignore[arg-type]
        seen = Seen(page)
        page.on("console", lambda message: seen.console.append(message.text))
        page.on("pageerror", lambda error: seen.console.append(str(error)))
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("dialog", lambda dialog: seen.console.append(dialog.message))
        page.goto(file.as_uri())
        seen.requests.remove(file.as_uri())
        self.opened.append(seen)
        return page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def desk(browser: Browser, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(browser, tmp_path)
    yield desk
    for seen in desk.opened:
        seen.page.close()
        assert (seen.console, seen.requests) == ([], [])


def expect_found(page: Page, query: str, said: str) -> None:
    page.fill("#query", query)
    expect(page.locator("#found")).to_have_text(said)


def test_the_policy_is_in_force_and_a_page_that_is_not_quiet_is_caught(desk: Desk) -> None:
    page = desk.open(reports.report())
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.hit = 1';"
        "document.body.append(s); new Image().src = 'http://127.0.0.1:9/'; }"
    )
    assert page.evaluate("() => window.hit") is None
    (seen,) = desk.opened
    page.wait_for_timeout(100)
    assert len(seen.console) == 2
    desk.opened.clear()
    page.close()


def test_charts_are_there(desk: Desk) -> None:
    page = desk.open(reports.report())
    for chart in (".stack .t1", ".strip .h5, .strip .h4", ".atlas .slice", ".atlas .bridge"):
        box = page.locator(chart).first.bounding_box()
        assert box is not None
        assert box["width"] > 2
        assert box["height"] > 2
    assert page.locator(".strip .teeth").count() == 1
    assert page.get_by_role("img").count() == 4


def test_search_finds_by_vm_name_job_server_and_reason(desk: Desk) -> None:
    search = reports.search(40)
    page = desk.open(reports.report(search))
    expect_found(page, search.vms[6], "2 tasks")
    rows = page.locator("#hits tbody tr")
    expect(rows.first).to_contain_text(search.names[6])
    expect(rows.nth(1)).to_contain_text("weekly")
    expect_found(page, "TOKYO-APP-00000 weekly", "4 tasks")
    expect_found(page, "gip-osaka-01", "12 tasks")
    expect_found(page, "no server connects", "6 tasks")
    expect(rows.first).to_contain_text("no server")
    expect_found(page, "daily", "40 tasks")
    expect_found(page, "nowhere", "Nothing found")
    expect(page.locator("#hits")).to_be_hidden()
    expect_found(page, "", "")


def test_a_hundred_thousand_vms_are_searched_without_freezing(desk: Desk) -> None:
    search = reports.search(100_000)
    page = desk.open(reports.report(search))
    page.evaluate(
        "() => { const wait = window.setTimeout; window.pauses = 0;"
        "window.setTimeout = (go, ms) => { window.pauses += !ms; return wait(go, ms); }; }"
    )
    expect_found(page, search.vms[77_777], "1 task")
    assert page.evaluate("() => window.pauses") >= 3
    expect(page.locator("#hits tbody tr").first).to_contain_text("tokyo-app-077777")
    expect_found(page, "tokyo", "133,334 tasks; the first 100 are shown")
    assert page.locator("#hits tbody tr").count() == 100


def test_an_old_browser_is_told_where_to_look(desk: Desk) -> None:
    page = desk.browser.new_page()
    page.add_init_script("delete window.DecompressionStream")
    file = desk.folder / "old.html"
    file.write_bytes(render(reports.report(reports.search()), "ja"))
    page.goto(file.as_uri())
    expect(page.locator("#query")).to_be_disabled()
    expect(page.locator("#found")).to_have_text(catalogue()["js.too_old"]["ja"])
    page.close()


@pytest.mark.parametrize(("lang", "scheme"), [("en", "light"), ("ja", "dark")])
def test_axe_finds_nothing_serious(desk: Desk, lang: Language, scheme: str) -> None:
    page = desk.open(reports.report(reports.search()), lang, color_scheme=scheme)
    expect_found(page, "tokyo-app-000001", catalogue()["js.one"][lang])
    page.evaluate("() => document.querySelectorAll('details').forEach((each) => each.open = true)")
    serious = [
        (violation["id"], [node["html"] for node in violation["nodes"]])
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_dark_is_dark_and_paper_is_white(desk: Desk) -> None:
    page = desk.open(reports.report(), color_scheme="dark")
    assert luminance(page, "body", "backgroundColor") < 0.05
    assert luminance(page, "h1", "color") > 0.7
    page.emulate_media(color_scheme="dark", media="print")
    assert luminance(page, "h1", "color") < 0.05
    for hidden in ("nav", ".search", "summary"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.locator("details table")).to_be_visible()
    page.emulate_media(color_scheme="light", media="screen")
    assert luminance(page, "body", "backgroundColor") > 0.9
    expect(page.locator("details table")).to_be_hidden()


def test_greys_still_tell_the_tiers_apart(desk: Desk) -> None:
    for scheme in ("light", "dark"):
        page = desk.open(reports.report(), color_scheme=scheme)
        greys = [luminance(page, f".stack .{tier}", "fill") for tier in ("t1", "t2", "t3")]
        greys += [luminance(page, f".legend .h{level}", "fill") for level in range(1, 6)]
        for one, other in [(0, 1), (1, 2), (3, 4), (4, 5), (5, 6), (6, 7)]:
            bright, dim = sorted((greys[one], greys[other]), reverse=True)
            assert (bright + 0.05) / (dim + 0.05) > 1.25, (scheme, one, other)


def luminance(page: Page, selector: str, style: str) -> float:
    """Return the relative luminance of a colour, 0 (black) to 1 (white)."""
    colour = page.locator(selector).first.evaluate(f"(e) => getComputedStyle(e).{style}")
    channels = [int(c) / 255 for c in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("width", [400, 1280])
def test_hostile_names_stay_text_and_inside(desk: Desk, width: int) -> None:
    page = desk.open(reports.hostile(), viewport={"width": width, "height": 800})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert page.locator("body img, body iframe, [onload], [onerror]").count() == 0
    assert page.locator("script").count() == 3
    expect(page.locator("h1")).to_have_text(reports.HOSTILE[0])
    expect_found(page, "<svg onload", "12 tasks")
    expect(page.locator("#hits tbody tr").first).to_contain_text(reports.HOSTILE[2])
    assert page.locator("#hits svg").count() == 0


def test_the_keyboard_gets_everywhere(desk: Desk) -> None:
    page = desk.open(reports.report())
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#change .scroll").first).to_be_focused()
    for _ in range(page.locator("#change .scroll").count()):
        page.keyboard.press("Tab")
    expect(page.locator("#query")).to_be_focused()
    assert page.locator("#query").evaluate("(e) => getComputedStyle(e).outlineStyle") == "solid"


def test_print_opens_what_is_closed(desk: Desk, tmp_path: Path) -> None:
    page = desk.open(reports.report())
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0
    assert page.pdf().startswith(b"%PDF")
