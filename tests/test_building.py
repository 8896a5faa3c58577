"""How a build ends: what it says of each report, its health and its exit status."""

from types import SimpleNamespace

import pytest

from latentpress.building import decide_status, say_results
from latentpress.builds import Build, Request
from latentpress.datasets.sources import Located
from latentpress.delivering import failed_checks, report_json
from latentpress.engine.codec import encode
from latentpress.engine.outcome import Outcome
from latentpress.engine.stage import Failure, Result, Stage
from latentpress.engine.store import Artifact, write_artifact
from latentpress.pipeline import Graph

NAMES = ("train/plain/seed0", "section/one/q1", "assemble/one", "typeset/one")


def check(name, verdict, model="plain"):
    return {"name": name, "model": model, "verdict": verdict}


@pytest.fixture
def ended(tmp_path):
    """Gives a build of the report "one" that ended with some checks and failures; without checks it has no report."""

    def end(checks, *failed, strict=False, **sources):
        lines = []
        build = Build(Request(tmp_path, strict=strict), lines.append)
        build.reports = [SimpleNamespace(name="one")]
        build.located = {name: Located(source) for name, source in sources.items()}
        build.graph = Graph()
        for below, name in zip([None, *NAMES], NAMES, strict=False):
            build.graph.add(Stage(name, "m:f", inputs={below: below} if below else {}))
        build.graph.add(Stage("train/other/seed0", "m:f"))
        build.outcome = Outcome(failures={name: Failure(name, "StageError", "no good") for name in failed})
        if checks is not None:
            digest = write_artifact(tmp_path / "a", encode(Result(values={"report": {"health": checks}})))
            made = Artifact(digest, tmp_path / "a")
            build.outcome.artifacts = {name: made for name in NAMES[2:] if name not in failed}
        told = report_json(build, build.reports[0])
        build.health["one"] = None if told is None else failed_checks(told)
        decide_status(build)
        say_results(build)
        return SimpleNamespace(lines=lines, status=build.status, health=build.health["one"])

    return end


MISSING = check("no result is missing", "failed")


@pytest.mark.parametrize(
    ("checks", "failed", "said"),
    [
        ([check("a", "passed"), check("b", "passed")], [], "health: all 2 checks passed"),
        ([check("a", "not assessed")], [], "health: not assessed"),
        ([check("a", "failed"), check("b", "passed")], [], "health: FAILED: a (plain)"),
        (
            [MISSING, check("a", "passed", "sparse")],
            ["train/plain/seed0"],
            "health: not assessed for plain; 1 check of the rest passed; 1 stage failed",
        ),
        ([MISSING], ["train/plain/seed0", "section/one/q1"], "health: not assessed for plain; 2 stages failed"),
        ([check("a", "passed")], ["train/other/seed0"], "health: all 1 checks passed"),
    ],
)
def test_health_is_told_with_what_failed_stages_left_out(ended, checks, failed, said):
    line = ended(checks, *failed).lines[0]
    assert line.endswith(f"{said})")


def test_a_model_that_is_missing_counts_as_a_failed_check(ended):
    assert ended([MISSING], "train/plain/seed0").health == ["no result is missing (plain)"]


def test_the_health_of_a_report_that_was_not_made_is_not_known(ended):
    end = ended(None, "assemble/one")
    assert end.health is None
    assert end.status == 1
    assert "one: not made" in end.lines


def test_embedded_data_are_told_once_more_at_the_end(ended):
    assert "; embedded data: frey; health: " in ended([check("a", "passed")], mnist="real", frey="embedded").lines[0]
    assert "embedded data:" not in ended([check("a", "passed")], mnist="real", frey="real").lines[0]


def test_a_report_that_was_not_made_is_not_called_delivered(ended, tmp_path):
    assert (
        "one: not made; --strict stopped the build at the first failure"
        in ended(None, "train/plain/seed0", strict=True).lines
    )
    (tmp_path / "build" / "one").mkdir(parents=True)
    (tmp_path / "build" / "one" / "report.pdf").write_bytes(b"")
    end = ended([check("a", "passed")], "typeset/one")
    assert end.lines[0] == f"one: not made; {tmp_path}/build/one/report.pdf is that of an earlier build"
    assert end.status == 1
    assert "delivered" not in " ".join(end.lines)
