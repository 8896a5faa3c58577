"""``latentpress clean``: frees what the last builds do not use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from latentpress.engine.clean import Cleaning, clean
from latentpress.engine.store import Store
from latentpress.listing import headline


def clean_store(build_folder: Path, keep_last: int, dry_run: bool, say: Callable[[str], None]) -> None:
    """Clean a store and say what was freed.

    Args:
        build_folder: ``build/``.
        keep_last: how many builds stay.
        dry_run: only say what would go.
        say: prints a line.

    Raises:
        StoreError: a build is running, or the store cannot be written.
        UsageError: what the last builds used is not known.
    """
    cleaning = clean(Store(build_folder / "store"), keep_last, dry_run)
    for build in cleaning.kept:
        say(f"kept: {headline(build)}")
    if not cleaning.paths:
        say("nothing to remove")
        return
    verb, freed = ("would remove", "would be") if dry_run else ("removed", "were")
    say(f"{verb} {counted(cleaning)}: {cleaning.size / 1e6:.1f} MB {freed} freed")


def counted(cleaning: Cleaning) -> str:
    """``12 artifacts, 14 records, 1 work folder``; what there is none of is left out."""
    numbers = {
        "artifact": len(cleaning.artifacts),
        "record": len(cleaning.keys),
        "work folder": len(cleaning.work),
        "lock or list": len(cleaning.others),
    }
    plurals = {"lock or list": "locks and lists"}
    return ", ".join(
        f"{number} {name if number == 1 else plurals.get(name, f'{name}s')}"
        for name, number in numbers.items()
        if number
    )
