"""Paths between codes, for decoders whose paths are known, for models that collapsed, and for all kinds of data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.engine.stage import Result
from latentpress.errors import SettingsError, StageError
from latentpress.evaluations import latent_paths, latent_paths_comparison
from latentpress.evaluations.latent_paths import choose_corners, line, plane
from latentpress.evaluations.path_measures import Midpoints, lengths, midpoint_ratios, third_class_share
from latentpress.figure_data import unpack
from latentpress.metrics import Metric, from_records
from latentpress.reporting.numbers import format_of

SHAPE = (16, 12, 1)
ALPHAS = np.linspace(0, 1, 9)
RATIOS = {"path_length_ratio", "largest_step_ratio", "midpoint_distance_ratio", "midpoint_reconstruction_ratio"}
FEW = {"pairs": 12, "references": 60, "shown": 3}


class Linear:
    """A model for `load_model`, whose code is the image itself.

    Args:
        shape: of an image.
        decode: codes to grey levels, in place of the identity.
    """

    def __init__(self, shape: tuple[int, ...], decode: Callable[[np.ndarray], np.ndarray] = lambda codes: codes):
        self.shape, self.levels = shape, decode

    def encode(self, images: np.ndarray) -> np.ndarray:
        return images.reshape(len(images), -1)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return self.levels(codes).reshape(-1, *self.shape)


def path_of(levels: np.ndarray) -> dict[str, float]:
    """Lengths of one path of images with one pixel."""
    return {name: float(values[0]) for name, values in lengths(levels.reshape(1, -1, 1, 1, 1)).items()}


def test_a_straight_even_path_has_both_ratios_one() -> None:
    assert path_of(np.linspace(0.25, 0.75, 5)) == {"path_length_ratio": 1.0, "largest_step_ratio": 1.0}


def test_a_jump_is_one_step_of_all_and_no_detour() -> None:
    assert path_of(np.array([0, 0, 0, 1, 1.0])) == {"path_length_ratio": 1.0, "largest_step_ratio": 4.0}


def test_a_detour_is_longer_than_the_straight_line() -> None:
    assert path_of(np.array([0.25, 0.75, 0.5]))["path_length_ratio"] == pytest.approx(3)


def test_ends_that_are_one_image_have_no_ratio() -> None:
    assert np.isnan(list(path_of(np.array([0.5, 0.9, 0.5])).values())).all()
    assert np.isnan(list(path_of(np.array([0.5, 0.501, 0.5015])).values())).all()  # not half a grey level
    assert path_of(np.array([0.5, 0.501, 0.503]))["path_length_ratio"] == pytest.approx(1)


@given(st.integers(2, 6), st.integers(0, 99))
def test_ratios_keep_to_their_bounds(steps: int, seed: int) -> None:
    found = lengths(np.random.default_rng(seed).random((3, steps + 1, 2, 2, 3)))
    assert (found["path_length_ratio"] >= 1 - 1e-12).all()
    assert (found["largest_step_ratio"] >= 1 - 1e-12).all() and (found["largest_step_ratio"] <= steps + 1e-12).all()


def test_midpoints_are_held_against_both_blends() -> None:
    images = np.array([0.0, 1.0]).reshape(2, 1, 1, 1)
    decoded, blended, reconstructed = (np.full((1, 1, 1, 1), level) for level in (0.1, 0.5, 0.8))
    found = midpoint_ratios(Midpoints(decoded, blended, reconstructed), images)
    assert found["midpoint_distance_ratio"] == pytest.approx([0.2])
    assert found["midpoint_reconstruction_ratio"] == pytest.approx([0.5])
    assert np.isnan(midpoint_ratios(Midpoints(decoded, images[:1], reconstructed), images)["midpoint_distance_ratio"])


def test_points_of_a_third_class_are_counted_between_the_ends() -> None:
    classes = np.array([[3, 5, 5, 8], [1, 1, 2, 2]])
    assert third_class_share(classes, np.array([[3, 8], [1, 2]])).tolist() == [0.5, 0.0]


def test_the_plane_has_the_three_images_in_its_corners_and_their_parallelogram_in_the_fourth() -> None:
    corners = np.array([[0.0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]], np.float32)
    figure = plane(lambda codes: codes.reshape(-1, 2, 2, 1), corners, 5)
    drawn = figure.arrays["images"].reshape(5, 5, 4)
    assert [drawn[v, u].tolist()[:2] for v, u in ((0, 0), (0, 4), (4, 0), (4, 4), (1, 2))] == [
        [0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.25]]  # fmt: skip
    assert figure.options["column_labels"] == ["$u=0$", "", "$u=0.5$", "", "$u=1$"]
    assert figure.options["row_labels"] == ["$v=0$", "", "$v=0.5$", "", "$v=1$"]


@pytest.mark.parametrize(("classes", "distinct"), [(5, 3), (2, 2), (1, 1)])
def test_corners_are_of_as_many_classes_as_there_are(classes: int, distinct: int) -> None:
    labels = np.arange(50) % classes
    corners = choose_corners(labels, 50)
    assert len(set(corners.tolist())) == 3
    assert len(set(labels[corners].tolist())) == distinct
    assert np.array_equal(corners, choose_corners(labels, 50))


def test_images_without_classes_and_few_images_have_corners_too() -> None:
    assert len(set(choose_corners(None, 9).tolist())) == 3
    assert len(choose_corners(None, 2)) == 2


def test_lines_end_in_the_codes_themselves() -> None:
    start, end = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    codes = line(start, end, ALPHAS)
    assert codes.dtype == np.float32
    assert np.array_equal(codes[:, 0], start) and np.array_equal(codes[:, -1], end)
    assert codes[:, 4] == pytest.approx((start + end) / 2, abs=1e-6)


def codes_of(artifact: Any, data: Any) -> Any:
    train = data.arrays("images")["train"].astype(np.float32) / 255
    return artifact(Result(arrays={"codes": {"train": train.reshape(len(train), -1)}}))


def measured(
    artifact: Any, task: Any, data: Any, monkeypatch: pytest.MonkeyPatch, model: Any, **settings: Any
) -> tuple[dict[str, Metric], Any]:
    monkeypatch.setattr(latent_paths, "load_model", lambda task: model)
    inputs = {"data": data, "codes": codes_of(artifact, data)}
    result = latent_paths.measure(task(latent_paths, inputs, **{**FEW, **settings}))
    return {metric.quantity: metric for metric in from_records(result.values["metrics"])}, result


@pytest.mark.parametrize("wrong", [{"plane": 1}, {"pairs": 0}, {"columns": 1}, {"steps": 1}])
def test_settings_that_leave_no_path_or_picture_are_refused(
    artifact: Any, task: Any, digits: Any, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, int]
) -> None:
    (key,) = wrong
    with pytest.raises(SettingsError, match=f'evaluation "latent_paths": {key}: found {wrong[key]}, expected at least'):
        measured(artifact, task, digits, monkeypatch, None, **wrong)


def test_a_linear_model_blends_its_pictures(
    artifact: Any, task: Any, digits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics, result = measured(artifact, task, digits, monkeypatch, Linear(SHAPE))
    assert metrics.keys() == {*RATIOS, "third_class_share"}
    assert [metrics[name].value for name in sorted(RATIOS)] == pytest.approx([1.0] * 4, abs=1e-5)
    assert metrics["path_length_ratio"].id == "mnist/plain/test/path_length_ratio/seed=0"
    assert 0 <= metrics["third_class_share"].value <= 1
    items = result.arrays["items"]
    assert {name: len(values) for name, values in items.items()} == dict.fromkeys(metrics, 12)
    for name, values in items.items():
        assert metrics[name].value == pytest.approx(values.mean())
    stored = artifact(result)
    figures = unpack(stored)
    assert figures["lines"].arrays["images"].shape == (3, 9, *SHAPE)
    assert figures["plane"].arrays["images"].shape == (7, 7, *SHAPE)
    table, labels = stored.table("pairs"), digits.arrays("labels")["test"]
    assert [int(name) for name in table["class_a"]] == labels[table["index_a"]].tolist()
    assert (table["class_a"] != table["class_b"]).all()
    assert figures["lines"].options["row_labels"][0] == f"{table['class_a'][0]} → {table['class_b'][0]}"
    shown = digits.arrays("images")["test"][table["index_a"][0]] / 255
    assert figures["lines"].arrays["images"][0, 0] == pytest.approx(shown, abs=1e-6)
    corners = stored.table("corners")
    assert sorted(int(name) for name in corners["class"]) == [0, 1, 2]
    shown = digits.arrays("images")["test"][corners["index"][1]] / 255
    assert figures["plane"].arrays["images"][0, -1] == pytest.approx(shown, abs=1e-6)


def test_a_decoder_of_black_and_white_is_uneven_and_sharp(
    artifact: Any, task: Any, digits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sharp = Linear(SHAPE, lambda codes: (codes > 0.35).astype(np.float32))
    metrics, _ = measured(artifact, task, digits, monkeypatch, sharp)
    assert metrics["largest_step_ratio"].low > 1.5
    assert metrics["path_length_ratio"].low > 1


def test_a_collapsed_model_has_figures_but_no_ratios(
    artifact: Any, task: Any, digits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    constant = Linear(SHAPE, lambda codes: np.full_like(codes, 0.5))
    metrics, result = measured(artifact, task, digits, monkeypatch, constant)
    assert {metric.value for metric in metrics.values()} == {None}  # also of midpoints, to which one grey is near
    assert "lines" in unpack(artifact(result))
    one_code = Linear(SHAPE)
    one_code.encode = lambda images: np.full((len(images), 192), 0.5, np.float32)  # type: ignore[method-assign]
    metrics, _ = measured(artifact, task, digits, monkeypatch, one_code)
    assert {metric.value for metric in metrics.values()} == {None}


def test_images_that_are_no_numbers_end_the_stage(
    artifact: Any, task: Any, digits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    diverged = Linear(SHAPE, lambda codes: codes * np.float32("nan"))
    with pytest.raises(StageError, match="decoded images of the paths"):
        measured(artifact, task, digits, monkeypatch, diverged)


def test_data_without_classes_have_no_third_class(
    artifact: Any, task: Any, faces: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics, result = measured(artifact, task, faces, monkeypatch, Linear((28, 20, 1)))
    assert metrics.keys() == RATIOS
    stored = artifact(result)
    assert unpack(stored)["lines"].options["row_labels"] == ["1", "2", "3"]
    assert list(stored.table("corners").columns) == ["corner", "index"]
    assert isinstance(stored.table("pairs"), pd.DataFrame)


def coloured(artifact: Any, classes: int) -> Any:
    """Colour images of so many classes."""
    generator = np.random.default_rng(0)
    labels = {split: np.arange(count, dtype=np.uint8) % classes for split, count in (("train", 40), ("test", 12))}
    images = {
        split: generator.integers(0, 256, (len(found), 8, 8, 3)).astype(np.uint8) for split, found in labels.items()
    }
    facts = {"class_names": [f"class {index}" for index in range(classes)]}
    return artifact(Result(arrays={"images": images, "labels": labels}, values={"facts": facts}))


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_colour_images_of_any_number_of_classes_are_measured(
    classes: int, artifact: Any, task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = coloured(artifact, classes)
    metrics, result = measured(artifact, task, data, monkeypatch, Linear((8, 8, 3)), plane=4)
    assert ("third_class_share" in metrics) == (classes == 3)
    assert metrics["midpoint_distance_ratio"].value == pytest.approx(1, abs=1e-5)
    assert unpack(artifact(result))["plane"].arrays["images"].shape == (4, 4, 8, 8, 3)


def test_paths_of_two_models_are_compared_over_the_same_pairs(artifact: Any, task: Any) -> None:
    shared = np.random.default_rng(0).normal(0, 100, 40)
    inputs = {
        f"latent_paths:{model}": artifact(
            Result(arrays={"items": {"path_length_ratio": shared + shift, "largest_step_ratio": shared * gap}})
        )
        for model, shift, gap in (("vae", 1.5, np.nan), ("plain", 1.0, 1.0))
    }
    settings = {"experiments": ["vae", "plain"]}
    result = latent_paths_comparison.measure(task(latent_paths_comparison, inputs, settings, experiment=None))
    found = {metric.id: metric for metric in from_records(result.values["metrics"])}
    difference = found["mnist/vae_vs_plain/test/path_length_ratio_difference"]
    assert (difference.value, difference.low, difference.high) == pytest.approx((0.5, 0.5, 0.5))
    assert found["mnist/plain_vs_vae/test/path_length_ratio_difference"].value == pytest.approx(-0.5)
    assert found["mnist/vae_vs_plain/test/largest_step_ratio_difference"].value is None
    assert len(found) == 4


@pytest.mark.parametrize("quantity", [*sorted(RATIOS), "third_class_share"])
def test_what_is_measured_is_printed_with_three_decimals(quantity: str) -> None:
    assert format_of(quantity).decimals == 3
    assert format_of(f"{quantity}_difference").significant == 2
