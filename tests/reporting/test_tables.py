"""Cells of tables that are shown as they were written."""

from latentpress.reporting.tables import column_cells


def test_a_column_has_no_more_digits_than_its_numbers_were_written_with() -> None:
    assert [str(cell) for cell in column_cells([0.98, 0.4, -0.03])] == ["0.98", "0.40", "$-0.03$"]
    assert [str(cell) for cell in column_cells([3.0, 12.0])] == ["3", "12"]
