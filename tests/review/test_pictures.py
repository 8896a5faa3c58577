"""Figures out of a report: from its PDF by their links, from a folder by their files."""

import io
import time

import pikepdf
import pytest
from PIL import Image

from latentpress.reporting.tracing import encode
from latentpress.review import pictures
from latentpress.review.document import Document
from latentpress.review.drawing import LARGEST
from latentpress.review.pictures import drawn, pictures_of, placed_figures

RED, BLUE = b"1 0 0 rg 0 0 400 400 re f", b"0 0 1 rg 0 0 400 400 re f"


def report(*placed, box=(0, 0, 72, 36), matrix=None):
    """A PDF of one page, on which forms stand, each in a link that names its file.

    Args:
        placed: (file, content).
        box: of every form.
        matrix: of every form; the identity by default.
    """
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(300, 300))
        forms, annotations, content = {}, [], b""
        for number, (name, drawing) in enumerate(placed):
            form = pdf.make_stream(drawing, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form)
            form.BBox = pikepdf.Array(box)
            if matrix is not None:
                form.Matrix = pikepdf.Array(matrix)
            key = f"/Im{len(placed) - number}"  # not in the order in which they are drawn
            forms[key] = form
            content += b"q 1 0 0 1 10 10 cm " + key.encode() + b" Do Q\n"
            annotations.append(
                pikepdf.Dictionary(
                    Type=pikepdf.Name.Annot,
                    Subtype=pikepdf.Name.Link,
                    Rect=pikepdf.Array([0, 0, 10, 10]),
                    Contents=pikepdf.String(encode(f"figure:{name}")),
                )
            )
        page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(forms))
        page.obj.Contents = pdf.make_stream(content)
        page.obj.Annots = pikepdf.Array(annotations)
        buffer = io.BytesIO()
        pdf.save(buffer)
        return buffer.getvalue()


def document(tmp_path, data):
    return Document(tmp_path / "a.pdf", "", {}, {}, data)


def colour(picture):
    with Image.open(io.BytesIO(picture.png)) as image:
        return image.convert("RGB").getpixel((image.width // 2, image.height // 2))


def test_each_figure_is_drawn_by_the_form_of_its_link(tmp_path):
    data = report(("figures/a.pdf", RED), ("figures/b ü.pdf", BLUE))
    found = pictures_of(document(tmp_path, data), ["figures/a.pdf", "figures/b ü.pdf", "figures/none.pdf"])
    assert {name: colour(picture) for name, picture in found.items()} == {
        "figures/a.pdf": (255, 0, 0),
        "figures/b ü.pdf": (0, 0, 255),
    }
    assert found["figures/a.pdf"].width == 150
    assert found["figures/a.pdf"].height == 75
    assert found["figures/a.pdf"].width_mm == pytest.approx(25.4)


def test_the_same_pdf_gives_the_same_bytes(tmp_path):
    data = report(("figures/a.pdf", RED))
    first, second = (pictures_of(document(tmp_path, data), ["figures/a.pdf"]) for _ in range(2))
    assert first == second


def test_a_form_that_lies_elsewhere_and_is_turned_is_drawn_whole(tmp_path):
    data = report(("figures/a.pdf", RED), box=(100, 100, 172, 136), matrix=(0, 1, -1, 0, 0, 0))
    picture = pictures_of(document(tmp_path, data), ["figures/a.pdf"])["figures/a.pdf"]
    assert (picture.width, picture.height) == (75, 150)
    assert colour(picture) == (255, 0, 0)


@pytest.mark.parametrize("box", [(0, 0, 0, 0), (0, 0, 1e30, 10), (0, 0, 20_000, 10), (0, 0, 10), ("a", 0, 1, 1)])
def test_a_form_of_absurd_size_has_no_picture(tmp_path, box):
    box = [pikepdf.Name(f"/{edge}") if isinstance(edge, str) else f"{edge:f}" for edge in box]
    box = [edge if isinstance(edge, pikepdf.Name) else pikepdf.Object.parse(edge.encode()) for edge in box]
    assert pictures_of(document(tmp_path, report(("figures/a.pdf", RED), box=box)), ["figures/a.pdf"]) == {}


def test_a_huge_form_is_drawn_with_fewer_pixels(tmp_path):
    data = report(("figures/a.pdf", RED), box=(0, 0, 14_000, 400))
    picture = pictures_of(document(tmp_path, data), ["figures/a.pdf"])["figures/a.pdf"]
    assert max(picture.width, picture.height) <= LARGEST + 1


def test_a_page_that_is_not_as_latex_leaves_it_has_no_figures():
    with pikepdf.open(io.BytesIO(report(("figures/a.pdf", RED)))) as pdf:
        assert list(placed_figures(pdf)) == ["figures/a.pdf"]
        pdf.pages[0].obj.Annots = pikepdf.Array([pikepdf.Name.NoAnnotation])
        assert placed_figures(pdf) == {}


def test_what_is_no_pdf_has_no_pages():
    assert list(drawn(b"no PDF")) == []


def test_a_figure_that_takes_for_ever_is_given_up(tmp_path, monkeypatch):
    """Forms that draw forms ten times each, fifteen deep: a few hundred bytes, and years of work."""
    monkeypatch.setattr(pictures, "SECONDS", 2.0)
    with pikepdf.open(io.BytesIO(report(("figures/a.pdf", RED)))) as pdf:
        inner = pdf.pages[0].Resources.XObject["/Im1"]
        for _ in range(15):
            outer = pdf.make_stream(b"/F Do " * 10, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form)
            outer.BBox = pikepdf.Array([0, 0, 72, 36])
            outer.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=inner))
            inner = outer
        pdf.pages[0].Resources.XObject["/Im1"] = inner
        buffer = io.BytesIO()
        pdf.save(buffer)
    began = time.monotonic()
    assert pictures_of(document(tmp_path, buffer.getvalue()), ["figures/a.pdf"]) == {}
    assert time.monotonic() - began < 30


def png(colour_name):
    buffer = io.BytesIO()
    Image.new("RGB", (20, 10), colour_name).save(buffer, "PNG", dpi=(200, 200))
    return buffer.getvalue()


def test_a_folder_gives_its_pngs_and_draws_its_pdfs(tmp_path):
    folder = tmp_path / "assignment"
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "a.png").write_bytes(png("red"))
    (folder / "figures" / "b.png").write_bytes(b"no picture")
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(72, 72))
        page.obj.Contents = pdf.make_stream(BLUE)
        pdf.save(folder / "figures" / "b.pdf")
    (tmp_path / "secret.png").write_bytes(png("green"))
    there = Document(folder, "", {}, {}, None)
    found = pictures_of(there, ["figures/a.pdf", "figures/b.pdf", "figures/../../secret.pdf", "figures/none.pdf"])
    assert {name: colour(picture) for name, picture in found.items()} == {
        "figures/a.pdf": (255, 0, 0),
        "figures/b.pdf": (0, 0, 255),
    }
    assert found["figures/a.pdf"].width_mm == pytest.approx(2.54, abs=0.01)
