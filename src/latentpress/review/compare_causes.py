"""What two reports were made of: settings, data, environment and code side by side. It explains; it is no result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from latentpress.review.compare_differences import Entry, Part
from latentpress.review.compare_metrics import of_one_seed
from latentpress.review.compare_results import union
from latentpress.review.document import Document
from latentpress.review.shown import short_digest, value_text


def compare_settings(a: Document, b: Document) -> Part:
    """Report, profile, seeds, experiments, sections and evaluations, by dotted key."""
    return Part("settings", "Settings", _told(_settings(a), _settings(b)))


def compare_data(a: Document, b: Document) -> Part:
    """Sources, splits and digests of the data."""
    return Part("data", "Data", _told(*(dict(flattened(document.report["facts"])) for document in (a, b))))


def compare_environment(a: Document, b: Document) -> Part:
    """Packages, Python, processor, threads, device."""
    return Part("environment", "Environment", _told(_environment(a), _environment(b)))


def compare_code(a: Document, b: Document) -> Part:
    """Fingerprints of the code behind each stage; stages whose code changed in the same way make one entry."""
    rows = [{row["stage"]: row for row in document.report["provenance"]} for document in (a, b)]
    groups: dict[tuple[str, str | None, str | None], list[str]] = defaultdict(list)
    for stage in union(*rows):
        found = [side.get(stage) for side in rows]
        function = next(row["function"] for row in found if row is not None)
        sources = [None if row is None else row["source"] for row in found]
        groups[function, sources[0], sources[1]].append(stage)
    entries = []
    for (function, source_a, source_b), stages in groups.items():
        entries.append(
            Entry(
                key=f"{function}: {stages[0]}",
                a=None if source_a is None else short_digest(source_a),
                b=None if source_b is None else short_digest(source_b),
                state="same" if source_a == source_b else "told",
                note=_stages(stages),
                label=function,
            )
        )
    return Part("code", "Code", entries, "Fingerprints of the code behind the stages, comments left out.")


def _stages(stages: list[str]) -> str:
    more = len(stages) - 2
    return ", ".join(stages[:2]) + (f" and {more} more" if more > 0 else "")


def _told(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Entry]:
    """One entry a key; what one side lacks altogether is one entry, not one for each key below."""
    lacking = [_lacking(a, b), _lacking(b, a)]
    entries: dict[str, Entry] = {}
    for key in union(a, b):
        texts: list[str | None] = [value_text(side[key]) if key in side else None for side in (a, b)]
        branch = next((top for top in _branches(key) if top in lacking[0] or top in lacking[1]), None)
        if branch is None:
            same = key in a and key in b and a[key] == b[key] and texts[0] == texts[1]
            entries[key] = Entry(key, texts[0], texts[1], "same" if same else "told")
        else:
            one = "present"
            here = [None if branch in side else one for side in lacking]
            entries.setdefault(branch, Entry(branch, here[0], here[1], "told"))
    return list(entries.values())


def _lacking(side: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    """Branches (``experiments.vae``) that the other side has and this one has nothing of."""
    own = {branch for key in side for branch in _branches(key)}
    return {branch for key in other for branch in _branches(key) if branch not in own}


def _branches(key: str) -> list[str]:
    """Beginnings of a dotted key, from ``experiments.vae`` on; not the key itself."""
    parts = key.split(".")
    return [".".join(parts[:length]) for length in range(2, len(parts))]


def flattened(value: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys of what lies within each other; entries of a list of objects by their number, other lists as values.

    It is no deeper than `shape.DEEPEST`.
    """
    if isinstance(value, list) and value and all(isinstance(entry, Mapping) for entry in value):
        value = {f"{number:0{len(str(len(value)))}}": entry for number, entry in enumerate(value, start=1)}
    if isinstance(value, Mapping) and value:
        for key in sorted(value):
            yield from flattened(value[key], f"{above}.{key}" if above else str(key))
    else:
        yield above, value


def _settings(document: Document) -> dict[str, Any]:
    report = document.report
    settings = report["settings"]
    sections = {
        section["id"]: {key: value for key, value in section.items() if key != "id"} for section in settings["sections"]
    }
    evaluations: dict[str, dict[str, Any]] = {}
    for section, evidence in report["evidence"].items():
        named = evaluations.setdefault(section, {})
        for entry in evidence["evaluations"]:
            rest = {key: value for key, value in entry.items() if key != "name"}
            named[_free(entry["name"], named)] = rest or "default"
    trained = sorted({row["seed"] for row in report["provenance"] if row["seed"] is not None})
    several = sorted({record["seed"] for record in report["metrics"] if of_one_seed(record)})
    return {
        "profile": report["profile"],
        "seeds": several or trained,
        **dict(flattened(report["report"], "report")),
        **dict(flattened(settings["experiments"], "experiments")),
        **dict(flattened(sections, "sections")),
        **dict(flattened(evaluations, "evaluations")),
        **({"faults": settings["faults"]} if settings["faults"] else {}),
    }


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """The name, or with a number where it is taken."""
    number = 1
    while (free := name if number == 1 else f"{name} ({number})") in taken:
        number += 1
    return free


def _environment(document: Document) -> dict[str, Any]:
    packages: dict[str, set[str]] = defaultdict(set)
    for row in document.report["provenance"]:
        for name, version in row["packages"].items():
            packages[name].add(version)
    told = {name: ", ".join(sorted(versions)) for name, versions in sorted(packages.items())}
    threads = sorted({row["threads"] for row in document.report["provenance"] if row["backend"]})
    known = {**told, **document.report["environment"]}
    if threads:
        known["threads of the trainings"] = ", ".join(map(str, threads))
    return known
