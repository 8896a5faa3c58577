"""The page of the maps in a real browser, and the links that lead to it from the report."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from .conftest import browsing

pytestmark = pytest.mark.slow

MOST_BYTES = 15_000_000
MODELS = {"sparse": "Sparse autoencoder", "contractive": "Contractive autoencoder", "plain": "Plain autoencoder"}
DRAWN = "[data-drawn=true]"
VISIBLE = "(e) => e.data.map((trace) => trace.visible)"
DATA = "() => JSON.parse(document.getElementById('data-embedding_3d').textContent)"


@pytest.fixture(scope="module")
def report(finished: Path) -> Path:
    return finished / "build" / "assignment"


Opener = Callable[..., tuple[Any, list[str]]]


@pytest.fixture
def opened(browser: Any, report: Path) -> Iterator[Opener]:
    """Opens the page in a window of its own, with the map drawn."""
    contexts = []

    def open_page(behind: str = "", **options: Any) -> tuple[Any, list[str]]:
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 1000}, **options}))
        page, wrong = browsing.watched(contexts[-1], (report / "tsne.html").as_uri() + behind)
        page.wait_for_selector(DRAWN, timeout=60_000)
        return page, wrong

    yield open_page
    for context in contexts:
        context.close()


def test_it_is_small_enough_to_send_and_knows_nothing_of_this_machine(report: Path, finished: Path) -> None:
    source = (report / "tsne.html").read_text(encoding="utf-8")
    assert 100_000 < len(source.encode()) < MOST_BYTES
    assert str(finished) not in source


def test_the_pdf_and_the_page_of_the_report_lead_to_every_map(report: Path) -> None:
    with pikepdf.open(report / "report.pdf") as pdf:
        links = [entry for page in pdf.pages for entry in page.obj.get("/Annots", []) if "/URI" in entry.get("/A", {})]
        actions = [(str(link.A.S), str(link.A.URI)) for link in links if not str(link.A.URI).startswith("http")]
    wanted = [f"tsne.html#{model}" for model in MODELS]
    assert list(dict.fromkeys(actions)) == [("/URI", address) for address in wanted]
    html = (report / "report.html").read_text(encoding="utf-8")
    assert [f"tsne.html#{model}" for model in re.findall(r'href="tsne\.html#([^"]*)"', html)] == wanted
    assert (report / "tsne.html").is_file()


def point_at_a_code(page: Any) -> None:
    """Moves the mouse over the plot, line by line, until it is over a code."""
    box = page.locator(".plot").bounding_box()
    for down in range(30, 71, 2):
        for across in range(30, 71, 2):
            page.mouse.move(box["x"] + box["width"] * across / 100, box["y"] + box["height"] * down / 100)
        page.wait_for_timeout(60)
        if page.locator("[data-position]").count():
            return
    raise AssertionError("no code under the mouse")


def test_pointing_at_a_code_shows_its_image_enlarged_with_class_and_number(opened: Opener) -> None:
    page, wrong = opened()
    point_at_a_code(page)
    told = page.locator("[data-position]")
    shown = page.evaluate(DATA)["sets"][0]
    at = int(told.get_attribute("data-position"))
    name, number = shown["classes"][shown["labels"][at]], shown["positions"][at]
    assert told.inner_text() == f"Class {name}, image {number} of the test split"
    canvas = page.locator(".map-side canvas")
    assert canvas.get_attribute("aria-label") == f"Image of class {name}"
    assert canvas.bounding_box()["width"] >= 7 * shown["size"][1]
    levels = canvas.evaluate("(e) => [...e.getContext('2d').getImageData(0, 0, e.width, e.height).data]")
    assert len(set(levels)) > 2
    assert wrong == []


def test_the_legend_hides_one_class_and_shows_one_alone_by_mouse_and_by_key(opened: Opener) -> None:
    page, wrong = opened()
    plot = page.locator(".plot")
    classes = len(page.evaluate(DATA)["sets"][0]["classes"])
    before = plot.screenshot()
    label = page.locator(".key label").nth(3)
    label.click()
    assert plot.evaluate(VISIBLE) == [index != 3 for index in range(classes)]
    label.click()
    label.dblclick()
    assert plot.evaluate(VISIBLE) == [index == 3 for index in range(classes)]
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)
    assert plot.screenshot() != before, "its points are gone from the picture, too"
    label.dblclick()
    assert all(plot.evaluate(VISIBLE))
    page.locator(".key input").nth(5).focus()
    page.keyboard.press("Enter")
    assert plot.evaluate(VISIBLE) == [index == 5 for index in range(classes)]
    page.get_by_label("Next code").focus()
    page.keyboard.press("Enter")
    shown = page.evaluate(DATA)["sets"][0]
    at = int(page.locator("[data-position]").get_attribute("data-position"))
    assert shown["labels"][at] == 5, "the steps lead through what is shown"
    assert plot.evaluate("(e) => e.layout.scene.annotations.length") == 1
    assert wrong == []


def test_another_model_is_chosen_and_has_an_address(opened: Opener) -> None:
    page, wrong = opened("#contractive")
    assert page.locator("select option:checked").inner_text() == MODELS["contractive"]
    xs = "(e) => JSON.stringify(e.data.map((trace) => trace.x))"
    plot = page.locator(".plot")
    first = plot.evaluate(xs)
    page.locator("select").select_option(label=MODELS["plain"])
    assert page.url.endswith("tsne.html#plain")
    assert plot.evaluate(xs) != first
    assert MODELS["plain"] in plot.get_attribute("aria-label")
    page.evaluate("location.hash = '#contractive'")
    page.wait_for_timeout(200)
    assert plot.evaluate(xs) == first
    page.evaluate("location.hash = '#no_such_model'")
    page.wait_for_timeout(200)
    assert plot.evaluate(xs) == first
    assert wrong == []


def test_its_numbers_are_the_report_s_and_lead_to_their_rows_there(opened: Opener, report: Path) -> None:
    page, wrong = opened()
    facts = {entry["id"]: entry["value"] for entry in json.loads((report / "report.json").read_text())["metrics"]}
    for model in MODELS:
        number = page.locator(f'[data-metric="mnist/{model}/test/trustworthiness/components=3"]')
        assert number.inner_text() == f"{facts[f'mnist/{model}/test/trustworthiness/components=3']:.3f}"
    number.hover()
    link = page.locator("#popover a")
    link.wait_for(state="visible")
    target = link.get_attribute("href")
    row = re.fullmatch(r"report\.html#(provenance-\d+)", target)
    assert row is not None
    assert f'id="{row[1]}"' in (report / "report.html").read_text(encoding="utf-8")
    assert wrong == []


def test_the_link_to_the_report_opens_it(opened: Opener) -> None:
    page, wrong = opened()
    page.get_by_role("link", name="The whole report").click()
    page.wait_for_url("**/report.html")
    assert page.locator("h1").count() == 1
    assert wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_of_accessibility(opened: Opener, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page, wrong = opened(color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    options = {"preload": False, "resultTypes": ["violations"]}
    found = axe.Axe().run(page, options=options).response["violations"]
    assert [(one["id"], len(one["nodes"])) for one in found if one["impact"] in ("serious", "critical")] == []
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 23, 26)"
    assert dark == (scheme == "dark")
    assert wrong == []


def test_a_phone_shows_it_without_moving_it_sideways(opened: Opener) -> None:
    size = {"width": 375, "height": 700}
    page, wrong = opened(viewport=size, device_scale_factor=2, is_mobile=True, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert wrong == []
