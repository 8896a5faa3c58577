"""The journal: what was run, when, where, at what cost. Lines are only added; a torn or altered one is dropped."""

from __future__ import annotations

import json
import os
import socket
import time
import zlib
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
    builds whose results stay. Last stands ``check``, the CRC-32 of the line without it.
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
        record = json.dumps({**common, "pid": os.getpid(), **values}, ensure_ascii=False)
        line = _with_check(record.encode() + b"\n")
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            end = os.fstat(descriptor).st_size
            if end and os.pread(descriptor, 1, end - 1) != b"\n":
                line = b"\n" + line  # keep a line that a crash tore from swallowing this one
            while line:  # an almost full disk takes a part of it, and says why only when asked to take the rest
                line = line[os.write(descriptor, line) :]
        finally:
            os.close(descriptor)

    def read(self) -> Iterator[dict[str, Any]]:
        """All whole records, oldest first; a journal that does not exist has none."""
        if not self.path.exists():
            return
        with self.path.open("rb") as lines:
            for line in lines:
                # One that is not as it was written was torn by a crash, or the disk has altered it. Whatever it
                # told of a stage, the stage's own record is in the store.
                if _with_check(line[:-_CHECK_SIZE] + b"}\n") == line:
                    yield json.loads(line)


def _with_check(line: bytes) -> bytes:
    """A line of JSON with one field more, the checksum of what it was."""
    return line[:-2] + b', "check": "%08x"}\n' % zlib.crc32(line)


_CHECK_SIZE = len(_with_check(b"{}\n")) - len(b"{")
