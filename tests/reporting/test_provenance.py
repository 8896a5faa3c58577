"""Rows of the provenance appendix tell the data that a stage rests on, and the command that makes it again."""

from __future__ import annotations

from typing import Any

from latentpress.reporting.provenance import marks, provenance_rows, settings_digest


def lineage(workshop: Any) -> dict[str, Any]:
    made = {
        "data/mnist": {},
        "train/sparse/seed0": {"data": "data/mnist"},
        "encode/sparse/seed0": {"data": "data/mnist", "model": "train/sparse/seed0"},
        "evaluate/probes/sparse/seed0": {"codes": "encode/sparse/seed0"},
        "draw/probes/sparse": {"evaluation": "evaluate/probes/sparse/seed0"},
        "evaluate/probes/unused/seed0": {},
        "section/assignment/q1a": {"a": "evaluate/probes/sparse/seed0"},
        "section/assignment/q1c": {"a": "evaluate/probes/sparse/seed0", "b": "draw/probes/sparse"},
    }
    digests = {name: f"{number:02d}" * 32 for number, name in enumerate(made, start=10)}
    return {
        name: workshop.provenance(
            name, artifact=digests[name], inputs={label: digests[above] for label, above in inputs.items()}
        )
        for name, inputs in made.items()
    }


def test_rows_run_from_data_to_sections_and_are_numbered(workshop: Any) -> None:
    rows = provenance_rows(lineage(workshop), "assignment", ["q1a", "q1c"], "")
    assert [row.mark for row in rows] == list(range(1, 9))
    assert [row.entry.stage.split("/")[0] for row in rows] == [
        "data", "train", "encode", "evaluate", "evaluate", "draw", "section", "section",
    ]  # fmt: skip
    numbered = marks(rows)
    assert numbered["train/sparse/seed0"] == numbered["11" * 32] == 2


def test_a_row_tells_the_data_that_it_rests_on_and_the_command_that_makes_it_again(workshop: Any) -> None:
    rows = provenance_rows(lineage(workshop), "assignment", ["q1a", "q1c"], " --profile smoke")
    told = {row.entry.stage: row for row in rows}
    assert told["evaluate/probes/sparse/seed0"].data == ("10" * 32,)
    assert told["data/mnist"].data == ()
    commands = {stage: row.command for stage, row in told.items()}
    assert commands["data/mnist"] == "nox -s report -- assignment --profile smoke"
    assert commands["train/sparse/seed0"] == "nox -s section -- assignment/q1a --profile smoke --retrain"
    assert commands["evaluate/probes/sparse/seed0"] == "nox -s section -- assignment/q1a --profile smoke"
    assert commands["draw/probes/sparse"] == "nox -s section -- assignment/q1c --profile smoke"
    assert commands["evaluate/probes/unused/seed0"] == "nox -s report -- assignment --profile smoke"


def test_settings_have_one_digest_whatever_the_order_of_their_keys() -> None:
    assert settings_digest({"a": 1, "b": [1, 2]}) == settings_digest({"b": [1, 2], "a": 1})
    assert settings_digest({"a": 1}) != settings_digest({"a": 2})
