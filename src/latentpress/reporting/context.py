"""What a section's template can call: numbers, settings, facts, floats, computed sentences."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from latentpress.engine.stage import Failure
from latentpress.errors import TemplateError
from latentpress.reporting import claims, tables, values
from latentpress.reporting.claim_base import Look
from latentpress.reporting.claims_published import find_published
from latentpress.reporting.evidence import Evidence, Missing
from latentpress.reporting.floats import Picture, figure, figures, file_name
from latentpress.reporting.latex import Tex, escape, to_text
from latentpress.reporting.names import Names
from latentpress.reporting.numbers import MISSING, format_metric, format_setting
from latentpress.reporting.published import published_rows, published_value

if TYPE_CHECKING:
    from latentpress.engine.store import Artifact


class SectionContext:
    """The names that a section's template can use, and the record of what it has used.

    Args:
        settings: the section stage's settings.
        evidence: what its inputs hold.
        published: rows of the published figures, or none.

    Attributes:
        numbers, claims, figures, tables: what was shown, as report.json lists it.
        files: path to bytes, of the pictures and tables that were shown.
    """

    def __init__(
        self, settings: Mapping[str, Any], evidence: Evidence, published: Sequence[Mapping[str, str]] = ()
    ) -> None:
        self._settings = settings
        self._evidence = evidence
        self._published = published
        self._names = Names(settings.get("experiments", {}))
        self._section = settings["section"]["id"]
        self._labels: set[str] = set()
        self.numbers: list[dict[str, Any]] = []
        self.claims: list[dict[str, Any]] = []
        self.figures: list[dict[str, Any]] = []
        self.tables: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}

    def exported(self) -> dict[str, Any]:
        """Name to function or value, for the template."""
        functions = (
            self.num, self.metric, self.has, self.setting, self.setting_read,
            self.evaluation_setting, self.evaluation_value,
            self.experiment, self.data_facts, self.data_notice, self.model_name, self.published, self.published_row,
            self.published_table, self.environment, self.environment_table, self.figure, self.metric_table,
            self.data_table, self.cell, self.contributions_table, self.settings_table, self.claim,
            self.alpha_rows, self.model_rows,
        )  # fmt: skip
        return {
            **{function.__name__: function for function in functions},
            "figures": self.figure_row,
            "report": values.attributes(self._settings["report"]),
            "section": values.attributes(self._settings["section"]),
            "profile": self._settings.get("profile", "default"),
        }

    # ------------------------------------------------------------------ values

    def num(
        self,
        id: str,
        digits: int | None = None,
        interval: bool = False,
        unit: bool = False,
        percent: bool = False,
    ) -> Tex:
        """A metric's value."""
        found = self._evidence.find(values.identifier(id))
        if isinstance(found, Missing):
            return MISSING
        decimals = None if digits is not None or percent else self._evidence.decimals(found.metric)
        text = format_metric(
            found.metric, digits=digits, decimals=decimals, interval=interval, unit=unit, percent=percent
        )
        self._print(found.metric.id, text)
        return text

    def metric(
        self,
        quantity: str,
        *,
        data: str = "",
        model: str = "",
        split: str = "",
        alpha: float | None = None,
        **conditions: Any,
    ) -> str:
        """The id of a metric."""
        fields = {"quantity": quantity, "data": data, "model": model, "split": split, "alpha": alpha}
        return tables.identifier({**fields, "conditions": conditions})

    def has(self, id: str) -> bool:
        """Whether a metric was measured."""
        return values.identifier(id) in self._evidence.measured

    def setting(self, experiment: str, key: str, digits: int | None = None) -> Tex:
        """One value of an experiment's settings, by its dotted key."""
        value: Any = self.experiment(experiment)
        path = values.identifier(key)
        for part in path.split("."):
            if not isinstance(value, Mapping) or part not in value:
                known = sorted(values.flatten(self.experiment(experiment)))
                near = difflib.get_close_matches(path, known, n=3) or known
                raise TemplateError(
                    f"the experiment {str(experiment)!r} has no setting {path!r}.",
                    f"It has {', '.join(near)}.",
                )
            value = value[part]
        return format_setting(value, digits=digits)

    def setting_read(self, experiment: str, key: str) -> Tex:
        """The same, or a dash where the experiment's model or objective does not read it."""
        text = self.setting(experiment, key)
        return text if values.is_read(self.experiment(experiment), values.identifier(key)) else Tex("--")

    def evaluation_value(self, evaluation: str, key: str) -> Any:
        """One value of an evaluation's settings, as it is."""
        for entry in self._settings.get("evaluations", []):
            if isinstance(entry, Mapping) and entry.get("name") == evaluation:
                if key in entry:
                    return entry[key]
                raise TemplateError(
                    f"the evaluation {str(evaluation)!r} has no setting {str(key)!r}.",
                    f"It has {', '.join(sorted(set(entry) - {'name'}))}.",
                )
        raise TemplateError(
            f"this section has no evaluation {str(evaluation)!r}.", "Add it to the section in report.toml."
        )

    def evaluation_setting(self, evaluation: str, key: str, digits: int | None = None) -> Tex:
        """One value of an evaluation's settings, formatted."""
        return format_setting(self.evaluation_value(evaluation, key), digits=digits)

    def experiment(self, name: str) -> Mapping[str, Any]:
        """All settings of one experiment."""
        experiments = self._settings.get("experiments", {})
        if str(name) not in experiments:
            raise TemplateError(
                f"this section has no experiment {str(name)!r}.",
                f"It has {', '.join(experiments) or 'none'}; add it to the section's models or controls.",
            )
        found: Mapping[str, Any] = experiments[str(name)]
        return found

    def data_facts(self, data: str) -> Mapping[str, Any]:
        """What is known of a data set."""
        if str(data) in self._evidence.facts:
            facts = self._evidence.facts[str(data)]
            # A key for \citep, which underscores are part of; whatever is no key is text and escaped.
            key = str(facts.get("citation") or "")
            return {**facts, "citation": Tex(key) if tables.LABEL.fullmatch(key) else ""}
        if any(label.startswith(f"data/{data}") for label in self._evidence.failures):
            return values.MissingFacts()
        raise TemplateError(
            f"this section has no data set {str(data)!r}.",
            f"It has {', '.join(self._evidence.facts) or 'none'}; add it as data = [...] to the section.",
        )

    def data_notice(self) -> Tex:
        """A sentence where a data set is embedded, else nothing."""
        embedded = [facts for facts in self._evidence.facts.values() if facts.get("source") == "embedded"]
        return Tex(" ".join(values.embedded_notice(facts) for facts in embedded))

    def model_name(self, model: str) -> Tex:
        """An experiment or control in running text."""
        return self._names.running(values.identifier(model))

    def published(self, model: str, quantity: str, alpha: float | None = None, kind: str = "assignment") -> Tex:
        """A published value."""
        return published_value(self.published_row(model, quantity, alpha, kind))

    def published_row(
        self, model: str, quantity: str, alpha: float | None = None, kind: str = "assignment"
    ) -> Mapping[str, str]:
        """One row of the published figures: its value, source, epochs, …"""
        found: Mapping[str, str] = find_published(
            self._published,
            model=values.identifier(model),
            quantity=values.identifier(quantity),
            alpha=alpha,
            kind=str(kind),
        )
        return found

    def environment(self, key: str) -> Tex:
        """A fact of the computing environment; it is filled in when the report is assembled."""
        return Tex(rf"\environmentvalue{{{values.identifier(key)}}}")

    # ------------------------------------------------------------------ floats

    def figure(self, evaluation: str, subject: str, name: str, caption: str, label: str, width: float = 1.0) -> Tex:
        """One figure of an evaluation."""
        where = self._label(label)
        picture = self._picture(str(evaluation), values.identifier(subject), values.identifier(name), caption)
        return figure(picture, escape(caption), where, width)

    def figure_row(self, entries: Sequence[Any], caption: str, label: str) -> Tex:
        """Several figures side by side."""
        where = self._label(label)
        drawn = []
        for entry in entries:
            keys = ("evaluation", "subject", "name", "caption")
            evaluation, subject, name, text = (entry[key] for key in keys) if isinstance(entry, Mapping) else entry
            picture = self._picture(str(evaluation), values.identifier(subject), values.identifier(name), text)
            drawn.append((picture, escape(text)))
        return figures(drawn, escape(caption), where)

    def metric_table(
        self,
        label: str,
        caption: str,
        corner: str,
        rows: Sequence[Any],
        columns: Sequence[Any],
        where: Mapping[str, Any] | None = None,
        interval: bool = False,
        missing: str | None = None,
    ) -> Tex:
        """A table whose cells are metrics."""
        table, printed = tables.metric_table(
            self._evidence,
            escape(corner),
            rows,
            columns,
            where or {},
            interval=interval,
            missing=None if missing is None else escape(missing),
        )
        for identifier, text in printed:
            self._print(identifier, text)
        origins = {self._evidence.measured[identifier].artifact for identifier, _ in printed}
        return self._float(table, caption, label, sorted(origins))

    def data_table(
        self,
        evaluation: str,
        subject: str,
        table: str,
        label: str,
        caption: str,
        columns: Mapping[str, Any],
        limit: int | None = None,
    ) -> Tex:
        """A table of an evaluation, as it is."""
        artifact = self._evidence.artifact("evaluate", str(evaluation), values.identifier(subject))
        if isinstance(artifact, Missing):
            empty = tables.Table([escape(text) for text in columns.values()], [], ["l"] * len(columns))
            empty.rows = [[MISSING] * len(columns)]
            return self._float(empty, caption, label, [])
        frame = self._frame(artifact, evaluation, values.identifier(table))
        return self._float(tables.data_table(frame, columns, limit), caption, label, [artifact.digest])

    def cell(self, evaluation: str, subject: str, table: str, row: int, column: str) -> Tex:
        """One cell of an evaluation's table; rows count from 0."""
        artifact = self._evidence.artifact("evaluate", str(evaluation), values.identifier(subject))
        if isinstance(artifact, Missing):
            return MISSING
        frame = self._frame(artifact, evaluation, values.identifier(table))
        name = values.identifier(column)
        if name not in frame.columns or not 0 <= row < len(frame):
            raise TemplateError(
                f"the table {str(table)!r} has no cell in row {row} of column {name!r}.",
                f"It has {len(frame)} rows and the columns {', '.join(map(str, frame.columns))}.",
            )
        return tables.column_cells([frame[name].tolist()[row]])[0]

    def published_table(
        self,
        label: str,
        caption: str,
        kind: str = "assignment",
        data: str = "mnist",
        split: str = "test",
        heading: str = "Published",
    ) -> Tex:
        """Published figures beside ours."""
        table, printed = published_rows(
            self._published,
            self._evidence,
            self._names,
            kind=str(kind),
            data=str(data),
            split=str(split),
            heading=escape(heading),
        )
        for identifier, text in printed:
            self._print(identifier, text)
        return self._float(table, caption, label, [])

    def contributions_table(self, label: str, caption: str) -> Tex:
        """Who did what."""
        authors = self._settings["report"]["authors"]
        rows = [[escape(author["name"]), escape(author.get("contribution") or "–")] for author in authors]
        records = [["Member", "Contribution"], *([a["name"], a.get("contribution", "")] for a in authors)]
        align = tables.column_align([author["name"] for author in authors])
        table = tables.Table([Tex("Member"), Tex("Contribution")], rows, [align, "X"], records)
        return self._float(table, caption, label, [])

    def settings_table(self, experiment: str, label: str, caption: str) -> Tex:
        """All settings of one experiment."""
        pairs = [(key, value) for key, value in values.flatten(self.experiment(experiment)).items() if key != "title"]
        rows = [[escape(key.replace(".", ": ").replace("_", " ")), format_setting(value)] for key, value in pairs]
        records = [["setting", "value"], *([key, value] for key, value in pairs)]
        return self._float(tables.Table([Tex("Setting"), Tex("Value")], rows, ["l", "r"], records), caption, label, [])

    def environment_table(self, label: str, caption: str) -> Tex:
        """The computing environment; it is filled in when the report is assembled."""
        where = self._label(label)
        return Tex(
            f"\\begin{{table}}\n\\centering\n\\caption{{{escape(caption)}}}\n\\label{{{where}}}\n"
            "\\environmenttable{}\n\\end{table}\n"
        )

    # ------------------------------------------------------------------ sentences and helpers

    def claim(self, name: str, **fields: Any) -> Tex:
        """A sentence that is computed from metrics."""
        plain = {key: values.plain(value) for key, value in fields.items()}
        look = Look(self._evidence, self._names, self._published)
        made = claims.make(look, str(name), plain)
        entry = made.as_json(values.claim_id(self._section, str(name), plain))
        if entry not in self.claims:  # a conclusion may say it again
            self.claims.append(entry)
        return made.sentence

    def alpha_rows(self, alphas: Sequence[float]) -> list[tuple[Tex, dict[str, Any]]]:
        """Rows of a table, one for each α."""
        return [(Tex(f"{alpha:g}"), {"alpha": float(alpha)}) for alpha in alphas]

    def model_rows(self, models: Sequence[str]) -> list[tuple[Tex, dict[str, Any]]]:
        """Rows of a table, one for each experiment or control."""
        return [(self._names.title(values.identifier(model)), {"model": values.identifier(model)}) for model in models]

    # ------------------------------------------------------------------ bookkeeping

    def _print(self, identifier: str, text: Tex) -> None:
        self.numbers.append({"id": identifier, "text": to_text(text)})

    def _label(self, label: str) -> str:
        plain = tables.check_label(label)
        if plain in self._labels:
            raise TemplateError(
                f"the label {plain!r} is given twice.", "Give each table and figure a label of its own."
            )
        self._labels.add(plain)
        return plain

    def _picture(self, evaluation: str, subject: str, name: str, caption: str) -> Picture | Failure:
        artifact = self._evidence.artifact("draw", evaluation, subject)
        if isinstance(artifact, Missing):
            return artifact.failure
        sizes = artifact.json("sizes")
        if name not in sizes:
            raise TemplateError(
                f"the evaluation {evaluation!r} of {subject!r} has no figure {name!r}.",
                f"It has {', '.join(sorted(sizes)) or 'none'}.",
            )
        path = file_name(evaluation, subject, name)
        for ending in ("pdf", "png"):
            self.files[f"{path}.{ending}"] = artifact.data(f"{name}.{ending}")
        text = to_text(escape(caption))
        self.figures.append({"file": f"{path}.pdf", "caption": text, "artifact": artifact.digest})
        return Picture(path, sizes[name][0], artifact.digest)

    def _float(self, table: tables.Table, caption: str, label: str, artifacts: Sequence[str]) -> Tex:
        where = self._label(label)
        path = f"tables/{where.removeprefix('tab:').replace(':', '-')}.csv"
        if table.records:
            self.files[path] = table.csv().encode()
            text = to_text(escape(caption))
            self.tables.append({"file": path, "caption": text, "artifact": ", ".join(artifacts)})
        return table.float(escape(caption), where)

    def _frame(self, artifact: Artifact, evaluation: str, table: str) -> Any:
        if f"{table}.csv" not in artifact.names():
            known = sorted(name.removesuffix(".csv") for name in artifact.names() if name.endswith(".csv"))
            raise TemplateError(
                f"the evaluation {str(evaluation)!r} has no table {table!r}.",
                f"It has {', '.join(known) or 'none'}.",
            )
        return artifact.table(table)
