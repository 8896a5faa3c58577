"""Points follow from the report and the rubric alone; content of another form costs points and raises nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.review.rubric import KINDS, Rubric
from latentpress.review.scoring import score, total

REPORT: dict[str, Any] = {
    "profile": "default",
    "metrics": [
        {"id": "mnist/a/test/acc", "quantity": "acc", "model": "a", "data": "mnist", "value": 0.95, "alpha": None},
        {"id": "mnist/a/test/acc/noise=1", "quantity": "acc", "model": "a", "conditions": {"noise": 1}, "value": 0.5},
        {"id": "psnr", "quantity": "psnr", "model": "a", "value": "inf"},
        {"id": "none", "quantity": "none", "model": "a", "value": None},
        {"id": "mse/a", "quantity": "mse", "model": "a", "value": 1.0},
        {"id": "mse/b", "quantity": "mse", "model": "b", "value": 2.0},
    ],
    "claims": [
        {"name": "better", "section": "q1", "fields": {"a": "x"}, "outcome": "holds", "sentence": "It is."},
        {"name": "better", "section": "q1", "fields": {"a": "y"}, "outcome": "does not hold", "sentence": "It is not."},
    ],
    "health": [
        {"name": "outputs vary", "model": "a", "verdict": "passed"},
        {"name": "outputs vary", "model": "b", "verdict": "failed"},
        {"name": "code is used", "model": "b", "verdict": "not applied"},
        {"name": "code is used", "model": "c", "verdict": "caught"},
    ],
    "settings": {"sections": [{"id": "q1"}, {"id": "q2"}]},
    "evidence": {"q1": {"failures": {}}, "q2": {"failures": {"evaluate/x": {}}}},
    "failures": [],
    "facts": {"mnist": {"source": "real", "digests": {"train": "aa"}}},
    "provenance": [
        {"stage": "train/a/seed0", "seed": 0, "source": "s", "settings_digest": "d", "artifact": "x"},
        {"stage": "train/a/seed1", "seed": 1, "source": "s", "settings_digest": "d", "artifact": "y"},
    ],
}


def rubric(*criteria: dict[str, Any], **more: Any) -> Rubric:
    made = tuple(KINDS[c["kind"]](**{"title": f"c{i}", "points": 4, **c}) for i, c in enumerate(criteria))
    values = {"unverified": "flag", "cap": None, "step": None, "copies": {}, **more}
    return Rubric(title="t", points=4 * len(made), criteria=made, **values)


def points(criterion: dict[str, Any], report: dict[str, Any] | None = None, verdict: str = "verified") -> float:
    (found,) = score(REPORT if report is None else report, verdict, rubric(criterion), {"ref.pdf": REPORT})
    assert found.why
    return found.points


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        ({"kind": "sections", "sections": ["q1"]}, 4),
        ({"kind": "sections", "sections": ["q1", "q2"]}, 2),
        ({"kind": "sections", "sections": ["q1", "q7", "q8", "q9"]}, 1),
        ({"kind": "metric", "id": "mnist/a/test/acc", "zero_at": 0.9, "full_at": 1.0}, 2),
        ({"kind": "metric", "id": "mnist/a/test/acc", "zero_at": 1.0, "full_at": 0.9}, 2),
        ({"kind": "metric", "id": "mnist/a/test/acc", "zero_at": 0.2, "full_at": 0.9}, 4),
        ({"kind": "metric", "id": "mnist/a/test/acc", "min": 0.95, "max": 0.95}, 4),
        ({"kind": "metric", "id": "mnist/a/test/acc", "max": 0.9}, 0),
        ({"kind": "metric", "quantity": "acc", "model": "a", "min": 0.9}, 4),
        ({"kind": "metric", "quantity": "mse", "min": 0}, 0),
        ({"kind": "metric", "quantity": "mse", "model": "b", "min": 0}, 4),
        ({"kind": "metric", "id": "psnr", "min": 30}, 4),
        ({"kind": "metric", "id": "none", "min": 0}, 0),
        ({"kind": "metric", "id": "absent", "min": 0}, 0),
        ({"kind": "claim", "claim": "better", "fields": {"a": "x"}}, 4),
        ({"kind": "claim", "claim": "better", "fields": {"a": "y"}}, 0),
        ({"kind": "claim", "claim": "better"}, 0),
        ({"kind": "claim", "claim": "better", "fields": {"a": "x"}, "section": "q2"}, 0),
        ({"kind": "claim", "claim": "better", "outcomes": ["holds", "does not hold"]}, 4),
        ({"kind": "health"}, 2.67),
        ({"kind": "health", "all_or_nothing": True}, 0),
        ({"kind": "health", "models": ["a"]}, 4),
        ({"kind": "health", "checks": ["code is used"]}, 4),
        ({"kind": "health", "models": ["z"]}, 0),
        ({"kind": "verified"}, 4),
        ({"kind": "setup"}, 4),
        ({"kind": "setup", "seeds": 2}, 4),
        ({"kind": "setup", "seeds": 3}, 0),
        ({"kind": "setup", "data": "embedded"}, 0),
        ({"kind": "setup", "data": "any", "profiles": ["smoke"]}, 0),
        ({"kind": "reproduced", "reference": "ref.pdf", "parts": ["data", "code", "settings", "results"]}, 4),
    ],
)
def test_a_criterion_gives_the_points_that_are_earned(criterion: dict[str, Any], expected: float) -> None:
    assert points(criterion) == expected


def test_each_part_that_is_not_reproduced_costs_its_share() -> None:
    other = copy.deepcopy(REPORT)
    other["facts"]["mnist"]["digests"]["train"] = "bb"
    criterion = {"kind": "reproduced", "reference": "ref.pdf", "parts": ["data", "code"]}
    assert points(criterion, other) == 2
    other["provenance"][0]["source"] = "edited"
    assert points(criterion, other) == 0


def test_an_altered_report_gets_what_the_rubric_says() -> None:
    always = {"kind": "sections", "sections": ["q1"]}
    for more, expected in (
        ({"unverified": "flag"}, 8),
        ({"unverified": "cap", "cap": 3.0}, 3),
        ({"unverified": "zero"}, 0),
    ):
        chosen = rubric(always, {**always, "title": "again"}, **more)
        scored = score(REPORT, "altered", chosen, {})
        assert total(scored, "altered", chosen)[0] == expected
        assert total(scored, "verified", chosen)[0] == 8


def test_the_sum_is_rounded_to_steps() -> None:
    chosen = rubric({"kind": "health"}, step=0.5)
    assert total(score(REPORT, "verified", chosen, {}), "verified", chosen)[0] == 2.5


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(REPORT)) | st.text(max_size=5), inner)
    ),
    max_leaves=8,
)


@given(key=st.sampled_from(sorted(REPORT)), value=ANYTHING)
def test_no_content_raises_or_earns_more_than_there_is(key: str, value: Any) -> None:
    criteria = [
        {"kind": "sections", "sections": ["q1"]},
        {"kind": "metric", "quantity": "acc", "zero_at": 0, "full_at": 1},
        {"kind": "claim", "claim": "better"},
        {"kind": "health"},
        {"kind": "setup"},
        {"kind": "reproduced", "reference": "ref.pdf"},
    ]
    for entry in score({**REPORT, key: value}, "verified", rubric(*criteria), {"ref.pdf": REPORT}):
        assert 0 <= entry.points <= entry.most


@given(values=st.lists(st.floats(allow_nan=False), min_size=2, max_size=2).map(sorted))
def test_more_of_what_is_asked_for_never_gives_fewer_points(values: list[float]) -> None:
    criterion = {"kind": "metric", "id": "m", "zero_at": -1.0, "full_at": 2.0}
    low, high = (points(criterion, {**REPORT, "metrics": [{"id": "m", "value": value}]}) for value in values)
    assert low <= high
