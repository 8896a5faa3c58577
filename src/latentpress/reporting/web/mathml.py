"""Mathematics: TeX to MathML, and plain text where a formula is no more than a number."""

from __future__ import annotations

import re

from latex2mathml.converter import convert
from markupsafe import Markup

_NUMBER = re.compile(r"-?[\d.]+(?:\{,\}[\d.]+)*")
_TILDE = re.compile(r"<m[io]>(?:~|&#x0007E;)</m[io]>")
_POWER = re.compile(r"(?P<mantissa>-?[\d.]+)\\times10\^\{(?P<exponent>-?\d+)\}|10\^\{(?P<power>-?\d+)\}")
_LABEL = re.compile(r"\\label\{[^{}]*\}|\\nonumber(?![a-zA-Z])|\\notag(?![a-zA-Z])")
_PLAIN = {r"\infty": "∞", r"-\infty": "\u2212∞", "-": "\u2212", r"\times": "×", "< 0.001": "< 0.001"}
TRACED = re.compile(r"\\traced\{(?P<row>[^{}]*)\}\{(?P<key>[^{}]*)\}\{(?P<text>(?:[^{}]|\{[^{}]*\})*)\}")
"""A number in mathematics that leads to its origin."""
_UNREAD = re.compile(r"\\[A-Za-z]+")


def inline(tex: str) -> Markup:
    """Mathematics in a line of text."""
    stripped = _untraced(tex).strip()
    if stripped in _PLAIN:
        return Markup.escape(_PLAIN[stripped])
    if _NUMBER.fullmatch(stripped):
        return Markup(_signed(stripped))
    if found := _POWER.fullmatch(stripped):
        base = f"{_signed(found['mantissa'])}×10" if found["mantissa"] else "10"
        return Markup(f"{base}<sup>{_signed(found['exponent'] or found['power'])}</sup>")
    if stripped == r"^\circ":
        return Markup("°")
    return _mathml(stripped, "inline")


def display(tex: str) -> Markup:
    """Mathematics on lines of its own."""
    return _mathml(_LABEL.sub("", _untraced(tex)).strip(), "block")


def _untraced(tex: str) -> str:
    """A formula without the provenance of its numbers, which stands around a number and not within mathematics."""
    return TRACED.sub(lambda match: match["text"], tex)


def _signed(number: str) -> str:
    return number.replace("-", "\u2212").replace("{,}", ",")


def _mathml(tex: str, mode: str) -> Markup:
    try:
        found = convert(tex, display=mode)
    except Exception as error:  # latex2mathml raises a dozen classes without a common base, IndexError among them
        return _unknown(tex, type(error).__name__)
    if unread := _UNREAD.search(re.sub(r"<[^>]*>", "", found)):
        return _unknown(tex, unread[0])
    # A tilde is an accent; the relation "is distributed as" has a character of its own.
    return Markup(_TILDE.sub("<mo>∼</mo>", found))


def _unknown(tex: str, what: str) -> Markup:
    title = f"This formula could not be converted ({what})."
    return Markup('<span class="unknown" title="{}">{}</span>').format(title, tex)
