from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.datasets import idx
from latentpress.errors import DataError

shapes = st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple)


def write(path: Path, shape: tuple[int, ...], packed: bool = False) -> bytes:
    elements = np.random.default_rng(0).integers(0, 256, int(np.prod(shape)), np.uint8).tobytes()
    data = idx.header(shape) + elements
    path.write_bytes(gzip.compress(data) if packed else data)
    return elements


@given(shapes, st.binary(max_size=40))
def test_a_header_is_read_back_whatever_follows(shape: tuple[int, ...], rest: bytes) -> None:
    header = idx.header(shape)
    assert idx.parse_header(header + rest, "file") == (shape, len(header))


@given(st.binary(max_size=64))
def test_any_bytes_are_a_header_or_a_data_error(data: bytes) -> None:
    try:
        shape, size = idx.parse_header(data, "file")
    except DataError as error:
        assert error.message.startswith("file: found")
    else:
        assert data.startswith(idx.header(shape)) and len(idx.header(shape)) == size


@given(shapes, st.booleans(), st.data())
def test_every_truncation_and_every_surplus_is_refused(
    tmp_path_factory: pytest.TempPathFactory, shape: tuple[int, ...], packed: bool, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile-idx"
    write(path, shape, packed)
    whole = path.read_bytes()
    surplus = data.draw(st.binary(min_size=1, max_size=9).map(lambda extra: b"x" + extra))
    cut = data.draw(st.integers(0, len(whole) - 1))
    for damaged in (whole[:cut], whole + surplus):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="hostile-idx"):
            idx.read(path, shape)


@pytest.mark.parametrize("packed", [False, True])
def test_elements_are_read_from_plain_and_gzipped_files(tmp_path: Path, packed: bool) -> None:
    elements = write(tmp_path / "file", (3, 4, 5), packed)
    idx.inspect(tmp_path / "file", (3, 4, 5))
    assert idx.read(tmp_path / "file", (3, 4, 5)) == elements


def test_a_gzip_file_of_several_members_is_read(tmp_path: Path) -> None:
    data = idx.header((4,)) + b"abcd"
    (tmp_path / "file").write_bytes(gzip.compress(data[:6]) + gzip.compress(data[6:]))
    idx.inspect(tmp_path / "file", (4,))
    assert idx.read(tmp_path / "file", (4,)) == b"abcd"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "found the first bytes"),
        (b"\x00\x00\x08", "found the first bytes"),
        (b"<html>not found</html>", "expected an IDX file"),
        (b"\0\0\x0d\x01\0\0\0\x04abcd", "element type 0x0d"),
        (b"\0\0\x08\x00", "found 0 dimensions"),
        (b"\0\0\x08\xff", "found 255 dimensions"),
        (b"\0\0\x08\x01\0\0", "truncated"),
        (idx.header((5,)) + b"abcde", "found an array of shape 5, expected 4"),
        (idx.header((2, 2)) + b"abcd", "shape 2 × 2, expected 4"),
        (idx.header((4,)) + b"abc", "found 11 bytes, expected 12"),
        (idx.header((4,)) + b"abcde", "more than the expected 12 bytes"),
        (gzip.compress(idx.header((4,)) + b"abcd")[:-9], "gzip file is truncated"),
        (gzip.compress(idx.header((4,)) + b"abc"), "truncated"),
        (b"\x1f\x8bthis is no gzip file", "gzip file is damaged"),
    ],
)
def test_a_damaged_file_is_named_with_what_was_found_and_expected(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "digits"
    path.write_bytes(content)
    for check in (idx.inspect, idx.read):
        with pytest.raises(DataError, match="digits: ") as caught:
            check(path, (4,))
        assert message in caught.value.message


def test_a_flipped_bit_in_a_gzip_file_is_found_by_its_checksum(tmp_path: Path) -> None:
    write(tmp_path / "file", (64,), packed=True)
    data = bytearray((tmp_path / "file").read_bytes())
    data[-8] ^= 1  # the stored checksum itself
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(DataError, match="gzip file is damaged"):
        idx.read(tmp_path / "file", (64,))


def test_a_gzip_file_that_unpacks_to_too_much_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bomb").write_bytes(gzip.compress(idx.header((4,)) + bytes(5_000_000)))
    monkeypatch.setattr(idx, "CHUNK", 8)
    with pytest.raises(DataError, match="more than the expected 12 bytes"):
        idx.read(tmp_path / "bomb", (4,))


def test_folders_pipes_and_missing_files_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", ".", "missing"):
        with pytest.raises(DataError, match=r"regular file|cannot be read"):
            idx.inspect(tmp_path / name, (4,))
