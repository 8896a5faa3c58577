"""``run.json`` tells of the build that made the report; files that it delivers come out of the store beside it."""

import json
from types import SimpleNamespace

import pytest

from latentpress.builds import Build, Request
from latentpress.delivering import copy_out
from latentpress.engine.codec import encode
from latentpress.engine.outcome import Outcome
from latentpress.engine.stage import Result, Stage
from latentpress.engine.store import Artifact, Store, write_artifact
from latentpress.pipeline import Graph


@pytest.fixture
def deliver(tmp_path):
    """Delivers a report of some text, as a build that ran some stages, and gives its run.json."""

    def delivered(text, *ran, files=(), pages=None, failed=()):
        build = Build(Request(tmp_path), lambda line: None)
        build.reports = [SimpleNamespace(name="one")]
        build.graph = Graph({"assemble/one": Stage("assemble/one", "m:f"), "other": Stage("other", "m:f")})
        build.store = Store(tmp_path / "build" / "store")
        folder = tmp_path / "artifacts" / text
        result = Result(texts={"report.tex": text}, values={"report": {"health": [], "files": list(files)}})
        build.outcome = Outcome(artifacts={"assemble/one": Artifact(write_artifact(folder, encode(result)), folder)})
        for name, content in (pages or {}).items():
            made = tmp_path / "artifacts" / f"{text} {name} {content}"
            digest = write_artifact(made, encode(Result(texts={f"{name}.html": content})))
            build.outcome.artifacts[f"{name}/one"] = Artifact(digest, made)
        build.outcome.failures = dict.fromkeys(failed)
        build.outcome.ran = list(ran)
        builds.append(build)
        build.started -= 10 * len(builds)  # each build took another time
        copy_out(build)
        return json.loads(path.read_text())

    builds: list[Build] = []
    path = tmp_path / "build" / "one" / "run.json"
    (tmp_path / "build").mkdir()
    return SimpleNamespace(run=delivered, path=path, store=Store(tmp_path / "build" / "store"))


def test_a_build_that_ran_nothing_of_the_report_leaves_the_record_of_the_one_that_did(deliver):
    made = deliver.run("first", "assemble/one")
    assert deliver.run("first") == made
    assert deliver.run("first", "other") == made


def test_a_build_that_made_the_report_or_brought_another_back_writes_its_own(deliver):
    made = deliver.run("first", "assemble/one")
    again = deliver.run("first", "assemble/one")
    assert again["seconds"] != made["seconds"]
    assert deliver.run("second")["artifacts"] != made["artifacts"]


@pytest.mark.parametrize("content", [None, "", "[]", '{"artifacts": 1}'])
def test_a_record_that_is_gone_or_damaged_is_written_anew(deliver, content):
    deliver.run("first", "assemble/one")
    deliver.path.unlink()
    if content is not None:
        deliver.path.write_text(content)
    assert deliver.run("first")["report"] == "one"


def test_files_that_the_report_delivers_lie_beside_it_until_it_delivers_them_no_more(deliver, tmp_path):
    digest = write_artifact(tmp_path / "made", encode(Result(files={"a.csv": b"1,2\n"})))
    deliver.store.adopt(tmp_path / "made", digest)
    beside = deliver.path.with_name("a.csv")
    deliver.run("first", files=[{"file": "a.csv", "artifact": digest}])
    assert beside.read_bytes() == b"1,2\n"
    beside.unlink()
    deliver.run("first", files=[{"file": "a.csv", "artifact": digest}])
    assert beside.read_bytes() == b"1,2\n"
    deliver.run("second")
    assert not beside.exists()


def test_a_page_that_failed_is_left_as_it_was_and_one_that_the_report_no_longer_has_is_removed(deliver):
    page = deliver.path.with_name("tsne.html")
    deliver.run("first", "assemble/one", pages={"tsne": "maps"})
    assert page.read_text() == "maps"
    deliver.run("second", "assemble/one", failed=["tsne/one"])
    assert page.read_text() == "maps"
    deliver.run("third", "assemble/one")
    assert not page.exists()
