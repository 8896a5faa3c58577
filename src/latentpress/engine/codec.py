"""Results as canonical bytes, and back: equal results are equal files, on any day and with any worker count.

This module's own source is part of every stage's key, so a change of the format makes everything anew.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from latentpress.engine.stage import Result
from latentpress.errors import StageError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

# The oldest date that a zip archive can hold; any fixed date would do.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
# CSV says neither what is text nor what is a number, so the manifest does.
INTEGER, NUMBER, BOOLEAN, TEXT = "integer", "number", "boolean", "text"


@dataclass(frozen=True, slots=True)
class Encoded:
    """The bytes of one file; for tables also the kind of each column, in order."""

    data: bytes
    columns: tuple[str, ...] | None = None

    def entry(self) -> dict[str, Any]:
        """What the artifact's manifest says of the file."""
        entry: dict[str, Any] = {"sha256": hashlib.sha256(self.data).hexdigest(), "size": len(self.data)}
        return entry if self.columns is None else {**entry, "columns": list(self.columns)}


def canonical_json(value: Any) -> bytes:
    """JSON for hashing: sorted keys, no spaces, no NaN."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def digest_of(value: Any) -> str:
    """SHA-256 of a JSON value in its canonical form."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def encode(result: Result) -> dict[str, Encoded]:
    """Write a result as files.

    Returns:
        File name to content, sorted by name.

    Raises:
        StageError: what the result holds has no canonical form; the message names the file and the value.
    """
    if not isinstance(result, Result):
        raise StageError(f"the stage's function returned {type(result).__name__}, expected a Result")
    files: list[tuple[str, Encoded]] = []
    files += [(f"{name}.csv", encode_table(name, table)) for name, table in result.tables.items()]
    for name, content in result.arrays.items():
        if isinstance(content, Mapping):
            files.append((f"{name}.npz", Encoded(encode_arrays(name, content))))
        else:
            files.append((f"{name}.npy", Encoded(encode_array(name, content))))
    files += [(f"{name}.json", Encoded(encode_json(name, value))) for name, value in result.values.items()]
    files += [(name, Encoded(_utf8(name, text))) for name, text in result.texts.items()]
    files += [(name, Encoded(bytes(data))) for name, data in result.files.items()]
    _check_names(name for name, _ in files)
    return dict(sorted(files))


def _check_names(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        parts = PurePosixPath(name).parts
        plain = bool(parts) and str(PurePosixPath(name)) == name and not name.startswith("/")
        if not plain or any(part.startswith(".") for part in parts) or any(ord(c) < 32 or c == "\\" for c in name):
            raise StageError(f"a result's file is named {name!r}; expected a plain relative path such as 'a/b.csv'")
        if name in seen:
            raise StageError(f"a result has two files named {name!r}")
        seen.add(name)
    for name in seen:
        for folder in PurePosixPath(name).parents:
            if str(folder) in seen:
                raise StageError(f"a result has the file {str(folder)!r} and a folder of the same name")


def _utf8(name: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise StageError(f"{name} holds text that is no Unicode: {error.reason} at {error.start}") from None


# ---------------------------------------------------------------------------------------------------- JSON


def encode_json(name: str, value: Any) -> bytes:
    """JSON with sorted keys; infinities as ``"inf"`` and ``"-inf"``; NaN refused."""
    plain = _plain(value, name)
    text = json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return _utf8(f"{name}.json", text + "\n")


def _plain(value: Any, where: str) -> Any:
    """Numpy scalars as Python's, tuples as lists, infinities as text."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if math.isnan(value):
            raise StageError(f"{where} is NaN; a value that could not be measured is None")
        return value if math.isfinite(value) else ("inf" if value > 0 else "-inf")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise StageError(f"{where} has the key {key!r}; expected text, since JSON has no other keys")
        return {key: _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    raise StageError(f"{where} is of type {type(value).__name__}, which is no JSON value; arrays go in Result.arrays")


# -------------------------------------------------------------------------------------------------- arrays


def encode_array(name: str, array: np.ndarray) -> bytes:
    """One array as ``.npy``: C order, little endian, so that equal values are equal bytes."""
    import numpy as np

    array = np.asarray(array, order="C")
    if array.dtype.kind not in "biufcSU":
        raise StageError(
            f"array {name!r} has the type {array.dtype}, which npy files do not keep",
            "Convert it to float32 or integers first.",
        )
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def encode_arrays(name: str, arrays: Mapping[str, np.ndarray]) -> bytes:
    """Several arrays as ``.npz``, sorted and with fixed times (`numpy.savez` stores the time of day)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for key in sorted(arrays):
            member = zipfile.ZipInfo(f"{key}.npy", ZIP_DATE)
            member.create_system = 3  # Unix, whatever the machine
            member.external_attr = 0o644 << 16
            archive.writestr(member, encode_array(f"{name}[{key}]", arrays[key]))
    return buffer.getvalue()


def decode_array(data: bytes) -> np.ndarray:
    """Read what `encode_array` wrote."""
    import numpy as np

    array: np.ndarray = np.load(io.BytesIO(data), allow_pickle=False)
    return array


def decode_arrays(data: bytes) -> dict[str, np.ndarray]:
    """Read what `encode_arrays` wrote."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name.removesuffix(".npy"): decode_array(archive.read(name)) for name in archive.namelist()}


# -------------------------------------------------------------------------------------------------- tables


def encode_table(name: str, table: pd.DataFrame) -> Encoded:
    """A data frame as CSV without its index; floats as Python's shortest text that reads back equal.

    Missing numbers and missing text are empty fields: a missing number reads back as NaN, missing text as "".
    """
    headers = [*table.columns]
    for header in headers:
        if not isinstance(header, str):
            raise StageError(f"table {name!r} has a column named {header!r}; expected text")
    if len(set(headers)) < len(headers):
        raise StageError(f"table {name!r} has two columns of one name: {', '.join(headers)}")
    columns, kinds = [], []
    for index, header in enumerate(headers):
        values = table.iloc[:, index].tolist()
        kind = _column_kind(f"{name}[{header}]", table.dtypes.iloc[index], values)
        kinds.append(kind)
        columns.append([_cell(value, kind) for value in values])
    lines = [headers, *zip(*columns, strict=True)] if headers else []
    text = "".join(_csv_line(line) for line in lines)
    return Encoded(_utf8(f"{name}.csv", text), tuple(kinds))


def _missing(value: Any) -> bool:
    # NaN and NaT differ from themselves; asking pandas.NA for its truth is an error, so it is known by name.
    return value is None or type(value).__name__ == "NAType" or bool(value != value)


def _column_kind(where: str, dtype: Any, values: list[Any]) -> str:
    present = [value for value in values if not _missing(value)]
    complete = len(present) == len(values)
    if not present:
        return {"b": BOOLEAN, "i": INTEGER, "u": INTEGER, "f": NUMBER}.get(getattr(dtype, "kind", "O"), TEXT)
    if all(isinstance(value, str) for value in present):
        return TEXT
    if complete and all(isinstance(value, bool) for value in present):
        return BOOLEAN
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in present):
        return INTEGER if complete and all(isinstance(value, int) for value in present) else NUMBER
    kinds = ", ".join(sorted({type(value).__name__ for value in present}))
    raise StageError(f"table column {where} mixes {kinds}; expected only text, only numbers or only booleans")


def _cell(value: Any, kind: str) -> str:
    if _missing(value):
        return ""
    return value if kind == TEXT else repr(float(value)) if kind == NUMBER else str(value)


def _csv_line(cells: Iterable[str]) -> str:
    # csv.writer leaves a lone carriage return unquoted, which csv.reader then takes for the end of the line.
    fields = [f'"{cell.replace(chr(34), chr(34) * 2)}"' if set(cell) & set(',"\r\n') else cell for cell in cells]
    return (",".join(fields) if fields != [""] else '""') + "\n"


def decode_table(data: bytes, kinds: Iterable[str]) -> pd.DataFrame:
    """Read what `encode_table` wrote: integers as int64, numbers as float64, booleans and text."""
    import pandas as pd

    csv.field_size_limit(2**31 - 1)
    lines = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    if not lines:
        return pd.DataFrame()
    headers, rows = lines[0], lines[1:]
    read: dict[str, tuple[str, Callable[[str], Any]]] = {
        INTEGER: ("int64", int),
        NUMBER: ("float64", lambda cell: float(cell) if cell else math.nan),
        BOOLEAN: ("bool", lambda cell: cell == "True"),
        TEXT: ("str", str),
    }
    table = pd.DataFrame(index=range(len(rows)))
    series = {}
    for index, (header, kind) in enumerate(zip(headers, kinds, strict=True)):
        dtype, convert = read[kind]
        series[header] = pd.Series([convert(row[index]) for row in rows], dtype=dtype, index=table.index)
    return pd.DataFrame(series, index=table.index)
