"""A mirror: artifacts, records and files at any address that fsspec knows, verified by their digests.

objects/<sha256>              a file's content: of artifacts, data files, templates
artifacts/<digest>.json       an artifact's manifest, written last: an artifact that is seen is complete
keys/<key>.json               which artifact a key gave, and the parts of the key
scratch/<key>/                the checkpoints of an unfinished stage: snapshot.json and its objects

Everything but ``scratch`` is immutable. What does not have the digest that it is named for is removed and
counts as not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from latentpress.engine.artifacts import MANIFEST, Artifact
from latentpress.engine.codec import _check_names  # not renamed, since its module's source is in every stage's key
from latentpress.engine.mirror_files import MirrorFiles, open_files
from latentpress.engine.store import Record, pack_record, unpack_record, write_files
from latentpress.errors import LatentPressError, MirrorError, StageError


class MirrorDamageError(LatentPressError):
    """Something in the mirror is not what was written there; it was removed."""


def open_mirror(url: str, check: bool = True) -> Mirror:
    """The mirror at an address.

    Args:
        url: any address that fsspec knows, or a folder.
        check: write, read and remove a probe first.

    Raises:
        UsageError: no such kind of address, or the library for it is missing.
        MirrorError: it cannot be reached, read or written.
    """
    files = open_files(url)
    if check:
        files.check()
    return Mirror(files)


class Mirror:
    """See the module.

    Args:
        files: reads and writes at its address.
    """

    def __init__(self, files: MirrorFiles) -> None:
        self.url = files.url
        self._files = files
        self._seen: set[str] = set()

    def show(self, token: str) -> None:
        """Leave a token, by which other machines see whether the address is the same place for them."""
        self._files.write(token, token.encode())

    def shows(self, token: str) -> bool:
        """Whether a token was left here."""
        return self._files.read(token) == token.encode()

    def hide(self, token: str) -> None:
        """Take a token away."""
        self._files.remove(token)

    # --------------------------------------------------------------------------------------------- artifacts

    def push_artifact(self, artifact: Artifact) -> None:
        """Put an artifact there, unless it is there; it is verified on the way.

        Raises:
            DamagedArtifactError: the artifact is not what was written.
            MirrorError: the mirror refused.
        """
        name = f"artifacts/{artifact.digest}.json"
        if self._has(name):
            return
        for file, entry in artifact.entries().items():
            self._push_object(entry["sha256"], entry["size"], lambda file=file: artifact.data(file))  # type: ignore[misc]
        self._files.write(name, (artifact.path / MANIFEST).read_bytes())
        self._seen.add(name)

    def pull_artifact(self, digest: str, folder: Path) -> bool:
        """Write an artifact into a fresh folder.

        Returns:
            Whether it is there.

        Raises:
            MirrorDamageError: a part of it is not what was written.
            MirrorError: the mirror refused.
            StoreError: the folder cannot be written.
        """
        name = f"artifacts/{digest}.json"
        manifest = self._files.read(name)
        if manifest is None:
            return False
        try:
            self._verify(name, manifest, digest)
            contents = self._contents(name, manifest)
            files = {file: self._pull_object(content) for file, content in contents.items()}
        except MirrorDamageError:
            self._forget(name)
            raise
        write_files(folder, files, manifest)
        return True

    def _contents(self, name: str, manifest: bytes) -> dict[str, str]:
        """File name to digest; a digest proves what was written, and not that it was written by LatentPress."""
        try:
            contents = {file: str(entry["sha256"]) for file, entry in json.loads(manifest).items()}
            _check_names(contents)
        except (ValueError, TypeError, AttributeError, KeyError, StageError):
            raise self._damaged(name) from None
        return contents

    def push_file(self, path: Path, content: str) -> None:
        """Put a file there by the digest of its content.

        Raises:
            MirrorDamageError: the file has changed.
            OSError: it cannot be read.
        """

        def read() -> bytes:
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() != content:
                raise MirrorDamageError(f"{path} changed while it was sent")
            return data

        self._push_object(content, path.stat().st_size, read)

    def pull_file(self, content: str) -> bytes:
        """A file by the digest of its content.

        Raises:
            MirrorDamageError: it is not there, or not what was written.
        """
        return self._pull_object(content)

    def _push_object(self, content: str, size: int, read: Callable[[], bytes]) -> None:
        name = f"objects/{content}"
        if name not in self._seen and self._files.size(name) != size:
            self._files.write(name, read())
        self._seen.add(name)

    def _pull_object(self, content: str, name: str = "") -> bytes:
        name = name or f"objects/{content}"
        data = self._files.read(name)
        if data is None:
            self._seen.discard(name)
            raise MirrorDamageError(f"the mirror {self.url} lacks {name}")
        self._verify(name, data, content)
        return data

    def _verify(self, name: str, data: bytes, content: str) -> None:
        if hashlib.sha256(data).hexdigest() != content:
            self._forget(name)
            raise self._damaged(name)

    def _damaged(self, name: str) -> MirrorDamageError:
        return MirrorDamageError(f"{name} in the mirror {self.url} is damaged; it was removed there")

    def _forget(self, name: str) -> None:
        self._seen.discard(name)
        with contextlib.suppress(MirrorError):  # a mirror that may only be read keeps it; it is of no use either way
            self._files.remove(name)

    def distrust(self) -> None:
        """Look again at what was taken to be there: another machine found it missing or damaged."""
        self._seen.clear()

    # ----------------------------------------------------------------------------------------------- records

    def push_record(self, record: Record) -> None:
        """Put a record there; its artifact has to be there before."""
        self._files.write(f"keys/{record.key}.json", pack_record(record))

    def pull_record(self, key: str) -> Record | None:
        """What is recorded for a key; None where nothing is.

        Raises:
            MirrorDamageError: the record is not what was written there.
        """
        name = f"keys/{key}.json"
        data = self._files.read(name)
        if data is None:
            return None
        record = unpack_record(data)
        if record is None or record.key != key:
            self._forget(name)
            raise self._damaged(name)
        return record

    # ----------------------------------------------------------------------------------------------- scratch

    def push_scratch(self, key: str, files: Mapping[str, bytes]) -> None:
        """Replace the snapshot of a stage's scratch folder; at any moment it is the old one or the new one."""
        contents = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        before = self._snapshot(key)
        for name, content in contents.items():
            if content not in before.values():
                self._files.write(f"scratch/{key}/{content}", files[name])
        body = json.dumps(contents, sort_keys=True).encode()
        check = hashlib.sha256(body).hexdigest().encode()
        self._files.write(f"scratch/{key}/snapshot.json", check + b"\n" + body)
        for content in set(before.values()) - set(contents.values()):
            self._files.remove(f"scratch/{key}/{content}")

    def pull_scratch(self, key: str) -> dict[str, bytes]:
        """File name to content; empty where there is no whole snapshot, since work then starts at the beginning."""
        try:
            found = self._snapshot(key)
            if any(".." in Path(name).parts or Path(name).is_absolute() for name in found):
                return {}
            return {name: self._pull_object(content, f"scratch/{key}/{content}") for name, content in found.items()}
        except MirrorDamageError:
            return {}

    def clear_scratch(self, key: str) -> None:
        """Remove a stage's checkpoints."""
        for name in {*self._snapshot(key).values(), "snapshot.json"}:
            self._files.remove(f"scratch/{key}/{name}")

    def _snapshot(self, key: str) -> dict[str, str]:
        check, _, body = (self._files.read(f"scratch/{key}/snapshot.json") or b"").partition(b"\n")
        if not body or hashlib.sha256(body).hexdigest().encode() != check:
            return {}
        return dict(json.loads(body))

    def _has(self, name: str) -> bool:
        if name not in self._seen and self._files.size(name) is not None:
            self._seen.add(name)
        return name in self._seen
