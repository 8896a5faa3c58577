"""What a build asks of a machine that is to run its stages, and the examination of one against it.

The submitting side collects the requirements; every Dask worker examines itself and answers in words, since it
alone can say what was found there. Both sides run this module, each from its own installation.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from latentpress.engine import packages as distributions
from latentpress.engine.fingerprint import Fingerprinter
from latentpress.engine.jobs import JobSite
from latentpress.engine.processor import processor
from latentpress.engine.sources import Sources, find_packages
from latentpress.engine.stage import Stage
from latentpress.errors import LatentPressError, StageError

_MOST_TOLD = 3
# A token of this age was left behind, in seconds.
_LEFT_BEHIND = 7 * 86400.0


def _engine_files() -> dict[str, str]:
    paths = [*Path(__file__).parent.glob("*.py"), Path(__file__).parent.with_name("errors.py")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)}


_ENGINE = _engine_files()
"""The engine's own files when this process loaded them: a Dask worker goes on with those, whatever is edited."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """What has to be the same on every machine of a build, and what has to be there.

    Attributes:
        packages: the project's packages.
        folders: where they lie on the submitting machine.
        places: further packages, each with the folder that holds it, at the same path on every machine.
        sources: project module to SHA-256 of its file, of every module that a stage can run.
        engine: the engine's own files, likewise.
        distributions: third-party distribution to version, of all that count in keys.
        versions: the project's packages' own versions, where they are installed.
        python: the minor version.
        processor: the model.
        gpu: whether a stage wants one.
        files: path to SHA-256 of every file outside the store that a stage reads.
        token: a file in the store whose lock the build holds; "" where no common file system is needed.
    """

    packages: tuple[str, ...]
    folders: tuple[str, ...]
    places: Mapping[str, str]
    sources: Mapping[str, str]
    engine: Mapping[str, str]
    distributions: Mapping[str, str]
    versions: Mapping[str, str]
    python: str
    processor: str
    gpu: bool
    files: Mapping[str, str]
    token: str = ""

    def as_json(self) -> dict[str, Any]:
        """The requirements as plain JSON values."""
        return asdict(self)

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Requirements:
        """Read what `as_json` gave."""
        tuples = {name: tuple(values[name]) for name in ("packages", "folders")}
        return Requirements(**{**values, **tuples})

    def without_common_disk(self) -> Requirements:
        """The same for a build whose files travel through a mirror."""
        return replace(self, files={}, token="")


def collect(
    stages: Iterable[Stage],
    fingerprinter: Fingerprinter,
    site: JobSite,
    token: str,
) -> Requirements:
    """The requirements of a build, of the sources and files as they are now.

    Stages whose code or files are missing are left out: they fail by themselves, and say why.
    """
    sources: dict[str, str] = {}
    needed: dict[str, str] = {}
    files: dict[str, str] = {}
    gpu = False
    for stage in stages:
        try:
            closure = fingerprinter.closure(stage)
            files |= {str(path.absolute()): fingerprinter.file(stage, label) for label, path in stage.files.items()}
        except LatentPressError:
            continue
        sources |= closure.contents
        needed |= closure.packages
        gpu = gpu or (stage.backend is not None and stage.device == "gpu")
    return Requirements(
        packages=site.packages,
        folders=tuple(map(str, site.folders)),
        places=dict(site.places),
        sources=sources,
        engine=_ENGINE,
        distributions=needed,
        versions=distributions.installed(site.packages),
        python=_python(),
        processor=processor(),
        gpu=gpu,
        files=files,
        token=token,
    )


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def own_path(packages: Iterable[str], theirs: Iterable[str]) -> tuple[str, ...]:
    """The module path for stages on this machine: packages installed here, else those of the submitting machine.

    Raises:
        StageError: a package is on neither.
    """
    mine = [str(Path(entry or ".").absolute()) for entry in sys.path]
    names = tuple(packages)
    try:
        folders = find_packages(names)
    except StageError:
        folders = tuple(folder for folder in map(Path, theirs) if any((folder / name).is_dir() for name in names))
        if not all(any((folder / name).is_dir() for folder in folders) for name in names):
            raise
    return tuple(dict.fromkeys([*map(str, folders), *mine]))


def examine(required: Requirements) -> tuple[list[str], list[str]]:
    """Hold this machine against the requirements.

    Returns:
        What makes it unfit, and what should be known of it; each a sentence with what was found and expected,
        and the way out.
    """
    faults = [*_versions(required), *_code(required)]
    if required.gpu and shutil.which("nvidia-smi") is None:
        faults.append("found no nvidia-smi, expected a GPU as on the submitting machine; use workers with a GPU")
    if required.token:
        faults += _common_disk(required)
    warnings = []
    if processor() != required.processor:
        warnings.append(
            f'its processor is "{processor()}", the submitting machine\'s is "{required.processor}": '
            "the same bytes are promised for one processor model only"
        )
    return faults, warnings


def _versions(required: Requirements) -> Iterator[str]:
    if _python() != required.python:
        yield f"found Python {_python()}, expected {required.python}; start the worker with that"
    own = distributions.installed(required.packages)
    for name, version in required.versions.items():
        if own.get(name, version) != version:
            yield f"found {name} {own[name]}, expected {version}; install that version there"
    found = {name: distributions.installed([name]).get(name, "absent") for name in required.distributions}
    wrong = {name: version for name, version in required.distributions.items() if found[name] != version}
    if wrong:
        yield (
            f"found {_some(f'{name} {found[name]}' for name in wrong)}, "
            f"expected {_some(f'{name} {version}' for name, version in wrong.items())}; "
            "install the same locked set of requirements there"
        )


def _code(required: Requirements) -> Iterator[str]:
    try:
        path = own_path(required.packages, required.folders)
    except StageError as error:
        yield f"{error.message}; {error.hint}"
        return
    sources = Sources(map(Path, path), required.packages, places=required.places)
    differing = [name for name, content in required.sources.items() if sources.content(name) != content]
    placed = [name for name in differing if name.partition(".")[0] in required.places]
    if placed:
        folder = required.places[placed[0].partition(".")[0]]
        yield (
            f"found no {_some(placed)} in {folder}, or other content than on the submitting machine; mount the "
            "project's folder at the same path there (a mirror carries no code)"
        )
    wrong = [name for name in differing if name not in placed]
    wrong += [n for n in sorted({*_ENGINE, *required.engine}) if _ENGINE.get(n) != required.engine.get(n)]
    if wrong:
        yield (
            f"found other sources of {_some(wrong)} in {path[0]} than those of the submitting machine "
            f"({len(wrong)} files differ); install the same version there, and start the worker again"
        )


def _common_disk(required: Requirements) -> Iterator[str]:
    way_out = "mount the same file system there, or use --mirror"
    token = Path(required.token)
    try:
        whole = token.read_text() == token.name
    except OSError as error:
        yield f"the store {token.parent} is not visible ({error.strerror}); {way_out}"
        return
    if not whole or not os.access(token.parent, os.W_OK):
        yield f"the store {token.parent} is another folder there, or cannot be written; {way_out}"
        return
    with token.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pass  # as it must be: the submitting machine holds it
        else:
            yield f"locks in {token.parent} are not seen across machines; mount it with locks, or use --mirror"
            return
    altered = [path for path, content in required.files.items() if _content(Path(path)) != content]
    if altered:
        yield f"{_some(altered)} cannot be read there, or has other content; {way_out}"


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - _MOST_TOLD
    return ", ".join(listed[:_MOST_TOLD]) + (f" and {more} more" if more > 0 else "")


@contextmanager
def held_token(store: Path) -> Iterator[Path]:
    """A locked file in the store, by which workers see whether they see the same store and its locks."""
    name = f"seen-{secrets.token_hex(8)}"
    store.mkdir(parents=True, exist_ok=True)
    for left in store.glob("seen-*"):  # by a build that was killed
        with contextlib.suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _LEFT_BEHIND:
                left.unlink()
    path = store / name
    path.write_text(name)
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)
