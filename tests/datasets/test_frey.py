from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from latentpress.datasets import files, frey, mat, sources
from latentpress.engine.stage import Result
from latentpress.errors import DataError

SHAPE = files.FREY_SHAPE


def locate(folder: Path) -> dict[str, Path]:
    return sources.locate("frey", "auto", folder, {}, False, print).files


@pytest.fixture
def other_faces(tmp_path: Path) -> Path:
    """A sound MATLAB file of the right shape that holds something else."""
    savemat(tmp_path / files.FREY_NAME, {"ff": np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE).astype(np.uint8)})
    return tmp_path


def test_a_sound_file_with_another_content_is_refused(other_faces: Path) -> None:
    with pytest.raises(DataError, match="the content is not the Frey faces'") as caught:
        frey.load(locate(other_faces))
    assert files.FREY_NAME in caught.value.message and "--data embedded" in caught.value.hint


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:0], "expected a MATLAB 5 file"),
        (lambda data: b"<!DOCTYPE html>" + bytes(2000), "expected a MATLAB 5 file"),
        (lambda data: data[:128], "truncated"),
        (lambda data: data[:131], "truncated"),
        (lambda data: data[:-1], "truncated"),
        (lambda data: data[: len(data) // 2], "truncated"),
        (lambda data: data[:128] + b"\xff" * 64, "found an element of type"),
        (lambda data: data + bytes(17 << 20), "found more than"),
    ],
)
def test_a_damaged_file_is_refused_when_it_is_found(
    other_faces: Path, damage: Callable[[bytes], bytes], message: str
) -> None:
    path = other_faces / files.FREY_NAME
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=message) as caught:
        locate(other_faces)
    assert str(path) in caught.value.message and caught.value.hint


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ({"gg": np.zeros(SHAPE, np.uint8)}, "found no variable ff"),
        ({"ff": np.zeros((3, 4), np.uint8)}, r"found ff of shape \(3, 4\), expected \(560, 1965\)"),
        ({"ff": np.full(SHAPE, 0.5)}, "expected whole numbers"),
        ({"ff": np.zeros(SHAPE, np.complex64)}, "expected whole numbers"),
    ],
)
def test_a_matrix_of_another_kind_is_refused(tmp_path: Path, contents: dict[str, np.ndarray], message: str) -> None:
    savemat(tmp_path / files.FREY_NAME, contents, do_compression=True)
    with pytest.raises(DataError, match=message):
        frey.load(locate(tmp_path))


def test_a_parser_that_crashes_takes_nothing_with_it(
    other_faces: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    crash = tmp_path / "crash.py"
    crash.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    monkeypatch.setattr(mat, "__file__", str(crash))
    with pytest.raises(DataError, match="ended by signal 11; the file is damaged"):
        frey.load(locate(other_faces))


def test_a_parser_that_hangs_is_ended(other_faces: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hang = tmp_path / "hang.py"
    hang.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(mat, "__file__", str(hang))
    monkeypatch.setattr(mat, "SECONDS", 0.3)
    with pytest.raises(DataError, match="took longer than"):
        frey.load(locate(other_faces))


def test_unknown_bytes_are_never_parsed_in_this_process(other_faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(data: bytes) -> bytes:
        raise AssertionError("parsed in this process")

    monkeypatch.setattr(frey, "_parse", parse)
    with pytest.raises(DataError):
        frey.load(locate(other_faces))


@pytest.mark.real_data
def test_the_real_file_makes_faces_in_blocks(
    real_data: Path, make: Callable[..., Result], assert_sound: Callable[[Result], None]
) -> None:
    result = make("frey", "real", locate(real_data))
    assert_sound(result)
    facts = result.values["facts"]
    assert (facts["height"], facts["width"], facts["classes"]) == (28, 20, None)
    assert sum(facts["counts"].values()) + facts["dropped"] == 1965
    assert "labels" not in result.arrays and "factors" not in result.arrays


@pytest.mark.real_data
def test_another_container_of_the_same_frames_is_accepted(real_data: Path, tmp_path: Path) -> None:
    original = locate(real_data)
    matrix = loadmat(original["frames"])["ff"]
    savemat(tmp_path / files.FREY_NAME, {"ff": matrix.astype(float), "note": "saved again"}, do_compression=True)
    again = frey.load(locate(tmp_path))
    for name, images in frey.load(original).images.items():
        np.testing.assert_array_equal(again.images[name], images)
