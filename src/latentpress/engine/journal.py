"""The journal: what was run, when, where, at what cost. Lines are only added; a torn last one is dropped."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Journal:
    """Records of builds and stages as lines of JSON.

    Every record has ``event`` (``build_start``, ``build_end``, ``stage_start``, ``stage_end``, ``clean``), ``time``
    (seconds since 1970), ``build`` (identifies the build), ``host`` and ``pid`` (of the scheduler). Those of stages
    also have ``stage``, ``key``, ``attempt``, ``worker`` and ``worker_host``; ``stage_end`` also ``outcome``,
    ``start``, ``seconds``, ``peak_memory_mb``, and for a finished stage ``artifact``. Those of builds also have
    ``uses``, the list of the keys that are up to date then (see `history`); ``build_start`` also ``about``,
    ``stages`` and ``must_run``; ``build_end`` also ``outcome``, ``seconds`` and ``ran``. ``clean`` has ``kept``, the
    builds whose results stay.
    Nothing in here ever reaches an artifact.

    Args:
        path: the file; it is created by the first record.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.begin()

    def begin(self) -> None:
        """From now on records are those of a new build."""
        self.build = f"{time.time_ns():x}-{os.getpid()}"

    def write(self, event: str, **values: Any) -> None:
        """Add a record, in one write, so that several builds can share the file.

        Raises:
            OSError: the file cannot be written.
        """
        common = {"event": event, "time": time.time(), "build": self.build, "host": socket.gethostname()}
        line = json.dumps({**common, "pid": os.getpid(), **values}, ensure_ascii=False).encode() + b"\n"
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            end = os.fstat(descriptor).st_size
            if end and os.pread(descriptor, 1, end - 1) != b"\n":
                line = b"\n" + line  # keep a line that a crash tore from swallowing this one
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def read(self) -> Iterator[dict[str, Any]]:
        """All whole records, oldest first; a journal that does not exist has none."""
        if not self.path.exists():
            return
        with self.path.open("rb") as lines:
            for line in lines:
                try:
                    record = json.loads(line)
                except ValueError:
                    continue  # torn by a crash; the stage's own record is in the store
                if isinstance(record, dict):
                    yield record
