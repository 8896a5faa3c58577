"""Figures of a finished report as pictures: drawn again from its PDF, or read from the folder of a build.

A figure stands in the PDF as a form (a page within a page), wrapped in a link that names its file. The k-th such
link of a page belongs to the k-th form that the page's content draws.
"""

from __future__ import annotations

import io
import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

import pikepdf
import pypdfium2
from PIL import Image

from latentpress.reporting.tracing import FIGURE, decode
from latentpress.review.document import Document, DocumentError, read_file

DPI = 150
"""Pixels to the inch that figures are drawn with; the text is 156 mm wide, so 920 pixels."""
LARGEST = 3000
"""Pixels of one side; a figure that would be larger is drawn with fewer to the inch."""
_LARGEST_PAGE = 14_400.0
"""Points of one side, that a PDF may have."""
_POINTS, _MM = 72.0, 25.4
_FAULTS = (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError)


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure in pixels.

    Attributes:
        png: the file's content.
        width: in pixels.
        height: in pixels.
        width_mm: in print.
    """

    png: bytes
    width: int
    height: int
    width_mm: float


def pictures_of(document: Document, files: Collection[str]) -> dict[str, Picture]:
    """Figures of a report.

    Args:
        document: where it was read from a folder with ``figures/``, these files are taken; else its PDF.
        files: as report.json names them, ``"figures/embedding-sparse-tsne.pdf"``.

    Returns:
        By file; one that is not there or cannot be drawn is left out.
    """
    wanted = dict.fromkeys(files)
    found: dict[str, Picture] = {}
    folder = document.path / "figures"
    if folder.is_dir():
        found.update(_from_folder(folder, wanted))
    rest = [name for name in wanted if name not in found]
    if rest and document.pdf is not None:
        found.update(_from_pdf(document.pdf, rest))
    return found


def _from_folder(folder: Path, files: Iterable[str]) -> Iterator[tuple[str, Picture]]:
    """PNGs as they are, else PDFs drawn. Only files of the folder itself are read, whatever a report names."""
    here = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}
    for name in files:
        stem = PurePosixPath(name).stem
        picture = None
        if f"{stem}.png" in here:
            picture = read_png(_content(here[f"{stem}.png"]))
        if picture is None and f"{stem}.pdf" in here:
            picture = next(iter(drawn(_content(here[f"{stem}.pdf"]))), None)
        if picture is not None:
            yield name, picture


def _content(path: Path) -> bytes:
    try:
        return read_file(path)
    except DocumentError:
        return b""  # it cannot be read or is far too large: no picture


def read_png(data: bytes) -> Picture | None:
    """A PNG as a picture; None where it is none, or one of absurd size."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            width, height = image.size
            if max(width, height) > 4 * LARGEST:
                return None
            image.load()
            dpi = float(image.info.get("dpi", (DPI, DPI))[0])
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    return Picture(data, width, height, width / (dpi if 1 <= dpi <= 10_000 else DPI) * _MM)


def _from_pdf(data: bytes, files: Iterable[str]) -> dict[str, Picture]:
    wanted = list(files)
    with pikepdf.open(io.BytesIO(data)) as pdf:
        forms = placed_figures(pdf)
        there = [name for name in wanted if name in forms]
        sheet = _sheet([forms[name] for name in there])
    pictures = zip(there, drawn(sheet), strict=False)
    return {name: picture for name, picture in pictures if picture is not None}


def placed_figures(pdf: pikepdf.Pdf) -> dict[str, pikepdf.Stream]:
    """File of each figure to the form that draws it; a figure that stands twice is found once.

    A page that is not as LaTeX leaves it has none.
    """
    found: dict[str, pikepdf.Stream] = {}
    for page in pdf.pages:
        try:
            names = list(_named(page))
            if names:
                for name, form in zip(names, _forms(page), strict=False):
                    found.setdefault(name, form)
        except _FAULTS:
            continue
    return found


def _named(page: pikepdf.Page) -> Iterator[str]:
    for annotation in page.obj.get("/Annots", []):
        key = str(annotation.get("/Contents", ""))
        if key.startswith(FIGURE):
            yield decode(key).removeprefix(FIGURE)


def _forms(page: pikepdf.Page) -> Iterator[pikepdf.Stream]:
    resources: Any = page.obj.get("/Resources", pikepdf.Dictionary())
    objects: Any = resources.get("/XObject", pikepdf.Dictionary())
    for instruction in pikepdf.parse_content_stream(page, "Do"):
        form = objects.get(str(instruction.operands[0])) if instruction.operands else None
        if isinstance(form, pikepdf.Stream) and form.get("/Subtype") == "/Form":
            yield form


def _sheet(forms: Iterable[pikepdf.Stream]) -> bytes:
    """A PDF with one form a page; the page of a form without an area is empty."""
    with pikepdf.new() as pdf:
        for form in forms:
            left, bottom, right, top = _box(form)
            page = pdf.add_blank_page(page_size=(max(right - left, 3), max(top - bottom, 3)))
            if right > left and top > bottom:
                page.obj.MediaBox = pikepdf.Array([Decimal(f"{edge:.4f}") for edge in (left, bottom, right, top)])
                page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=pdf.copy_foreign(form)))
                page.obj.Contents = pdf.make_stream(b"q /F Do Q")
        buffer = io.BytesIO()
        pdf.save(buffer, compress_streams=False)
        return buffer.getvalue()


def _box(form: pikepdf.Stream) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of what a form draws, on the page, in points; all 0 where it says none."""
    try:
        x0, y0, x1, y1 = (float(edge) for edge in form["/BBox"])
        a, b, c, d, e, f = (float(entry) for entry in form.get("/Matrix", [1, 0, 0, 1, 0, 0]))
    except _FAULTS:
        return 0.0, 0.0, 0.0, 0.0
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (x0, x1) for y in (y0, y1)]
    edges = [*map(min, zip(*corners, strict=True)), *map(max, zip(*corners, strict=True))]
    if not all(math.isfinite(edge) and abs(edge) < 1e6 for edge in edges):
        return 0.0, 0.0, 0.0, 0.0
    if max(edges[2] - edges[0], edges[3] - edges[1]) > _LARGEST_PAGE:
        return 0.0, 0.0, 0.0, 0.0
    return edges[0], edges[1], edges[2], edges[3]


def drawn(data: bytes) -> Iterator[Picture | None]:
    """Each page of a PDF as a picture; None for one without an area, nothing at all for what is no PDF."""
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        return
    try:
        for page in document:
            yield _drawn_page(page)
            page.close()
    finally:
        document.close()


def _drawn_page(page: pypdfium2.PdfPage) -> Picture | None:
    width, height = page.get_size()
    if min(width, height) <= 3 or not max(width, height) < 1e6:
        return None
    scale = min(DPI / _POINTS, LARGEST / max(width, height))
    try:
        image = page.render(scale=scale).to_pil()
    except (pypdfium2.PdfiumError, ValueError, MemoryError):
        return None
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    return Picture(buffer.getvalue(), image.width, image.height, width / _POINTS * _MM)
