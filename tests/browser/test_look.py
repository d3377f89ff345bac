"""The two live pages in a real browser: complete, live, calm under loss, and within themselves."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser, Page, Response, expect

from oms.core.templatetags import look
from tests.browser import look_sample
from tests.browser.stage import Stage

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        finders.find("vendor/d3-geo.min.js") is None, reason="front-end files are not set up"
    ),
]

BOARD, TRACKING = "dashboards/board.html", "dashboards/tracking.html"
BUDGET_BYTES = 150 * 1024


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    outside: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("request", lambda request: outside.append(request.url))
    page.complaints = complaints
    yield page
    context.close()
    assert [url for url in outside if not url.startswith("http://127.0.0.1:")] == []


def open_live(page: Page, stage: Stage) -> None:
    page.goto(stage.url)
    expect(page.locator("[data-live]")).to_have_attribute("data-state", "live")


def test_board_takes_a_delta_without_a_reload_and_lets_the_new_number_glow(page: Page) -> None:
    with Stage("/board/", BOARD, look_sample.board()) as stage:
        open_live(page, stage)
        count = page.locator(".stage", has_text="Pick").locator("b")
        expect(count).to_have_text("312")

        picked = [s | {"count": 311} if s["key"] == "pick" else s for s in stage.data["stages"]]
        stage.send(2, stages=picked)

        expect(count).to_have_text("311")
        expect(count).to_have_class("num glow")
        expect(page.locator(".stage b.glow")).to_have_count(1)
        expect(page.locator(".stage", has_text="Pack").locator("b")).to_have_text("88")
        expect(page.locator(".glow")).to_have_count(0)
        assert page.complaints == []


def test_board_adds_and_removes_rows_and_says_a_new_decision_aloud(page: Page) -> None:
    with Stage("/board/", BOARD, look_sample.board()) as stage:
        open_live(page, stage)
        fresh = stage.data["decisions"][0] | {"number": "10500", "why": "Newark dock closed"}

        stage.send(2, decisions=[fresh, *stage.data["decisions"][1:]])

        rows = page.locator(".decisions tbody tr")
        expect(rows).to_have_count(5)
        expect(rows.first).to_contain_text("#10500")
        expect(page.locator(".decisions")).not_to_contain_text("10391")
        expect(page.locator("[data-announce]")).to_contain_text("Late risk, Newark dock closed")


def test_board_shows_both_movements_of_one_order_and_drops_them_again(page: Page) -> None:
    with Stage("/board/", BOARD, look_sample.board()) as stage:
        open_live(page, stage)
        row = stage.data["deliveries"][0]

        stage.send(2, deliveries=[row, row | {"label": "Out for delivery"}])
        expect(page.locator(".moves li")).to_have_count(2)

        stage.send(3, deliveries=[])
        expect(page.locator(".moves li")).to_have_count(0)
        expect(page.locator(".board-moves .empty")).to_be_visible()


def test_gap_in_the_sequence_fetches_a_fresh_copy(page: Page) -> None:
    with Stage("/board/", BOARD, look_sample.board()) as stage:
        open_live(page, stage)
        stage.data["title"] = "Operations · west"

        stage.send(5, events_per_minute=300)

        expect(page.locator("h1")).to_have_text("Operations · west")
        assert stage.copies == 1


def test_lost_socket_is_polled_and_said(page: Page) -> None:
    with Stage("/board/", BOARD, look_sample.board()) as stage:
        open_live(page, stage)
        stage.data["events_per_minute"] = 7

        stage.drop()

        expect(page.locator("[data-live]")).to_have_attribute("data-state", "polling")
        expect(page.locator("[data-live-label]")).to_have_text("Checking every 5 seconds")
        expect(page.locator("[data-text=events_per_minute]")).to_have_text("7")


def test_paused_board_stands_still_and_catches_up(page: Page) -> None:
    with Stage("/board/", BOARD, look_sample.board()) as stage:
        open_live(page, stage)
        rate = page.locator("[data-text=events_per_minute]")
        page.get_by_role("button", name="Pause").click()

        stage.send(2, events_per_minute=900)
        page.wait_for_timeout(300)
        expect(rate).to_have_text("212")

        page.get_by_role("button", name="Pause").click()
        expect(rate).to_have_text("900")


def test_network_map_names_the_nodes_without_overlap(page: Page) -> None:
    with Stage("/board/", BOARD, look_sample.board()) as stage:
        open_live(page, stage)

        expect(page.locator(".map .node")).to_have_count(9)
        expect(page.locator(".map .lane")).to_have_count(16)
        boxes = page.locator(".map .label").evaluate_all(
            "labels => labels.map((l) => l.getBoundingClientRect().toJSON())"
        )
        assert len(boxes) == 9
        for index, one in enumerate(boxes):
            for other in boxes[index + 1 :]:
                assert (
                    one["right"] <= other["left"]
                    or other["right"] <= one["left"]
                    or one["bottom"] <= other["top"]
                    or other["bottom"] <= one["top"]
                )


def test_tracking_page_follows_the_parcel(page: Page) -> None:
    with Stage("/track/abc/", TRACKING, look_sample.preparing()) as stage:
        open_live(page, stage)
        expect(page.locator(".empty")).to_be_visible()

        now = look_sample.tracking()
        stage.send(2, parcels=now["parcels"], steps=now["steps"], days=now["days"])

        expect(page.locator(".parcel h2")).to_have_text("Last seen in Charlotte, today 11:42")
        expect(page.locator(".empty")).to_be_hidden()
        expect(page.locator(".map .here")).to_have_count(1)
        expect(page.locator(".stepper [aria-current=step]")).to_have_text("On its way")
        expect(page.locator("[data-announce]")).to_contain_text("Last seen in Charlotte")
        assert page.complaints == []


def test_tracking_page_stays_within_its_weight(page: Page) -> None:
    bodies: list[Response] = []
    page.on("response", lambda answer: bodies.append(answer))
    with Stage("/track/abc/", TRACKING, look_sample.tracking()) as stage:
        open_live(page, stage)
        expect(page.locator(".map .label").first).to_be_visible()

        page.wait_for_load_state("networkidle")
        weight = sum(len(gzip.compress(answer.body())) for answer in bodies if answer.ok)

        assert 40_000 < weight < BUDGET_BYTES


@pytest.mark.parametrize(
    ("path", "template", "words"),
    [
        ("/board/", BOARD, ("2,931", "Dallas over capacity", "Denver, CO", "97 %", "1 h 44")),
        ("/track/abc/", TRACKING, ("Arrives Tuesday", "Left Knoxville", "Merino socks", "Raleigh")),
    ],
)
def test_page_is_complete_without_javascript(
    chromium: Browser, path: str, template: str, words: tuple[str, ...]
) -> None:
    data = look_sample.board() if template == BOARD else look_sample.tracking()
    context = chromium.new_context(java_script_enabled=False)
    with Stage(path, template, data) as stage:
        page = context.new_page()
        page.goto(stage.url)
        text = page.locator("main").inner_text()
    context.close()

    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("path", "template"), [("/board/", BOARD), ("/track/abc/", TRACKING)])
def test_page_fits_a_phone_with_targets_for_thumbs(
    chromium: Browser, path: str, template: str, scheme: str
) -> None:
    data = look_sample.board() if template == BOARD else look_sample.tracking()
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    with Stage(path, template, data) as stage:
        page = context.new_page()
        open_live(page, stage)
        width = page.evaluate("document.documentElement.scrollWidth")
        small = page.locator("nav.nav a, button, .stage, .kpi, .moves a").evaluate_all(
            "targets => targets.filter((t) => t.offsetHeight < 44).map((t) => t.textContent)"
        )
    context.close()

    assert width == 390
    assert small == []


def test_live_figures_read_like_the_rendered_ones(page: Page) -> None:
    seconds = [None, 0, 59, 60, 3_599, 3_600, 3_660, 86_399, 86_400, 164_200, -1, -700]
    shares = [0, 0.004, 0.005, 0.125, 0.93, 0.995, 1.4]
    trends = [[], [3], [5, 5], [1, 2, 4], [95.1, 95.9, 95.4]]
    with Stage("/track/abc/", TRACKING, look_sample.tracking()) as stage:
        page.goto(stage.url)
        live = page.evaluate(
            """async ([seconds, shares, trends]) => {
                const f = await import("/static/js/format.js");
                return [seconds.map(f.shortTime), shares.map(f.percent), shares.map(f.stepState),
                        shares.map(f.width), trends.map(f.sparkLine), trends.map(f.sparkArea)];
            }""",
            [seconds, shares, trends],
        )

    assert live == [
        [look.short_time(value) for value in seconds],
        [look.percent(value) for value in shares],
        [look.step_state(value) for value in shares],
        [f"{look.width(value)}%" for value in shares],
        [look.spark_line(values) for values in trends],
        [look.spark_area(values) for values in trends],
    ]


def test_styles_and_scripts_name_no_outside_host() -> None:
    roots = [Path(finders.find("css/base.css") or "").parents[1] / kind for kind in ("css", "js")]
    texts = {path.name: path.read_text() for root in roots for path in root.iterdir()}

    assert len(texts) > 10
    own = "http://www.w3.org/2000/svg"
    assert [name for name, text in texts.items() if "://" in text.replace(own, "")] == ["live.js"]
    assert texts["live.js"].count("://") == 1
