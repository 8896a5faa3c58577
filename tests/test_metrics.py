"""Metrics: their identity, and their way through JSON and tables."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.metrics import COLUMNS, Metric, from_json_number, from_records, json_number, to_records, to_table

PSNR = Metric("interpolation_psnr_mean", 21.1, data="mnist", model="sparse", split="test", alpha=0.2, unit="dB")
words = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", max_size=12)
numbers = st.none() | st.floats(allow_nan=False)
conditions = st.dictionaries(
    words, words | st.integers() | st.floats(allow_nan=False, allow_infinity=False), max_size=3
)
metrics = st.builds(
    Metric,
    quantity=words,
    value=numbers,
    data=words,
    model=words,
    split=words,
    alpha=st.none() | st.floats(0, 1),
    conditions=conditions,
    seed=st.none() | st.integers(0, 99),
    low=numbers,
    high=numbers,
    unit=words,
)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (PSNR, "mnist/sparse/test/interpolation_psnr_mean/alpha=0.2"),
        (replace(PSNR, alpha=0.0, seed=3), "mnist/sparse/test/interpolation_psnr_mean/alpha=0/seed=3"),
        (Metric("pixels", 560, data="frey"), "frey/pixels"),
        (
            Metric("accuracy", 0.9, data="mnist", model="vae", conditions={"noise": 0.3, "kind": "blur", "at": 2}),
            "mnist/vae/accuracy/at=2/kind=blur/noise=0.3",
        ),
    ],
)
def test_an_id_names_what_identifies_the_number_and_nothing_else(metric: Metric, expected: str) -> None:
    assert metric.id == expected
    assert replace(metric, value=None, low=1.0, high=2.0, unit="m").id == expected


@given(st.lists(metrics, max_size=4))
def test_metrics_come_back_from_json_as_they_were(found: list[Metric]) -> None:
    records = json.loads(json.dumps(to_records(found), allow_nan=False))
    assert from_records(records) == found


def test_what_a_section_adds_to_a_record_is_ignored() -> None:
    record = {**PSNR.as_json(), "section": "q1b", "artifact": "abc"}
    assert from_records([record]) == [PSNR]


@pytest.mark.parametrize(("value", "written"), [(math.inf, "inf"), (-math.inf, "-inf"), (None, None), (1.5, 1.5)])
def test_infinities_are_written_as_text_and_missing_as_nothing(value: float | None, written: object) -> None:
    assert json_number(value) == written
    assert from_json_number(json_number(value)) == value


def test_a_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="could not be measured is None"):
        replace(PSNR, value=math.nan).as_json()


def test_a_table_has_a_row_for_each_metric() -> None:
    table = to_table([PSNR, replace(PSNR, alpha=0.0, value=math.inf)])
    assert list(table.columns) == ["id", *COLUMNS]
    assert table["value"].tolist() == [21.1, "inf"]
    assert list(to_table([]).columns) == ["id", *COLUMNS]
