"""What a worker loads of the project: which code exactly, and through whom. Standard library only.

Three things are kept from happening unnoticed. A worker must not run other code than the stage's key was
taken of: so the project's modules are compiled from their source, never from byte code (whose check by date
and size misses an edit within a second), and the hash of what was compiled is kept. And a stage must not
use a module that its closure does not cover: so every import of a project module is noted with its
importer. A module that was imported while its importer was loading belongs to the importer, whoever uses
that later in the same worker; one imported by a running function belongs to the stage that ran it. And a stage must
not run project code that it did not import at all: every source file (or its byte code) that is opened while
it runs is noted, and submodules that other stages have loaded are taken from their packages for that time. What
a stage's child processes load is not seen.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from latentpress.engine.local_modules import holds, is_installation

# The engine serves every stage; what it loads for itself is no stage's doing.
_ENGINE = __package__ or "latentpress.engine"
_OWN = (_ENGINE, "latentpress.errors")


def _is_own(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in _OWN)


class _Loader(SourceFileLoader):
    """Compiles from source and keeps the hash of what it compiled."""

    def __init__(self, fullname: str, path: str, contents: dict[str, str]) -> None:
        super().__init__(fullname, path)
        self._contents = contents

    def get_code(self, fullname: str) -> CodeType:
        data = self.get_data(self.path)
        self._contents[fullname] = hashlib.sha256(data).hexdigest()
        code: CodeType = self.source_to_code(data, self.path)
        return code


class ImportWatch:
    """Notes the project modules that are loaded and used.

    Args:
        packages: names of the project's packages.
        places: further packages of the project, each with the folder that holds it. Nothing else in that folder can
            be imported: a script of the user's that has the name of a library must not take its place.
    """

    def __init__(self, packages: Sequence[str], places: Mapping[str, str] | None = None) -> None:
        self._places = dict(places or {})
        self._packages = frozenset((*packages, *self._places))
        self._contents: dict[str, str] = {}
        self._by_loading: dict[str, set[str]] = {}
        self._by_stage: set[str] = set()
        self._loaded_before: frozenset[str] = frozenset()
        # Each with what the names of the modules in it begin with.
        self._folders = {
            f"{folder}{os.sep}": f"{name}."
            for name, place in self._places.items()
            for folder in (Path(place, name), os.path.realpath(Path(place, name)))
        }
        self._beside = _folders(packages)
        self._folders |= dict.fromkeys(self._beside, "")
        self._watched = tuple(self._folders)
        self._local: dict[str, bool] = {}
        self._opened: set[str] = set()
        self._hidden: dict[str, ModuleType] = {}

    def install(self) -> None:
        """Watch every import, and every source file that is opened, from now on."""
        sys.meta_path.insert(0, self)
        sys.addaudithook(self._heed)
        original_import, original_module = builtins.__import__, importlib.import_module

        def watched_import(
            name: str,
            globals: Mapping[str, Any] | None = None,
            locals: Mapping[str, Any] | None = None,
            fromlist: Sequence[str] | None = (),
            level: int = 0,
        ) -> ModuleType:
            module = original_import(name, globals, locals, fromlist or (), level)
            if level or self._is_project(name):
                self._note_statement(name, globals or {}, fromlist or (), level)
            return module

        def watched_module(name: str, package: str | None = None) -> ModuleType:
            module = original_module(name, package)
            if self._is_project(module.__name__):
                self._note(sys._getframe(1).f_globals.get("__name__", ""), module.__name__)
            return module

        builtins.__import__ = watched_import
        importlib.import_module = watched_module

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        """The usual spec, with a loader that keeps the hash."""
        if not self._is_project(fullname):
            return None
        place = self._places.get(fullname)
        spec = PathFinder.find_spec(fullname, path, target) if place is None else _spec_in(place, fullname)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path, self._contents)
        return spec

    def begin(self, allowed: frozenset[str]) -> None:
        """A stage begins: what functions import from now on is its doing.

        Args:
            allowed: the stage's closure.
        """
        self._by_stage = set()
        self._opened = set()
        self._loaded_before = frozenset(self._project_modules())
        self._show_only(allowed | _parents(allowed))

    def escaped(self, start: str, allowed: frozenset[str], files: Iterable[str] = ()) -> list[str]:
        """Modules that the stage has loaded or used though ``allowed`` does not name them.

        Args:
            start: the module of the stage's function.
            allowed: the stage's closure.
            files: source files that the stage may open, since their content counts in its key.
        """
        used: set[str] = set()
        waiting = [start, *self._by_stage]
        while waiting:
            module = waiting.pop()
            if module not in used:
                used.add(module)
                waiting += self._by_loading.get(module, ())
        opened = {self._module_of(path) for path in self._opened - set(files)} - {""}
        seen = used | opened | (self._project_modules() - self._loaded_before)
        return sorted(name for name in seen - allowed - _parents(allowed) if not _is_own(name))

    def outdated(self, sources: Mapping[str, str]) -> list[str]:
        """Loaded modules whose code is not that which ``sources`` (module to SHA-256) names."""
        return sorted(name for name, content in self._contents.items() if sources.get(name, content) != content)

    def _show_only(self, visible: frozenset[str]) -> None:
        """Let packages have those submodules as attributes that they would have if no other stage had run here."""
        for name in self._project_modules():
            package, _, attribute = name.rpartition(".")
            parent, module = sys.modules.get(package), sys.modules.get(name)
            if parent is None or module is None or _is_own(name):
                continue
            if name in visible:
                if name in self._hidden:
                    setattr(parent, attribute, self._hidden.pop(name))
            elif vars(parent).get(attribute) is module:
                self._hidden[name] = sys.modules[name]
                delattr(parent, attribute)

    def _heed(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Hear of all that the interpreter does; only opened source files matter."""
        if event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
            path = os.fsdecode(arguments[0])
            if path.endswith((".py", ".pyc")):
                path = os.path.abspath(path)  # noqa: PTH100 - asked for every module that is loaded
                if path.startswith(self._watched):
                    self._opened.add(path)

    def _module_of(self, path: str) -> str:
        """The project module that a file holds; "" for what could not be imported, or is another's."""
        folder = next(folder for folder in self._folders if path.startswith(folder))
        *packages, file = Path(path.removeprefix(folder)).parts
        parts = [*packages, file.partition(".")[0]]  # without .cpython-311.pyc, too
        parts = [part for part in parts if part not in ("__pycache__", "__init__")]
        name = f"{self._folders[folder]}{'.'.join(parts)}".removesuffix(".")
        return name if all(part.isidentifier() for part in parts) and self._is_project(name) else ""

    def _project_modules(self) -> set[str]:
        return {name for name in list(sys.modules) if self._is_project(name)}

    def _is_project(self, module: str) -> bool:
        name = module.partition(".")[0]
        if name not in self._local:
            beside = (folder[:-1] for folder in self._beside)
            self._local[name] = name in self._packages or any(
                holds(folder, name) for folder in beside if not is_installation(folder)
            )
        return self._local[name]

    def _note_statement(self, name: str, scope: Mapping[str, Any], names: Sequence[str], level: int) -> None:
        if level:
            package = scope.get("__package__") or scope.get("__name__", "").rpartition(".")[0]
            name = importlib.util.resolve_name("." * level + name, package)
        if not self._is_project(name):
            return
        importer = scope.get("__name__", "")
        self._note(importer, name)
        for attribute in names:
            if f"{name}.{attribute}" in sys.modules:
                self._note(importer, f"{name}.{attribute}")

    def _note(self, importer: str, module: str) -> None:
        if _is_own(importer):
            return
        spec = getattr(sys.modules.get(importer), "__spec__", None)
        if self._is_project(importer) and getattr(spec, "_initializing", False):
            self._by_loading.setdefault(importer, set()).add(module)
        else:
            self._by_stage.add(module)


def _spec_in(place: str, package: str) -> ModuleSpec:
    """The spec of a package in the folder that holds it, whatever else on the path has its name."""
    spec = PathFinder.find_spec(package, [place])
    if spec is None:
        raise ModuleNotFoundError(f"No module named {package!r} in {place}", name=package)
    if spec.loader is None:  # without __init__.py it would be looked for on the whole path again
        spec.submodule_search_locations = [str(Path(place, package))]
    return spec


def _folders(packages: Iterable[str]) -> tuple[str, ...]:
    """The folders of ``sys.path`` that hold the packages, also by their real names; each ends with a slash."""
    found = dict.fromkeys(
        folder + os.sep
        for entry in map(os.path.abspath, sys.path)
        if any(Path(entry, *file).exists() for package in packages for file in ((package,), (f"{package}.py",)))
        for folder in (entry, os.path.realpath(entry))
    )
    return tuple(found)


def _parents(modules: frozenset[str]) -> frozenset[str]:
    """The packages that hold the modules; importing a module loads them too."""
    split = (module.split(".") for module in modules)
    return frozenset(".".join(parts[:count]) for parts in split for count in range(1, len(parts)))
