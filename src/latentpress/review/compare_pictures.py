"""The pictures of figures that a comparison shows side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from latentpress.review.compare_differences import Comparison
from latentpress.review.document import Document
from latentpress.review.pictures import Picture, pictures_of


@dataclass(frozen=True, slots=True)
class Pair:
    """A figure of both reports; None where one has none, or it cannot be drawn."""

    a: Picture | None
    b: Picture | None


def pictures(comparison: Comparison, a: Document, b: Document, everything: bool) -> Mapping[str, Pair]:
    """Pictures of the figures that are shown, by their file.

    Figures that draw the same are drawn once.
    """
    entries = comparison.part("figures").chosen(everything)
    found_a = pictures_of(a, [entry.key for entry in entries if entry.a is not None])
    apart = [entry.key for entry in entries if entry.b is not None and entry.state != "same"]
    found_b = pictures_of(b, apart)
    same = {entry.key for entry in entries if entry.state == "same"}
    return {
        entry.key: Pair(found_a.get(entry.key), found_a.get(entry.key) if entry.key in same else found_b.get(entry.key))
        for entry in entries
    }
