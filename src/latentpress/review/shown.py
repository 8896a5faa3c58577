"""Text of a report as it is shown to people. What stands in a report is whatever its author typed, or forged."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

REPLACEMENT = "\ufffd"
_HIDDEN = frozenset({"Cc", "Cs", "Co", "Cn"})
# They turn the order of what follows around, so that a line reads as another than it is.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
DIGITS = 12
"""Of a digest, where people read it."""


def plain(text: str) -> str:
    """Text on one line without what commands a terminal or deceives a reader.

    Line ends and tabs become spaces; control characters, halves of characters and marks of direction become ``\ufffd``.
    """
    return "".join(map(_shown, text)) if not (text.isascii() and text.isprintable()) else text


def _shown(character: str) -> str:
    if character in "\t\n\r":
        return " "
    hidden = unicodedata.category(character) in _HIDDEN or character in _TURNING
    return REPLACEMENT if hidden else character


def value_text(value: Any) -> str:
    """A settings value: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def short_digest(value: str) -> str:
    """The first digits of a digest."""
    return value[:DIGITS]
