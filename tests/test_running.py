"""Which stages run again though they are up to date."""

from pathlib import Path

import pytest

from latentpress.builds import Request
from latentpress.listing import look_at
from latentpress.running import above, forced_stages

ROOT = Path(__file__).parents[1]


def laid_out(**choices):
    """A build as far as its graph, of embedded data."""
    request = Request(ROOT, ("assignment",), data="embedded", profile="smoke", **choices)
    return look_at(request, say=lambda line: None)


@pytest.fixture(scope="module")
def graph():
    return laid_out().graph.stages


def test_a_build_of_whole_reports_forces_nothing():
    assert forced_stages(laid_out()) == set()


@pytest.mark.parametrize(
    ("retrain", "kinds"),
    [(False, {"evaluate", "draw", "section"}), (True, {"evaluate", "draw", "section", "train", "encode"})],
)
def test_a_section_forces_what_it_shows_and_with_retrain_its_trainings(graph, retrain, kinds):
    forced = forced_stages(laid_out(section="q1c", retrain=retrain))
    assert {name.split("/")[0] for name in forced} == kinds
    assert {name for name in forced if name.startswith("section/")} == {"section/assignment/q1c"}
    assert forced < above(graph, ["section/assignment/q1c"])


def test_what_a_stage_depends_on_is_found_and_a_name_that_is_no_stage_is_left_out(graph):
    assert above(graph, ["train/sparse/seed0", "no/stage"]) == {"train/sparse/seed0", "data/mnist"}
