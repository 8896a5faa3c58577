"""What a comparison looks like on the console, in HTML, as a PDF and as JSON, also where a report is hostile."""

import html
import io
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from latentpress.errors import TexMissingError
from latentpress.reporting.tex import find_tex
from latentpress.review import compare_pdf
from latentpress.review.compare import CompareError, Request, run_compare
from latentpress.review.compare_console import broken, told
from latentpress.review.compare_html import page
from latentpress.review.compare_pictures import Pair, pictures
from latentpress.review.comparing import compare
from latentpress.review.pictures import Picture
from latentpress.review.shown import plain

ROOT = Path(__file__).parents[2]
HOSTILE = (
    "[bold]x[/bold] [/] <script>alert(1)</script> \"' & \\input{/etc/passwd} $x_1^2$ % # ~ { } \x1b[31m\x07 "
    "\u202eevil \ud800 \u4e2d\U0001f600 ::: " + "x" * 300
)


def hostile(report):
    """Text that means something to a terminal, a browser or TeX, wherever a report has text."""
    record = report["metrics"][0]
    record.update(id=f"{record['id']}/{HOSTILE}", model=HOSTILE)
    report["report"]["title"] = HOSTILE
    report["report"]["authors"][0]["name"] = HOSTILE
    report["claims"][0].update(outcome=HOSTILE, sentence=HOSTILE)
    report["health"][0].update(name=HOSTILE, verdict=HOSTILE)
    report["figures"].append({"file": f"figures/{HOSTILE}", "content": HOSTILE, "caption": HOSTILE})
    report["failures"].append({"stage": HOSTILE, "error": HOSTILE})
    report["settings"]["experiments"][HOSTILE] = {HOSTILE: HOSTILE}
    report["environment"][HOSTILE] = HOSTILE
    report["environment"]["numpy"] = HOSTILE
    report["provenance"][0].update(source=HOSTILE, function=HOSTILE)


@pytest.fixture(scope="module")
def attacked(reports):
    table = b"Model,Accuracy,Images\n=1+1,0.5,[red]\nPlain,0.97,400\n"
    return compare(reports.document(), reports.document(hostile, name="b[/]<b>.pdf", files={"accuracy.csv": table}))


def a_picture(colour="red"):
    buffer = io.BytesIO()
    Image.new("RGB", (60, 30), colour).save(buffer, "PNG")
    return Picture(buffer.getvalue(), 60, 30, 10.0)


def test_only_differences_are_shown_unless_everything_is_asked_for(reports):
    comparison = compare(reports.document(), reports.document(lambda r: r["health"][0].update(verdict="failed")))
    short, long = (told(comparison, everything, width=80, colour=False) for everything in (False, True))
    assert "passed → failed" in short
    assert "experiments.sparse.objective.weight" not in short
    assert "experiments.sparse.objective.weight: 0.005" in long
    assert "Only what differs is shown" in short


@pytest.mark.parametrize("width", [60, 80, 140])
@pytest.mark.parametrize("everything", [False, True])
def test_no_line_is_wider_than_the_console(attacked, width, everything):
    text = told(attacked, everything, width=width, colour=False)
    assert max(map(len, text.splitlines())) <= width


def test_no_control_character_of_a_report_reaches_the_terminal(attacked):
    text = told(attacked, everything=True, width=100, colour=False)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800]", text)
    assert "[bold]x[/bold]" in text, "what looks like markup is text"


def test_colour_is_for_terminals_alone(attacked):
    assert "\x1b[" not in told(attacked, everything=False, width=80, colour=False)
    assert "\x1b[31m" in told(attacked, everything=False, width=80, colour=True) or "\x1b[1;31m" in told(
        attacked, everything=False, width=80, colour=True
    )


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x9b", "\u202e", "\ud800", "\u2066"])
def test_what_deceives_a_reader_is_replaced(character):
    assert plain(f"a{character}b") == "a\ufffdb"


def test_a_long_identifier_is_broken_behind_its_signs():
    assert broken("mnist/sparse/test/probe_accuracy", 14) == "mnist/sparse/\ntest/probe_\naccuracy"


class Page(HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.shown = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.shown.append(data)


@pytest.mark.parametrize("everything", [False, True])
def test_text_of_a_report_is_text_on_the_page(attacked, everything):
    found = Page(page(attacked, {}, everything).decode("utf-8"))
    assert "script" not in found.tags
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert any("<script>alert(1)</script>" in text for text in found.shown)


def test_the_page_needs_nothing_but_itself(reports):
    comparison = compare(reports.document(), reports.document(lambda r: r["figures"][0].update(content="f" * 64)))
    pair = Pair(a_picture("red"), a_picture("blue"))
    text = page(comparison, {"figures/map-sparse.pdf": pair}, everything=False).decode("utf-8")
    found = Page(text)
    assert not {"script", "link", "iframe", "object"} & set(found.tags)
    assert "default-src 'none'" in html.unescape(text)
    sources = [value for name, value in found.attributes if name in ("src", "href")]
    assert len([value for value in sources if value.startswith("data:image/png;base64,")]) == 2
    assert all(value.startswith(("data:image/png", "#")) for value in sources)
    identifiers = [value for name, value in found.attributes if name == "id"]
    assert "difference-1" in identifiers
    assert len(identifiers) == len(set(identifiers))
    assert text.count("prefers-color-scheme: dark") == 1


def test_every_link_of_the_page_leads_somewhere(attacked):
    found = Page(page(attacked, {}, everything=False).decode("utf-8"))
    targets = {value for name, value in found.attributes if name == "id"}
    assert {value[1:] for name, value in found.attributes if name == "href"} <= targets


def test_a_figure_of_one_report_alone_is_told(reports):
    comparison = compare(reports.document(), reports.document(lambda r: r["figures"].clear()))
    text = page(comparison, {"figures/map-sparse.pdf": Pair(a_picture(), None)}, everything=False).decode("utf-8")
    assert "B: not in this report" in text
    assert 'id="difference-1"' not in text


def test_figures_that_draw_the_same_are_drawn_once(reports, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "latentpress.review.compare_pictures.pictures_of",
        lambda document, files: asked.append(list(files)) or {name: a_picture() for name in files},
    )
    a, b = reports.document(), reports.document()
    found = pictures(compare(a, b), a, b, everything=True)
    assert asked == [["figures/map-sparse.pdf"], []]
    assert found["figures/map-sparse.pdf"].a is found["figures/map-sparse.pdf"].b


def test_the_same_reports_give_the_same_bytes(attacked):
    pair = {"figures/map-sparse.pdf": Pair(a_picture(), a_picture("blue"))}
    assert page(attacked, pair, everything=True) == page(attacked, pair, everything=True)


needs_tex = pytest.mark.skipif(find_tex() is None, reason="TeX is not installed")


@needs_tex
def test_the_pdf_of_hostile_reports_is_typeset_and_the_same_each_time(attacked, monkeypatch):
    monkeypatch.chdir(ROOT)
    keys = [entry.key for entry in attacked.part("figures").chosen(everything=True)]
    shown = {key: Pair(a_picture(), a_picture("blue")) for key in keys}
    first = compare_pdf.typeset(attacked, shown, everything=True)
    assert first == compare_pdf.typeset(attacked, shown, everything=True)
    with pikepdf.open(io.BytesIO(first)) as pdf:
        assert str(pdf.docinfo["/Title"]) == "Two reports side by side"
        assert sum("/XObject" in page.Resources for page in pdf.pages) >= 1


def test_no_report_names_a_file_that_latex_reads(attacked):
    shown = {f"figures/{HOSTILE}": Pair(a_picture(), None)}
    names = compare_pdf._file_names(shown)
    assert list(names.values()) == ["figure-1-A.png"]
    text = compare_pdf.document(attacked, shown, names, everything=True)
    assert "\\input" not in text
    assert set(re.findall(r"\\includegraphics\[[^]]*\]\{([^}]*)\}", text)) == {"figure-1-A.png"}


def test_what_was_left_out_is_said_everywhere(reports):
    bare = reports.document()
    comparison = compare(reports.document(), type(bare)(bare.path, "", bare.report, {}, None))
    said = "1 not compared: their files were not handed in"
    assert said in told(comparison, everything=False, width=100, colour=False)
    assert said in page(comparison, {}, everything=False).decode("utf-8")
    assert said in compare_pdf.document(comparison, {}, {}, everything=False)
    assert comparison.as_json(everything=False)["parts"][8]["left_out"].startswith(said)


def test_json_holds_every_number_in_full(reports):
    comparison = compare(reports.document(), reports.document(lambda r: r["metrics"][2].update(value=-40.123456789)))
    values = json.loads(json.dumps(comparison.as_json(everything=False)))
    assert (values["schema"], values["verdict"]) == (1, "differs")
    (metrics,) = [part for part in values["parts"] if part["id"] == "metrics"]
    assert metrics["counts"] == {"same": 4, "within": 0, "told": 0, "differs": 1}
    (entry,) = metrics["entries"]
    assert (entry["a"]["value"], entry["b"]["value"]) == ("inf", -40.123456789)
    assert entry["tolerance"] == "exact"


def request(tmp_path, reports, change=None, **more):
    a, b = reports.write(tmp_path / "a"), reports.write(tmp_path / "b", change)
    return Request(a, b, **more)


def test_the_exit_status_tells_whether_results_differ(tmp_path, reports):
    lines = []
    assert run_compare(request(tmp_path / "1", reports), lines.append) == 0
    assert "The results are the same." in lines[0]
    changed = request(tmp_path / "2", reports, lambda r: r["health"][0].update(verdict="failed"))
    assert run_compare(changed, lines.append) == 1


def test_files_are_written_where_they_are_asked_for(tmp_path, reports):
    asked = request(tmp_path, reports, html=tmp_path / "new" / "c.html", json=tmp_path / "c.json")
    lines = []
    assert run_compare(asked, lines.append) == 0
    assert asked.html.read_bytes().startswith(b"<!DOCTYPE html>")
    assert json.loads(asked.json.read_text())["verdict"] == "same"
    assert f"written: {asked.json}" in lines


def test_a_file_that_cannot_be_written_is_told(tmp_path, reports):
    asked = request(tmp_path, reports, json=tmp_path)
    with pytest.raises(CompareError, match="cannot be written") as caught:
        run_compare(asked, [].append)
    assert caught.value.exit_status == 2


def test_without_tex_everything_but_the_pdf_is_written(tmp_path, reports, monkeypatch):
    monkeypatch.setattr("latentpress.review.compare_pdf.find_tex", lambda: None)
    asked = request(tmp_path, reports, html=tmp_path / "c.html", pdf=tmp_path / "c.pdf")
    with pytest.raises(TexMissingError) as caught:
        run_compare(asked, [].append)
    assert caught.value.exit_status == 4
    assert asked.html.is_file()
    assert not asked.pdf.exists()


@pytest.mark.parametrize("content", [b"no PDF", b"%PDF-1.5\n", None])
def test_a_file_that_is_no_report_is_told_with_status_2(tmp_path, reports, content):
    path = tmp_path / "b.pdf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CompareError) as caught:
        run_compare(Request(reports.write(tmp_path / "a"), path), [].append)
    assert str(path) in caught.value.message
    assert (caught.value.exit_status, bool(caught.value.hint)) == (2, True)


def test_the_command_says_what_differs_and_loads_no_framework(tmp_path, reports):
    """One process: the exit status of ``diff``, no colour in a pipe, no word on builds, and no TensorFlow."""
    asked = request(tmp_path, reports, lambda r: r["health"][0].update(verdict="failed"))
    code = (
        "import sys\nfrom latentpress.cli import main\n"
        f"sys.argv = ['latentpress', 'compare', {str(asked.a)!r}, {str(asked.b)!r}]\n"
        "try: main()\nfinally: print('LOADED', *sorted(sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 1, answer.stderr
    assert answer.stderr == ""
    assert "passed ? failed" in answer.stdout
    assert "\x1b" not in answer.stdout
    loaded = set(answer.stdout.split("LOADED")[1].split())
    assert not loaded & {"keras", "tensorflow", "jax", "torch", "pandas", "sklearn", "scipy", "matplotlib", "pylatex"}
