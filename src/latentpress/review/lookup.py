"""The attached value behind the key of a printed number."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from latentpress.metrics import from_json_number
from latentpress.reporting.tracing import INTERVAL
from latentpress.review.document import Document

Value = float | tuple[float, float] | None


class Lookup:
    """Values of a report by the keys that its numbers are traced by; see `reporting.tracing`.

    Args:
        document: the report.
    """

    def __init__(self, document: Document) -> None:
        self._report = document.report
        self._files = document.files
        self._metrics = {record["id"]: record for record in document.report["metrics"]}
        self._own = {
            record["id"]: record
            for section in document.report["evidence"].values()
            for record in section.get("differing", [])
        }
        self._tables: dict[str, list[list[str]]] = {}

    def refused(self, key: str) -> str:
        """Why there is no value behind a key, or nothing."""
        try:
            self.value(key)
        except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
            return f"a value in the attached data ({type(error).__name__}: {error})"
        return ""

    def value(self, key: str) -> Any:
        """The value, an interval as two; several where sections have measured the same otherwise.

        Raises:
            KeyError, IndexError, ValueError, TypeError: there is none.
        """
        kind, _, rest = key.partition(":")
        if rest and kind in ("setting", "evaluation", "published", "cell"):
            return getattr(self, f"_{kind}")(rest)
        return [self._metric(key, records) for records in (self._metrics, self._own) if self._id(key) in records] or (
            self._metric(key, self._metrics)
        )

    def quantity(self, key: str) -> str:
        """What a metric measures; empty for other values."""
        record = self._metrics.get(self._id(key))
        if record is None:
            return key.split(":")[3] if key.startswith("published:") and key.count(":") >= 4 else ""
        return str(record["quantity"])

    @staticmethod
    def _id(key: str) -> str:
        return key.removeprefix("-").removesuffix(INTERVAL)

    def _metric(self, key: str, records: Mapping[str, Any]) -> Value:
        record = records[self._id(key)]
        sign = -1 if key.startswith("-") else 1
        if sign < 0 and not record["quantity"].endswith(("_difference", "_gain")):
            raise ValueError("only a difference or a gain is printed the other way round")
        if key.endswith(INTERVAL):
            low, high = (sign * float(record[end]) for end in ("low", "high"))
            return (min(low, high), max(low, high))
        value = from_json_number(record["value"])
        return None if value is None else sign * value

    def _setting(self, rest: str) -> Any:
        experiment, _, path = rest.partition(":")
        value: Any = self._report["settings"]["experiments"][experiment]
        for part in path.split("."):
            value = value[part]
        return float(value)

    def _evaluation(self, rest: str) -> float:
        section, name, key = rest.split(":", 2)
        # Of an evaluation that a section has several times, with models of its own each, templates read the first.
        found = [entry for entry in self._report["evidence"][section]["evaluations"] if entry["name"] == name]
        return float(found[0][key])

    def _published(self, rest: str) -> list[float]:
        kind, model, quantity, alpha = rest.split(":", 3)
        wanted = (kind, model, quantity, alpha)
        return [
            float(row["value"])
            for section in self._report["evidence"].values()
            for row in section["published"]
            if (row["kind"], row["model"], row["quantity"], row.get("alpha") or "") == wanted
        ]

    def _cell(self, rest: str) -> float:
        path, row, column = rest.rsplit(":", 2)
        name = PurePosixPath(path).name
        if name not in self._tables:
            self._tables[name] = list(csv.reader(io.StringIO(self._files[name].decode("utf-8"))))
        return float(self._tables[name][int(row)][int(column)])
