"""The file of predictions holds every pixel, reads back, and is the same each time."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.engine import codec
from latentpress.errors import StageError
from latentpress.evaluations import predictions
from latentpress.evaluations.predictions import BLOCK, FILE, lines, number_of_rows, shown_rows
from latentpress.figure_data import unpack
from latentpress.metrics import from_records


def read(data: bytes) -> tuple[list[str], np.ndarray]:
    header, *rows = csv.reader(io.StringIO(data.decode()))
    return header, np.array(rows, dtype=np.float64)


def test_columns_interleave_originals_and_reconstructions_pixel_by_pixel() -> None:
    originals = np.array([[[[0, 51], [255, 128]]]], dtype=np.uint8)  # 1×2 pixels of two channels
    restored = np.array([[[[0.25, 0.5], [0.75, 1.0]]]], dtype=np.float32)
    assert b"".join(lines(originals, restored)) == (
        b"row_id,orig_px0,recon_px0,orig_px1,recon_px1,orig_px2,recon_px2,orig_px3,recon_px3\n"
        b"0,0,0.2500,0.2,0.5000,1,0.7500,0.501961,1.0000\n"
    )


def test_every_byte_reads_back() -> None:
    originals = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    _, table = read(b"".join(lines(originals, np.zeros(originals.shape))))
    assert np.array_equal(np.rint(table[0, 1::2] * 255), originals.ravel())


@given(st.lists(st.floats(-2, 2, width=32), min_size=1, max_size=12))
def test_reconstructions_are_off_by_half_a_step_at_most(values: list[float]) -> None:
    restored = np.array(values, dtype=np.float32).reshape(1, 1, -1, 1)
    _, table = read(b"".join(lines(np.zeros(restored.shape, np.uint8), restored)))
    assert np.abs(table[0, 2::2] - restored.ravel()).max() <= 0.00005 + 1e-12


def test_rows_are_numbered_through_all_blocks() -> None:
    count = BLOCK + 3
    originals = (np.arange(count) % 256).astype(np.uint8).reshape(-1, 1, 1, 1)
    restored = np.linspace(0, 1, count).reshape(-1, 1, 1, 1)
    _, table = read(b"".join(lines(originals, restored)))
    assert table[:, 0].tolist() == list(range(count))
    assert np.array_equal(np.rint(table[:, 1] * 255), originals.ravel())
    assert np.abs(table[:, 2] - restored.ravel()).max() <= 0.00005 + 1e-12


def test_the_stage_delivers_the_file_a_figure_and_the_number_of_images(
    artifact: Any, task: Any, digits: Any, codes: Any
) -> None:
    given_task = task(predictions, {"data": digits, "codes": codes}, shown=5)
    result = predictions.measure(given_task)
    images = digits.arrays("images")["test"]
    header, table = read(result.files[FILE])
    assert header[:3] == ["row_id", "orig_px0", "recon_px0"] and header[-1] == f"recon_px{images[0].size - 1}"
    assert np.array_equal(np.rint(table[:, 1::2] * 255).astype(np.uint8).reshape(images.shape), images)
    assert np.abs(table[:, 2::2] - codes.array("reconstructions").reshape(len(images), -1)).max() <= 0.0000501
    assert [(m.id, m.value) for m in from_records(result.values["metrics"])] == [
        ("mnist/plain/test/predicted_images/seed=0", len(images))
    ]
    figure = unpack(artifact(result))["reconstructions"]
    assert figure.arrays["images"].shape == (2, 5, *images.shape[1:])
    assert figure.options["column_labels"] == ["0", "1", "2", "0", "2"]
    assert np.allclose(figure.arrays["images"][1], codes.array("reconstructions")[[0, 1, 2, 3, len(images) - 1]])
    assert codec.encode(predictions.measure(given_task)) == codec.encode(result)


def test_the_first_so_many_images_may_be_asked_for(task: Any, digits: Any, codes: Any) -> None:
    result = predictions.measure(task(predictions, {"data": digits, "codes": codes}, rows=7, shown=3))
    assert len(read(result.files[FILE])[1]) == 7
    assert number_of_rows(100, 45) == 45


@pytest.mark.parametrize("rows", [0, -1, 2.5, "all", True])
def test_a_number_of_images_that_is_none_is_refused(rows: Any) -> None:
    with pytest.raises(StageError, match="rows: found"):
        number_of_rows(rows, 45)


def test_the_figure_has_one_image_of_each_class_and_then_some_of_the_others() -> None:
    labels = np.array([2, 2, 0, 1, 0, 2])
    assert list(shown_rows(labels, 6, 5)) == [2, 3, 0, 1, 5]
    assert list(shown_rows(labels, 6, 12)) == [2, 3, 0, 1, 4, 5]
    assert list(shown_rows(labels, 6, 2)) == [0, 5]
    assert list(shown_rows(None, 6, 3)) == [0, 2, 5]
