"""Files at an address that fsspec knows; whatever goes wrong there is a `MirrorError`."""

from __future__ import annotations

import contextlib
import secrets
import threading
from typing import Any

from latentpress.errors import MirrorError, UsageError

# How long a mirror may take to answer at all.
_PATIENCE = 20.0


def open_files(url: str) -> MirrorFiles:
    """The files at an address; nothing is read or written yet, though some file systems connect.

    Raises:
        UsageError: no such kind of address, or the library for it is missing.
        MirrorError: it cannot be reached.
    """
    if not url.strip():
        raise UsageError(f"found the mirror {url!r}", _KINDS)
    try:
        from fsspec.core import split_protocol, url_to_fs
    except ImportError:
        raise UsageError("a mirror needs fsspec, which is not installed", _INSTALL) from None
    options: dict[str, Any] = {"use_listings_cache": False}
    try:
        protocol, _ = split_protocol(url)
        system, root = url_to_fs(url, **(options if protocol not in (None, "file", "local", "memory") else {}))
    except ImportError as error:
        raise UsageError(f"the mirror {url} needs a library that is not installed: {error}", _INSTALL) from None
    except ValueError as error:
        raise UsageError(f"found the mirror {url!r}: {error}", _KINDS) from None
    except Exception as error:  # some file systems connect at once, and each has exceptions of its own
        raise _unusable(url, error) from error
    return MirrorFiles(url, system, root)


_KINDS = "Expected file:///…, s3://… or the like."
_INSTALL = 'Install it: pip install "latentpress[cluster]", for S3 s3fs as well.'


class MirrorFiles:
    """Reads and writes whole files.

    Args:
        url: the address, for messages.
        system: fsspec's file system.
        root: the folder in it.

    Every method raises MirrorError where the address refuses.
    """

    def __init__(self, url: str, system: Any, root: str) -> None:
        self.url = url
        self._system = system
        self._root = root.rstrip("/")
        protocols = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
        self._has_folders = "file" in protocols

    def check(self) -> None:
        """Write, read and remove a probe; that must not take too long."""
        errors: list[BaseException] = []
        worker = threading.Thread(target=self._probe, args=[errors], daemon=True)
        worker.start()
        worker.join(_PATIENCE)
        if worker.is_alive():
            raise MirrorError(f"the mirror {self.url} does not answer within {_PATIENCE:.0f} s", _WAY_OUT)
        for error in errors:
            raise error

    def _probe(self, errors: list[BaseException]) -> None:
        name, data = f"probe-{secrets.token_hex(8)}", b"latentpress"
        try:
            self.write(name, data)
            if self.read(name) != data:
                errors.append(MirrorError(f"the mirror {self.url} does not give back what is written", _WAY_OUT))
            self.remove(name)
        except MirrorError as error:
            errors.append(error)

    def size(self, name: str) -> int | None:
        """How long a file is; None where there is none."""
        with self._telling():
            try:
                return int(self._system.info(f"{self._root}/{name}")["size"])
            except FileNotFoundError:
                return None

    def read(self, name: str) -> bytes | None:
        """A file's content; None where there is none."""
        with self._telling():
            try:
                return bytes(self._system.cat_file(f"{self._root}/{name}"))
            except FileNotFoundError:
                return None

    def write(self, name: str, data: bytes) -> None:
        """Write a file as a whole."""
        path = f"{self._root}/{name}"
        with self._telling():
            if not self._has_folders:
                self._system.pipe_file(path, data)
                return
            # A folder shows half-written files; object stores do not.
            self._system.makedirs(path.rpartition("/")[0], exist_ok=True)
            fresh = f"{path}.{secrets.token_hex(8)}"
            self._system.pipe_file(fresh, data)
            self._system.mv(fresh, path)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with self._telling(), contextlib.suppress(FileNotFoundError):
            self._system.rm_file(f"{self._root}/{name}")

    @contextlib.contextmanager
    def _telling(self) -> Any:
        try:
            yield
        except Exception as error:  # each file system has exceptions of its own
            raise _unusable(self.url, error) from error


def _unusable(url: str, error: Exception) -> MirrorError:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return MirrorError(f"the mirror {url} cannot be used: {reason}", _WAY_OUT)


_WAY_OUT = "Check the address, the network and the right to write there; finished stages are kept."
