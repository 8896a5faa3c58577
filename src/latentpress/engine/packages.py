"""Which distribution a third-party import comes from, and its version, without importing it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from functools import lru_cache

# Imports whose distribution has another name, for those that scientific projects meet most.
# Asking the system for all of them (`packages_distributions`) takes a tenth of a second and more.
DISTRIBUTIONS = {
    "PIL": ("pillow",),
    "attr": ("attrs",),
    "cv2": ("opencv-python", "opencv-python-headless"),
    "dateutil": ("python-dateutil",),
    "skimage": ("scikit-image",),
    "sklearn": ("scikit-learn",),
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tf-nightly"),
    "yaml": ("pyyaml",),
}
# What a backend's results depend on beside its own distribution.
BACKENDS = {"tensorflow": ("tensorflow",), "jax": ("jax", "jaxlib"), "torch": ("torch",)}


def versions(imports: frozenset[str], backend: str | None) -> dict[str, str]:
    """The distributions that top-level imports come from.

    Args:
        imports: absolute module names; those of the standard library are left out.
        backend: the Keras backend. Where ``keras`` is among the imports it counts, and the other backends do not:
            code for several imports each only when it is the one, and installing another changes no result.

    Returns:
        Distribution name to version, sorted; ``"absent"`` for what is not installed.
    """
    names = {module.partition(".")[0] for module in imports} - sys.stdlib_module_names
    if "keras" in names and backend is not None:
        names -= {package for other in BACKENDS.values() for package in other}
        names |= set(BACKENDS.get(backend, (backend,)))
    found: dict[str, str] = {}
    for name in sorted(names):
        found |= _distributions_of(name)
    return dict(sorted(found.items()))


def installed(names: Iterable[str]) -> dict[str, str]:
    """The versions of those of the named distributions that are installed."""
    found = _installed(_stamps())
    return {name: found[normalised(name)] for name in names if normalised(name) in found}


def _distributions_of(name: str) -> dict[str, str]:
    installed = _installed(_stamps())
    usual = [normalised(candidate) for candidate in DISTRIBUTIONS.get(name, (name,))]
    present = {candidate: installed[candidate] for candidate in usual if candidate in installed}
    if present:
        return present
    owners = [normalised(owner) for owner in _owners(_stamps()).get(name, ())]
    return {owner: installed.get(owner, "absent") for owner in owners or usual[:1]}


def normalised(name: str) -> str:
    """A distribution's name as indexes compare it: lower case, runs of ``-_.`` as one hyphen."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _stamps() -> tuple[tuple[str, int], ...]:
    """The folders of the path and when each last changed: installing a package changes one."""
    stamps = []
    for entry in sys.path:
        try:
            stamps.append((entry, os.stat(entry or ".").st_mtime_ns))  # noqa: PTH116 - asked for every stage
        except OSError:
            continue  # sys.path may name folders that do not exist
    return tuple(stamps)


@lru_cache(maxsize=4)
def _installed(stamps: tuple[tuple[str, int], ...]) -> dict[str, str]:
    """Versions from the names of ``*.dist-info`` folders; importlib.metadata opens a file for each."""
    found: dict[str, str] = {}
    for folder, _ in stamps:
        if not os.path.isdir(folder or "."):  # noqa: PTH112
            continue
        for entry in os.listdir(folder or "."):  # noqa: PTH208
            stem, dot, kind = entry.rpartition(".")
            name, dash, version = stem.partition("-")
            if dot and dash and kind in ("dist-info", "egg-info"):
                found.setdefault(normalised(name), version.partition("-")[0])
    return found


@lru_cache(maxsize=4)
def _owners(stamps: tuple[tuple[str, int], ...]) -> dict[str, list[str]]:
    """Import name to distributions; slow, so only for names that are not their distribution's."""
    from importlib.metadata import packages_distributions

    return {name: sorted(set(owners)) for name, owners in packages_distributions().items()}
