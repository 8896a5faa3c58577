"""Checking an ``.npz`` archive before numpy opens it: which arrays it holds, of which shape and type."""

from __future__ import annotations

import ast
import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from latentpress.datasets.idx import Shape, open_regular
from latentpress.errors import DataError

NPY_MAGIC = b"\x93NUMPY"
MAX_HEADER = 10_000
ITEM_SIZES = {"|u1": 1, "|i1": 1, "<u2": 2, "<i2": 2, "<u4": 4, "<i4": 4, "<u8": 8, "<i8": 8, "<f4": 4, "<f8": 8}
"""Numpy's names of the element types in which whole numbers from 0 to 255 may come, and their sizes in bytes."""

DAMAGE = (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError, RuntimeError, ValueError)
"""What zipfile and numpy raise on damaged, encrypted and exotically compressed members."""


def inspect(path: Path, shapes: Mapping[str, Shape]) -> None:
    """Check that an archive holds these arrays as plain numbers, without reading their elements.

    Raises:
        DataError: no zip archive, or an array is missing, of another shape, or pickled.
    """
    with open_regular(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                for name, shape in shapes.items():
                    _inspect_member(archive, path, name, shape)
        except DAMAGE as error:
            raise DataError(
                f"{path}: found no sound npz archive ({error}); it is truncated, damaged or of another kind"
            ) from None


def _inspect_member(archive: zipfile.ZipFile, path: Path, name: str, shape: Shape) -> None:
    where = f"{path}, array {name}"
    try:
        member = archive.getinfo(f"{name}.npy")
    except KeyError:
        found = ", ".join(sorted(archive.namelist())[:8]) or "nothing"
        raise DataError(f"{path}: found {found}; expected an array {name}") from None
    with archive.open(member) as file:
        found_type, found_shape, header_size = _npy_header(file, where)
    if found_shape != shape:
        raise DataError(f"{where}: found shape {found_shape}, expected {shape}")
    if found_type not in ITEM_SIZES:
        raise DataError(f"{where}: found elements of type {found_type!r}, expected plain numbers such as '|u1'")
    expected = header_size + ITEM_SIZES[found_type] * math.prod(shape)
    if member.file_size != expected:
        raise DataError(f"{where}: found {member.file_size:,} bytes, expected {expected:,}")


def _npy_header(file: IO[bytes], where: str) -> tuple[str, Shape, int]:
    """Element type, shape, and size in bytes of the header (numpy's NEP 1)."""
    start = file.read(8)
    if start[:6] != NPY_MAGIC or len(start) < 8:
        raise DataError(f"{where}: found the first bytes {start.hex(' ')}, expected numpy's npy format")
    length_size = 2 if start[6] == 1 else 4
    length = int.from_bytes(file.read(length_size), "little")
    if length > MAX_HEADER:
        raise DataError(f"{where}: found an npy header of {length:,} bytes, expected at most {MAX_HEADER:,}")
    try:
        fields = ast.literal_eval(file.read(length).decode("utf-8"))
        shape = tuple(int(size) for size in fields["shape"])
        return str(fields["descr"]), shape, 8 + length_size + length
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise DataError(f"{where}: the npy header cannot be read: {error}") from None
