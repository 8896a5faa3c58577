"""The text of a PDF as its readers see it: of whole pages, and under the links that lead from numbers onwards."""

from __future__ import annotations

import re
import unicodedata

import pypdfium2

# What differs between the glyphs that TeX sets and the characters that were meant, or between readers.
_ALIKE = str.maketrans({"−": "-", "–": "-", "‐": "-", "\u00ad": "-", "∗": "*", "’": "'", "‘": "'"})
_SPACE = re.compile(r"[\s\u200b\ufeff\ufffe\uffff\x00-\x1f]+")


def page_texts(data: bytes) -> list[str]:
    """The text of each page.

    Raises:
        pypdfium2.PdfiumError: it is no PDF that can be read.
    """
    document = pypdfium2.PdfDocument(data)
    try:
        texts = []
        for page in document:
            text = page.get_textpage()
            texts.append(readable(text.get_text_range()))
            text.close()
            page.close()
        return texts
    finally:
        document.close()


def readable(text: str) -> str:
    """Lines without what no file of text holds: half characters, noncharacters, returns."""
    plain = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return "\n".join(line.rstrip() for line in re.sub("[\ufffe\uffff\x00]", "", plain).splitlines())


def comparable(text: str) -> str:
    """Text by its letters, digits and signs alone: no space, no ligature, one kind of dash."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", text).translate(_ALIKE))
