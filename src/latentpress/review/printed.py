"""What the pages print, held against the data that is attached: every traced number, every figure."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pikepdf
import pypdfium2

from latentpress.reporting.map_address import is_address
from latentpress.reporting.page_text import comparable
from latentpress.reporting.sealing import content_digest, size_of, stream_bytes
from latentpress.reporting.tracing import FIGURE, decode
from latentpress.review.document import Document
from latentpress.review.findings import CheckDone, Finding
from latentpress.review.lookup import Lookup
from latentpress.review.precision import agrees

PLACED = re.compile(rb"/(\S+)\s+Do\b")
MARKS = "provenance"
WEB = re.compile(r"(?:https?|mailto):")
# A link's rectangle is a little larger than the text in it, and touches that of its neighbour.
SIDE, EDGE = 0.9, 1.5


@dataclass(frozen=True, slots=True)
class Link:
    """A link from something printed to its origin: the page, the key of the value, the rectangle in points."""

    page: int
    key: str
    box: tuple[float, float, float, float]


def links(pdf: pikepdf.Pdf) -> list[Link]:
    """The links of all traced numbers and figures, in the order of the pages."""
    found = []
    for number, page in enumerate(pdf.pages, start=1):
        for annotation in page.obj.get("/Annots", pikepdf.Array()):
            told = annotation.get("/Contents")
            if annotation.get("/Subtype") == "/Link" and told is not None and str(told) != MARKS:
                left, bottom, right, top = (float(side) for side in annotation["/Rect"])
                found.append(Link(number, decode(str(told)), (left, bottom, right, top)))
    return found


def printed_numbers(data: bytes, found: list[Link]) -> Iterator[tuple[Link, str]]:
    """The text under each link to a number, without spaces."""
    document = pypdfium2.PdfDocument(data)
    try:
        pages: dict[int, Any] = {}
        for link in found:
            if link.key.startswith(FIGURE):
                continue
            if link.page not in pages:
                pages[link.page] = document[link.page - 1].get_textpage()
            left, bottom, right, top = link.box
            text = pages[link.page].get_text_bounded(left + SIDE, bottom + EDGE, right - SIDE, top - EDGE)
            yield link, comparable(text)
    finally:
        document.close()


def check_annotations(pdf: pikepdf.Pdf) -> CheckDone:
    """Nothing lies over the pages but links: a note or a stamp may hide what is printed and show something else.

    A link leads within the file, to a place in the web, or to the page of the maps beside the report; nowhere else.
    """
    findings, count = [], 0
    for number, page in enumerate(pdf.pages, start=1):
        for annotation in page.obj.get("/Annots", pikepdf.Array()):
            count += 1
            if annotation.get("/Subtype") != "/Link" or "/AP" in annotation:
                kind = str(annotation.get("/Subtype", "/unknown")).removeprefix("/")
                findings.append(Finding("annotations", f"page {number}", f"an annotation of the kind {kind}", "links"))
                continue
            wrong = _led_astray(annotation)
            if wrong:
                wanted = "a place in the report or in the web, or the page of the maps"
                findings.append(Finding("annotations", f"page {number}", wrong, wanted))
    return CheckDone("annotations", count, "annotations, of which all should be links", findings)


def _led_astray(link: pikepdf.Object) -> str:
    """What a link does that no link of a report does; nothing where it is one of a report's."""
    action = link.get("/A", pikepdf.Dictionary())
    kind = str(action.get("/S", "/GoTo")).removeprefix("/")
    if kind == "GoTo":
        return ""
    if kind != "URI":
        return f"a link of the kind {kind}"
    address = str(action.get("/URI", ""))
    return "" if WEB.match(address) or is_address(address) else f"a link to {address!r}"


def check_numbers(document: Document, found: list[Link]) -> CheckDone:
    """Every number on the pages is one of the report's, and as large as the data at the printed precision."""
    findings = []
    told = document.report["numbers"]
    expected = Counter((entry["id"], flat(entry["text"])) for entry in told)
    shown = list(printed_numbers(document.pdf or b"", found))
    spare = expected - Counter((link.key, text) for link, text in shown)
    left = Counter(expected)
    for link, text in shown:
        if left[link.key, text]:
            left[link.key, text] -= 1
            continue
        meant = next((wanted for key, wanted in spare if key == link.key and spare[key, wanted]), None)
        if meant is not None:
            spare[link.key, meant] -= 1
        told_there = f"{meant!r}" if meant is not None else "no such number there"
        findings.append(Finding("numbers", f"page {link.page}, {link.key}", repr(text), told_there))
    missing = sum(expected.values()) - len(shown)
    if missing > 0:
        keys = [key for key, count in left.items() for _ in range(count)]
        findings.append(
            Finding("numbers", f"{keys[0][0]} and others" if len(keys) > 1 else keys[0][0], "nothing", "it printed")
        )
    lookup = Lookup(document)
    for entry in told:
        wrong = lookup.refused(entry["id"])
        value = None if wrong else lookup.value(entry["id"])
        if wrong or not agrees(entry["text"], value, lookup.quantity(entry["id"])):
            findings.append(
                Finding("numbers", f"report.json, {entry['id']}", repr(entry["text"]), wrong or repr(value))
            )
    return CheckDone("numbers", len(shown), "printed numbers against the attached data", findings)


def flat(text: str) -> str:
    """A number's text as it is read off a page, where an exponent stands on the line and no space counts."""
    return re.sub(r"[\^{}]", "", comparable(text))


def check_figures(document: Document, found: list[Link]) -> CheckDone:
    """Every figure on the pages draws what the artifact drew that it is said to come from."""
    expected = {entry["file"]: entry["content"] for entry in document.report["figures"]}
    sizes = {entry["file"]: entry["size"] for entry in document.report["figures"]}
    findings, seen, count = [], set(), 0
    with pikepdf.open(io.BytesIO(document.pdf or b"")) as pdf:
        for number, page in enumerate(pdf.pages, start=1):
            files = [
                link.key.removeprefix(FIGURE) for link in found if link.page == number and link.key.startswith(FIGURE)
            ]
            shown = [_picture(page.obj, name) for name in placed(page.obj)]
            drawn = [content_digest(picture) if picture is not None else None for picture in shown]
            count += len(drawn)
            for index in range(max(len(files), len(drawn))):
                where = f"page {number}, picture {index + 1}"
                name = files[index] if index < len(files) else None
                there = drawn[index] if index < len(drawn) else None
                seen.add(name)
                if name is None:
                    findings.append(Finding("figures", where, "a picture", "none"))
                elif there != expected.get(name, ""):
                    known = next((file for file, content in expected.items() if content == there), "another picture")
                    findings.append(Finding("figures", where, known if there else "none", name))
            for name, picture in zip(files, shown, strict=False):
                findings += [] if picture is None else _distorted(picture, f"page {number}, {name}", sizes.get(name))
    findings += [Finding("figures", file, "no such picture", "one on a page") for file in expected.keys() - seen]
    return CheckDone("figures", count, "figures against what their stages drew", findings)


def placed(page: pikepdf.Object) -> list[str]:
    """The names of the pictures that a page's content draws, in that order."""
    content = page.get("/Contents", pikepdf.Array())
    streams = [content] if isinstance(content, pikepdf.Stream) else list(content)
    data = b"\n".join(stream_bytes(stream) for stream in streams)
    return [name.decode("latin-1") for name in PLACED.findall(data)]


def _picture(page: pikepdf.Object, name: str) -> pikepdf.Object | None:
    nothing = pikepdf.Dictionary()
    found = page.get("/Resources", nothing).get("/XObject", nothing).get(f"/{name}")
    return found if isinstance(found, pikepdf.Stream) else None


def _distorted(picture: pikepdf.Object, where: str, size: list[float] | None) -> Iterator[Finding]:
    """What would show a picture cut, turned or not at all, though it draws what it should."""
    for key in ("/Matrix", "/OC"):
        if key in picture:
            yield Finding("figures", where, f"a picture with {key}", "none")
    if size is not None and any(abs(one - other) > NEARLY for one, other in zip(size_of(picture), size, strict=True)):
        yield Finding("figures", where, f"{size_of(picture)} points", f"{size} points")


NEARLY = 0.2
"""Points by which rounding may change a side."""
