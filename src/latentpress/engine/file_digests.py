"""Digests of files outside the store: data, templates, styles."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from latentpress.engine.checksums import add_checksum, take_checksum

# Below this size a file is read in less time than looking up whether it has changed is worth.
_REMEMBERED_SIZE = 1_000_000
# A file changed twice within a clock tick looks unchanged the second time; only older ones are trusted.
_SETTLED_NS = 2_000_000_000

# Size, times of the last change of content and of anything, inode: a file that was written to has another.
Stamp = tuple[int, int, int, int]


@dataclass(slots=True)
class FileDigests:
    """SHA-256 of files; large ones are remembered by size, times and inode, as git's index does.

    Args:
        path: where they are kept between builds, or None.
    """

    path: Path | None = None
    _known: dict[str, list[Any]] = field(default_factory=dict)
    _changed: bool = False

    def __post_init__(self) -> None:
        if self.path is not None:
            with contextlib.suppress(OSError):  # absent: every file is read again
                body = take_checksum(self.path.read_bytes())
                self._known = {} if body is None else json.loads(body)

    def digest(self, path: Path) -> tuple[str, Stamp]:
        """The digest of a file's content, and the stamp that the file had before it was read.

        Raises:
            OSError: it cannot be read.
        """
        status = path.stat()
        stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        name = str(path.absolute())
        known = self._known.get(name)
        if known is not None and tuple(known[:-1]) == stamp:
            return str(known[-1]), stamp
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        settled = time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _SETTLED_NS
        if status.st_size >= _REMEMBERED_SIZE and settled:
            self._known[name] = [*stamp, found]
            self._changed = True
        return found, stamp

    def save(self) -> None:
        """Keep what was found for the next build, where the store can be written."""
        if self.path is None or not self._changed or not os.access(self.path.parent, os.W_OK):
            return
        temporary = self.path.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(add_checksum(json.dumps(self._known).encode()))
        with contextlib.suppress(FileNotFoundError):  # another build took it for one that a kill had left
            temporary.replace(self.path)
        self._changed = False
