"""Removes from a store what none of the last builds uses.

A build counts by what it used: builds that used the same keys, one after another or not, count as one. One
that failed, was interrupted or killed is not counted, so that a typo pushes out no good result; but what it
finished, and the checkpoints of what it had begun, stay as long as an older build does.

A record goes before its artifact, since a record without an artifact, or an artifact without a record, is
"not run" to every build: killed at any point, the store is whole.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from latentpress.engine.history import PastBuild, past_builds, used_keys
from latentpress.engine.presence import alone, is_busy
from latentpress.engine.store import Store, writing
from latentpress.errors import UsageError


@dataclass(slots=True)
class Cleaning:
    """What a `clean` removes, and why the rest stays.

    Attributes:
        kept: the builds whose results stay, newest first.
        keys, artifacts, work, others: what goes: records, artifacts, work folders; locks and lists of keys.
        size: of all that goes, in bytes.
    """

    kept: list[PastBuild]
    keys: list[Path] = field(default_factory=list)
    artifacts: list[Path] = field(default_factory=list)
    work: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    size: int = 0

    @property
    def paths(self) -> list[Path]:
        """All that goes, in the order in which it does."""
        return [*self.keys, *self.artifacts, *self.work, *self.others]


def clean(store: Store, keep_last: int, dry_run: bool = False) -> Cleaning:
    """Remove everything from a store that none of the last builds uses.

    Args:
        store: the store.
        keep_last: how many builds are kept; 0 removes all results.
        dry_run: only say what would go.

    Raises:
        StoreError: a build is running, or the store cannot be written; what was not removed yet stays.
        UsageError: what the builds to be kept used is not known.
    """
    if dry_run or not store.root.exists():
        return plan_cleaning(store, keep_last)
    with alone(store):
        cleaning = plan_cleaning(store, keep_last)
        with writing(store.root):
            if cleaning.paths:
                kept = [build.id for build in cleaning.kept]
                store.journal.write("clean", kept=kept, removed=len(cleaning.paths), bytes=cleaning.size)
            for path in cleaning.paths:
                _remove(store, path)
    return cleaning


def plan_cleaning(store: Store, keep_last: int) -> Cleaning:
    """What `clean` would remove."""
    kept = builds_to_keep(store, keep_last)
    cleaning = Cleaning(kept)
    lists, keys, unfinished = set[str](), set[str](), set[str]()
    for build in kept:
        lists |= {build.planned, build.used}
        keys |= set((used_keys(store, build) or {}).values())
        unfinished |= {attempt.key for attempt in build.attempts}
    records = [record for key in keys if (record := store.record(key)) is not None]
    artifacts = {record.artifact for record in records}
    unfinished -= {record.key for record in records}

    cleaning.keys = [path for path in _inside(store, "keys") if path.stem not in keys]
    cleaning.artifacts = [path for path in _inside(store, "artifacts") if path.name not in artifacts]
    cleaning.work = [
        path
        for path in _inside(store, "work")
        if path.name not in unfinished and not is_busy(store.workplace(path.name))
    ]
    cleaning.others = [path for path in _inside(store, "locks") if path.stem not in unfinished]
    cleaning.others += [path for path in _inside(store, "builds") if path.stem not in lists]
    cleaning.others += [path for path in _inside(store, "running") if path.suffix == ".new"]
    cleaning.size = sum(map(_size, cleaning.paths))
    return cleaning


def builds_to_keep(store: Store, keep_last: int) -> list[PastBuild]:
    """The last builds, newest first, with the failed and interrupted ones that are newer than the oldest of them.

    Raises:
        UsageError: one of them did not say what it used, or its list is lost.
    """
    kept: list[PastBuild] = []
    counted: set[tuple[tuple[str, str], ...]] = set()
    if keep_last < 1:
        return kept
    for build in reversed([build for build in past_builds(store.journal) if not build.cleaned]):
        keys = used_keys(store, build)
        if keys is None:
            raise UsageError(
                f"what build {build.id} used is not known: its list is missing from {store.root / 'builds'}",
                "Build the reports once more, then keep fewer builds; or remove all results with --keep-last 0.",
            )
        kept.append(build)
        if build.complete:
            counted.add(tuple(sorted(keys.items())))
            if len(counted) == keep_last:
                break
    if not counted and any(_inside(store, "keys")):
        raise UsageError(
            f"no build of {store.root} without a failure is on record, so that nothing would be kept",
            "Build a report to its end first; or remove all results with --keep-last 0.",
        )
    return kept


def _inside(store: Store, folder: str) -> list[Path]:
    path = store.root / folder
    return sorted(path.iterdir()) if path.is_dir() else []


def _size(path: Path) -> int:
    files: Iterable[Path] = path.rglob("*") if path.is_dir() else [path]
    total = 0
    for file in files:
        with contextlib.suppress(FileNotFoundError):  # a dry run may look while a build works
            status = file.lstat()
            total += status.st_size if not file.is_dir() else 0
    return total


def _remove(store: Store, path: Path) -> None:
    if path.parent.name == "artifacts":
        store.discard(path.name)  # renames it away first, so that no half of it is ever in place
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
