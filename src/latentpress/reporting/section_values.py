"""The values that a section's template can call: numbers, settings, facts, names."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from latentpress.errors import TemplateError
from latentpress.reporting import tables, values
from latentpress.reporting.claims_published import find_published
from latentpress.reporting.evidence import Missing
from latentpress.reporting.latex import Tex, escape
from latentpress.reporting.numbers import MISSING, format_metric, format_setting
from latentpress.reporting.published import published_value
from latentpress.reporting.section_material import Material
from latentpress.reporting.section_shown import Shown
from latentpress.reporting.tracing import traced


class SectionValues:
    """Numbers, settings, facts and names.

    Args:
        material: what the section is made of.
        shown: takes down the numbers that are printed.
    """

    def __init__(self, material: Material, shown: Shown) -> None:
        self._material = material
        self._evidence = material.evidence
        self._shown = shown

    def exported(self) -> dict[str, Callable[..., Any]]:
        """Name to function, for the template."""
        functions = (
            self.num, self.metric, self.has, self.setting, self.setting_read, self.settings_read,
            self.evaluation_setting, self.evaluation_value, self.experiment, self.data_facts, self.data_notice,
            self.model_name, self.published, self.published_row,
            self.environment, self.interactive_map,
        )  # fmt: skip
        return {function.__name__: function for function in functions}

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
            found.metric,
            digits=digits,
            decimals=decimals,
            interval=interval,
            unit=unit,
            percent=percent,
            origin=found.artifact,
        )
        self._shown.number(found.metric.id, text)
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
        text = format_setting(value, digits=digits)
        if not tables.is_number(value):
            return text
        return traced(text, f"setting:{experiment}:{path}", f"train/{experiment}/seed0")

    def setting_read(self, experiment: str, key: str) -> Tex:
        """The same, or a dash where the experiment's model or objective does not read it."""
        text = self.setting(experiment, key)
        return text if values.is_read(self.experiment(experiment), values.identifier(key)) else Tex("--")

    def settings_read(self, experiments: Sequence[str], group: str) -> list[str]:
        """The keys of a group of settings that any of some experiments reads and has a value for."""
        found = [(values.flatten(self.experiment(name)), self.experiment(name)) for name in experiments]
        known = dict.fromkeys(key for flat, _ in found for key in flat if key.startswith(f"{group}."))
        return [
            key.split(".", 1)[1]
            for key in known
            if any(values.is_read(settings, key) and flat.get(key) not in (None, (), []) for flat, settings in found)
        ]

    def evaluation_value(self, evaluation: str, key: str) -> Any:
        """One value of an evaluation's settings, as it is."""
        for entry in self._material.settings.get("evaluations", []):
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
        value = self.evaluation_value(evaluation, key)
        text = format_setting(value, digits=digits)
        if not tables.is_number(value):
            return text
        section = self._material.settings["section"]["id"]
        return traced(text, f"evaluation:{section}:{evaluation}:{key}", self._made_by(str(evaluation)))

    def _made_by(self, evaluation: str) -> str:
        """Digest of what an evaluation gave, on the first of its subjects."""
        places = sorted(place for place in self._evidence.evaluated if place[0] == evaluation)
        return self._evidence.evaluated[places[0]].digest if places else ""

    def experiment(self, name: str) -> Mapping[str, Any]:
        """All settings of one experiment."""
        return self._material.experiment(name)

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
        return self._material.names.running(values.identifier(model))

    def published(self, model: str, quantity: str, alpha: float | None = None, kind: str = "assignment") -> Tex:
        """A published value."""
        return published_value(self.published_row(model, quantity, alpha, kind))

    def published_row(
        self, model: str, quantity: str, alpha: float | None = None, kind: str = "assignment"
    ) -> Mapping[str, str]:
        """One row of the published figures: its value, source, epochs, …"""
        found: Mapping[str, str] = find_published(
            self._material.published,
            model=values.identifier(model),
            quantity=values.identifier(quantity),
            alpha=alpha,
            kind=str(kind),
        )
        return found

    def environment(self, key: str) -> Tex:
        """A fact of the computing environment; it is filled in when the report is assembled."""
        return Tex(rf"\environmentvalue{{{values.identifier(key)}}}")

    def interactive_map(self, text: str, model: str) -> Tex:
        """A link to the map of a model's codes in three dimensions; where there is none, the text alone."""
        name = values.identifier(model)
        self._material.experiment(name)
        seed = f"evaluate/{MAPPED}/{name}/seed0"  # the page shows the first training
        if (MAPPED, name) not in self._evidence.evaluated or seed in self._evidence.failures:
            return escape(text)
        return Tex(rf"\interactivemap{{{name}}}{{{escape(text)}}}")


MAPPED = "embedding_3d"
"""The evaluation whose maps the page shows."""
