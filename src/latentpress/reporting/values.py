"""Values as templates see them: identifiers, settings by dotted keys, facts that are missing."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from latentpress.reporting.latex import Tex, escape
from latentpress.reporting.numbers import MISSING

EMBEDDED_NOTICE = (
    "The original {title} was not used for this build. In its place stands the embedded data described here, and "
    "no number in this report is a result on the original."
)

UNASSESSED_NOTICE = (
    "This report was built in the profile {profile}: trainings are cut short and data are few, to try out the way "
    "from data to document. Its numbers are no results, and its health checks are not assessed."
)


class MissingFacts(dict[str, Any]):
    """Facts of a data set that could not be prepared: every one prints the marker."""

    def __missing__(self, key: str) -> Any:
        return MissingFacts() if key == "counts" else [MISSING] if key == "preprocessing" else MISSING


def embedded_notice(facts: Mapping[str, Any]) -> Tex:
    """The sentence that says which data stands in for which."""
    names = {"mnist": "MNIST", "colored_mnist": "colored MNIST", "frey": "Frey Face data"}
    title = names.get(facts.get("data", ""), str(facts.get("data", "data")))
    return escape(EMBEDDED_NOTICE.format(title=title))


def identifier(text: str) -> str:
    """An id, label or file name that a template has joined with ``~``, which escapes underscores."""
    return str(text).replace("\\_", "_")


def plain(value: Any) -> Any:
    """A claim's field without the type of TeX, unless it holds mathematics and so is meant as TeX."""
    if isinstance(value, Tex):
        return str.__str__(value).replace("\\_", "_") if "$" not in value else value
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list | tuple) else value


def claim_id(section: str, name: str, fields: Mapping[str, Any]) -> str:
    """Stable identifier of a claim: ``q1a/embedding_ranking/data=mnist/models=sparse+plain/quantity=knn_accuracy``."""
    words = [f"{key}={_word(fields[key])}" for key in sorted(fields) if key not in WORDING]
    return "/".join([section, name, *words])


WORDING = ("what", "a_name", "b_name", "parts")


def _word(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "+".join(map(_word, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted keys: ``{"training.epochs": 2}``."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


USED_BY: dict[str, tuple[str, tuple[Any, ...]]] = {
    "model.code_activation": ("model.name", ("convolutional", "dense", "strided")),
    "model.code_size": ("model.name", ("convolutional", "dense", "variational")),
    "model.hidden": ("model.name", ("variational",)),
    "model.widths": ("model.name", ("dense",)),
    "model.filters": ("model.name", ("strided",)),
    "model.dropout": ("model.name", ("strided",)),
    "model.normalization": ("model.name", ("strided",)),
    "model.padding": ("model.name", ("convolutional",)),
    "model.last_kernel": ("model.name", ("convolutional",)),
    "objective.weight": ("objective.penalty", ("kl_sparsity", "contractive")),
    "objective.target": ("objective.penalty", ("kl_sparsity",)),
    "objective.share": ("objective.penalty", ("contractive",)),
    "objective.vicinity": ("objective.penalty", ("contractive",)),
    "objective.penalised": ("objective.penalty", ("kl_sparsity", "contractive")),
    "objective.contraction": ("objective.penalty", ("contractive",)),
    "objective.beta": ("objective.penalty", ("kl_divergence",)),
    "objective.divergence": ("objective.penalty", ("kl_divergence",)),
    "training.warm_up": ("training.schedule", ("one_cycle",)),
    "training.weight_decay": ("training.optimizer", ("adam_l2", "adamw", "muon_decoder")),
}
"""Setting to the setting that decides whether it is read at all, and the values with which it is."""
NEEDS = {
    "training.input_noise_from": "training.input_noise",
    "training.decoder_batch_size": "training.decoder_epochs",
    "training.decoder_rate": "training.decoder_epochs",
}
"""Setting to the one without which it is not read: where that is 0, or absent."""


def is_read(experiment: Mapping[str, Any], key: str) -> bool:
    """Whether an experiment reads one of its settings; a model without an epoch reads none of the training's others."""
    flat = flatten(experiment)
    if (
        key.startswith("training.")
        and key not in ("training.epochs", "training.precision")
        and not flat["training.epochs"]
    ):
        return False
    if key in NEEDS and not flat.get(NEEDS[key]):
        return False
    if key not in USED_BY:
        return True
    decisive, choices = USED_BY[key]
    return flat.get(decisive) in choices


def attributes(value: Any) -> Any:
    """Mappings with attributes, so that ``report.title`` is never a method of a dict."""
    if isinstance(value, Mapping):
        return SimpleNamespace(**{key: attributes(entry) for key, entry in value.items()})
    return [attributes(entry) for entry in value] if isinstance(value, list | tuple) else value
