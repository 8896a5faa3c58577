"""Digests of a PDF's parts follow what it shows, and nothing of how it was written."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest

from latentpress.reporting.sealing import content_digest, sealed_parts


def document() -> bytes:
    """Two pages that share a picture, with a bookmark and a link."""
    with pikepdf.new() as pdf:
        for number in range(2):
            pdf.add_blank_page(page_size=(100, 100))
            page = pdf.pages[number].obj
            page.Contents = pdf.make_stream(b"q 1 0 0 1 10 10 cm /Im1 Do Q")
            link = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link)
            link.Rect = pikepdf.Array([0, 0, 9, 9])
            page.Annots = pikepdf.Array([link])
        picture = pdf.make_stream(b"0 0 5.50 5 re f")
        picture.Type, picture.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
        picture.BBox = pikepdf.Array([0, 0, 10, 10])
        picture.Resources = pikepdf.Dictionary(ExtGState=pikepdf.Dictionary(A1=pikepdf.Dictionary(CA=0.5)))
        for page in pdf.pages:
            page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im1=picture))
            page.obj.Annots[0].Dest = pikepdf.Array([pdf.pages[1].obj, pikepdf.Name.Fit])
        with pdf.open_outline() as outline:
            outline.root += [pikepdf.OutlineItem("First", 0), pikepdf.OutlineItem("Second", 1)]
        pdf.docinfo["/Title"] = "A title"
        buffer = io.BytesIO()
        pdf.save(buffer)
    return buffer.getvalue()


def parts(data: bytes) -> dict[str, str]:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return sealed_parts(pdf)


def changed(edit: Callable[[pikepdf.Pdf], Any]) -> set[str]:
    """The parts whose digests differ after an edit."""
    before = document()
    with pikepdf.open(io.BytesIO(before)) as pdf:
        edit(pdf)
        buffer = io.BytesIO()
        pdf.save(buffer)
    old, new = parts(before), parts(buffer.getvalue())
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def inherit_resources(pdf: pikepdf.Pdf) -> None:
    shared = pdf.pages[0].obj.Resources
    for page in pdf.pages:
        del page.obj.Resources
    pdf.Root.Pages.Resources = shared


def make_indirect(pdf: pikepdf.Pdf) -> None:
    page = pdf.pages[0].obj
    page.Annots[0] = pdf.make_indirect(page.Annots[0])
    page.Resources = pdf.make_indirect(page.Resources)


@pytest.mark.parametrize(
    "edit",
    [
        lambda pdf: pdf.docinfo.__setitem__("/Producer", "another"),
        lambda pdf: pdf.pages[0].obj.__setitem__("/MediaBox", pikepdf.Array([0.0, 0.00, 100.000, 100])),
        inherit_resources,
        make_indirect,
    ],
    ids=["producer", "digits of a number", "what pages inherit", "direct and indirect objects"],
)
def test_another_way_of_writing_the_same_changes_no_digest(edit: Callable[[pikepdf.Pdf], Any]) -> None:
    assert changed(edit) == set()


@pytest.mark.parametrize(
    ("edit", "part"),
    [
        (lambda pdf: pdf.docinfo.__setitem__("/Title", "Another"), {"information"}),
        (lambda pdf: pdf.Root.__setitem__("/Lang", pikepdf.String("fr")), {"catalogue"}),
        (lambda pdf: pdf.Root.Outlines.First.Next.__setitem__("/Title", pikepdf.String("x")), {"outline"}),
        (lambda pdf: pdf.pages[0].obj.Annots[0].Rect.__setitem__(0, 1), {"page 1"}),
        (lambda pdf: pdf.pages[1].obj.__setitem__("/Rotate", 90), {"page 2"}),
        (lambda pdf: pdf.pages[0].obj.Resources.XObject.Im1.write(b"0 0 6 5 re f"), {"page 1", "page 2"}),
        (lambda pdf: pdf.Root.Pages.__setitem__("/Rotate", 180), {"page 1", "page 2"}),
    ],
    ids=["title", "language", "bookmark", "link", "turn", "shared picture", "inherited turn"],
)
def test_an_edit_changes_the_digests_of_what_shows_it(edit: Callable[[pikepdf.Pdf], Any], part: set[str]) -> None:
    assert changed(edit) == part


def test_a_picture_has_the_digest_of_the_page_that_it_was() -> None:
    with pikepdf.open(io.BytesIO(document())) as pdf:
        picture = pdf.pages[0].obj.Resources.XObject.Im1
        page = pikepdf.Dictionary(Contents=picture, Resources=picture.Resources)
        assert content_digest(picture) == content_digest(page)
        before = content_digest(picture)
        picture.Resources.ExtGState.A1.CA = 0.25
        assert content_digest(picture) != before


def test_a_chain_of_bookmarks_that_bites_its_tail_comes_to_an_end() -> None:
    def bite(pdf: pikepdf.Pdf) -> None:
        pdf.Root.Outlines.First.Next.Next = pdf.Root.Outlines.First

    assert changed(bite) <= {"outline"}
