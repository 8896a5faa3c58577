"""What failed stages took out of a report fails a check of its own: nothing else would have checked it."""

import pytest

from latentpress.health_missing import COMPLETE, missing_results

EXPERIMENTS = {"plain": {"data": "mnist"}, "sparse": {"data": "mnist"}, "vae": {"data": "frey"}}
SECTIONS = [
    {"id": "introduction", "models": [], "controls": [], "data": ["mnist", "frey"]},
    {"id": "q1", "models": ["plain"], "controls": ["sparse"], "data": []},
    {"id": "q2", "models": ["vae"], "controls": [], "data": []},
]


def lost(*stages):
    checks = missing_results(stages, EXPERIMENTS, SECTIONS)
    assert {(check.name, check.verdict) for check in checks} <= {(COMPLETE, "failed")}
    return {(check.data, check.model): check.value for check in checks}


def test_a_report_without_failed_stages_has_no_such_check():
    assert lost() == {}


@pytest.mark.parametrize(
    ("stage", "subjects"),
    [
        ("train/sparse/seed0", {("mnist", "sparse")}),
        ("encode/sparse/seed1", {("mnist", "sparse")}),
        ("evaluate/probes/vae/seed0", {("frey", "vae")}),
        ("evaluate/probe_comparison/plain+sparse~0a1b2c", {("mnist", "plain"), ("mnist", "sparse")}),
        ("evaluate/dataset_summary/mnist", {("mnist", "")}),
        ("data/mnist", {("mnist", "plain"), ("mnist", "sparse"), ("mnist", "")}),
        ("section/assignment/q1", {("mnist", "plain"), ("mnist", "sparse")}),
        ("section/assignment/introduction", {("mnist", ""), ("frey", "")}),
        ("draw/probes/vae", set()),
    ],
)
def test_a_failed_stage_fails_the_models_and_data_that_it_would_have_measured(stage, subjects):
    assert set(lost(stage)) == subjects


def test_failed_stages_are_counted_and_repeats_are_not():
    assert lost("train/plain/seed0", "section/assignment/q1", "train/plain/seed0") == {
        ("mnist", "plain"): 2.0,
        ("mnist", "sparse"): 1.0,
    }


def test_a_failed_training_concerns_every_experiment_that_differs_in_its_title_alone():
    training = {"data": "mnist", "training": {"epochs": 2}}
    experiments = {"a": {**training, "title": "A"}, "b": {**training, "title": "B"}, "c": {**training, "epochs": 3}}
    sections = [{"id": "q1", "models": ["a", "b", "c"]}]
    found = missing_results(["train/a/seed0"], experiments, sections)
    assert [check.model for check in found] == ["a", "b"]
