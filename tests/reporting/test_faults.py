"""What a report says of the faults that it has on purpose."""

from __future__ import annotations

from typing import Any

import pytest

from latentpress.health import assess
from latentpress.health_faults import expect
from latentpress.metrics import Metric
from latentpress.reporting.faults import fault_notice, fault_table
from latentpress.reporting.latex import to_text
from latentpress.reporting.names import Names

FAULTS = [{"model": "late", "mended": "plain", "check": "ink in the frame", "consequences": []}]
NAMES = Names({"late": {"title": "Padded_late"}, "plain": {"title": "Mended"}})


def told(late: float, profile: str = "default") -> tuple[str, str]:
    metrics = [
        Metric("frame_ink", value, data="mnist", model=model, split="test")
        for model, value in (("late", late), ("plain", 0.6))
    ]
    checks = expect(assess(metrics, {}, profile), FAULTS, profile)
    return str(fault_table(FAULTS, checks, NAMES)), to_text(fault_notice(FAULTS, checks, profile)[0])


@pytest.mark.parametrize(
    ("late", "profile", "row", "notice"),
    [
        (0.0, "default", r"ink in the frame & above 0.1 & 0 & 0.6 & caught", "each of them is caught"),
        (0.5, "default", r"& 0.5 & 0.6 & \textcolor{warning}{\textbf{not caught}}", "0 of them are caught"),
        (0.0, "smoke", r"& 0 & 0.6 & not assessed", "is not assessed in the profile smoke"),
    ],
)
def test_table_and_notice_say_what_became_of_each_fault(late: float, profile: str, row: str, notice: str) -> None:
    table, sentence = told(late, profile)
    assert row in table and r"Padded\_late" in table
    assert notice in sentence


def test_a_check_that_nothing_measured_shows_dashes_and_is_not_caught() -> None:
    table = str(fault_table(FAULTS, expect([], FAULTS), NAMES))
    assert r"& -- & -- & -- & \textcolor{warning}{\textbf{not caught}}" in table


def test_a_report_without_faults_says_nothing_of_them() -> None:
    assert fault_notice([], [], "default") == []


def test_the_table_is_filled_in_where_a_section_asks_for_it(workshop: Any) -> None:
    section = workshop.section(r"<< fault_table('tab:faults', 'Faults.') >>", {})
    task = workshop.assemble_task({"q1c": section})
    task.settings["faults"] = FAULTS  # type: ignore[index]
    from latentpress.reporting.assemble import assemble

    result = assemble(task)
    assert r"\faulttable" not in result.texts["report.tex"]
    assert "ink in the frame" in result.texts["report.tex"]
    assert result.values["report"]["settings"]["faults"] == FAULTS
    # No section measured anything of them, which is itself a failure.
    assert [check["verdict"] for check in result.values["report"]["health"]] == ["failed"]
