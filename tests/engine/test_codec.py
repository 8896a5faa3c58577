from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from latentpress.engine import codec
from latentpress.engine.stage import Result
from latentpress.errors import StageError

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
CELLS = {
    "int64": st.integers(-(2**63), 2**63 - 1),
    "float64": st.floats(),
    "bool": st.booleans(),
    "str": TEXT,
}


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 5))
    names = draw(st.lists(TEXT, unique=True, min_size=1, max_size=4))
    columns = {}
    for name in names:
        dtype = draw(st.sampled_from(sorted(CELLS)))
        cells = draw(st.lists(CELLS[dtype], min_size=rows, max_size=rows))
        columns[name] = pd.Series(cells, dtype=dtype)
    return pd.DataFrame(columns)


@given(tables())
@settings(max_examples=150, deadline=None)
def test_a_table_reads_back_as_it_was(table: pd.DataFrame) -> None:
    encoded = codec.encode_table("t", table)
    back = codec.decode_table(encoded.data, encoded.columns or ())
    pd.testing.assert_frame_equal(back, table, check_exact=True)
    assert codec.encode_table("t", back) == encoded


DTYPES = st.one_of(hnp.integer_dtypes(), hnp.floating_dtypes(), hnp.boolean_dtypes(), hnp.complex_number_dtypes())
ARRAYS = DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0)))


@given(ARRAYS)
@settings(max_examples=150, deadline=None)
def test_an_array_reads_back_as_it_was(array: np.ndarray) -> None:
    back = codec.decode_array(codec.encode_array("a", array))
    np.testing.assert_array_equal(back, array)
    assert back.shape == array.shape
    assert back.dtype == array.dtype.newbyteorder("<")


@given(st.dictionaries(st.from_regex(r"\A[a-z]+(/[a-z]+)*\Z"), ARRAYS, max_size=4))
@settings(max_examples=50, deadline=None)
def test_arrays_read_back_by_name(arrays: dict[str, np.ndarray]) -> None:
    back = codec.decode_arrays(codec.encode_arrays("a", arrays))
    assert sorted(back) == sorted(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)


def test_equal_arrays_are_equal_bytes_whatever_their_layout() -> None:
    array = np.arange(12.0).reshape(3, 4)
    assert codec.encode_array("a", np.asfortranarray(array)) == codec.encode_array("a", array)
    assert codec.encode_array("a", array.astype(">f8")) == codec.encode_array("a", array)
    assert codec.encode_arrays("a", {"x": array, "b": array}) == codec.encode_arrays("a", {"b": array, "x": array})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_a_json_value_reads_back_as_it_was(value: object) -> None:
    assert json.loads(codec.encode_json("v", value)) == value


def test_json_holds_infinities_as_text_and_numpy_scalars_as_numbers() -> None:
    data = codec.encode_json("v", {"b": math.inf, "a": (np.float32(0.5), -math.inf, np.int64(3))})
    assert data == b'{\n "a": [\n  0.5,\n  "-inf",\n  3\n ],\n "b": "inf"\n}\n'


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({"m": [{"value": math.nan}]}, r"v\.m\[0\]\.value is NaN"),
        ({"m": {3: "x"}}, r"v\.m has the key 3; expected text"),
        ({"m": np.zeros(2)}, r"v\.m is of type ndarray.*Result\.arrays"),
        ({"m": "\ud800"}, "no Unicode"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(value: object, complaint: str) -> None:
    with pytest.raises(StageError, match=complaint):
        codec.encode(Result(values={"v": value}))


def test_floats_in_tables_are_the_shortest_text_that_reads_back() -> None:
    table = pd.DataFrame({"x": [0.1, 1e-300, math.inf, math.nan], "n": [1, 2, 3, 4]})
    encoded = codec.encode_table("t", table)
    assert encoded.data == b"x,n\n0.1,1\n1e-300,2\ninf,3\n,4\n"
    assert encoded.columns == ("number", "integer")


def test_missing_text_reads_back_as_empty_text() -> None:
    encoded = codec.encode_table("t", pd.DataFrame({"a": ["x", None], "b": [1.0, None]}, dtype=object))
    back = codec.decode_table(encoded.data, encoded.columns or ())
    assert back["a"].tolist() == ["x", ""]
    assert back["b"][0] == 1.0
    assert math.isnan(back["b"][1])


@pytest.mark.parametrize(
    ("result", "complaint"),
    [
        (Result(tables={"t": pd.DataFrame({"a": [1, "x"]}, dtype=object)}), r"t\[a\] mixes int, str"),
        (Result(tables={"t": pd.DataFrame({1: [1]})}), "column named 1; expected text"),
        (Result(arrays={"a": np.array([object()])}), "type object"),
        (Result(texts={"../x": ""}), r"'\.\./x'; expected a plain relative path"),
        (Result(texts={"/x": ""}), "expected a plain relative path"),
        (Result(texts={".x": ""}), "expected a plain relative path"),
        (Result(texts={"a.json": ""}, values={"a": 1}), r"two files named 'a\.json'"),
        (Result(texts={"a": ""}, files={"a/b": b""}), "the file 'a' and a folder of the same name"),
        (None, "returned NoneType, expected a Result"),
    ],
)
def test_what_has_no_canonical_form_is_refused(result: Result, complaint: str) -> None:
    with pytest.raises(StageError, match=complaint):
        codec.encode(result)
