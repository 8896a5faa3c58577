"""The rubric is read as written, and a fault in it is told with file, line, key, what was expected and a way out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from latentpress.errors import SettingsError
from latentpress.review.rubric import EXAMPLE, KINDS, read_rubric

PLAIN = """title = "A"
points = 3

[[criteria]]
kind = "verified"
title = "unaltered"
points = 1

[[criteria]]
kind = "metric"
title = "accuracy"
points = 2
id = "mnist/sparse/test/probe_accuracy"
zero_at = 0.9
full_at = 0.97
"""


def rubric_file(folder: Path, text: str) -> Path:
    path = folder / "rubric.toml"
    path.write_text(text)
    return path


def test_the_example_is_valid_and_shows_every_kind() -> None:
    shown = set(re.findall(r'^(?:# )?kind = "(\w+)"', EXAMPLE.read_text(), re.MULTILINE))
    assert shown == set(KINDS)
    assert {type(criterion) for criterion in read_rubric(EXAMPLE).criteria} < set(KINDS.values())


def test_what_the_example_has_in_comments_is_valid_too(tmp_path: Path) -> None:
    """The parts that need a reference report are left for the reader to switch on."""
    text = EXAMPLE.read_text()
    wanted = re.sub(r"^# (?=\[|\w+ = )", "", text, flags=re.MULTILINE)
    rubric = read_rubric(rubric_file(tmp_path, wanted.replace("points = 20 ", "points = 22 ")))
    assert rubric.references == ["handout.pdf"]
    assert len(rubric.criteria) == len(KINDS) + 1


def test_a_rubric_is_read_as_it_is_written(tmp_path: Path) -> None:
    rubric = read_rubric(rubric_file(tmp_path, PLAIN))
    assert [(criterion.title, criterion.points) for criterion in rubric.criteria] == [("unaltered", 1), ("accuracy", 2)]
    assert rubric.unverified == "flag"
    assert rubric.references == []


@pytest.mark.parametrize(
    ("found", "instead", "told"),
    [
        ("points = 3", "points = 4", r"line 2: points: found 4, expected the sum of the criteria's, 3"),
        ('kind = "metric"', 'kind = "metrics"', r"line 10: criteria\.1\.kind: found 'metrics', expected one of"),
        ('kind = "metric"\n', "", r"criteria\.1\.kind: missing"),
        ("zero_at = 0.9", "zero_at = 0.97", r"found equal zero_at and full_at"),
        ("zero_at = 0.9\n", "", r"expected zero_at and full_at together"),
        ("full_at = 0.97", "max = nan\nfull_at = 0.97", r"line 15: criteria\.1\.max: found nan"),
        ("full_at", "ful_at", r"line 15: criteria\.1\.ful_at: unknown key, expected one of .*full_at"),
        ('id = "mnist', 'quantity = "a"\nid = "mnist', r"both or neither of id and quantity"),
        ('id = "mnist', 'model = "a"\nid = "mnist', r"beside id"),
        ("points = 2", "points = -2", r"line 12: criteria\.1\.points: found -2; input should be greater than 0"),
        ('title = "accuracy"', 'title = "unaltered"', r'two criteria have the title "unaltered"'),
        ("points = 3", 'points = 3\nunverified = "cap"', r"expected cap = … with unverified"),
        ("points = 3", "points = 3\ncap = 2", r"expected cap = … with unverified"),
        ("points = 3", 'points = 3\nunverified = "no"', r"line 3: unverified: found 'no'"),
        ("points = 3", "points = = 3", r"not valid TOML"),
    ],
)
def test_faults_are_told(tmp_path: Path, found: str, instead: str, told: str) -> None:
    assert found in PLAIN
    path = rubric_file(tmp_path, PLAIN.replace(found, instead, 1))
    with pytest.raises(SettingsError) as error:
        read_rubric(path)
    assert str(path) in error.value.message
    assert re.search(told, error.value.message), error.value.message
    assert error.value.hint
    assert error.value.exit_status == 2


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('kind = "health"\nchecks = ["output vary"]', 'Did you mean "outputs vary"?'),
        ('kind = "claim"\nclaim = "x"\noutcomes = ["hold"]', 'Did you mean "holds"?'),
        ('kind = "setup"\nprofiles = ["smok"]', 'Did you mean "smoke"?'),
        ('kind = "metric"\nquantity = "q"\nmin = 1\ndata = "mnits"', 'Did you mean "mnist"?'),
    ],
)
def test_a_misspelt_name_is_answered_by_the_nearest(tmp_path: Path, lines: str, told: str) -> None:
    text = f'title = "A"\npoints = 1\n[[criteria]]\ntitle = "x"\npoints = 1\n{lines}\n'
    with pytest.raises(SettingsError) as error:
        read_rubric(rubric_file(tmp_path, text))
    assert error.value.hint == told
    assert "line " in error.value.message
