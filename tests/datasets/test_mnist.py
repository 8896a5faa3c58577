from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from latentpress.datasets import files, idx, mnist, npz, sources
from latentpress.engine.stage import Result
from latentpress.errors import DataError


@pytest.fixture
def small_mnist(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Shrink MNIST to random arrays of the same layout, so that every container of them can be tried."""
    rng = np.random.default_rng(1)
    arrays: dict[str, np.ndarray] = {}
    small = {}
    for label, file in files.MNIST_FILES.items():
        shape = (60 if label.startswith("train") else 10, *file.shape[1:])
        array = rng.integers(0, 10 if "labels" in label else 256, shape).astype(np.uint8)
        digest = hashlib.sha256(idx.header(shape) + array.tobytes()).hexdigest()
        small[label] = files.IdxFile(file.stem, shape, digest, file.archive_name)
        arrays[file.archive_name] = array
    monkeypatch.setattr(files, "MNIST_FILES", small)
    monkeypatch.setattr(mnist, "VALIDATION", 5)
    return arrays


def test_an_npz_of_the_same_numbers_is_accepted_in_any_layout(
    tmp_path: Path, small_mnist: dict[str, np.ndarray]
) -> None:
    path = tmp_path / "mnist.npz"
    loaded = []
    for convert in (np.asarray, np.asfortranarray, lambda array: array.astype(np.int64)):
        np.savez_compressed(path, **{name: convert(array) for name, array in small_mnist.items()})
        files.inspect("mnist", {"archive": path})
        loaded.append(mnist.load({"archive": path}))
    for data in loaded:
        np.testing.assert_array_equal(data.images["test"][..., 0], small_mnist["x_test"])
        np.testing.assert_array_equal(data.labels["train"], small_mnist["y_train"][data.origins["train"]])


def test_an_npz_with_other_numbers_is_refused(tmp_path: Path, small_mnist: dict[str, np.ndarray]) -> None:
    path = tmp_path / "mnist.npz"
    changed = {**small_mnist, "x_test": small_mnist["x_test"] ^ 1}
    np.savez(path, **changed)
    with pytest.raises(DataError, match=r"mnist.npz, array x_test: the size is right but the content is not MNIST's"):
        mnist.load({"archive": path})
    np.savez(path, **{**small_mnist, "x_test": small_mnist["x_test"] / 255})
    with pytest.raises(DataError, match="other than whole ones"):
        mnist.load({"archive": path})
    np.savez(path, **{**small_mnist, "x_test": small_mnist["x_test"] + np.nan})
    with pytest.raises(DataError, match="other than whole ones"):
        mnist.load({"archive": path})


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as handle:
        for name, data in members.items():
            handle.writestr(name, data)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


GOOD = npy(np.zeros((4, 2), np.uint8))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no sound npz archive"),
        (b"PK\x03\x04 and then nothing", "no sound npz archive"),
        (archive({"x.npy": GOOD})[:-40], "no sound npz archive"),
        (archive({"y.npy": GOOD}), r"found y.npy; expected an array x"),
        (archive({"x.npy": b"text"}), "expected numpy's npy format"),
        (archive({"x.npy": GOOD[:20]}), "npy header cannot be read"),
        (archive({"x.npy": b"\x93NUMPY\x02\x00\xff\xff\xff\xff"}), "found an npy header of"),
        (archive({"x.npy": GOOD.replace(b"(4, 2)", b"(2, 4)")}), r"found shape \(2, 4\), expected \(4, 2\)"),
        (archive({"x.npy": GOOD.replace(b"(4, 2)", b"oops  ")}), "npy header cannot be read"),
        (archive({"x.npy": GOOD[:-1]}), "bytes, expected"),
        (archive({"x.npy": npy(np.zeros((4, 2), "S5"))}), "expected plain numbers"),
    ],
)
def test_a_damaged_npz_is_named_with_what_was_found_and_expected(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "mnist.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        npz.inspect(path, {"x": (4, 2)})
    assert str(path) in caught.value.message


class Trap:
    """Leaves a mark when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("trapped"),))


def test_pickles_in_an_npz_are_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trap = np.empty((4, 2), object)
    trap[:] = Trap()
    (tmp_path / "mnist.npz").write_bytes(archive({"x.npy": npy(trap)}))
    with pytest.raises(DataError, match=r"elements of type '\|O'"):
        npz.inspect(tmp_path / "mnist.npz", {"x": (4, 2)})
    assert not (tmp_path / "trapped").exists()


def test_files_of_the_right_size_and_other_content_are_refused(blank_mnist: Path) -> None:
    located = sources.locate("mnist", "real", blank_mnist, {}, False, print)
    with pytest.raises(DataError, match="the content is not MNIST's") as caught:
        mnist.load(located.files)
    assert "train-images-idx3-ubyte" in caught.value.message
    assert "--data embedded" in caught.value.hint


@pytest.mark.real_data
def test_the_real_files_make_the_published_splits(
    real_data: Path, make: Callable[..., Result], assert_sound: Callable[[Result], None]
) -> None:
    located = sources.locate("mnist", "real", real_data, {}, False, print)
    result = make("mnist", "real", located.files)
    assert_sound(result)
    facts = result.values["facts"]
    assert facts["counts"] == {"train": 55000, "validation": 5000, "test": 10000}
    assert facts["class_names"] == list("0123456789")
    assert facts["digests"]["t10k-labels-idx1-ubyte"] == files.MNIST_FILES["test_labels"].sha256
    # The training images with their labels are those published: their counts by class are well known.
    labels = np.concatenate([result.arrays["labels"]["train"], result.arrays["labels"]["validation"]])
    assert np.bincount(labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert result.arrays["labels"]["test"][:5].tolist() == [7, 2, 1, 0, 4]


@pytest.mark.real_data
def test_a_limit_keeps_every_class(
    real_data: Path, make: Callable[..., Result], assert_sound: Callable[[Result], None]
) -> None:
    located = sources.locate("mnist", "real", real_data, {}, False, print)
    result = make("mnist", "real", located.files, {"train": 1200, "validation": 300, "test": 400})
    assert_sound(result)
    assert result.values["facts"]["counts"] == {"train": 1200, "validation": 300, "test": 400}
    assert all(np.bincount(labels).min() >= 20 for labels in result.arrays["labels"].values())
