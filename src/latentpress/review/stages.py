"""The stages of a report as it tells them itself, to be fingerprinted or run again by the code of this clone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from latentpress.datasets.settings import late_modules as data_modules
from latentpress.engine.stage import Stage
from latentpress.models.settings import late_modules as model_modules

FUNCTION = re.compile(
    r"latentpress\.(?:datasets\.prepare:prepare|training:train|encoding:encode|evaluations\.[a-z0-9_]+:measure"
    r"|reporting\.(?:figures:draw|sections:render|assemble:assemble))|evaluations\.[a-z0-9_]+:measure"
)


def stage_of(
    entry: Mapping[str, Any], inputs: Mapping[str, str] | None = None, files: Mapping[str, Path] | None = None
) -> Stage:
    """A stage with the function, settings, seed, threads and backend that a report names.

    Args:
        entry: of report.json's ``provenance``.
        inputs: label to stage.
        files: label to file.

    Raises:
        KeyError: the entry lacks something, or names a model, objective or data set that this version does not have.
        ValueError: it names a function that is none of a stage's; a report is not trusted to name others.
    """
    if not FUNCTION.fullmatch(entry["function"]):
        raise ValueError(f"{entry['function']!r} is no function of a stage")
    return Stage(
        name=entry["stage"],
        function=entry["function"],
        settings=entry["settings"],
        inputs=inputs or {},
        files=files or {},
        roots=_roots(entry),
        seed=entry["seed"],
        threads=entry["threads"],
        backend=entry["backend"],
        device=entry["device"],
        memory_mb=2500 if entry["backend"] else 1000,
        isolated=entry["stage"].startswith("train/"),
    )


def _roots(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The modules that the function binds late, by names in its settings; as the pipeline declares them."""
    settings = entry["settings"]
    if entry["stage"].startswith("data/"):
        return data_modules(settings["data"], settings["source"])
    if not entry["backend"]:
        return ()
    model, objective = (SimpleNamespace(**settings[part]) for part in ("model", "objective"))
    return model_modules(model, objective)  # type: ignore[arg-type]  # it reads the names alone
