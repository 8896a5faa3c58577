"""What a PDF shows, digested part by part, so that an edit is found and named; saving it anew changes no digest.

A part is a page, the outline, the title and authors, or the rest of the document's catalogue. Its digest is taken of
the decoded content of every object that it reaches, whatever numbers, compression and order a program gave them.
Attached files have digests of their own. All of them make the seal, a file attached to the PDF as the last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pikepdf

SEAL = "seal.json"
FORMAT = 1
CHANGING = ("/Producer", "/CreationDate", "/ModDate")
"""What programs write of themselves into the information on a document; all else of it is sealed."""
_ENCODING = frozenset({"/Length", "/Filter", "/DecodeParms"})
_INHERITED = ("/Resources", "/MediaBox", "/CropBox", "/Rotate")
_CATALOGUE = ("/Pages", "/Outlines", "/Names", "/AF", "/Type")


def sealed_parts(pdf: pikepdf.Pdf) -> dict[str, str]:
    """Digest of each part: ``page 1``, …, ``outline``, ``information``, ``catalogue``, ``destinations``.

    Raises:
        pikepdf.PdfError: an object cannot be read.
    """
    digests = _Digests({page.obj.objgen: number for number, page in enumerate(pdf.pages, start=1)})
    parts = {f"page {number}": digests.page(page.obj) for number, page in enumerate(pdf.pages, start=1)}
    root = pdf.Root
    names = root.get("/Names", pikepdf.Dictionary())
    parts["outline"] = digests.outline(root.get("/Outlines", pikepdf.Dictionary()))
    parts["information"] = digests.entries(pdf.docinfo, skip=CHANGING)
    parts["destinations"] = digests.entries(names, skip={"/EmbeddedFiles"})
    parts["catalogue"] = digests.entries(root, skip=_CATALOGUE)
    return parts


def content_digest(drawn: pikepdf.Object) -> str:
    """Digest of what a page, or a picture that is placed on one, draws: its content and the resources of it.

    A picture has the same digest as a page of a file of its own and as part of a report.

    Raises:
        pikepdf.PdfError: an object cannot be read.
    """
    digests = _Digests({}, skip={"/BBox"})  # its numbers lose digits on the way into a report
    content: list[pikepdf.Object]
    if isinstance(drawn, pikepdf.Stream):
        content = [drawn]
    else:
        found = drawn.get("/Contents", pikepdf.Array())
        content = [found] if isinstance(found, pikepdf.Stream) else list(found)
    summary = hashlib.sha256(b"\n".join(stream_bytes(stream) for stream in content))
    resources = drawn.get("/Resources", pikepdf.Dictionary())
    # What a program says of procedures means nothing to any reader of today, and fonts are merged when they are placed.
    summary.update(digests.entries(resources, skip={"/ProcSet", "/Font"}).encode())
    return summary.hexdigest()


def size_of(drawn: pikepdf.Object) -> list[float]:
    """Width and height in points of a page, or of a picture that is placed on one."""
    left, bottom, right, top = (float(side) for side in drawn["/BBox" if "/BBox" in drawn else "/MediaBox"])
    return [round(right - left, 1), round(top - bottom, 1)]


def stream_bytes(stream: pikepdf.Object) -> bytes:
    """A stream's content, decoded where that loses nothing; else as it is, with the names of its filters.

    The bytes of a photograph are its content. But without their filter they could be given another one, by which
    readers see something else.
    """
    try:
        return bytes(stream.read_bytes())
    except pikepdf.PdfError:
        how = b"".join(stream[key].unparse() for key in ("/Filter", "/DecodeParms") if key in stream)
        return bytes(stream.read_raw_bytes()) + b" filtered by " + how


class _Digests:
    """Digests of objects; each is read once, and pages stand for themselves where they are referred to."""

    def __init__(self, pages: Mapping[tuple[int, int], int], skip: Collection[str] = ()) -> None:
        self._pages = pages
        self._skip = {"/Parent", *skip}
        self._known: dict[tuple[int, int], bytes] = {}

    def outline(self, outline: Any) -> str:
        """All bookmarks, in their order and depth. They are a chain, too long to be followed by recursion."""
        summary = hashlib.sha256()
        waiting, seen = [(outline, 0)], set()
        while waiting:
            item, depth = waiting.pop()
            if item.is_indirect and item.objgen in seen:
                continue  # a chain that bites its tail
            seen.add(item.objgen)
            summary.update(f"{depth} {self.entries(item, _CHAIN)}\n".encode())
            waiting += [(item[key], depth + step) for key, step in (("/Next", 0), ("/First", 1)) if key in item]
        return summary.hexdigest()

    def page(self, page: pikepdf.Object) -> str:
        """A page with what it inherits."""
        values = dict(page.items())
        node, depth = page, 0
        while "/Parent" in node and depth < MOST_LEVELS:
            node, depth = node["/Parent"], depth + 1
            for key in _INHERITED:
                if key in node:
                    values.setdefault(key, node[key])
        return hashlib.sha256(b"".join(self._entries(values.items(), set()))).hexdigest()

    def entries(self, dictionary: Any, skip: Collection[str]) -> str:
        """All entries of a dictionary, but for some."""
        return hashlib.sha256(b"".join(self._entries(dictionary.items(), skip))).hexdigest()

    def _canonical(self, value: Any) -> bytes:
        if not isinstance(value, pikepdf.Object):
            return _plain(value)
        if not value.is_indirect:  # programs make objects direct or indirect as they like
            return self._body(value)
        number = value.objgen
        if number in self._pages:
            return b"page %d" % self._pages[number]
        if number not in self._known:
            self._known[number] = b"above"  # where a chain of objects comes back to this one
            self._known[number] = self._body(value)
        return self._known[number]

    def _body(self, value: pikepdf.Object) -> bytes:
        if isinstance(value, pikepdf.Stream):
            content = hashlib.sha256(stream_bytes(value)).digest()
            return _digest(b"stream", b"".join(self._entries(value.items(), _ENCODING)), content)
        if isinstance(value, pikepdf.Dictionary):
            return _digest(b"dictionary", b"".join(self._entries(value.items(), set())))
        if isinstance(value, pikepdf.Array):
            return _digest(b"array", b",".join(map(self._canonical, value)))
        if isinstance(value, pikepdf.String):
            return b"(" + bytes(value).hex().encode() + b")"
        return bytes(value.unparse())

    def _entries(self, entries: Iterable[tuple[str, Any]], skip: Collection[str]) -> Iterator[bytes]:
        # A parent is what led here; a page's is the tree of pages, which other programs balance as they like.
        for key, value in sorted(entries):
            if key not in skip and key not in self._skip:
                yield key.encode("utf-8", "surrogatepass") + b" " + self._canonical(value) + b";"


def _digest(*parts: bytes) -> bytes:
    return hashlib.sha256(b" ".join(parts)).digest()


MOST_LEVELS = 64
SMALLEST = Decimal("1e-6")
_CHAIN = ("/First", "/Last", "/Next", "/Prev")


def _plain(value: Any) -> bytes:
    if isinstance(value, bool) or value is None:
        return repr(value).encode()
    # 12, 12.0 and 12.00 are one number; pdfTeX keeps six digits after the point of those in a picture that it places.
    return f"{Decimal(value).quantize(SMALLEST, ROUND_HALF_UP).normalize():f}".encode()
