"""Artifacts: what stages produced, read-only, every byte verified when it is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentpress.errors import StoreError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MANIFEST = ".manifest.json"


class DamagedArtifactError(StoreError):
    """An artifact's file is missing or is not what was written; the stage that made it has to run again.

    Args:
        artifact: the artifact's digest.
        file: the file's name in it.
    """

    def __init__(self, artifact: str, file: str) -> None:
        super().__init__(
            f"artifact {artifact[:12]} is damaged: {file} is missing or altered",
            "Run the build again; it is made anew.",
        )
        self.artifact = artifact
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.artifact, self.file))


class Artifact:
    """A read-only handle on what a stage produced. Every file's digest is verified when it is read.

    Attributes:
        digest: SHA-256 over the manifest, which identifies the content.
        path: its folder.

    Reading raises `DamagedArtifactError` where a file is not what was written, StoreError where it cannot be read,
    and LookupError where none was written.
    """

    def __init__(self, digest: str, path: Path) -> None:
        self.digest = digest
        self.path = path

    def __repr__(self) -> str:
        return f"Artifact({self.digest[:12]})"

    @cached_property
    def _manifest(self) -> Mapping[str, Mapping[str, Any]]:
        data = self._read(MANIFEST)
        if hashlib.sha256(data).hexdigest() != self.digest:
            raise DamagedArtifactError(self.digest, MANIFEST)
        manifest: Mapping[str, Mapping[str, Any]] = json.loads(data)
        return manifest

    def entries(self) -> Mapping[str, Mapping[str, Any]]:
        """File name to what the manifest says of it: ``sha256``, ``size`` and more."""
        return self._manifest

    def names(self) -> set[str]:
        """File names, with their endings."""
        return set(self._manifest)

    def sizes(self) -> dict[str, int]:
        """File name to the size that was written."""
        return {name: int(entry["size"]) for name, entry in self._manifest.items()}

    def data(self, filename: str) -> bytes:
        """A file's bytes."""
        entry = self._entry(filename)
        data = self._read(filename)
        if len(data) != entry["size"] or hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise DamagedArtifactError(self.digest, filename)
        return data

    def text(self, filename: str) -> str:
        """A text file, UTF-8."""
        return self.data(filename).decode()

    def json(self, name: str) -> Any:
        """The JSON value in ``name.json``."""
        return json.loads(self.data(f"{name}.json"))

    def table(self, name: str) -> pd.DataFrame:
        """The table in ``name.csv``; missing numbers are NaN, missing text is ""."""
        from latentpress.engine import codec

        data = self.data(f"{name}.csv")
        return codec.decode_table(data, self._entry(f"{name}.csv").get("columns", ()))

    def array(self, name: str) -> np.ndarray:
        """The array in ``name.npy``."""
        from latentpress.engine import codec

        return codec.decode_array(self.data(f"{name}.npy"))

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """The arrays in ``name.npz``."""
        from latentpress.engine import codec

        return codec.decode_arrays(self.data(f"{name}.npz"))

    def verify(self) -> None:
        """Read every file, so that damage is found now."""
        for name in sorted(self._manifest):
            self.data(name)

    def _read(self, filename: str) -> bytes:
        try:
            return (self.path / filename).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise DamagedArtifactError(self.digest, filename) from None
        except OSError as error:  # the artifact may well be whole: nothing is to be thrown away for that
            raise StoreError(
                f"{self.path / filename} cannot be read: {error.strerror}",
                "Check the disk and the right to read there, then run again; nothing was removed.",
            ) from error

    def _entry(self, filename: str) -> Mapping[str, Any]:
        if filename not in self._manifest:
            has = ", ".join(sorted(self._manifest)) or "no files"
            raise LookupError(f"artifact {self.digest[:12]} has no file {filename!r}; it has {has}")
        return self._manifest[filename]
