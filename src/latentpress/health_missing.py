"""The check that failed stages fail: what they took out of a report was checked by nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latentpress.health import Check

COMPLETE = "no result is missing"


def missing_results(
    failed: Iterable[str], experiments: Mapping[str, Mapping[str, Any]], sections: Sequence[Mapping[str, Any]]
) -> list[Check]:
    """A failed check of each model, and of each data set, that a failed stage took results of.

    Args:
        failed: the stages that failed themselves; what they kept from running is known by them.
        experiments: of the report, with their settings.
        sections: of the report, with ``id``, ``models``, ``controls`` and ``data``.

    Returns:
        Checks in the order of the experiments, data sets last; none where no stage failed.
    """
    stages = [stage.split("~")[0] for stage in dict.fromkeys(failed)]
    subjects = [(str(settings.get("data", "")), name) for name, settings in experiments.items()]
    data_sets = {data for data, _ in subjects} | {name for section in sections for name in section.get("data", ())}
    subjects += [(data, "") for data in sorted(data_sets) if data]
    checks = []
    for data, model in subjects:
        alike = {
            name for name, settings in experiments.items() if model and _trained_alike(settings, experiments[model])
        }
        lost = sum(_concerns(stage.split("/"), data, model, alike, sections) for stage in stages)
        if lost:
            checks.append(_check(data, model, lost))
    return checks


def _trained_alike(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether two experiments differ in their titles alone, and are trained once, under the name of one of them."""
    return "training" in a and {**a, "title": ""} == {**b, "title": ""}


def _concerns(parts: list[str], data: str, model: str, alike: set[str], sections: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a failed stage, by the parts of its name, would have given a measure of a model or a data set."""
    name = model or data
    match parts:
        case ["data", made]:
            return made == data
        case ["train" | "encode", trained, *_]:
            return trained == name or trained in alike
        case ["evaluate", _, subject, *_]:
            return name in subject.split("+")
        case ["section", _, section]:
            kinds = ("models", "controls") if model else ("data",)
            return any(name in shown.get(kind, ()) for shown in sections if shown["id"] == section for kind in kinds)
    return False  # a drawing has no measure


def _check(data: str, model: str, lost: int) -> Check:
    from latentpress.health import Check  # loads numerical libraries, which a build that looks at names does without

    return Check(
        name=COMPLETE,
        model=model,
        value=float(lost),
        threshold=0.0,
        verdict="failed",
        why="the number of failed stages that would have given some of this model's measures",
        data=data,
        relation="at most",
        guards_against="a report that is called healthy for what is not in it",
    )
