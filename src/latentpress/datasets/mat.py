"""Reading an array of bytes from a MATLAB file that nobody has vouched for.

Parsers of MATLAB files crash on damaged input, and a crash would take the caller with it. So this module's file is
also a program of its own: `read` runs it in a child process that may use limited memory and time, and takes from it
nothing but the raw elements.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

MEMORY = 2 << 30
SECONDS = 30
MATRIX, COMPRESSED = 14, 15
HEADER_SIZE = 128


class MatError(Exception):
    """The file cannot be read; says why."""


def inspect(data: bytes) -> None:
    """Check the header of a MATLAB 5 file and the sizes of its top-level elements, without parsing any.

    Raises:
        MatError: it is of another kind, or truncated.
    """
    if len(data) < HEADER_SIZE or data[126:128] not in (b"IM", b"MI"):
        raise MatError(
            f"found {len(data):,} bytes that begin with {data[:4].hex(' ') or '(none)'}, expected a MATLAB 5 file"
        )
    order = "<" if data[126:128] == b"IM" else ">"
    position = HEADER_SIZE
    while position < len(data):
        if len(data) < position + 8:
            raise MatError(f"found {len(data):,} bytes, and the last element has no size; the file is truncated")
        kind, size = struct.unpack_from(f"{order}II", data, position)
        if kind not in (MATRIX, COMPRESSED):
            raise MatError(
                f"found an element of type {kind} at byte {position}, expected a matrix ({MATRIX} or {COMPRESSED})"
            )
        position += 8 + size
    if position > len(data) or position == HEADER_SIZE:
        raise MatError(f"found {len(data):,} bytes, expected {position:,}; the file is truncated")


def read(path: Path, variable: str, shape: tuple[int, int]) -> bytes:
    """The elements of a matrix of whole numbers from 0 to 255, column by column, read in a child process.

    Raises:
        MatError: the file cannot be read, lacks the variable, or has it in another shape or with other numbers.
    """
    command = [sys.executable, "-I", __file__, str(path), variable, *map(str, shape)]
    try:
        child = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise MatError(f"reading it took longer than {SECONDS} s") from None
    if child.returncode < 0:
        raise MatError(f"the process that read it was ended by signal {-child.returncode}; the file is damaged")
    if child.returncode > 0:
        lines = child.stderr.decode(errors="replace").strip().splitlines()
        raise MatError(lines[-1] if lines else f"the process that read it ended with status {child.returncode}")
    if len(child.stdout) != shape[0] * shape[1]:
        raise MatError(f"found {len(child.stdout):,} elements, expected {shape[0] * shape[1]:,}")
    return child.stdout


def _child(path: str, variable: str, rows: str, columns: str) -> int:
    """Write the elements to the standard output, or why not to the standard error."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    import numpy as np
    from scipy.io import loadmat

    try:
        matrix = loadmat(path, variable_names=[variable])[variable]
    except KeyError:
        return _refuse(f"found no variable {variable}")
    except Exception as error:  # a parser on hostile input raises anything; the parent names the file
        return _refuse(f"it cannot be parsed: {type(error).__name__}: {error}".splitlines()[0])
    if matrix.shape != (int(rows), int(columns)):
        return _refuse(f"found {variable} of shape {matrix.shape}, expected ({rows}, {columns})")
    if matrix.dtype.kind not in "uif" or not np.isin(matrix, np.arange(256)).all():
        return _refuse(f"found {variable} with elements of type {matrix.dtype}, expected whole numbers from 0 to 255")
    sys.stdout.buffer.write(matrix.astype(np.uint8).tobytes(order="F"))
    return 0


def _refuse(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(_child(*sys.argv[1:]))
