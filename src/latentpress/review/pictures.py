"""Figures of a finished report as pictures: drawn again from its PDF, or read from the folder of a build.

A figure stands in the PDF as a form (a page within a page), wrapped in a link that names its file. The k-th such
link of a page belongs to the k-th form that the page's content draws.
"""

from __future__ import annotations

import io
import math
import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

import pikepdf
from PIL import Image

from latentpress.reporting.tracing import FIGURE, decode
from latentpress.review import drawing
from latentpress.review.document import Document, DocumentError, read_file

SECONDS = 60.0
"""In which all figures of a report are drawn; those of 46 pages take one."""
_LARGEST_PAGE = 14_400.0
"""Points of one side, that a PDF may have."""
_MM = 25.4
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


def _from_folder(folder: Path, files: Iterable[str]) -> dict[str, Picture]:
    """PNGs as they are, else PDFs drawn. Only files of the folder itself are read, whatever a report names."""
    here = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}
    found: dict[str, Picture] = {}
    pages: dict[str, bytes] = {}
    for name in files:
        stem = PurePosixPath(name).stem
        picture = read_png(_content(here[f"{stem}.png"])) if f"{stem}.png" in here else None
        if picture is not None:
            found[name] = picture
        elif f"{stem}.pdf" in here:
            pages[name] = _content(here[f"{stem}.pdf"])
    if pages:
        there, sheet = _bound(pages)
        found.update(_named_pictures(there, sheet))
    return found


def _bound(pages: Mapping[str, bytes]) -> tuple[list[str], bytes]:
    """The first page of each PDF as one PDF, and whose they are; what is no PDF is left out."""
    there = []
    with pikepdf.new() as sheet:
        for name, data in pages.items():
            try:
                with pikepdf.open(io.BytesIO(data)) as pdf:
                    sheet.pages.append(pdf.pages[0])
            except (*_FAULTS, IndexError):
                continue
            there.append(name)
        buffer = io.BytesIO()
        sheet.save(buffer)
    return there, buffer.getvalue()


def _named_pictures(names: Iterable[str], sheet: bytes) -> dict[str, Picture]:
    pictures = zip(names, drawn(sheet), strict=False)
    return {name: picture for name, picture in pictures if picture is not None}


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
            if max(width, height) > 4 * drawing.LARGEST:
                return None
            image.load()
            dpi = float(image.info.get("dpi", (drawing.DPI, drawing.DPI))[0])
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    return Picture(data, width, height, width / (dpi if 1 <= dpi <= 10_000 else drawing.DPI) * _MM)


def _from_pdf(data: bytes, files: Iterable[str]) -> dict[str, Picture]:
    wanted = list(files)
    with pikepdf.open(io.BytesIO(data)) as pdf:
        forms = placed_figures(pdf)
        there = [name for name in wanted if name in forms]
        sheet = _sheet([forms[name] for name in there])
    return _named_pictures(there, sheet)


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


def drawn(data: bytes) -> list[Picture | None]:
    """Each page of a PDF as a picture, drawn by a process of its own within `SECONDS`.

    Returns:
        None for a page that cannot be drawn. Pages that were not reached in time are left out, as is all of what is
        no PDF.
    """
    command = [sys.executable, "-m", drawing.__name__]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        answer = subprocess.run(
            command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=variables, timeout=SECONDS,
            check=False,
        ).stdout  # fmt: skip
    except subprocess.TimeoutExpired as error:
        answer = error.output or b""
    return list(_read(answer))


def _read(answer: bytes) -> Iterator[Picture | None]:
    """The pictures of whole records; the process may have ended within the last one."""
    start = 0
    while start + drawing.HEAD.size <= len(answer):
        length, width, height, width_mm = drawing.HEAD.unpack_from(answer, start)
        start += drawing.HEAD.size + length
        if start <= len(answer):
            yield Picture(answer[start - length : start], width, height, width_mm) if length else None
