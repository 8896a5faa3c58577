"""Which stages a word on the command line means, and how they are told."""

from __future__ import annotations

import pytest

from latentpress.engine.changes import Reason
from latentpress.engine.explain import Explanation
from latentpress.errors import UsageError
from latentpress.explaining import matching, patterns, print_one

NAMES = ["data/mnist", "train/a/seed0", "train/a/seed1", "train/ab/seed0", "section/report/intro"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("train/a/seed0", ["train/a/seed0"]),
        ("da", ["data/mnist"]),
        ("train/ab", ["train/ab/seed0"]),
        ("train/a/*", ["train/a/seed0", "train/a/seed1"]),
        ("*/seed0", ["train/a/seed0", "train/ab/seed0"]),
        ("*", NAMES),
    ],
)
def test_a_name_a_unique_beginning_and_a_pattern_are_understood(word: str, meant: list[str]) -> None:
    assert matching(word, NAMES) == meant


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        ("train/a", '"train/a" begins 3 stages: train/a/seed0, ', "'train/a*'"),
        ("train/b/seed0", 'unknown stage "train/b/seed0"', 'Did you mean "train/a'),
        ("sections/report/*", 'no stage matches "sections/report/*"', 'Did you mean "section/report/*"?'),
        ("qqq", 'unknown stage "qqq"', "--all"),
    ],
)
def test_what_is_not_understood_is_told_with_the_way_out(word: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        matching(word, NAMES)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_patterns_are_of_whole_words() -> None:
    assert patterns(["a/b/c", "d"]) == {"a/*", "a/b/*"}


def test_one_reason_stands_beside_the_stage_several_below_it() -> None:
    reasons = (Reason("changed", "seed: 0 → 1"), Reason("input_again", "its input x will be made again"))
    said: list[str] = []
    print_one("to run", Explanation("s", "must_run", reasons=reasons[:1]), said.append)
    print_one("may follow", Explanation("t", "may_run", reasons=reasons), said.append)
    assert said == [
        "to run: s: seed: 0 → 1", "may follow: t", "    seed: 0 → 1", "    its input x will be made again"
    ]  # fmt: skip
