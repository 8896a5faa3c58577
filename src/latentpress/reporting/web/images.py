"""Pictures in the page: PNG files as data addresses, sheets of many small images, digests for the page's own rules."""

from __future__ import annotations

import base64
import hashlib
import io
import math

import numpy as np
from PIL import Image


def data_address(png: bytes) -> str:
    """A PNG file as an address that needs no network."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def size(png: bytes) -> tuple[int, int, float]:
    """Width and height of a PNG file in pixels, and its pixels an inch."""
    with Image.open(io.BytesIO(png)) as image:
        density = image.info.get("dpi", (100.0, 100.0))[0]
        return image.width, image.height, float(density)


def sheet(images: np.ndarray, columns: int = 0) -> tuple[bytes, int]:
    """Many small images on one.

    Args:
        images: uint8 (n, H, W) or (n, H, W, C) with one or three channels.
        columns: images in a row; as many as make the sheet about square where it is 0.

    Returns:
        PNG, and the images in a row. The last row is filled up with black.
    """
    count, height, width = images.shape[:3]
    columns = columns or max(1, math.ceil(math.sqrt(count * height / width)))
    rows = math.ceil(count / columns)
    channels = images.reshape(count, height, width, -1)
    sheet = np.zeros((rows * columns, height, width, channels.shape[-1]), dtype=np.uint8)
    sheet[:count] = channels
    laid = sheet.reshape(rows, columns, height, width, -1).swapaxes(1, 2).reshape(rows * height, columns * width, -1)
    buffer = io.BytesIO()
    Image.fromarray(laid[..., 0] if laid.shape[-1] == 1 else laid).save(buffer, "PNG", optimize=True)
    return buffer.getvalue(), columns


def source_hash(text: str) -> str:
    """How a content security policy names a script: by its digest."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
