"""Whether report.json has the keys and types that reviews read: what others wrote is never trusted to have them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from latentpress.review.document import Document, DocumentError

DEEPEST = 40
"""Levels of lists and objects within each other; a report has 9."""
_INFINITIES = ("inf", "-inf")


@dataclass(frozen=True, slots=True)
class Each:
    """A list whose entries all have one shape."""

    of: Any


@dataclass(frozen=True, slots=True)
class Values:
    """An object with any keys, whose values all have one shape."""

    of: Any


@dataclass(frozen=True, slots=True)
class Plain:
    """A value without parts: of one of these types, in words."""

    words: str
    types: tuple[type, ...]


TEXT = Plain("text", (str,))
WHOLE_OR_NULL = Plain("a whole number or null", (int, type(None)))
WHOLE = Plain("a whole number", (int,))
TEXT_OR_NULL = Plain("text or null", (str, type(None)))
NUMBER = Plain('a number, "inf", "-inf" or null', (int, float, str, type(None)))
OBJECT: Mapping[str, Any] = {}
"""An object of which nothing more is asked."""


def _texts(*keys: str) -> dict[str, Any]:
    return dict.fromkeys(keys, TEXT)


REPORT_SHAPE: Mapping[str, Any] = {
    "profile": TEXT,
    "report": {"title": TEXT, "authors": Each({"name": TEXT})},
    "metrics": Each(
        {
            **_texts("id", "quantity", "data", "model", "split", "evaluation", "artifact", "unit"),
            **dict.fromkeys(("value", "low", "high"), NUMBER),
            "seed": WHOLE_OR_NULL,
            "seeds": Each(WHOLE),
        }
    ),
    "claims": Each(_texts("id", "name", "outcome", "sentence", "section")),
    "health": Each(
        {
            **_texts("name", "data", "model", "verdict", "reason"),
            "seed": WHOLE_OR_NULL,
            "value": NUMBER,
            "threshold": NUMBER,
        }
    ),
    "figures": Each(_texts("file", "content", "caption")),
    "tables": Each(_texts("file", "caption")),
    "files": Each({**_texts("file", "artifact", "sha256", "section"), "bytes": WHOLE}),
    "failures": Each(_texts("stage", "error")),
    "provenance": Each(
        {
            **_texts("stage", "function", "source", "artifact", "key", "settings_digest", "device"),
            "seed": WHOLE_OR_NULL,
            "threads": WHOLE,
            "backend": TEXT_OR_NULL,
            "packages": Values(TEXT),
            "inputs": Values(TEXT),
            "files": Values(TEXT),
        }
    ),
    "settings": {"experiments": Values(OBJECT), "sections": Each({"id": TEXT}), "faults": Each(OBJECT)},
    "evidence": Values({"evaluations": Each({"name": TEXT})}),
    "facts": Values({"digests": Values(TEXT)}),
    "environment": Values(TEXT),
}


def check_shape(document: Document) -> None:
    """Refuse a report whose report.json is not as a build writes it.

    Raises:
        DocumentError: with the key, what was found there and what was expected.
    """
    too_deep = _first_too_deep(document.report)
    fault = f"{too_deep}: found more than {DEEPEST} levels" if too_deep else _fault(document.report, REPORT_SHAPE, "")
    if fault:
        raise DocumentError(
            f"{document.path}: report.json: {fault}.",
            "It is no report of this version of LatentPress, or it was altered: build the report again.",
        )


def _fault(value: Any, shape: Any, where: str) -> str:
    """What is wrong at or below a value, or empty."""
    if isinstance(shape, Plain):
        return "" if _is_plain(value, shape) else f"{where}: found {_kind(value)}, expected {shape.words}"
    if isinstance(shape, Each):
        if not isinstance(value, list):
            return f"{where}: found {_kind(value)}, expected a list"
        faults = (_fault(entry, shape.of, f"{where}[{index}]") for index, entry in enumerate(value))
        return next(filter(None, faults), "")
    if not isinstance(value, dict):
        return f"{where}: found {_kind(value)}, expected an object"
    if isinstance(shape, Values):
        parts = [(key, entry, shape.of) for key, entry in value.items()]
    else:
        missing = [key for key in shape if key not in value]
        if missing:
            return f"{where or 'it'} has no {missing[0]}"
        parts = [(key, value[key], expected) for key, expected in shape.items()]
    faults = (_fault(entry, expected, f"{where}.{_short(key)}".lstrip(".")) for key, entry, expected in parts)
    return next(filter(None, faults), "")


def _is_plain(value: Any, shape: Plain) -> bool:
    if isinstance(value, bool) or not isinstance(value, shape.types):
        return False
    if shape is NUMBER and isinstance(value, str):
        return value in _INFINITIES
    if isinstance(value, int):
        return abs(value) < 2**1023  # what a floating-point number can hold
    return not isinstance(value, float) or math.isfinite(value)


def _kind(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, str):
        return f"the text {_short(value)!r}"
    if isinstance(value, int | float):
        return f"the number {value!r}" if isinstance(value, float) or abs(value) < 10**18 else "a huge number"
    return "a list" if isinstance(value, list) else "an object"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _first_too_deep(report: Mapping[str, Any]) -> str:
    """The key of report.json below which lists and objects are nested too deep, or empty.

    Found without recursion, which such a report would exhaust.
    """
    for key, top in report.items():
        level: Sequence[Any] = [top]
        for _ in range(DEEPEST):
            level = [part for entry in level if isinstance(entry, dict | list) for part in _parts(entry)]
            if not level:
                break
        else:
            return _short(key)
    return ""


def _parts(entry: dict[str, Any] | list[Any]) -> list[Any]:
    return list(entry.values()) if isinstance(entry, dict) else entry
