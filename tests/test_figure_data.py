"""Figures as data: into an artifact and out of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latentpress.engine import codec
from latentpress.engine.stage import Result
from latentpress.engine.store import Artifact, write_artifact
from latentpress.figure_data import Figure, pack, unpack


def stored(folder: Path, result: Result) -> Artifact:
    return Artifact(write_artifact(folder, codec.encode(result)), folder)


def test_figures_come_back_from_an_artifact_as_they_went_in(tmp_path: Path) -> None:
    points = np.arange(6, dtype=np.float32).reshape(3, 2)
    figures = {
        "map": Figure("scatter", {"points": points, "labels": np.array([0, 1, 1])}, {"class_names": ["α", "$b_1$"]}),
        "diagram": Figure("network", options={"parts": [{"title": "Encoder", "layers": []}]}),
    }
    values, arrays = pack(figures)
    found = unpack(stored(tmp_path / "a", Result(values=values, arrays={**arrays})))
    assert set(found) == {"map", "diagram"}
    assert found["map"].kind == "scatter"
    assert np.array_equal(found["map"].arrays["points"], points)
    assert found["map"].options == {"class_names": ["α", "$b_1$"]}
    assert dict(found["diagram"].arrays) == {}
    assert found["diagram"].options["parts"][0]["title"] == "Encoder"


def test_an_artifact_without_figures_gives_none(tmp_path: Path) -> None:
    assert unpack(stored(tmp_path / "a", Result(values={"metrics": []}))) == {}


def test_an_unknown_kind_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match=r"'pie' is unknown; expected one of image_grid, curves, scatter"):
        Figure("pie")
