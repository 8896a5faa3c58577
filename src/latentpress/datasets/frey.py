"""The Frey faces: 1,965 frames of one face in a video, 28 rows of 20 pixels (B. Frey and S. Roweis)."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from latentpress.datasets import files as known
from latentpress.datasets import mat
from latentpress.datasets.content import DataSet
from latentpress.datasets.video import split_video
from latentpress.errors import DataError

VARIABLE = "ff"
HEIGHT, WIDTH = 28, 20


def load(files: Mapping[str, Path]) -> DataSet:
    """Read, check and split the Frey faces.

    Args:
        files: ``{"frames": path}``, from `latentpress.datasets.sources.locate`.

    Raises:
        DataError: the file is damaged, or its content is not the Frey faces.
    """
    frames = _frames(files[known.FREY_FRAMES])
    split = split_video(len(frames))
    return DataSet(
        title="the Frey faces",
        citation="roweis",
        images={name: frames[numbers] for name, numbers in split.frames.items()},
        origins=split.frames,
        split=split.sentence(),
        preprocessing=(
            "The matrix is read, and the SHA-256 of its content compared with that of the published file.",
            f"Each of its {len(frames):,} columns is one frame; it is laid out as {HEIGHT} rows of {WIDTH} pixels.",
            f"The frames are divided into blocks, and {len(split.dropped)} frames at the borders between splits are "
            "left out.",
            "Grey levels are divided by 255, so that they lie between 0 and 1; nothing is cropped, aligned or "
            "standardised.",
        ),
        sources={known.FREY_NAME: known.FREY_CONTENT_SHA256},
        facts={"dropped": len(split.dropped)},
    )


def _frames(path: Path) -> np.ndarray:
    """All frames in order, (1965, 28, 20, 1) uint8, whose content is the published one."""
    data, published = known.read_frey_file(path)
    # Only bytes that are known for certain are parsed in this process; see `mat`.
    content = _parse(data) if published else _parse_elsewhere(path)
    found = hashlib.sha256(content).hexdigest()
    if found != known.FREY_CONTENT_SHA256:
        raise DataError(
            f"{path}: the size is right but the content is not the Frey faces': found SHA-256 {found} of {VARIABLE}, "
            f"expected {known.FREY_CONTENT_SHA256}",
            known.replace_hint("frey"),
        )
    return np.frombuffer(content, dtype=np.uint8).reshape(-1, HEIGHT, WIDTH, 1)


def _parse(data: bytes) -> bytes:
    from scipy.io import loadmat

    matrix = loadmat(io.BytesIO(data), variable_names=[VARIABLE])[VARIABLE]
    return bytes(matrix.tobytes(order="F"))


def _parse_elsewhere(path: Path) -> bytes:
    try:
        return mat.read(path, VARIABLE, known.FREY_SHAPE)
    except mat.MatError as error:
        raise DataError(f"{path}: {error}", known.replace_hint("frey")) from None
