"""A build: what is asked for, and what its steps have found so far."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentpress import pipeline
from latentpress import project as projects
from latentpress.datasets import sources
from latentpress.engine.outcome import Outcome
from latentpress.engine.store import Store
from latentpress.errors import TexMissingError
from latentpress.profiles import seeds_of_profile

if TYPE_CHECKING:
    from latentpress.engine.mirror import Mirror

DONE, FAILED, USAGE, UNHEALTHY, NO_PDF = 0, 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for; see ``latentpress build --help``."""

    root: Path
    reports: tuple[str, ...] = ()
    section: str | None = None
    retrain: bool = False
    data: sources.Mode = "auto"
    data_dir: Path | None = None
    profile: str = "default"
    seeds: int | None = None
    workers: int | None = None
    backend: str = "tensorflow"
    build_dir: Path | None = None
    install_tex: bool = True
    strict: bool = False
    scheduler: str | None = None
    mirror: str | None = None

    @property
    def build_folder(self) -> Path:
        """Where everything generated goes."""
        return (self.build_dir or self.root / "build").resolve()


@dataclass(slots=True)
class Build:
    """A build under way: what each step found."""

    request: Request
    say: Callable[[str], None]
    started: float = field(default_factory=time.time)
    project: projects.Project = field(init=False)
    reports: list[projects.Report] = field(init=False)
    cluster: Any = None
    mirror: Mirror | None = None
    tex_missing: TexMissingError | None = None
    located: dict[str, sources.Located] = field(default_factory=dict)
    graph: pipeline.Graph = field(init=False)
    store: Store = field(init=False)
    outcome: Outcome = field(init=False)
    status: int = DONE
    health: dict[str, list[str] | None] = field(default_factory=dict)
    held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)


def seeds_of(request: Request) -> int:
    """Trainings of each experiment: as asked for, else as the profile has it."""
    return request.seeds or seeds_of_profile(request.profile)


def about(build: Build) -> dict[str, Any]:
    """What the journal tells of a build; those that agree in the first of these are the most alike."""
    return {
        "profile": build.request.profile,
        "data": {name: located.source for name, located in build.located.items()},
        "backend": build.request.backend,
        "seeds": seeds_of(build.request),
        "reports": [report.name for report in build.reports],
    }


def may_write(build: Build) -> bool:
    """Whether the build folder can be written; one on a read-only disk still serves a build with nothing to do."""
    return os.access(build.request.build_folder, os.W_OK)
