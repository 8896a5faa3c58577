"""Whether a sentence stands on the pages of a PDF, however lines, pages and figures break it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from latentpress.reporting.latex import escape
from latentpress.reporting.page_text import comparable


def is_printed(sentence: str, pages: Sequence[str]) -> bool:
    """Whether a sentence stands on a page, or runs over to the next one that has text.

    Args:
        sentence: as report.json has it.
        pages: their letters and figures alone: words that are broken at the end of a line have a hyphen there, and
            mathematics is set with signs that readers take for others.
    """
    wanted = letters("".join(map(_as_printed, sentence[:LONGEST])))
    if any(wanted in page for page in pages):
        return True
    begun = [_part_on(page, wanted) for page in pages]
    ended = [_part_on(page, wanted, end=True) for page in pages]
    return any(
        begun[number] and begun[number] + longest >= len(wanted)
        for number in range(len(pages))
        for longest in ended[number + 1 : number + 1 + PAGES_OF_FIGURES]
    )


def _part_on(page: str, wanted: str, *, end: bool = False) -> int:
    """How many characters of the beginning, or of the end, of a text stand on a page.

    Where a beginning stands on a page, each shorter one does, so that the longest is found by halving.
    """
    low, high = 0, len(wanted)
    while low < high:
        middle = (low + high + 1) // 2
        part = wanted[len(wanted) - middle :] if end else wanted[:middle]
        low, high = (middle, high) if part in page else (low, middle - 1)
    return low


LONGEST = 20_000
"""Letters of a sentence that are looked for."""
PAGES_OF_FIGURES = 6
"""How many pages may hold figures alone before a sentence goes on."""


def letters(text: str) -> str:
    """The letters and figures of a text, and the signs that belong to a number."""
    return _NOT_KEPT.sub("", unicodedata.normalize("NFKD", comparable(text)))  # an accent may be set beside its letter


def _as_printed(character: str) -> str:
    """A character, or what the report prints for one that its fonts lack."""
    if character.isascii():
        return character
    match = _LACKING.fullmatch(escape(character))
    return f"U+{match[1]}" if match else character


_LACKING = re.compile(r"\\missingglyph\{([0-9A-F]+)\}")
# Letters, figures, and beside figures the point, the sign and the per cent; others are set in ways that readers vary.
_NOT_KEPT = re.compile(r"(?![A-Za-z0-9]|[-.](?=[0-9])|(?<=[0-9])%).", re.DOTALL)
