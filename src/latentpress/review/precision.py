"""Whether a printed number is the attached one, as far as its digits go."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

from latentpress.reporting.numbers import format_of
from latentpress.reporting.page_text import comparable

_NUMBER = r"-?[0-9,]*\.?[0-9]+"
_SCIENTIFIC = re.compile(rf"(?:({_NUMBER})×)?10\^?\{{?(-?[0-9]{{1,3}})\}}?")
_PLAIN = re.compile(_NUMBER)
_UPPER = re.compile(rf"<({_NUMBER})")
_INTERVAL = re.compile(r"\[(.+?),(?!\d{3}(?:\D|$))(.+)\]|\[(.+),(.+)\]")
SLACK = Decimal("1e-9")
"""Of half a digit: what the way from a binary number to a decimal one may cost."""


def agrees(text: str, value: Any, quantity: str) -> bool:
    """Whether a number was printed of a value.

    Args:
        text: as printed: ``"98.52 %"``, ``"−0.5"``, ``"[0.1, 0.2]"``, ``"< 0.001"``, ``"∞"``, ``"1.2×10^-7"``.
        value: a number, an interval as two numbers, or a list where any of some values will do.
        quantity: what it measures, which says whether it is printed as a percentage.
    """
    if isinstance(value, list):
        return any(agrees(text, one, quantity) for one in value)
    plain = comparable(text)
    # A difference of accuracies is printed in percentage points, and an interval's per cent stands behind its value.
    scales = (100,) if format_of(quantity).percent else (1,)
    if isinstance(value, tuple):
        match = _INTERVAL.fullmatch(plain)
        ends = [end for end in match.groups() if end is not None] if match else []
        return len(ends) == 2 and any(
            all(_equal(end, bound, scale, quantity) for end, bound in zip(ends, value, strict=True)) for scale in scales
        )
    if value is None:
        return False
    if plain.endswith("%"):
        return _equal(plain.removesuffix("%"), value, 100, quantity)
    return any(_equal(plain, value, scale, quantity) for scale in scales)


def _equal(text: str, value: float, scale: int, quantity: str) -> bool:
    if text.removeprefix("-") == "∞":
        return math.isinf(value) and (value < 0) == text.startswith("-")
    if not math.isfinite(value):
        return False
    bound = _UPPER.fullmatch(text)
    if bound:
        return bool(quantity.endswith("_p") and bound[1] == "0.001" and value < float(bound[1]))
    try:
        printed, unit = _read(text)
    except (ArithmeticError, ValueError):
        return False
    return abs(printed - Decimal(repr(float(value))) * scale) <= unit / 2 * (1 + SLACK)


def _read(text: str) -> tuple[Decimal, Decimal]:
    """A printed number, and the worth of its last digit.

    Raises:
        ValueError, ArithmeticError: it is none.
    """
    match = _SCIENTIFIC.fullmatch(text)
    if match and (match[1] or "^" in text):
        mantissa, unit = _read(match[1]) if match[1] else (Decimal(1), Decimal("0.1"))
        factor = Decimal(10) ** int(match[2])
        return mantissa * factor, unit * factor
    if not _PLAIN.fullmatch(text):
        raise ValueError(text)
    number = Decimal(text.replace(",", ""))
    exponent = number.as_tuple().exponent
    return number, Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
