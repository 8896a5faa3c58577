"""A printed number keeps its key and origin through LaTeX, and leads to a row of the provenance appendix."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from latentpress.reporting.latex import Tex, to_text
from latentpress.reporting.tracing import decode, encode, mark, occurrences, ranges, resolve, traced

ROWS = {"ab" * 32: 7, "cd" * 32: 8, "train/sparse/seed0": 2}


@given(st.text())
def test_any_key_is_read_back_and_harms_neither_tex_nor_pdf(key: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9/=._+:,!-]*", encode(key))
    assert decode(encode(key)) == key.encode("utf-8", "replace").decode("utf-8")


@given(st.sets(st.integers(1, 60)))
def test_ranges_hold_the_numbers_that_they_are_of_and_touch_nowhere(numbers: set[int]) -> None:
    found = ranges(sorted(numbers))
    assert {one for first, last in found for one in range(first, last + 1)} == numbers
    assert all(later > last + 1 for (_, last), (later, _) in pairwise(found))


def test_a_number_leads_to_the_row_of_its_artifact_or_stage() -> None:
    number = traced(Tex(r"98.52\,\%"), "mnist/sparse/test/probe_accuracy", "ab" * 32)
    setting = traced(Tex("2"), "setting:sparse:training.epochs", "train/sparse/seed0")
    other = traced(Tex("3"), "x", "99" * 32)
    text = resolve(f"It reaches {number} after {setting}, not {other}.", ROWS)
    assert list(occurrences(text)) == [
        ("7", "mnist/sparse/test/probe_accuracy", Tex(r"98.52\,\%")),
        ("2", "setting:sparse:training.epochs", Tex("2")),
        ("", "x", Tex("3")),
    ]
    assert to_text(text) == "It reaches 98.52 % after 2, not 3."


def test_a_mark_names_each_row_once_and_runs_of_rows_as_one() -> None:
    assert resolve(mark(["ab" * 32, "cd" * 32, "ab" * 32]), ROWS) == r" \provenancemark{\provenancelink{7}{7--8}}"
    assert resolve(mark(["train/sparse/seed0", "cd" * 32]), ROWS) == (
        r" \provenancemark{\provenancelink{2}{2}, \provenancelink{8}{8}}"
    )
    assert mark([]) == mark([""]) == ""
    assert resolve(mark(["99" * 32]), ROWS).strip() == "", "what no stage made leads nowhere"
