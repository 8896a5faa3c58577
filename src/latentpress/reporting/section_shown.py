"""What a section has shown so far, as report.json lists it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from latentpress.errors import TemplateError
from latentpress.reporting.latex import Tex, escape, to_text
from latentpress.reporting.tables import Table, check_label


@dataclass(slots=True)
class Shown:
    """The record of what a section has shown.

    Attributes:
        numbers, claims, figures, tables: as report.json lists them.
        sentences: those of the claims, as TeX.
        files: path to bytes, of the pictures and tables.
        labels: those that are taken.
        delivered: files that stay in their artifacts until the report is exported, as report.json lists them.
    """

    numbers: list[dict[str, Any]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    figures: list[dict[str, Any]] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    sentences: list[Tex] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)
    delivered: list[dict[str, Any]] = field(default_factory=list)

    def label(self, label: str) -> str:
        """Take a label.

        Raises:
            TemplateError: it is no label, or is taken.
        """
        plain = check_label(label)
        if plain in self.labels:
            raise TemplateError(
                f"the label {plain!r} is given twice.", "Give each table and figure a label of its own."
            )
        self.labels.add(plain)
        return plain

    def number(self, identifier: str, text: Tex) -> None:
        """A metric was printed."""
        self.numbers.append({"id": identifier, "text": to_text(text)})

    def claim(self, entry: dict[str, Any], sentence: Tex) -> None:
        """A claim was made."""
        if entry not in self.claims:  # a conclusion may say it again
            self.claims.append(entry)
            self.sentences.append(sentence)

    def claims_of(self, text: str) -> list[dict[str, Any]]:
        """The claims, and of each whether its sentence stands in a text: a template may only look at one."""
        return [
            {**entry, "printed": str(sentence) in text}
            for entry, sentence in zip(self.claims, self.sentences, strict=True)
        ]

    def picture(self, path: str, files: Mapping[str, bytes], caption: str, artifact: str) -> None:
        """A picture was shown, whose files are those of ``path`` by their endings."""
        for ending, data in files.items():
            self.files[f"{path}.{ending}"] = data
        text = to_text(escape(caption))
        self.figures.append({"file": f"{path}.pdf", "caption": text, "artifact": artifact})

    def table(self, table: Table, caption: str, label: str, artifacts: Sequence[str]) -> str:
        """A table was shown; one without records gives no file.

        Returns:
            The path of its CSV file.
        """
        path = f"tables/{label.removeprefix('tab:').replace(':', '-')}.csv"
        if table.records:
            self.files[path] = table.csv().encode()
            text = to_text(escape(caption))
            cells = [[*place, *source] for place, source in sorted(table.cells.items())]
            self.tables.append({"file": path, "caption": text, "artifact": ", ".join(artifacts), "cells": cells})
        return path

    def deliver(self, entry: dict[str, Any]) -> None:
        """A file was delivered.

        Raises:
            TemplateError: another one of that name was, too.
        """
        if any(known["file"] == entry["file"] and known["sha256"] != entry["sha256"] for known in self.delivered):
            raise TemplateError(
                f"two different files named {entry['file']} are delivered.",
                "Deliver one of them only: a report has one file of a name beside it.",
            )
        if entry not in self.delivered:
            self.delivered.append(entry)
