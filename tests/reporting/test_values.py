"""Which settings an experiment reads, so that a table of settings shows a dash for the others."""

from __future__ import annotations

import pytest

from latentpress.models.settings import ExperimentSettings
from latentpress.reporting.values import NEEDS, USED_BY, flatten, is_read


def experiment(**groups: dict[str, object]) -> dict[str, object]:
    model = {"name": "strided"}
    settings = ExperimentSettings.model_validate({"title": "x", "data": "mnist", "model": model, **groups})
    return settings.model_dump(exclude={"profiles"})


def test_every_setting_that_is_spoken_of_exists() -> None:
    known = flatten(experiment())
    for key, (decisive, _) in USED_BY.items():
        assert {key, decisive} <= known.keys()
    for key, needed in NEEDS.items():
        assert {key, needed} <= known.keys()


@pytest.mark.parametrize(
    ("groups", "key", "expected"),
    [
        ({}, "model.filters", True),
        ({}, "model.code_size", False),
        ({"model": {"name": "dense"}}, "model.filters", False),
        ({"model": {"name": "dense"}}, "model.widths", True),
        ({"training": {"input_noise": 0.2, "input_noise_from": 0.1}}, "training.input_noise_from", True),
        ({"training": {"decoder_epochs": 0}}, "training.decoder_rate", False),
        ({"training": {"decoder_epochs": 1}}, "training.decoder_rate", True),
        ({"training": {"schedule": "constant"}}, "training.warm_up", False),
        ({"training": {"optimizer": "adam"}}, "training.weight_decay", False),
        ({"training": {"optimizer": "adam_l2"}}, "training.weight_decay", True),
        ({"training": {"epochs": 0}}, "training.batch_size", False),
    ],
)
def test_a_setting_is_read_where_its_model_or_objective_reads_it(
    groups: dict[str, dict[str, object]], key: str, expected: bool
) -> None:
    assert is_read(experiment(**groups), key) is expected
