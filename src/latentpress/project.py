"""``experiments/`` and ``report_templates/`` read into typed, validated settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from latentpress.datasets.settings import DATA_SETS
from latentpress.declarations import Declaration, evaluation, merge_settings
from latentpress.errors import SettingsError, UsageError
from latentpress.health_rules import RULES
from latentpress.models.settings import ExperimentSettings, Settings
from latentpress.own_evaluations import check_own_evaluations
from latentpress.settings_files import line_of, override, read_toml, suggestion, validate

PROFILES = ("smoke", "default", "thorough", "published")
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
RESERVED = ("store", "last_run.json", "timeline.svg")
"""What else lies in the build folder, so that no report can be exported to that name."""


class Author(Settings):
    """One name on the title page."""

    name: Annotated[str, StringConstraints(min_length=1)]
    student_number: str = ""
    contribution: str = ""


class EvaluationSettings(Settings):
    """An evaluation that a section shows, with the settings that differ from its defaults."""

    name: str
    settings: dict[str, Any] = {}
    models: list[str] | None = None
    """Only on these of the section's models."""
    data: list[str] | None = None
    """Only on these of the section's data sets, where it is run on data sets."""


class SectionSettings(Settings):
    """One part of a report."""

    id: Identifier
    title: Annotated[str, StringConstraints(min_length=1)]
    template: str
    models: list[str] = []
    controls: list[str] = []
    """Models that are measured beside the others, but not compared with them."""
    data: list[str] = []
    """Data sets that the section speaks of, beside those of its models."""
    evaluations: list[str | EvaluationSettings] = []
    appendix: bool = False
    published: str | None = None
    """A CSV file of published figures, in the report's folder."""


class FaultSettings(Settings):
    """A model that has a fault on purpose: a check has to fail for it, and to pass for the mended one."""

    model: str
    mended: str
    check: str
    """The name of a rule in `health_rules`."""
    consequences: list[str] = []
    """Other rules that may fail for the faulty model, too."""


class ReportSettings(Settings):
    """``report.toml``: one document."""

    title: Annotated[str, StringConstraints(min_length=1)]
    subtitle: str = ""
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")] = "en-GB"
    authors: Annotated[list[Author], Field(min_length=1)]
    sections: Annotated[list[SectionSettings], Field(min_length=1)]
    order: Annotated[int, Field(strict=True)] = 100
    """Reports are built in this order, then by name."""
    on_request: Annotated[bool, Field(strict=True)] = False
    """Whether it is built only where it is named, and not with all others."""
    faults: list[FaultSettings] = []
    """Failures of health checks that are expected; one that does not occur fails the report."""
    profiles: dict[Literal["smoke", "default", "thorough", "published"], dict[str, dict[str, Any]]] = {}
    """Profile to evaluation to settings that differ in it."""


@dataclass(frozen=True, slots=True)
class SectionEvaluation:
    """One evaluation of one section, with all its settings."""

    declaration: Declaration
    settings: Mapping[str, Any]
    models: tuple[str, ...]
    data: tuple[str, ...] | None = None
    """Data sets that it is limited to; None for all of the section's."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section with its evaluations resolved."""

    settings: SectionSettings
    evaluations: tuple[SectionEvaluation, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A report folder, read."""

    name: str
    folder: Path
    settings: ReportSettings
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Project:
    """All that the two folders say, for one profile."""

    root: Path
    profile: str
    experiments: Mapping[str, ExperimentSettings]
    reports: Mapping[str, Report]


def find_root(start: Path) -> Path:
    """The nearest folder at or above ``start`` that holds ``experiments/`` and ``report_templates/``.

    Raises:
        UsageError: there is none.
    """
    for folder in (start, *start.parents):
        if (folder / "experiments").is_dir() and (folder / "report_templates").is_dir():
            return folder
    raise UsageError(
        f"{start} is in no project: neither it nor a folder above holds experiments/ and report_templates/",
        "Change into the project's folder, or name it with --project; `latentpress new FOLDER` begins a new one.",
    )


def root_or_none(start: Path) -> Path | None:
    """As `find_root`; None outside a project."""
    try:
        return find_root(start)
    except UsageError:
        return None


def load(root: Path, profile: str = "default") -> Project:
    """Read and check a whole project.

    Raises:
        SettingsError: a file is not what it should be.
        UsageError: a report names an experiment, a data set or an evaluation that does not exist.
    """
    check_own_evaluations(root)
    files = _experiment_files(root / "experiments")
    experiments = {name: load_experiment(path, profile) for name, path in files.items()}
    folders = [path.parent for path in sorted((root / "report_templates").glob("*/report.toml"))]
    reports = [load_report(folder, profile, experiments) for folder in folders]
    reports.sort(key=lambda report: (report.settings.order, report.name))
    return Project(root, profile, experiments, {report.name: report for report in reports})


def _experiment_files(folder: Path) -> dict[str, Path]:
    """Experiment to its file, those of subfolders after those of the folder itself."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.toml"), key=lambda path: (len(path.parts), path)):
        if path.stem in found:
            raise SettingsError(
                f'two experiments have the name "{path.stem}": {found[path.stem]} and {path}; names are unique over '
                "all subfolders, since reports name experiments without them",
                "Rename one of the two files.",
            )
        found[path.stem] = path
    return found


def load_experiment(path: Path, profile: str) -> ExperimentSettings:
    """Read one experiment, with the profile's changes applied.

    Raises:
        SettingsError: an unknown key, a wrong type, a value out of range, an unknown data set or profile.
    """
    values = read_toml(path)
    settings = validate(ExperimentSettings, values, path)
    for name in settings.profiles:
        if name not in PROFILES:
            raise SettingsError(
                f'{path}{line_of(path, ["profiles", name])}: unknown profile "{name}"', suggestion(name, PROFILES)
            )
    if settings.data not in DATA_SETS:
        raise SettingsError(
            f'{path}{line_of(path, ["data"])}: data: unknown data set "{settings.data}"',
            suggestion(settings.data, DATA_SETS),
        )
    changes = settings.profiles.get(profile, {})
    chosen = validate(ExperimentSettings, override(values, changes), path) if changes else settings
    embedded = embedded_changes(chosen, profile)
    if embedded:
        validate(ExperimentSettings, override(override(values, changes), embedded), path)
    return chosen


def embedded_changes(settings: ExperimentSettings, profile: str) -> dict[str, Any]:
    """Dotted keys and the values that they take on embedded data; what a profile changes is left as it says."""
    decided = settings.profiles.get(profile, {})
    return {key: value for key, value in settings.embedded.items() if key not in decided}


def load_report(folder: Path, profile: str, experiments: Mapping[str, ExperimentSettings]) -> Report:
    """Read one report and resolve what its sections name.

    Raises:
        SettingsError: a fault in ``report.toml``, a template that does not exist, or a reserved name.
        UsageError: an unknown experiment or evaluation.
    """
    if folder.name.startswith(".") or folder.name.lower() in RESERVED:
        raise SettingsError(
            f"{folder}: found a report of the name {folder.name!r}, expected none of {', '.join(RESERVED)} and no dot "
            "at the beginning: its export would take the place of other files in the build folder",
            "Rename the folder.",
        )
    path = folder / "report.toml"
    settings = validate(ReportSettings, read_toml(path), path)
    ids = [section.id for section in settings.sections]
    for repeated in sorted({name for name in ids if ids.count(name) > 1}):
        raise SettingsError(f'{path}: two sections have the id "{repeated}"', "Give each section an id of its own.")
    for section in settings.sections:
        _check_section(section, path, experiments)
    _check_faults(settings, path)
    changes = settings.profiles.get(profile, {})  # type: ignore[call-overload]
    sections = tuple(
        Section(section, tuple(_resolve(entry, section, changes, profile, path) for entry in section.evaluations))
        for section in settings.sections
    )
    shown = {entry.declaration.name for section in sections for entry in section.evaluations}
    for name in changes:
        if name not in shown:
            raise SettingsError(
                f'{path}{line_of(path, ["profiles", profile, name])}: no section shows the evaluation "{name}"',
                suggestion(name, shown),
            )
    return Report(folder.name, folder, settings, sections)


def _check_section(section: SectionSettings, path: Path, experiments: Mapping[str, ExperimentSettings]) -> None:
    for name in (*section.models, *section.controls):
        if name not in experiments:
            raise UsageError(
                f'{path}: section "{section.id}": unknown experiment "{name}"', suggestion(name, experiments)
            )
    for name in section.data:
        if name not in DATA_SETS:
            raise UsageError(f'{path}: section "{section.id}": unknown data set "{name}"', suggestion(name, DATA_SETS))
    known = {*section.data, *(experiments[name].data for name in (*section.models, *section.controls))}
    for entry in (entry for entry in section.evaluations if isinstance(entry, EvaluationSettings)):
        if entry.data is not None and evaluation(entry.name, path.parents[2]).scope != "data":
            raise UsageError(
                f'{path}: section "{section.id}": evaluation "{entry.name}": data: found {entry.data}, expected none, '
                "since it is run on models",
                "Say models = [...] in its place.",
            )
        for name in entry.data or ():
            if name not in known:
                raise UsageError(
                    f'{path}: section "{section.id}": evaluation "{entry.name}" names the data set "{name}", which is '
                    "none of the section's",
                    suggestion(name, sorted(known)),
                )
    for name in filter(None, (section.template, section.published)):
        if not (path.parent / name).is_file():
            raise SettingsError(
                f'{path}: section "{section.id}": there is no file {path.parent / name}',
                "Write that file, or correct its name in report.toml.",
            )


def _check_faults(settings: ReportSettings, path: Path) -> None:
    shown = {name for section in settings.sections for name in section.models + section.controls}
    rules = [rule.name for rule in RULES]
    for fault in settings.faults:
        for name in (fault.model, fault.mended):
            if name not in shown:
                raise SettingsError(f'{path}: a fault names "{name}", which no section shows', suggestion(name, shown))
        for name in (fault.check, *fault.consequences):
            if name not in rules:
                raise SettingsError(
                    f'{path}: the fault of "{fault.model}": unknown health check "{name}"', suggestion(name, rules)
                )


def _resolve(
    entry: str | EvaluationSettings,
    section: SectionSettings,
    changes: Mapping[str, Mapping[str, Any]],
    profile: str,
    path: Path,
) -> SectionEvaluation:
    named = EvaluationSettings(name=entry) if isinstance(entry, str) else entry
    try:
        declared = evaluation(named.name, path.parents[2])
    except UsageError as error:
        raise UsageError(f'{path}: section "{section.id}": {error.message}', error.hint) from None
    smoke = declared.smoke if profile == "smoke" else {}
    given = {**smoke, **named.settings, **changes.get(named.name, {})}
    known = section.models + section.controls
    models = known if declared.scope == "model" else section.models
    if named.models is not None:
        for name in named.models:
            if name not in known:
                raise UsageError(
                    f'{path}: section "{section.id}": evaluation "{named.name}" names "{name}", '
                    "which is none of the section's models",
                    suggestion(name, known),
                )
        models = named.models
    data = None if named.data is None else tuple(named.data)
    return SectionEvaluation(declared, merge_settings(declared, given, path), tuple(models), data)
