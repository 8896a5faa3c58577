"""The IDX file format of MNIST, gzipped or not, read with the standard library alone.

An IDX file is two zero bytes, a type code (8 is unsigned byte), the number of dimensions, each dimension as a
big-endian 32-bit integer, and the elements in C order (described on the MNIST home page of LeCun, Cortes and Burges).
"""

from __future__ import annotations

import gzip
import math
import stat
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from latentpress.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"
UNSIGNED_BYTE = 8
MAX_DIMENSIONS = 8
MAX_HEADER = 4 + 4 * MAX_DIMENSIONS
CHUNK = 1 << 20

Shape = tuple[int, ...]


def header(shape: Shape) -> bytes:
    """The IDX header of unsigned bytes in this shape."""
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, UNSIGNED_BYTE, len(shape), *shape)


def parse_header(data: bytes, name: str) -> tuple[Shape, int]:
    """Read the header at the start of ``data``.

    Args:
        data: the file's first bytes, or all of them.
        name: the file, for the error.

    Returns:
        The shape, and the number of bytes that the header takes.

    Raises:
        DataError: no IDX header of unsigned bytes.
    """
    if len(data) < 4 or data[:2] != b"\0\0":
        raise DataError(
            f"{name}: found the first bytes {data[:4].hex(' ') or '(none)'}, expected an IDX file (00 00 08)"
        )
    if data[2] != UNSIGNED_BYTE:
        raise DataError(f"{name}: found IDX element type 0x{data[2]:02x}, expected 0x08 (unsigned byte)")
    dimensions = data[3]
    if not 0 < dimensions <= MAX_DIMENSIONS:
        raise DataError(f"{name}: found {dimensions} dimensions, expected 1 to {MAX_DIMENSIONS}")
    size = 4 + 4 * dimensions
    if len(data) < size:
        raise DataError(
            f"{name}: found {len(data)} bytes, expected an IDX header of {size} bytes; the file is truncated"
        )
    return struct.unpack(f">{dimensions}I", data[4:size]), size


def inspect(path: Path, shape: Shape) -> None:
    """Check a file's header and size without reading the elements.

    Raises:
        DataError: it cannot be read, is no IDX file, or has another shape or size.
    """
    expected = len(header(shape)) + math.prod(shape)
    with open_regular(path) as file:
        if file.read(2) == GZIP_MAGIC:
            _inspect_gzip(file, path, shape, expected)
            return
        file.seek(0)
        _expect_shape(file.read(MAX_HEADER), path, shape)
        _expect_size(file.seek(0, 2), path, expected)


def _inspect_gzip(file: BinaryIO, path: Path, shape: Shape, expected: int) -> None:
    file.seek(0)
    _expect_shape(_decompress(file, path, MAX_HEADER), path, shape)
    file.seek(-min(4, file.seek(0, 2)), 2)
    # A gzip member ends with its uncompressed size. Only where that differs (a truncated file, or one of several
    # members) the whole file has to be read to know.
    if int.from_bytes(file.read(4), "little") != expected % 2**32:
        file.seek(0)
        _expect_size(len(_decompress(file, path, expected + 1)), path, expected)


def read(path: Path, shape: Shape) -> bytes:
    """The elements of an IDX file that must have this shape, in C order.

    Never holds more than a byte above the expected size, whatever a gzip header promises.

    Raises:
        DataError: it cannot be read, is no IDX file, is damaged, or has another shape or size.
    """
    expected = len(header(shape)) + math.prod(shape)
    with open_regular(path) as file:
        packed = file.read(2) == GZIP_MAGIC
        file.seek(0)
        data = _decompress(file, path, expected + 1) if packed else _read(file, path, expected + 1)
    _expect_shape(data[:MAX_HEADER], path, shape)
    _expect_size(len(data), path, expected)
    return data[len(header(shape)) :]


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading, refusing folders, pipes and devices.

    Raises:
        DataError: it is not a regular file, or may not be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"{path}: found a folder or a special file, expected a regular file")
        return path.open("rb")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def _read(file: BinaryIO, path: Path, limit: int) -> bytes:
    try:
        return file.read(limit)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def _decompress(file: BinaryIO, path: Path, limit: int) -> bytes:
    """At most ``limit`` bytes; reading up to the end of the data also checks gzip's checksum."""
    chunks: list[bytes] = []
    missing = limit
    try:
        with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
            while missing and (chunk := unpacked.read(min(missing, CHUNK))):
                chunks.append(chunk)
                missing -= len(chunk)
    except EOFError:
        found = limit - missing
        raise DataError(f"{path}: the gzip file is truncated; it ends after {found:,} bytes of content") from None
    except (OSError, zlib.error) as error:
        raise DataError(f"{path}: the gzip file is damaged: {error}") from None
    return b"".join(chunks)


def _expect_shape(data: bytes, path: Path, shape: Shape) -> None:
    found, _ = parse_header(data, str(path))
    if found != shape:
        raise DataError(f"{path}: found an array of shape {_times(found)}, expected {_times(shape)}")


def _expect_size(found: int, path: Path, expected: int) -> None:
    if found < expected:
        raise DataError(f"{path}: found {found:,} bytes, expected {expected:,}; the file is truncated")
    if found > expected:
        raise DataError(f"{path}: found more than the expected {expected:,} bytes")


def _times(shape: Shape) -> str:
    return " × ".join(map(str, shape))
