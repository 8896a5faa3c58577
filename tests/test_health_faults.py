"""Declared failures: caught where they occur, a failure of the report where they do not."""

import pytest

from latentpress.health import assess
from latentpress.health_faults import FAULT, expect
from latentpress.metrics import Metric

FAULTS = [{"model": "late", "mended": "plain", "check": "ink in the frame", "consequences": ["outputs vary"]}]
FACTS = {"mnist": {"source": "real", "classes": 10}}


def checks(late=None, plain=None, profile="default"):
    found = {"late": {"frame_ink": 0.0, **(late or {})}, "plain": {"frame_ink": 0.6, **(plain or {})}}
    metrics = [
        Metric(quantity, value, data="mnist", model=model, split="test")
        for model, values in found.items()
        for quantity, value in values.items()
    ]
    return {(c.name, c.model): c for c in expect(assess(metrics, FACTS, profile), FAULTS, profile)}


def failed(found):
    return {place for place, check in found.items() if check.verdict == "failed"}


def test_a_fault_that_its_check_catches_leaves_the_report_healthy():
    found = checks()
    assert found["ink in the frame", "late"].verdict == "caught"
    assert found["ink in the frame", "plain"].verdict == "passed"
    assert found[FAULT, "late"].verdict == "passed"
    assert failed(found) == set()


@pytest.mark.parametrize(
    ("late", "plain", "also"),
    [
        ({"frame_ink": 0.5}, {}, set()),  # the check does not see the fault
        ({}, {"frame_ink": 0.05}, {("ink in the frame", "plain")}),  # it fails for the mended model, too
        ({"frame_ink": None}, {}, set()),  # it could not be measured
    ],
)
def test_a_fault_that_is_not_told_from_the_mended_model_fails_the_report(late, plain, also):
    found = checks(late, plain)
    assert found[FAULT, "late"].verdict == "failed"
    assert failed(found) == {(FAULT, "late"), *also}


def test_a_fault_whose_check_was_not_run_at_all_fails_the_report():
    found = {(c.name, c.model): c for c in expect([], FAULTS)}
    assert found[FAULT, "late"].verdict == "failed"


def test_a_declared_consequence_is_caught_and_an_undeclared_failure_is_a_failure():
    flat = {"output_variance": 0.0, "input_variance": 0.067}
    found = checks(late={**flat, "nonfinite_epochs": 1.0})
    assert found["outputs vary", "late"].verdict == "caught"
    assert failed(found) == {("training stayed finite", "late")}


def test_a_consequence_may_stay_away_and_spares_no_other_model():
    flat = {"output_variance": 0.0, "input_variance": 0.067}
    assert failed(checks(late={"output_variance": 0.06, "input_variance": 0.067})) == set()
    assert failed(checks(plain=flat)) == {("outputs vary", "plain")}


def test_smoke_builds_assess_no_fault():
    found = checks(profile="smoke")
    assert {check.verdict for check in found.values()} == {"not assessed"}


def test_without_declared_faults_all_checks_are_as_they_were():
    metrics = [Metric("frame_ink", 0.0, data="mnist", model="late", split="test")]
    before = assess(metrics, FACTS)
    assert expect(before, []) == before
