"""What changed between two keys of a stage, in a user's words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentpress.engine.fingerprint import differences
from latentpress.engine.stage import Stage

_SHOWN = 80
_ABSENT = object()
"""Stands for a setting that one of two sets lacks, which is another thing than one that is null."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason why a stage is not, or may not be, up to date.

    Attributes:
        kind: ``never_run``; ``changed``: a component changed; ``input_again``: an input's artifact is made again;
            ``artifact_missing``, ``artifact_damaged``, ``record_damaged``, ``removed``: the store lost it;
            ``running``, ``failed``, ``unfinished``: how the last attempt with this very key ended; ``error``: it
            cannot be run.
        text: the reason in words.
        part: what changed (``setting training.epochs``), or the stage, file or digest that it is about.
        old, new: the values, where something changed; digests in full.
    """

    kind: str
    text: str
    part: str = ""
    old: Any = None
    new: Any = None


def changes(stage: Stage, old: Mapping[str, Any], new: Mapping[str, Any], unknown: Iterable[str] = ()) -> list[Reason]:
    """What differs between two sets of components, in words.

    Args:
        stage: the stage as it is now.
        old: the components of its record.
        new: the components now.
        unknown: labels of inputs whose artifacts are not known yet; they are not compared.

    Returns:
        A reason for each difference.
    """
    waiting = set(unknown)
    was, now = _compared(old, waiting), _compared(new, waiting)
    failed_then = set(was["failures"]) - set(now["failures"])
    was["inputs"] |= dict.fromkeys(failed_then & set(now["inputs"]), "failed")
    for label in failed_then:
        del was["failures"][label]
    found = differences(was, now, absent=_ABSENT)
    if any(part.startswith("inputs.") for part, _, _ in found) or waiting:
        found = [entry for entry in found if entry[0] != "lineage"]  # it says no more than the inputs do
    reasons = [reason for part, before, after in found for reason in _describe(stage, part, before, after)]
    fresh = waiting - {*old["inputs"], *old["failures"]}
    return reasons + [Reason("changed", f"{_input(stage, label)} is new", f"input {label}") for label in sorted(fresh)]


def _compared(components: Mapping[str, Any], waiting: set[str]) -> dict[str, Any]:
    copied = dict(components)
    for name in ("inputs", "failures"):
        copied[name] = {label: value for label, value in components[name].items() if label not in waiting}
    return copied


def _describe(stage: Stage, path: str, old: Any, new: Any) -> Iterator[Reason]:
    """The reasons for one difference; a list's is told by its entries."""
    group, _, name = path.partition(".")
    if group == "settings":
        for part, before, after in _entries(name, old, new):
            label = f"setting {part}" if part else "settings"
            yield Reason("changed", f"{label}: {_from_to(before, after)}", label, _value(before), _value(after))
        return
    old, new = _value(old), _value(new)
    if group in _WORDS:
        part, text = _WORDS[group](stage, name, old, new)
        yield Reason("changed", text, part, old, new)
    else:  # seed, threads, backend, device, python, function
        yield Reason("changed", f"{path}: {_from_to(old, new)}", path, old, new)


def _entries(name: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            if json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True):
                yield from _entries(f"{name}[{index}]", before, after)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for part, before, after in differences(old, new, absent=_ABSENT):
            yield from _entries(f"{name}.{part}", before, after)
    else:
        yield name, old, new


def _source(stage: Stage, module: str, old: Any, new: Any) -> tuple[str, str]:
    part = f"source of {module}"
    if new == "absent":
        return part, f"{part} is gone: the module no longer exists"
    if old is None or old == "absent":
        return part, f"{part} is new: the stage did not reach it before"
    if new is None:
        return part, f"{part} counts no more: the stage does not reach it now"
    return part, f"{part} changed ({old[:12]} → {new[:12]})"


def _package(stage: Stage, name: str, old: Any, new: Any) -> tuple[str, str]:
    part = f"package {name}"
    return part, f"{part}: {old or 'not used'} → {new or 'not used'}"


def _file(stage: Stage, label: str, old: Any, new: Any) -> tuple[str, str]:
    where = f" ({_from_here(stage.files[label])})" if label in stage.files else ""
    part = f"file {label}"
    if old is None or new is None:
        return part, f"{part}{where} is {'new' if old is None else 'no longer read'}"
    return part, f"{part}{where}: content changed ({old[:12]} → {new[:12]})"


def _from_here(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _input(stage: Stage, label: str) -> str:
    maker = stage.inputs.get(label, label)
    return f"input {label}" if maker == label else f"input {label} ({maker})"


def _content(stage: Stage, label: str, old: Any, new: Any) -> tuple[str, str]:
    part = _input(stage, label)
    if old == "failed":
        return f"input {label}", f"{part} had failed when this was last run"
    if old is None or new is None:
        return f"input {label}", f"{part} is {'new' if old is None else 'no longer read'}"
    return f"input {label}", f"{part}: other content ({old[:12]} → {new[:12]})"


def _failure(stage: Stage, label: str, old: Any, new: Any) -> tuple[str, str]:
    return f"input {label}", f"{_input(stage, label.partition('.')[0])}: its failure is another one"


def _lineage(stage: Stage, name: str, old: Any, new: Any) -> tuple[str, str]:
    return "lineage", "a stage above was made in another way, with the same result"


def _codec(stage: Stage, name: str, old: Any, new: Any) -> tuple[str, str]:
    return "codec", f"the code that writes artifacts (codec) changed ({old[:12]} → {new[:12]})"


def _format(stage: Stage, name: str, old: Any, new: Any) -> tuple[str, str]:
    return "format", f"keys are taken in another way since an update: format {old} → {new}"


_WORDS: Mapping[str, Callable[[Stage, str, Any, Any], tuple[str, str]]] = {
    "source": _source,
    "packages": _package,
    "files": _file,
    "inputs": _content,
    "failures": _failure,
    "lineage": _lineage,
    "codec": _codec,
    "format": _format,
}
"""Component to how it is told: (stage, name in it, old, new) → (part, text)."""


def _value(value: Any) -> Any:
    """What a program is told: there, null stands for both."""
    return None if value is _ABSENT else value


def _from_to(old: Any, new: Any) -> str:
    return f"{_shown(old)} → {_shown(new)}"


def _shown(value: Any) -> str:
    """A value as it reads in a settings file, cut where it is long."""
    if value is None or value is _ABSENT:
        return "none" if value is None else "absent"
    text = value if isinstance(value, str) and value else _json(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
