"""Who is building in a store: builds hold it together, what removes from it holds it alone.

builds.lock             shared by running builds, taken alone by `clean`
running/<build>.json    one running build; locked by it, so that one whose owner died is known as such

Both are locks of the system, which frees them when their owner dies; nothing ever has to be unlocked.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from latentpress.engine.store import Store, Workplace, writing
from latentpress.errors import StoreError


@contextmanager
def in_use(store: Store, about: Mapping[str, Any]) -> Iterator[None]:
    """Hold a store for a build: nothing is cleaned away meanwhile. Waits for a `clean` to end.

    A new build begins with it in the journal; a build may hold its store again while it does. A store that may
    only be read is held as far as it can be.

    Args:
        store: the store.
        about: what `running_builds` tells of the build.

    Raises:
        StoreError: the store cannot be written.
    """
    if store.held:
        yield
        return
    store.journal.begin()
    with contextlib.ExitStack() as held:
        if os.access(store.root, os.W_OK) or not store.root.exists():
            with writing(store.root):
                store.root.mkdir(parents=True, exist_ok=True)
                held.enter_context(_locked(store.root / "builds.lock", fcntl.LOCK_SH))
                held.enter_context(_announced(store, about))
        elif (store.root / "builds.lock").exists():
            held.enter_context(_locked(store.root / "builds.lock", fcntl.LOCK_SH, os.O_RDONLY))
        store.held = True
        try:
            yield
        finally:
            store.held = False


@contextmanager
def alone(store: Store) -> Iterator[None]:
    """Hold a store for what removes from it, without waiting.

    Raises:
        StoreError: a build is running, or the store cannot be written.
    """
    with contextlib.ExitStack() as held:
        with writing(store.root):
            try:
                held.enter_context(_locked(store.root / "builds.lock", fcntl.LOCK_EX | fcntl.LOCK_NB))
            except BlockingIOError:
                others = ", ".join(f"process {build['pid']} on {build['host']}" for build in running_builds(store))
                raise StoreError(
                    f"a build is running in {store.root}{f': {others}' if others else ''}",
                    "Wait until it has ended, or stop it with Ctrl-C; nothing was removed.",
                ) from None
        yield


def running_builds(store: Store) -> list[dict[str, Any]]:
    """The builds that run now, oldest first: ``build``, ``host``, ``pid``, ``started``, ``about``."""
    found = []
    for path in _files(store):
        with contextlib.suppress(OSError, ValueError):  # it ended just now
            if not _abandoned(path):
                found.append(dict(json.loads(path.read_bytes())))
    return sorted(found, key=lambda build: (build["started"], build["build"]))


def forget_dead_builds(store: Store) -> None:
    """Remove what killed builds left of their presence, also of one that was killed while it announced itself."""
    for path in [*_files(store), *(store.root / "running").glob("*.new")]:
        with contextlib.suppress(OSError):  # another build was faster
            if _abandoned(path):
                path.unlink()


def is_busy(place: Workplace) -> bool:
    """Whether a worker is at a stage, on this machine or another that shares the store."""
    try:
        return not _abandoned(place.lock)
    except OSError:  # no worker was ever there
        return False


def _files(store: Store) -> list[Path]:
    folder = store.root / "running"
    return sorted(folder.glob("*.json")) if folder.is_dir() else []


def _abandoned(path: Path) -> bool:
    """Whether nobody holds the lock on a file.

    Raises:
        OSError: the file is not there.
    """
    try:
        with _locked(path, fcntl.LOCK_SH | fcntl.LOCK_NB, os.O_RDONLY):
            return True
    except BlockingIOError:
        return False


@contextmanager
def _announced(store: Store, about: Mapping[str, Any]) -> Iterator[None]:
    forget_dead_builds(store)
    path = store.root / "running" / f"{store.journal.build}.json"
    path.parent.mkdir(exist_ok=True)
    unready = path.with_suffix(".new")  # named as it will be only once it is locked and written
    values = {"build": store.journal.build, "host": socket.gethostname(), "pid": os.getpid(), "started": time.time()}
    with contextlib.ExitStack() as held:
        while not path.exists():
            held.close()
            held.enter_context(_locked(unready, fcntl.LOCK_EX))
            with contextlib.suppress(FileNotFoundError):  # another build took it for abandoned before it was locked
                _write_under(unready, json.dumps({**values, "about": dict(about)}))
                unready.replace(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _write_under(path: Path, text: str) -> None:
    """Write a file that is there; unlike `Path.write_text` this makes none."""
    with open(path, "r+", encoding="utf-8") as file:  # noqa: PTH123 - r+ does not create
        file.write(text)


@contextmanager
def _locked(path: Path, how: int, mode: int = os.O_RDWR | os.O_CREAT) -> Iterator[None]:
    descriptor = os.open(path, mode, 0o644)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)
