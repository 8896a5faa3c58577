"""The program that draws the pages of a PDF that nobody vouches for: a process of its own, which may be ended.

A page can take hours to draw, or crash its program, by malice alone. The PDF comes on standard input; for each page a
record goes to standard output: `HEAD` and a PNG, or a `HEAD` of zeros where a page cannot be drawn.
"""

from __future__ import annotations

import contextlib
import io
import resource
import struct
import sys
from collections.abc import Iterator

import pypdfium2

HEAD = struct.Struct(">IIId")
"""Bytes of the PNG, width and height in pixels, width on paper in mm."""
DPI = 150
"""Pixels to the inch; the text of a report is 156 mm wide, so 920 pixels."""
LARGEST = 3000
"""Pixels of one side; a page that would be larger is drawn with fewer to the inch."""
MEMORY = 4 << 30
"""Bytes that this process may take."""
_POINTS, _MM = 72.0, 25.4


def records(data: bytes) -> Iterator[bytes]:
    """The record of each page; none for what is no PDF."""
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        return
    try:
        for page in document:
            yield _record(page)
            page.close()
    finally:
        document.close()


def _record(page: pypdfium2.PdfPage) -> bytes:
    nothing = HEAD.pack(0, 0, 0, 0.0)
    width, height = page.get_size()
    if min(width, height) <= 3 or not max(width, height) < 1e6:
        return nothing
    scale = min(DPI / _POINTS, LARGEST / max(width, height))
    try:
        image = page.render(scale=scale).to_pil()
    except (pypdfium2.PdfiumError, ValueError, MemoryError):
        return nothing
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    png = buffer.getvalue()
    return HEAD.pack(len(png), image.width, image.height, width / _POINTS * _MM) + png


def main() -> None:
    """Draw what comes on standard input."""
    with contextlib.suppress(ValueError, OSError):  # not every system limits memory
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for record in records(sys.stdin.buffer.read()):
        sys.stdout.buffer.write(record)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
