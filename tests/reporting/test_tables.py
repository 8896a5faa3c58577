"""Cells of tables that are shown as they were written, and CSV files that no spreadsheet runs."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from latentpress.reporting.tables import FORMULA, Table, column_cells, harmless


def test_a_column_has_no_more_digits_than_its_numbers_were_written_with() -> None:
    assert [str(cell) for cell in column_cells([0.98, 0.4, -0.03])] == ["0.98", "0.40", "$-0.03$"]
    assert [str(cell) for cell in column_cells([3.0, 12.0])] == ["3", "12"]


@given(st.one_of(st.sampled_from(FORMULA).flatmap(lambda sign: st.text().map(lambda text: sign + text)), st.text()))
def test_no_text_begins_like_a_formula_and_none_is_lost(text: str) -> None:
    cell = harmless(text)
    try:
        float(text)
    except ValueError:
        assert not cell.startswith(FORMULA)
        assert cell == text or cell == f"'{text}"
    else:
        assert cell == text


def test_numbers_stay_numbers_in_the_file() -> None:
    table = Table([], [], [], [["Name", "Value"], ["=1+1", -0.5], ["@SUM(A1)", "-inf"], ["+49", None], ["a", True]])
    rows = list(csv.reader(io.StringIO(table.csv())))
    assert rows == [["Name", "Value"], ["'=1+1", "-0.5"], ["'@SUM(A1)", "-inf"], ["+49", ""], ["a", "True"]]
