"""The files of the real data sets: their names, shapes and checksums, and checks that read no more than they must."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from latentpress.datasets import idx, mat, npz
from latentpress.errors import DataError

SUPPLY = {
    "mnist": "Supply train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
    "t10k-labels-idx1-ubyte (each may be gzipped), or mnist.npz, in DIR/mnist/, and name DIR with --data-dir or "
    "LATENTPRESS_DATA; or use --data embedded.",
    "frey": "Supply frey_rawface.mat in DIR/frey/, and name DIR with --data-dir or LATENTPRESS_DATA; "
    "or use --data embedded.",
}


@dataclass(frozen=True, slots=True)
class IdxFile:
    """One of MNIST's four files; ``sha256`` is of its uncompressed bytes, header included."""

    stem: str
    shape: tuple[int, ...]
    sha256: str
    archive_name: str
    """Its array in ``mnist.npz``."""

    def names(self) -> Iterator[str]:
        """Under which names it is found: as published, or with the dot that some programs write when unpacking."""
        dotted = self.stem.replace("-idx", ".idx")
        for stem in (self.stem, dotted):
            yield stem
            yield f"{stem}.gz"


MNIST_FILES = {
    "train_images": IdxFile(
        "train-images-idx3-ubyte",
        (60000, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "x_train",
    ),
    "train_labels": IdxFile(
        "train-labels-idx1-ubyte",
        (60000,),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "y_train",
    ),
    "test_images": IdxFile(
        "t10k-images-idx3-ubyte",
        (10000, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "x_test",
    ),
    "test_labels": IdxFile(
        "t10k-labels-idx1-ubyte",
        (10000,),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        "y_test",
    ),
}
MNIST_ARCHIVE = "archive"

FREY_FRAMES = "frames"
FREY_NAME = "frey_rawface.mat"
FREY_SHAPE = (560, 1965)
FREY_FILE_SHA256 = "265a83a23adb081755cd3de375509828e690324d1d60f076b8ecebc840d59c64"
"""Of the file as its authors published it."""
FREY_CONTENT_SHA256 = "2438ba4f0d2a6bd8bac43de756141eaa33c8d248dd613d464bdb1210d9b7af78"
"""Of the matrix's elements, column by column, whatever file they come in."""
FREY_MAX_SIZE = 16 << 20

FOLDERS = {"mnist": ("mnist", ".", "MNIST/raw"), "frey": ("frey", ".")}
"""Where in a data folder the files of a data set may lie."""


def find(data: str, folder: Path) -> dict[str, Path]:
    """The files of a data set in a data folder, by label; empty when there are none.

    Raises:
        DataError: some of its files are there and others are not.
    """
    for name in FOLDERS[data]:
        found = _find_mnist(folder / name) if data == "mnist" else _find_one(folder / name, FREY_FRAMES, FREY_NAME)
        if found:
            return found
    return {}


def _find_one(folder: Path, label: str, name: str) -> dict[str, Path]:
    return {label: folder / name} if (folder / name).exists() else {}


def _find_mnist(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for label, file in MNIST_FILES.items():
        present = [folder / name for name in file.names() if (folder / name).exists()]
        found.update({label: present[0]} if present else {})
    if len(found) == len(MNIST_FILES):
        return found
    archive = _find_one(folder, MNIST_ARCHIVE, "mnist.npz")
    if archive or not found:
        return archive
    missing = ", ".join(file.stem for label, file in MNIST_FILES.items() if label not in found)
    raise DataError(
        f"{folder}: found {len(found)} of the 4 files of MNIST, expected also {missing} (.gz or not)", SUPPLY["mnist"]
    )


def inspect(data: str, files: Mapping[str, Path]) -> None:
    """Check headers, shapes and sizes, in milliseconds; `verify` is for the content.

    Raises:
        DataError: a file is damaged or another; the message names it, what was found and what was expected.
    """
    try:
        if data == "frey":
            read_frey_file(files[FREY_FRAMES])
        elif MNIST_ARCHIVE in files:
            npz.inspect(files[MNIST_ARCHIVE], {file.archive_name: file.shape for file in MNIST_FILES.values()})
        else:
            for label, file in MNIST_FILES.items():
                idx.inspect(files[label], file.shape)
    except DataError as error:
        raise DataError(error.message, error.hint or replace_hint(data)) from None
    except OSError as error:
        raise DataError(f"the files of {data} cannot be read: {error}", replace_hint(data)) from None


def read_frey_file(path: Path) -> tuple[bytes, bool]:
    """The bytes of a Frey file, and whether they are the published ones.

    Raises:
        DataError: it is no MATLAB file, or truncated.
    """
    with idx.open_regular(path) as file:
        data = file.read(FREY_MAX_SIZE + 1)
    if len(data) > FREY_MAX_SIZE:
        raise DataError(
            f"{path}: found more than {FREY_MAX_SIZE:,} bytes, expected about 1,100,000", replace_hint("frey")
        )
    if hashlib.sha256(data).hexdigest() == FREY_FILE_SHA256:
        return data, True
    try:
        mat.inspect(data)
    except mat.MatError as error:
        raise DataError(f"{path}: {error}", replace_hint("frey")) from None
    return data, False


def replace_hint(data: str) -> str:
    """The way out of a damaged file."""
    return f"Replace the file by the original. {SUPPLY[data]}"
