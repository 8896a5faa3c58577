"""Values as templates see them: identifiers, settings by dotted keys, facts that are missing."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from latentpress.reporting.latex import Tex, escape
from latentpress.reporting.numbers import MISSING

EMBEDDED_NOTICE = (
    "The original {title} could not be had for this build. In its place stands the embedded data described here, and "
    "no number in this report is a result on the original."
)


class MissingFacts(dict[str, Any]):
    """Facts of a data set that could not be prepared: every one prints the marker."""

    def __missing__(self, key: str) -> Any:
        return MissingFacts() if key == "counts" else [MISSING] if key == "preprocessing" else MISSING


def embedded_notice(facts: Mapping[str, Any]) -> Tex:
    """The sentence that says which data stands in for which."""
    names = {"mnist": "MNIST", "frey": "Frey Face data"}
    title = names.get(facts.get("data", ""), str(facts.get("data", "data")))
    return escape(EMBEDDED_NOTICE.format(title=title))


def identifier(text: str) -> str:
    """An id, label or file name that a template has joined with ``~``, which escapes underscores."""
    return str(text).replace("\\_", "_")


def plain(value: Any) -> Any:
    """A claim's field without the type of TeX, unless it holds mathematics and so is meant as TeX."""
    if isinstance(value, Tex):
        return str.__str__(value).replace("\\_", "_") if "$" not in value else value
    return [plain(entry) for entry in value] if isinstance(value, list | tuple) else value


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted keys: ``{"training.epochs": 2}``."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def attributes(value: Any) -> Any:
    """Mappings with attributes, so that ``report.title`` is never a method of a dict."""
    if isinstance(value, Mapping):
        return SimpleNamespace(**{key: attributes(entry) for key, entry in value.items()})
    return [attributes(entry) for entry in value] if isinstance(value, list | tuple) else value
