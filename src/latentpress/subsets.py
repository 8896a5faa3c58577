"""Which images are used where an experiment is trained on some of them: the first ones."""

from __future__ import annotations

from collections.abc import Mapping


def first_images(wanted: int | None, counts: Mapping[str, int]) -> dict[str, int]:
    """How many images of each split are used: the wanted ones of ``train``, and the same share of the others.

    Args:
        wanted: of the training split; None for all.
        counts: images of each split.
    """
    used = min(wanted or counts["train"], counts["train"])
    return {split: -(-count * used // counts["train"]) for split, count in counts.items()}
