"""Where the printed numbers came from: what the page tells of each, by metric and by stage."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

FIELDS = ("stage", "artifact", "source", "seed", "settings", "rerun", "command")
"""Of a provenance entry in report.json, what is shown; the last two where there are any."""


_ENCODED = re.compile(r"(?:![0-9A-F]{2})+")


def metric_of(key: str) -> str:
    """The metric, setting or cell that a key in the TeX names: it may stand for its interval, or its negated value.

    >>> metric_of("-mnist/sparse/test/probe_difference,interval")
    'mnist/sparse/test/probe_difference'
    """
    plain = key.replace("\\_", "_").strip()
    plain = _ENCODED.sub(lambda match: bytes.fromhex(match[0].replace("!", "")).decode("utf-8", "replace"), plain)
    return plain.removeprefix("-").removesuffix(",interval")


class Origins:
    """The provenance of a report.

    Args:
        facts: report.json.

    Attributes:
        used: metrics whose numbers are printed, in order.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._entries: Sequence[Mapping[str, Any]] = facts.get("provenance", [])
        self._metrics = {metric["id"]: metric for metric in facts.get("metrics", [])}
        self._by_artifact: dict[str, int] = {}
        self._by_stage: dict[str, int] = {}
        for index, entry in enumerate(self._entries):
            self._by_artifact.setdefault(entry["artifact"], index)
            self._by_stage[entry["stage"]] = index
        self._by_mark = {str(entry["mark"]): index for index, entry in enumerate(self._entries) if "mark" in entry}
        self.used: dict[str, None] = {}

    def index(self, row: str, metric: str) -> int | None:
        """The entry that a number came from: by its row, else by the artifact that its metric was read from."""
        if row in self._by_mark:
            return self._by_mark[row]
        known = self._metrics.get(metric)
        artifacts = str(known["artifact"]).split(", ") if known else []
        return next((self._by_artifact[name] for name in artifacts if name in self._by_artifact), None)

    def traced(self, row: str, metric: str, shown: Markup) -> Markup:
        """A printed number, which tells on demand where it came from."""
        if metric in self._metrics:
            self.used.setdefault(metric)
        elif row not in self._by_mark:
            return Markup('<span class="num">{}</span>').format(shown)
        return Markup('<span class="num" data-metric="{}" data-row="{}">{}</span>').format(metric, row, shown)

    def marked(self, rows: Sequence[str]) -> Markup:
        """The rows of a caption's provenance, as links to them."""
        links = [
            Markup('<a href="#provenance-{0}" aria-label="Provenance, row {0}">{0}</a>').format(row) for row in rows
        ]
        return Markup(' <sup class="mark">[{}]</sup>').format(Markup(", ").join(links)) if links else Markup("")

    def row_id(self, stage: str) -> str:
        """The id of a stage's row in the appendix, once; empty where the stage is not known or has its row."""
        index = self._by_stage.pop(stage, None)
        return f"provenance-{self._mark(index)}" if index is not None else ""

    def _mark(self, index: int) -> str:
        return str(self._entries[index].get("mark", index + 1))

    def data(self, others: Iterable[str] = ()) -> dict[str, Any]:
        """What the page's script reads: the metrics that are printed, here or by others, and the stages behind them."""
        metrics, needed = {}, dict[int, None]()
        for name in dict.fromkeys((*self.used, *others)):
            metric = self._metrics[name]
            index = self.index("", name)
            metrics[name] = [_plain(metric.get(key)) for key in ("value", "low", "high", "unit", "seed")] + [index]
            if index is not None:
                needed.setdefault(index)
        for index in self._by_mark.values():
            needed.setdefault(index)
        stages = {str(index): self._told(index) for index in needed}
        return {"metrics": metrics, "stages": stages, "marks": dict(self._by_mark)}

    def _told(self, index: int) -> dict[str, Any]:
        entry = self._entries[index]
        told = {name: entry[name] for name in FIELDS if entry.get(name) not in (None, "", {}, [])}
        return {**told, "mark": self._mark(index), "data": self._data_digests(entry)}

    def _data_digests(self, entry: Mapping[str, Any], seen: frozenset[str] = frozenset()) -> dict[str, str]:
        """The data sets above a stage, by the digests of their artifacts."""
        if str(entry["stage"]).startswith("data/"):
            return {str(entry["stage"]): str(entry["artifact"])}
        found: dict[str, str] = {}
        for digest in entry.get("inputs", {}).values():
            index = self._by_artifact.get(str(digest))
            if index is not None and str(digest) not in seen:
                found.update(self._data_digests(self._entries[index], seen | {str(digest)}))
        return found


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
