"""The HTML report in a real browser: held against report.json, the CSV files and the PDF, and worked by hand."""

from __future__ import annotations

import csv
import html
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest

from .conftest import browsing

pytestmark = pytest.mark.slow

MOST_BYTES = 15_000_000
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 375, "height": 700}


@pytest.fixture(scope="module")
def report(project: Path) -> Path:
    return project / "build" / "assignment"


@pytest.fixture(scope="module")
def facts(report: Path) -> Any:
    return json.loads((report / "report.json").read_text())


@pytest.fixture(scope="module")
def page_source(report: Path) -> str:
    return (report / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def main(page_source: str) -> str:
    """The report's own part of the page, without what only the page has."""
    inner = page_source[page_source.index("<main") : page_source.index("</main>")]
    return re.sub(r'<section class="interactive".*?</section>', "", inner, flags=re.DOTALL)


Opener = Callable[..., tuple[Any, list[str]]]


@pytest.fixture
def opened(browser: Any, report: Path) -> Iterator[Opener]:
    """Opens the report in a window of its own."""
    contexts = []

    def open_page(**options: Any) -> tuple[Any, list[str]]:
        contexts.append(browser.new_context(**{"viewport": DESKTOP, **options}))
        return browsing.watched(contexts[-1], (report / "report.html").as_uri())

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def window(browser: Any, report: Path) -> Iterator[tuple[Any, list[str]]]:
    """The report in one window, for tests that leave it as they found it."""
    context = browser.new_context(viewport=DESKTOP, color_scheme="light")
    yield browsing.watched(context, (report / "report.html").as_uri())
    context.close()


def squeezed(text: str) -> str:
    """Text without what the PDF, report.json and the page write each in its own way: spaces, minus signs, indices."""
    plain = html.unescape(re.sub(r"<[^>]*>", "", text))
    plain = plain.replace("\u2212", "-").replace("’", "'").replace("∣", "|")
    return re.sub(r"[\s\u00ad^_{}\u2003-\u2005]+", "", plain)


# ------------------------------------------------------------------------------------- the same report


def test_the_page_is_there_and_small_enough_to_send(report: Path) -> None:
    assert 100_000 < (report / "report.html").stat().st_size < MOST_BYTES


def test_nothing_of_the_tex_is_unknown(main: str) -> None:
    assert 'class="unknown"' not in main


def test_every_printed_number_stands_in_the_page_as_often_as_it_was_printed(main: str, facts: Any) -> None:
    text = squeezed(main)
    printed = Counter(squeezed(html.escape(entry["text"])) for entry in facts["numbers"])
    assert len(printed) > 100
    assert {number: count for number, count in printed.items() if text.count(number) < count} == {}


def test_every_claim_and_every_caption_stands_in_the_page(main: str, facts: Any) -> None:
    text = squeezed(main)
    captions = [entry["caption"] for kind in ("figures", "tables") for entry in facts[kind]]
    # A caption that refers to a table has the label in report.json and the number in print.
    captions = [caption for caption in captions if not re.search(r"(fig|tab|sec|eq):", caption)]
    sentences = [claim["sentence"] for claim in facts["claims"]]
    assert captions
    assert sentences
    printed_only = {
        "Data, by the digests of the arrays' content.",
        "Computing environment.",
        "Settings of all experiments.",
    }
    lost = [
        one for one in (*captions, *sentences) if squeezed(html.escape(one)) not in text and one not in printed_only
    ]
    assert lost == []


def test_every_word_of_the_tables_stands_in_the_page(main: str, facts: Any, report: Path) -> None:
    """Texts as they are; numbers have more digits in the files, and the test of printed numbers looks for them."""
    text = squeezed(main)
    lost = []
    for entry in facts["tables"]:
        if entry["file"] in ("tables/stages.csv", "tables/environment.csv", "tables/settings.csv", "tables/health.csv"):
            continue  # whole in the file, shortened in print
        for row in csv.reader((report / entry["file"]).read_text().splitlines()):
            words = [
                cell
                for cell in row
                if re.search(r"[A-Za-z]{3}", cell) and not re.fullmatch(r"[0-9a-f]{64}|.*, (low|high)", cell)
            ]
            lost += [cell for cell in words if squeezed(html.escape(re.sub(r" \([a-z_]+\)$", "", cell))) not in text]
    assert lost == []


def rows_of(page: str, label: str) -> list[list[str]]:
    table = re.search(rf'id="{label}">.*?</table>', page, re.DOTALL)
    assert table, label
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table[0], re.DOTALL)
    return [[squeezed(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)] for row in rows]


def test_the_cells_of_a_table_of_metrics_are_those_of_its_file(main: str, report: Path) -> None:
    printed = rows_of(main, "tab-reconstruction")
    records = list(csv.DictReader((report / "tables" / "reconstruction.csv").read_text().splitlines()))
    assert [row[0] for row in printed[1:]] == [squeezed(record["Model"]) for record in records]
    for row, record in zip(printed[1:], records, strict=True):
        shown = float(row[3])
        digits = len(row[3].partition(".")[2])
        assert shown == pytest.approx(float(record["SSIM"]), abs=0.51 * 10**-digits)


def test_figures_and_tables_have_the_numbers_of_the_pdf(main: str, report: Path) -> None:
    def plain(text: str) -> str:
        # Hyphens may stand at the ends of lines, and ligatures are one character in the PDF.
        return re.sub(r"[\s\u2010-]+", "", unicodedata.normalize("NFKC", text))

    paper = plain("".join(page.extract_text() for page in pypdf.PdfReader(report / "report.pdf").pages))
    pattern = r'<span class="label">((?:Figure|Table) \d+)\.</span> (.*?)</(?:figcaption|span>)'
    labels = re.findall(pattern, main, re.DOTALL)
    kinds = Counter(label.split()[0] for label, _ in labels)
    assert kinds["Figure"] > 10
    assert kinds["Table"] > 10
    for label, caption in labels:
        start = re.split(r"<math|<a|<sup|[$’]", caption)[0]
        assert plain(f"{label}.{html.unescape(re.sub(r'<[^>]*>', '', start))}")[:40] in paper, label


def test_headings_are_those_of_the_outline(main: str, report: Path) -> None:
    def titles(outline: Any) -> Iterator[str]:
        for entry in outline:
            if isinstance(entry, list):
                yield from titles(entry)
            else:
                yield entry.title

    wanted = [squeezed(html.escape(title)) for title in titles(pypdf.PdfReader(report / "report.pdf").outline)]
    headings = re.findall(r"<h[2-4] id=[^>]*>(.*?)(?:<a class=\"anchor\".*?)?</h[2-4]>", main, re.DOTALL)
    found = [squeezed(re.sub(r"<math.*?</math>", "", heading)) for heading in headings]
    assert [re.sub(r"[qp]\(.*?\)$", "", title) for title in wanted] == [
        re.sub(r"[qp]\(.*?\)$", "", one) for one in found
    ]


# ---------------------------------------------------------------------------------------- in the browser


def test_the_map_is_turned_by_keys_its_classes_are_switched_and_nothing_is_fetched(window: Any) -> None:
    page, wrong = window
    part = page.locator("#interactive-embedding_3d")
    part.scroll_into_view_if_needed()
    page.wait_for_selector("[data-drawn=true]", timeout=60_000)
    plot = part.locator(".plot")
    eye = "(e) => JSON.stringify(e.layout.scene.camera.eye)"
    before = plot.evaluate(eye)
    plot.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert plot.evaluate(eye) != before
    counts = plot.evaluate("(e) => e.data.map((trace) => trace.x.length)")
    points = "() => JSON.parse(document.getElementById('data-embedding_3d').textContent).sets[0].labels.length"
    assert sum(counts) == page.evaluate(points)
    plot.evaluate("(e) => e.emit('plotly_hover', { points: [{ customdata: 7 }] })")
    page.wait_for_timeout(200)
    shown = page.evaluate("() => JSON.parse(document.getElementById('data-embedding_3d').textContent).sets[0]")
    thumbnail = part.locator(".map-side canvas")
    assert thumbnail.get_attribute("aria-label") == f"Image of class {shown['classes'][shown['labels'][7]]}"
    assert len(set(pixels_of(thumbnail))) > 2
    box = part.get_by_label("3", exact=True)
    box.uncheck()
    assert plot.evaluate("(e) => e.data.map((trace) => trace.visible)")[3] is False
    box.check()
    part.locator("select").select_option("1")
    page.wait_for_timeout(300)
    assert plot.evaluate("(e) => e.data.map((trace) => trace.x.length)") == counts
    assert part.locator("tbody tr").count() == 3
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(253, 252, 250)"
    assert wrong == []


def test_pictures_and_canvases_have_texts_of_their_own(window: Any) -> None:
    page, _ = window
    texts = page.evaluate("() => [...document.querySelectorAll('main img')].map((e) => e.alt)")
    assert len(texts) > 20
    assert len(set(texts)) == len(texts)
    assert all(re.match(r"Figure \d+(, part [a-z])?: .{10,}", text) for text in texts)
    labels = page.evaluate("() => [...document.querySelectorAll('.stage canvas[role]')].map((e) => e.ariaLabel)")
    assert labels
    assert all(labels)


def test_tables_are_sorted_by_their_headers_and_put_back(window: Any) -> None:
    page, _ = window
    table = page.locator("#tab-reconstruction table")

    def column(index: int) -> list[str]:
        cells: list[str] = table.locator(f"tbody tr > :nth-child({index})").all_inner_texts()
        return cells

    original = column(1)
    header = table.locator("button.sort", has_text="SSIM")
    header.focus()
    page.keyboard.press("Enter")
    ascending = [float(cell) for cell in column(4)]
    assert ascending == sorted(ascending)
    assert table.locator("th[aria-sort=ascending]").inner_text().strip() == "SSIM"
    page.keyboard.press("Enter")
    assert [float(cell) for cell in column(4)] == sorted(ascending, reverse=True)
    page.keyboard.press("Enter")
    assert column(1) == original


def test_figures_are_enlarged_moved_and_closed_from_the_keyboard(window: Any) -> None:
    page, wrong = window
    button = page.locator("button.enlarge").first
    assert button.get_attribute("aria-label") == "Enlarge Figure 1"
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog#zoom")
    assert dialog.evaluate("(e) => e.open")
    page.keyboard.press("+")
    assert dialog.get_attribute("data-scale") == "1.50"
    before = dialog.locator("img").get_attribute("style")
    page.keyboard.press("ArrowLeft")
    assert dialog.locator("img").get_attribute("style") != before
    page.keyboard.press("Escape")
    assert not dialog.evaluate("(e) => e.open")
    assert button.evaluate("(e) => e === document.activeElement")
    assert wrong == []


def pixels_of(canvas: Any) -> list[int]:
    """The grey levels of a canvas."""
    context = "e.getContext('2d').getImageData(0, 0, e.width, e.height).data"
    found: list[int] = canvas.evaluate(f"(e) => [...{context}].filter((_, place) => place % 4 === 0)")
    return found


def pixels(canvas: Any) -> str:
    """What a canvas shows."""
    found: str = canvas.evaluate("(e) => e.toDataURL()")
    return found


def test_the_interpolation_slider_shows_the_images_and_the_ratio_of_each_step(window: Any, report: Path) -> None:
    page, _ = window
    part = page.locator("#interactive-interpolation")
    slider = part.locator("input[type=range]")
    slider.focus()
    page.keyboard.press("Home")
    canvases = part.locator(".model-row").first.locator("canvas")
    page.wait_for_timeout(200)
    assert "PSNR of this pair: ∞ dB" in part.inner_text()
    first = pixels(canvases.nth(0))
    assert first == pixels(canvases.nth(1))  # the ends of both ways are one image
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert "α = 0.20" in part.inner_text()
    assert "0.20" in (slider.get_attribute("aria-valuetext") or "")
    records = csv.DictReader((report / "tables" / "interpolation-sparse.csv").read_text().splitlines())
    mean = next(float(record["Average PSNR (dB)"]) for record in records if next(iter(record.values())) == "0.2")
    told = re.search(r"Mean of all pairs: ([\d.]+) dB", part.locator(".model-row").first.inner_text())
    assert told is not None
    assert float(told[1]) == pytest.approx(mean, abs=0.051)
    slider.focus()
    page.keyboard.press("Home")
    part.locator("select").select_option("1")
    page.wait_for_timeout(200)
    assert pixels(canvases.nth(0)) != first


def test_the_traversal_changes_the_face_along_a_dimension(window: Any) -> None:
    page, _ = window
    part = page.locator("#interactive-latent_traversal")
    assert part.locator("select").first.locator("option").count() == 3
    part.locator("input[type=range]").focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(200)
    first = pixels(part.locator("canvas"))
    page.keyboard.press("End")
    page.wait_for_timeout(200)
    assert pixels(part.locator("canvas")) != first
    assert re.search(r"z\d+ = [\d.]+ \(98 % of the prior below\)", part.inner_text())


def test_links_within_the_page_lead_somewhere(window: Any) -> None:
    page, _ = window
    lost = page.evaluate(
        "() => [...document.querySelectorAll('a[href^=\"#\"]')].map((e) => e.getAttribute('href').slice(1))"
        ".filter((id) => !document.getElementById(id))"
    )
    assert lost == []
    ids = page.evaluate("() => [...document.querySelectorAll('main [id], nav [id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))


def test_a_number_tells_where_it_came_from_on_hover_and_on_the_keyboard(window: Any, facts: Any) -> None:
    page, wrong = window
    number = page.locator('#interactive-embedding_3d .num[data-metric^="mnist/"]').first
    identifier = number.get_attribute("data-metric")
    metric = next(metric for metric in facts["metrics"] if metric["id"] == identifier)
    number.scroll_into_view_if_needed()
    number.hover()
    popover = page.locator("#popover")
    popover.wait_for(state="visible")
    told = popover.inner_text()
    for known in (identifier, str(metric["value"]), metric["artifact"].split(", ")[0]):
        assert known in told
    target = popover.locator("a").get_attribute("href")
    assert page.locator(f'[id="{target[1:]}"]').count() == 1
    page.keyboard.press("Escape")
    assert not popover.is_visible()
    # Numbers are no tab stops until the reader asks for them, and then one for each table or paragraph.
    assert number.get_attribute("tabindex") is None
    toggle = page.locator("button.trace")
    toggle.click()
    stops = page.locator(".num[data-metric][tabindex='0']").count()
    assert 0 < stops < page.locator(".num[data-metric]").count()
    number.focus()
    popover.wait_for(state="visible")
    page.keyboard.press("ArrowRight")
    following = page.evaluate("document.activeElement.dataset.metric")
    assert following not in (None, identifier)
    assert following in popover.inner_text()
    page.keyboard.press("ArrowDown")
    below = page.evaluate("document.activeElement.dataset.metric")
    assert below != following
    assert below.split("/")[2:] == following.split("/")[2:]
    page.keyboard.press("Escape")
    toggle.click()
    assert page.locator(".num[tabindex]").count() == 0
    assert wrong == []


SHORTENED = "() => document.querySelectorAll('main tbody tr:nth-child(n + 5)').forEach((row) => row.remove())"
"""Rows that are all alike would take the checker half a minute."""
OPTIONS = {"preload": False, "resultTypes": ["violations"]}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_of_accessibility(opened: Opener, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page, wrong = opened(
        color_scheme=scheme, bypass_csp=True, reduced_motion="reduce"
    )  # the checker is a script of its own
    page.wait_for_selector("#interactive-interpolation canvas")
    page.locator("button.trace").click()
    page.evaluate(SHORTENED)
    rules = {} if scheme == "light" else {"runOnly": {"type": "tag", "values": ["cat.color"]}}
    found = axe.Axe().run(page, options={**OPTIONS, **rules}).response["violations"]
    assert [(one["id"], len(one["nodes"])) for one in found if one["impact"] in ("serious", "critical")] == []
    assert wrong == []


def test_the_theme_can_be_chosen_and_is_kept(opened: Opener) -> None:
    page, wrong = opened(color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.locator("button.theme").click()
    light = page.evaluate(ground)
    assert light != dark
    page.reload()
    assert page.evaluate(ground) == light
    page.emulate_media(media="print")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    for hidden in (".bar", "nav.contents", ".interactive"):
        assert page.locator(hidden).first.is_hidden()
    assert page.pdf(format="A4")[:5] == b"%PDF-"
    assert wrong == []


def test_a_phone_shows_the_page_without_moving_it_sideways(opened: Opener) -> None:
    page, _ = opened(viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    wide = page.evaluate(
        "() => [...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1"
        " && !e.closest('.scroll, .equation, pre')).map((e) => e.outerHTML.slice(0, 80))"
    )
    assert wide == []
    scrolled = "() => [...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth).length"
    assert page.evaluate(scrolled) > 0


def test_without_scripts_texts_tables_and_figures_are_there(opened: Opener) -> None:
    page, wrong = opened(java_script_enabled=False)
    assert page.locator("main img").count() > 20
    assert page.locator("main table").count() > 20
    assert page.locator(".tools").is_hidden()
    assert page.locator("#interactive-embedding_3d table").is_visible()
    assert page.locator("nav.contents").is_visible()
    assert wrong == []
