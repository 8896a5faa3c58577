"""What every data set is once it is loaded: images by split, with what is known about them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SPLITS = ("train", "validation", "test")
Split = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class DataSet:
    """One data set in three splits.

    Attributes:
        title: as a sentence names it: "MNIST", "the Frey faces".
        citation: bibliography key of the source; empty where there is none.
        images: split to uint8 (n, H, W, C).
        split: one sentence: how the splits were made.
        preprocessing: what was done, in order, one sentence each.
        labels: split to uint8 (n,), or None.
        factors: split to float32 (n, number of factors): what each image was drawn from, or None.
        class_names: of the labels, in order.
        origins: split to int (n,): which original each image comes from; no original is in two splits.
        sources: name to SHA-256 of the content of what was read.
        facts: whatever else is worth stating, JSON values only.
    """

    title: str
    citation: str
    images: Split
    split: str
    preprocessing: tuple[str, ...]
    origins: Split
    labels: Split | None = None
    factors: Split | None = None
    class_names: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


def digest(array: np.ndarray) -> str:
    """SHA-256 of an array's elements in C order, whatever its memory layout; the shape is not part of it."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def evenly_spaced(count: int, limit: int) -> np.ndarray:
    """At most ``limit`` indices below ``count``, evenly spaced from 0 and increasing; (min(count, limit),) int64."""
    kept = min(count, limit)
    return np.arange(kept, dtype=np.int64) * count // max(kept, 1)


def limited(split: Split, limit: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Evenly spaced elements of each split, at most ``limit[name]`` of them."""
    return {name: array[evenly_spaced(len(array), limit[name])] for name, array in split.items()}
