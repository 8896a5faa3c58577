"""MNIST: 70,000 handwritten digits of 28 × 28 pixels (LeCun, Bottou, Bengio and Haffner, 1998)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from latentpress.datasets import files as known
from latentpress.datasets import idx, npz
from latentpress.datasets.content import DataSet
from latentpress.errors import DataError

VALIDATION = 5000
SEED = 19981101


def load(files: Mapping[str, Path]) -> DataSet:
    """Read, check and split MNIST.

    The 60,000 training images are permuted with a fixed seed; the last 5,000 are for validation. The test set
    keeps the order in which it was published.

    Args:
        files: label to file, from `latentpress.datasets.sources.locate`: four IDX files or one npz archive.

    Raises:
        DataError: a file is damaged, or its content is not MNIST's.
    """
    content = {label: _verified(label, files) for label in known.MNIST_FILES}
    train_images, train_labels, test_images, test_labels = (content[label] for label in known.MNIST_FILES)
    order = np.random.default_rng(SEED).permutation(len(train_images))
    origins = {
        "train": order[:-VALIDATION],
        "validation": order[-VALIDATION:],
        "test": np.arange(len(train_images), len(train_images) + len(test_images)),
    }
    return DataSet(
        title="MNIST",
        citation="lecun1998",
        images={
            "train": train_images[origins["train"], ..., np.newaxis],
            "validation": train_images[origins["validation"], ..., np.newaxis],
            "test": test_images[..., np.newaxis],
        },
        labels={
            "train": train_labels[origins["train"]],
            "validation": train_labels[origins["validation"]],
            "test": test_labels,
        },
        origins=origins,
        class_names=tuple("0123456789"),
        split=(
            f"The 60,000 training images of MNIST are put into a random order with a fixed seed, and the last "
            f"{VALIDATION:,} of them are kept for validation; the test set is MNIST's own."
        ),
        preprocessing=(
            "Images and labels are read, and the SHA-256 of their bytes, laid out as in MNIST's own four files, is "
            "compared with the published one.",
            "The training images are shuffled once, with a fixed seed, and divided into training and validation.",
            "Pixels are divided by 255, so that black is 0 and white is 1; nothing is cropped, centred, augmented or "
            "standardised.",
        ),
        sources={file.stem: file.sha256 for file in known.MNIST_FILES.values()},
    )


def _verified(label: str, files: Mapping[str, Path]) -> np.ndarray:
    """One array of MNIST, (n, 28, 28) or (n,) uint8, whose content is the published one."""
    file = known.MNIST_FILES[label]
    if known.MNIST_ARCHIVE in files:
        path = files[known.MNIST_ARCHIVE]
        data, where = _from_archive(path, file), f"{path}, array {file.archive_name}"
    else:
        path = files[label]
        data, where = idx.read(path, file.shape), str(path)
    # The checksum is of the IDX file; for other containers its header is put before the elements.
    checksum = hashlib.sha256(idx.header(file.shape))
    checksum.update(data)
    if checksum.hexdigest() != file.sha256:
        raise DataError(
            f"{where}: the size is right but the content is not MNIST's: found SHA-256 {checksum.hexdigest()}, "
            f"expected {file.sha256} (of {file.stem})",
            known.replace_hint("mnist"),
        )
    return np.frombuffer(data, dtype=np.uint8).reshape(file.shape)


def _from_archive(path: Path, file: known.IdxFile) -> bytes:
    npz.inspect(path, {file.archive_name: file.shape})
    try:
        with np.load(path, allow_pickle=False) as archive:
            array = archive[file.archive_name]
    except npz.DAMAGE as error:
        raise DataError(f"{path}, array {file.archive_name}: damaged: {error}", known.replace_hint("mnist")) from None
    with np.errstate(invalid="ignore"):  # what does not fit is found by the comparison
        narrow = array.astype(np.uint8)
    if not np.array_equal(narrow, array):
        raise DataError(
            f"{path}, array {file.archive_name}: found numbers other than whole ones from 0 to 255",
            known.replace_hint("mnist"),
        )
    return bytes(narrow.tobytes(order="C"))
