"""The figures and tables that a section's template can call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from latentpress.engine.stage import Failure
from latentpress.errors import TemplateError
from latentpress.reporting import tables, values
from latentpress.reporting.evidence import Missing
from latentpress.reporting.floats import Picture, figure, figures, file_name
from latentpress.reporting.latex import Tex, escape
from latentpress.reporting.numbers import MISSING, format_setting
from latentpress.reporting.published import published_rows
from latentpress.reporting.published_beside import measured_groups, published_picture, reasons_table
from latentpress.reporting.section_material import Material
from latentpress.reporting.section_shown import Shown
from latentpress.reporting.tracing import mark

if TYPE_CHECKING:
    from latentpress.engine.store import Artifact


class SectionFloats:
    """Figures and tables with their captions and labels, a table's rows, and one cell of a table.

    Args:
        material: what the section is made of.
        shown: takes down what is shown.
    """

    def __init__(self, material: Material, shown: Shown) -> None:
        self._material = material
        self._evidence = material.evidence
        self._shown = shown

    def exported(self) -> dict[str, Callable[..., Any]]:
        """Name to function, for the template."""
        functions = (
            self.figure, self.metric_table, self.data_table, self.cell, self.published_table,
            self.published_figure, self.published_reasons,
            self.contributions_table, self.settings_table, self.environment_table, self.fault_table, self.alpha_rows,
            self.condition_rows,
            self.model_rows,
        )  # fmt: skip
        return {**{function.__name__: function for function in functions}, "figures": self.figure_row}

    def figure(self, evaluation: str, subject: str, name: str, caption: str, label: str, width: float = 1.0) -> Tex:
        """One figure of an evaluation."""
        where = self._shown.label(label)
        picture = self._picture(str(evaluation), values.identifier(subject), values.identifier(name), caption)
        return figure(picture, _marked(caption, [picture]), where, width)

    def figure_row(self, entries: Sequence[Any], caption: str, label: str) -> Tex:
        """Several figures side by side."""
        where = self._shown.label(label)
        drawn = []
        for entry in entries:
            keys = ("evaluation", "subject", "name", "caption")
            evaluation, subject, name, text = (entry[key] for key in keys) if isinstance(entry, Mapping) else entry
            picture = self._picture(str(evaluation), values.identifier(subject), values.identifier(name), text)
            drawn.append((picture, escape(text)))
        return figures(drawn, _marked(caption, [picture for picture, _ in drawn]), where)

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
            self._shown.number(identifier, text)
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
        shown = tables.data_table(frame, columns, limit)
        return self._float(shown, caption, label, [artifact.digest], traced=range(len(columns)))

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
        (cell,) = tables.column_cells([frame[name].tolist()[row]])
        return cell

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
            self._material.published,
            self._evidence,
            self._material.names,
            kind=str(kind),
            data=str(data),
            split=str(split),
            heading=escape(heading),
        )
        for identifier, text in printed:
            self._shown.number(identifier, text)
        origins = {self._evidence.measured[identifier].artifact for identifier, _ in printed}
        return self._float(table, caption, label, sorted(origins))

    def published_figure(
        self, label: str, caption: str, kind: str = "assignment", data: str = "mnist", split: str = "test"
    ) -> Tex:
        """Published figures and ours with their intervals, as a picture."""
        from latentpress.reporting.figures import render  # loads matplotlib

        where = self._shown.label(label)
        groups = self._published_groups(kind, data, split)
        files, size = render(published_picture(groups, self._material.names))
        path = file_name("published", str(data), str(kind))
        metrics = [metric for pairs in groups.values() for _, metric in pairs]
        origins = ", ".join(sorted({self._evidence.measured[metric.id].artifact for metric in metrics}))
        self._shown.picture(path, files, caption, origins)
        return figure(Picture(path, size[0], origins), _marked(caption, origins.split(", ")), where)

    def published_reasons(
        self,
        label: str,
        caption: str,
        reasons: Sequence[tuple[str, str, str]],
        kind: str = "assignment",
        data: str = "mnist",
        split: str = "test",
    ) -> Tex:
        """One line for each model and quantity on what differs behind the figures: (model, quantity, line)."""
        known = {(values.identifier(model), values.identifier(quantity)): text for model, quantity, text in reasons}
        table = reasons_table(self._published_groups(kind, data, split), known, self._material.names)
        return self._float(table, caption, label, [])

    def _published_groups(self, kind: str, data: str, split: str) -> Any:
        material = self._material
        return measured_groups(material.published, self._evidence, kind=str(kind), data=str(data), split=str(split))

    def contributions_table(self, label: str, caption: str) -> Tex:
        """Who did what."""
        authors = self._material.settings["report"]["authors"]
        rows = [[escape(author["name"]), escape(author.get("contribution") or "–")] for author in authors]
        records = [["Member", "Contribution"], *([a["name"], a.get("contribution", "")] for a in authors)]
        align = tables.column_align([author["name"] for author in authors])
        table = tables.Table([Tex("Member"), Tex("Contribution")], rows, [align, "X"], records)
        return self._float(table, caption, label, [])

    def settings_table(self, experiment: str, label: str, caption: str) -> Tex:
        """All settings of one experiment."""
        pairs = [
            (key, value)
            for key, value in values.flatten(self._material.experiment(experiment)).items()
            if key != "title"
        ]
        rows = [[escape(key.replace(".", ": ").replace("_", " ")), format_setting(value)] for key, value in pairs]
        records = [["Setting", "Value"], *([key, value] for key, value in pairs)]
        table = tables.Table([Tex("Setting"), Tex("Value")], rows, ["l", "r"], records)
        return self._float(table, caption, label, [f"train/{experiment}/seed0"], traced=[1])

    def environment_table(self, label: str, caption: str) -> Tex:
        """The computing environment; it is filled in when the report is assembled."""
        where = self._shown.label(label)
        return Tex(
            f"\\begin{{table}}\n\\centering\n\\caption{{{escape(caption)}}}\n\\label{{{where}}}\n"
            "\\environmenttable{}\n\\end{table}\n"
        )

    def fault_table(self, label: str, caption: str) -> Tex:
        """The faults that the report declares and what caught them; it is filled in when the report is assembled."""
        where = self._shown.label(label)
        return Tex(
            f"\\begin{{table}}\n\\centering\n\\caption{{{escape(caption)}}}\n\\label{{{where}}}\n"
            "\\faulttable{}\n\\end{table}\n"
        )

    def alpha_rows(self, alphas: Sequence[float]) -> list[tuple[Tex, dict[str, Any]]]:
        """Rows of a table, one for each α."""
        return [(Tex(f"{alpha:g}"), {"alpha": float(alpha)}) for alpha in alphas]

    def condition_rows(
        self, condition: str, values_of_it: Sequence[Any], before: str, after: str = ""
    ) -> list[tuple[Tex, dict[str, Any]]]:
        """Rows of a table, one for each value of a condition, named by the value between two texts."""
        name = values.identifier(condition)
        return [
            (Tex(f"{escape(before)}{format_setting(value)}{escape(after)}"), {"conditions": {name: value}})
            for value in values_of_it
        ]

    def model_rows(self, models: Sequence[str]) -> list[tuple[Tex, dict[str, Any]]]:
        """Rows of a table, one for each experiment or control."""
        return [
            (self._material.names.title(values.identifier(model)), {"model": values.identifier(model)})
            for model in models
        ]

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
        files = {ending: artifact.data(f"{name}.{ending}") for ending in ("pdf", "png")}
        self._shown.picture(path, files, caption, artifact.digest)
        return Picture(path, sizes[name][0], artifact.digest)

    def _float(
        self,
        table: tables.Table,
        caption: str,
        label: str,
        origins: Sequence[str],
        traced: Iterable[int] = (),
    ) -> Tex:
        """A table with its caption; the cells of the columns `traced` are those of the CSV file, and lead to it."""
        where = self._shown.label(label)
        path = self._shown.table(table, caption, where, [origin for origin in origins if "/" not in origin])
        for column in traced if origins else ():
            table.trace(column, path, origins[0])
        return table.float(_marked(caption, origins), where)

    def _frame(self, artifact: Artifact, evaluation: str, table: str) -> Any:
        if f"{table}.csv" not in artifact.names():
            known = sorted(name.removesuffix(".csv") for name in artifact.names() if name.endswith(".csv"))
            raise TemplateError(
                f"the evaluation {str(evaluation)!r} has no table {table!r}.",
                f"It has {', '.join(known) or 'none'}.",
            )
        return artifact.table(table)


def _marked(caption: str, origins: Iterable[Picture | Failure | str]) -> Tex:
    """A caption, and behind it the mark that leads to what made the table or the pictures."""
    found = [origin.artifact if isinstance(origin, Picture) else origin for origin in origins]
    return Tex(f"{escape(caption)}{mark(origin for origin in found if isinstance(origin, str))}")
