"""The project's modules: which of them a stage can load, followed through their imports without importing any."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from latentpress.engine.checksums import add_checksum, take_checksum
from latentpress.engine.local_modules import holds, is_installation
from latentpress.engine.syntax import RULES, Import, Source, parse
from latentpress.errors import StageError

_CACHE_LIMIT = 5000


class SourceCache:
    """Parsed sources on disk, by the content of the file, since parsing takes longest in a no-op build.

    Args:
        path: the cache file, or None to keep it in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._entries: dict[str, Source] = {}
        self._used: set[str] = set()
        self._changed = False
        if path is not None:
            self._entries = _load(path)

    def parse(self, data: bytes, path: str) -> Source:
        """Read a source file's bytes; ``path`` is for the error.

        Raises:
            StageError: the file is no valid Python.
        """
        content = hashlib.sha256(data).hexdigest()
        self._used.add(content)
        if content not in self._entries:
            self._entries[content] = parse(data, path)
            self._changed = True
        return self._entries[content]

    def save(self) -> None:
        """Keep the cache for the next build, where the store can be written; it is only there for speed."""
        if self.path is None or not self._changed:
            return
        folder = self.path.parent
        existing = next(parent for parent in [folder, *folder.parents] if parent.exists())
        if not os.access(existing, os.W_OK):
            return
        kept = self._entries
        if len(kept) > _CACHE_LIMIT:
            kept = {content: kept[content] for content in self._used}
        rows = {
            source.content: [source.code, [[i.level, i.module, list(i.names)] for i in source.imports]]
            for source in kept.values()
        }
        folder.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(add_checksum(json.dumps({"rules": RULES, "sources": rows}).encode()))
        with contextlib.suppress(FileNotFoundError):  # another build took it for one that a kill had left
            temporary.replace(self.path)
        self._changed = False


def _load(path: Path) -> dict[str, Source]:
    try:
        body = take_checksum(path.read_bytes())
    except OSError:
        return {}  # absent: everything is parsed again
    stored = {} if body is None else json.loads(body)
    if stored.get("rules") != RULES:
        return {}
    return {
        content: Source(content, code, tuple(Import(level, module, tuple(names)) for level, module, names in rows))
        for content, (code, rows) in stored["sources"].items()
    }


class Sources:
    """The project's modules at one moment: each file is read once.

    Args:
        folders: folders that hold the packages, ``src`` for example.
        packages: names of the packages (or top-level modules) that count as the project.
        cache: parsed sources of earlier builds.
        places: packages of the project that lie elsewhere, each with the folder that holds it; see `ImportWatch`.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        packages: Iterable[str],
        cache: SourceCache | None = None,
        places: Mapping[str, str] | None = None,
    ) -> None:
        self.folders = tuple(str(folder) for folder in folders)
        self.places = dict(places or {})
        self.packages = frozenset((*packages, *self.places))
        self.cache = cache or SourceCache()
        self._beside = tuple(folder for folder in self.folders if not is_installation(folder))
        self._local: dict[str, bool] = {}
        self._found: dict[str, tuple[str, bool] | None] = {}
        self._read: dict[str, Source | None] = {}
        self._closures: dict[tuple[str, ...], tuple[dict[str, Source], frozenset[str]]] = {}

    def again(self) -> Sources:
        """The same modules, read anew."""
        return Sources(map(Path, self.folders), self.packages, self.cache, self.places)

    def is_project(self, module: str) -> bool:
        """Whether a module belongs to the project: is in its packages, or lies beside them."""
        name = module.partition(".")[0]
        if name not in self._local:
            self._local[name] = name in self.packages or any(holds(folder, name) for folder in self._beside)
        return self._local[name]

    def content(self, module: str) -> str:
        """SHA-256 of a module's file as it is now; ``"absent"`` where there is none."""
        found = self._find(module)
        try:
            return "absent" if found is None else hashlib.sha256(Path(found[0]).read_bytes()).hexdigest()
        except FileNotFoundError:
            return "absent"

    def closure(self, modules: tuple[str, ...]) -> tuple[dict[str, Source], frozenset[str]]:
        """The project modules that importing ``modules`` can load, and the names of all others they import.

        Packages' ``__init__`` files are included. A project module that is imported but does not exist has
        an entry of its own, so that writing it later is noticed.

        Raises:
            StageError: one of ``modules`` does not exist, or a file cannot be parsed.
        """
        if modules in self._closures:
            return self._closures[modules]
        for module in modules:
            if self._find(module) is None:
                places = ", ".join(self._folders_of(module)) or "no folder"
                raise StageError(f"module {module} is not found", f"It was looked for in {places}.")
        sources: dict[str, Source] = {}
        others: set[str] = set()
        waiting = list(modules)
        while waiting:
            module = waiting.pop()
            if module in sources:
                continue
            if not self.is_project(module):
                others.add(module)
                continue
            source = self._source(module)
            sources[module] = source or Source("absent", "absent", ())
            waiting += [module.rpartition(".")[0]] if "." in module else []
            for statement in sources[module].imports:
                waiting += self._targets(module, statement)
        self._closures[modules] = (dict(sorted(sources.items())), frozenset(others))
        return self._closures[modules]

    def _targets(self, importer: str, statement: Import) -> Iterator[str]:
        base = statement.module
        if statement.level:
            found = self._find(importer)
            parts = importer.split(".")
            steps = statement.level - (1 if found is not None and found[1] else 0)
            anchor = ".".join(parts[: len(parts) - steps])
            base = f"{anchor}.{base}".rstrip(".") if anchor else base
        if not base:
            return
        yield base
        if not self.is_project(base):
            return
        for name in statement.names:
            if name == "*":
                yield from self._submodules(base)  # __all__ may name any of them
            elif self._find(f"{base}.{name}") is not None:
                yield f"{base}.{name}"

    def _submodules(self, package: str) -> Iterator[str]:
        found = self._find(package)
        if found is not None and found[1]:
            for path in sorted(Path(found[0]).parent.iterdir()):
                stem = path.stem if path.suffix == ".py" else path.name
                if stem in ("__init__", "__pycache__") or (path.is_dir() and not any(path.rglob("*.py"))):
                    continue  # a folder of data is no package, though Python would import it as one
                if self._find(f"{package}.{stem}") is not None:
                    yield f"{package}.{stem}"

    def _find(self, module: str) -> tuple[str, bool] | None:
        """The module's file, and whether it is a package's ``__init__`` (that a namespace package lacks)."""
        if module not in self._found:
            self._found[module] = self._look_for(module)
        return self._found[module]

    def _look_for(self, module: str) -> tuple[str, bool] | None:
        relative = module.replace(".", os.sep)
        for folder in self._folders_of(module):
            base = os.path.join(folder, relative)  # noqa: PTH118 - a no-op build asks this hundreds of times
            if os.path.isfile(f"{base}{os.sep}__init__.py"):  # noqa: PTH113
                return f"{base}{os.sep}__init__.py", True
            if os.path.isfile(f"{base}.py"):  # noqa: PTH113
                return f"{base}.py", False
            if os.path.isdir(base):  # noqa: PTH112
                return f"{base}{os.sep}__init__.py", True
        return None

    def _folders_of(self, module: str) -> tuple[str, ...]:
        """Where a module is looked for: in its package's own place, or in all folders."""
        place = self.places.get(module.partition(".")[0])
        return self.folders if place is None else (place,)

    def _source(self, module: str) -> Source | None:
        if module not in self._read:
            found = self._find(module)
            self._read[module] = None if found is None else self._parsed(found[0])
        return self._read[module]

    def _parsed(self, path: str) -> Source | None:
        try:
            data = Path(path).read_bytes()
        except FileNotFoundError:
            return None  # a namespace package has no source of its own
        return self.cache.parse(data, path)


def find_packages(packages: Iterable[str]) -> tuple[Path, ...]:
    """The folders on ``sys.path`` that hold the packages, each package's first.

    Raises:
        StageError: a package is on no folder of the path.
    """
    folders: dict[Path, Any] = {}
    for package in packages:
        for entry in sys.path:
            folder = Path(entry or ".").absolute()
            if (folder / package / "__init__.py").is_file() or (folder / f"{package}.py").is_file():
                folders[folder] = None
                break
        else:
            raise StageError(f"the package {package} is not found on sys.path", "Install it, or set PYTHONPATH.")
    return tuple(folders)
