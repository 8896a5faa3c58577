from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.datasets.content import digest, evenly_spaced
from latentpress.datasets.settings import MODULES, late_modules
from latentpress.engine.stage import Task
from latentpress.errors import SettingsError


@given(st.integers(0, 500), st.integers(1, 600))
def test_a_limit_keeps_as_many_as_it_says_spread_over_all(count: int, limit: int) -> None:
    chosen = evenly_spaced(count, limit)
    assert len(chosen) == min(count, limit)
    assert len(np.unique(chosen)) == len(chosen) and (chosen < count).all()
    if len(chosen) > 1:
        steps = np.diff(chosen)
        assert steps.max() - steps.min() <= 1


def test_the_digest_is_of_the_content_and_not_of_the_memory_layout() -> None:
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert digest(array) == digest(np.asfortranarray(array)) == digest(np.stack([array, array], 2)[..., 0])
    assert digest(array) != digest(array.T)


def test_every_source_names_its_module() -> None:
    assert late_modules("frey", "embedded") == ("latentpress.datasets.drawn_faces",)
    assert {source for _, source in MODULES} == {"real", "embedded"}


@pytest.mark.parametrize(
    "settings",
    [
        {"data": "cifar", "source": "real"},
        {"data": "mnist", "source": "imagined"},
        {"data": "mnist", "source": "real", "limt": None},
        {"data": "mnist", "source": "real", "limit": {"train": 10, "validation": 0, "test": 5}},
        {"data": "mnist", "source": "real", "limit": {"train": 10}},
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, object], tmp_path: object) -> None:
    from latentpress.datasets.prepare import prepare

    with pytest.raises(SettingsError, match="the settings of stage data/x are wrong"):
        prepare(Task("data/x", settings, {}, {}, tmp_path))  # type: ignore[arg-type]
