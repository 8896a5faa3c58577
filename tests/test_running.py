"""Which stages run again though they are up to date."""

import shutil
from pathlib import Path

import pytest

from latentpress.builds import Request
from latentpress.engine.events import Plan
from latentpress.listing import look_at
from latentpress.running import above, announce_template_faults, forced_stages

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


@pytest.mark.parametrize("broken", ["<% iff x %>", "<< num( >>", "\xff"])
def test_a_template_that_cannot_be_read_is_told_before_the_trainings(tmp_path, broken):
    for folder in ("experiments", "report_templates"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    path = tmp_path / "report_templates" / "assignment" / "sections" / "q1c.tex.j2"
    path.write_bytes(path.read_bytes() + b"\n" + broken.encode("latin-1"))
    said = []
    build = look_at(Request(tmp_path, ("assignment",), data="embedded", profile="smoke"), said.append)
    build.say = said.append
    names = tuple(build.graph.stages)
    announce_template_faults(build, Plan((), names, (), 0.0))
    assert len(said) == 2
    assert "will fail: report_templates/assignment/sections/q1c.tex.j2" in said[0]
    said.clear()
    announce_template_faults(build, Plan(names, (), (), 0.0))
    assert said == [], "what is up to date is not read"


def test_the_templates_of_the_project_can_be_read(graph):
    build = laid_out()
    said = []
    build.say = said.append
    announce_template_faults(build, Plan((), tuple(graph), (), 0.0))
    assert said == []
