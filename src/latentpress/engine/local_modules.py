"""Which top-level modules are the project's own. Standard library only, since workers load it before they watch."""

from __future__ import annotations

import os


def is_installation(folder: str) -> bool:
    """Whether what lies beside a package in this folder was installed there, and so counts by its version."""
    return os.path.basename(folder) in ("site-packages", "dist-packages")  # noqa: PTH119


def holds(folder: str, name: str) -> bool:
    """Whether a folder holds a top-level module or package; without ``__init__.py`` it may be any folder."""
    base = os.path.join(folder, name)  # noqa: PTH118
    return os.path.isfile(f"{base}.py") or os.path.isfile(f"{base}{os.sep}__init__.py")  # noqa: PTH113
