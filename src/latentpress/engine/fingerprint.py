"""What a stage's result depends on, and the key that is its hash."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from latentpress.engine import packages as distributions
from latentpress.engine.file_digests import FileDigests, Stamp
from latentpress.engine.sources import SourceCache, Sources
from latentpress.engine.stage import Failure, Provenance, Stage
from latentpress.errors import SettingsError, StageError

# Raised when the parts of a key change their meaning.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Closure:
    """The code that a stage can run.

    Attributes:
        modules: project module to the digest of its normalised source.
        contents: project module to SHA-256 of its file: a worker proves with it that it runs this very code.
        packages: third-party distribution to version.
        digest: one hash over ``modules``.
    """

    modules: Mapping[str, str]
    contents: Mapping[str, str]
    packages: Mapping[str, str]
    digest: str


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A stage's key with the parts that it is the hash of, and what is behind them.

    Attributes:
        key: the key.
        components: the parts.
        closure: the code.
        stamps: label to the stamp of the file; no part of the key, but a file that has another was written to.
    """

    key: str
    components: Mapping[str, Any]
    closure: Closure
    stamps: Mapping[str, Stamp] = field(default_factory=dict)


def source_closure(
    module: str,
    roots: Iterable[str] = (),
    source_dirs: Iterable[Path] = (),
    packages: Iterable[str] = ("latentpress",),
    backend: str | None = None,
    sources: Sources | None = None,
) -> Closure:
    """The project modules that ``module`` and ``roots`` import, directly or not, found without importing any.

    Args:
        module: the module of the stage's function.
        roots: modules that the function binds late by name.
        source_dirs: folders that hold the project's packages.
        packages: the project's packages.
        backend: the Keras backend, whose version counts where the closure imports Keras.
        sources: what was read already; replaces ``source_dirs`` and ``packages``.

    Raises:
        StageError: a module does not exist or cannot be parsed.
    """
    sources = sources or Sources(source_dirs, packages)
    found, others = sources.closure((module, *sorted(set(roots))))
    modules = {name: source.code for name, source in found.items()}
    return Closure(
        modules=modules,
        contents={name: source.content for name, source in found.items()},
        packages=distributions.versions(others, backend),
        digest=_digest(modules),
    )


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def stage_key(
    stage: Stage,
    input_digests: Mapping[str, str],
    closure: Closure,
    file_digests: Mapping[str, str],
    failures: Mapping[str, Failure] | None = None,
    lineage: Mapping[str, Provenance] | None = None,
    codec: str = "",
) -> Fingerprint:
    """The key of a stage: equal keys mean equal results.

    Args:
        stage: the stage.
        input_digests: label to digest of the input's artifact.
        closure: the code it can run.
        file_digests: label to SHA-256 of the file.
        failures: label to why an input is missing.
        lineage: provenance of the stages above, for a stage that is given it.
        codec: digest of the code that writes and reads artifacts.

    Raises:
        SettingsError: the settings are no JSON.
    """
    components: dict[str, Any] = {
        "format": FORMAT,
        "codec": codec,
        "stage": stage.name,
        "function": stage.function,
        "source": dict(closure.modules),
        "packages": dict(closure.packages),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "settings": _plain_settings(stage),
        "inputs": dict(input_digests),
        "files": dict(file_digests),
        "seed": stage.seed,
        "threads": stage.threads,
        "backend": stage.backend,
        "device": stage.device if stage.backend else None,
        "failures": {label: asdict(failure) for label, failure in (failures or {}).items()},
        "lineage": _digest({name: _as_dict(entry) for name, entry in lineage.items()}) if lineage else None,
    }
    return Fingerprint(_digest(components), components, closure)


def _as_dict(entry: Provenance) -> dict[str, Any]:
    """What `asdict` gives, without the copies: a report's stages each have a hundred entries."""
    return {field.name: getattr(entry, field.name) for field in fields(entry)}


def _plain_settings(stage: Stage) -> Any:
    """Settings as they read back from JSON, so that a tuple and a list are the same."""
    try:
        return json.loads(json.dumps(dict(stage.settings), sort_keys=True, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise SettingsError(f"the settings of stage {stage.name} are no plain JSON values: {error}") from None


def provenance(key: str, artifact: str, components: Mapping[str, Any]) -> Provenance:
    """Where an artifact came from, out of its key's components."""
    return Provenance(
        stage=components["stage"],
        function=components["function"],
        key=key,
        artifact=artifact,
        source=_digest(components["source"]),
        settings=components["settings"],
        inputs=components["inputs"],
        files=components["files"],
        packages=components["packages"],
        seed=components["seed"],
        threads=components["threads"],
        backend=components["backend"],
        device=components["device"] or "cpu",
    )


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "", absent: Any = None
) -> list[tuple[str, Any, Any]]:
    """What two sets of components differ in: (``"settings.epochs"``, old, new); ``absent`` where one lacks it.

    What differs in a key differs here, too: 1 and 1.0, or a setting that is None and one that is not there.
    """
    found: list[tuple[str, Any, Any]] = []
    for name in sorted({*old, *new}):
        before, after = old.get(name, absent), new.get(name, absent)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            found += differences(before, after, f"{prefix}{name}.", absent)
        elif (name in old) != (name in new) or _digest(before) != _digest(after):
            found.append((f"{prefix}{name}", before, after))
    return found


class Fingerprinter:
    """Takes the fingerprints of stages, reading every source file and data file once.

    Args:
        packages: the project's packages.
        source_dirs: folders that hold them.
        cache: folder for what speeds up the next build, or None.
        places: packages of the project that lie elsewhere, each with the folder that holds it.
    """

    def __init__(
        self,
        packages: Collection[str],
        source_dirs: Iterable[Path],
        cache: Path | None = None,
        places: Mapping[str, str] | None = None,
    ) -> None:
        parsed = SourceCache(None if cache is None else cache / "sources.json")
        self._sources = Sources(source_dirs, packages, parsed, places)
        self._files = FileDigests(None if cache is None else cache / "files.json")
        codec = Path(__file__).with_name("codec.py")
        self._codec = self._sources.cache.parse(codec.read_bytes(), str(codec)).code
        self._closures: dict[tuple[Any, ...], Closure] = {}
        self._digests: dict[Path, tuple[str, Stamp]] = {}

    def reread(self) -> None:
        """Forget what was read: the next fingerprints are of the files as they are then."""
        self._sources = self._sources.again()
        self._closures.clear()
        self._digests.clear()

    def save(self) -> None:
        """Keep parsed sources and digests for the next build."""
        self._sources.cache.save()
        self._files.save()

    def take(
        self,
        stage: Stage,
        input_digests: Mapping[str, str],
        failures: Mapping[str, Failure] | None = None,
        lineage: Mapping[str, Provenance] | None = None,
    ) -> Fingerprint:
        """The fingerprint of a stage whose inputs are known.

        Raises:
            StageError: a module or file is missing, or a source file is no valid Python.
            SettingsError: the settings are no JSON.
        """
        files = {label: self.file(stage, label) for label in stage.files}
        taken = stage_key(stage, input_digests, self.closure(stage), files, failures, lineage, self._codec)
        if not files:
            return taken
        return replace(taken, stamps={label: self._digests[path][1] for label, path in stage.files.items()})

    def closure(self, stage: Stage) -> Closure:
        """The code that a stage can run.

        Raises:
            StageError: a module is missing, or is no valid Python.
        """
        module, colon, function = stage.function.partition(":")
        if not (module and colon and function):
            raise StageError(f"stage {stage.name} has the function {stage.function!r}; expected 'package.module:name'")
        which = (module, stage.roots, stage.backend)
        if which not in self._closures:
            self._closures[which] = source_closure(module, stage.roots, backend=stage.backend, sources=self._sources)
        return self._closures[which]

    def file(self, stage: Stage, label: str) -> str:
        """The digest of one of a stage's files.

        Raises:
            StageError: it cannot be read.
        """
        path = stage.files[label]
        if path not in self._digests:
            try:
                self._digests[path] = self._files.digest(path)
            except OSError as error:
                reason = error.strerror or "it cannot be read"
                raise StageError(f"stage {stage.name} needs {path} ({label}): {reason}") from None
        return self._digests[path][0]
