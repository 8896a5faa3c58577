"""The timeline: who ran what when, from a journal that is known and from one of a real build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from latentpress.engine.history import past_builds
from latentpress.engine.journal import Journal
from latentpress.errors import UsageError
from latentpress.timeline import choose, lay_out, longest, print_timeline
from latentpress.timeline_drawing import kind_of, labels, memory_steps, picture

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import TinyProject

KINDS = ("data", "train", "encode", "evaluate", "draw", "section", "assemble", "html", "tsne", "typeset")


def write(folder: Path, *records: dict[str, Any]) -> Journal:
    """A journal in ``folder/store``; each record is completed by what all have."""
    (folder / "store").mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / "store" / "journal.jsonl")
    common = {"build": "b1", "host": "here", "pid": 1, "worker_host": "here", "worker": 7, "key": "k", "attempt": 1}
    for record in records:
        journal.write(**common | record)
    return journal


def begin(time: float, **more: Any) -> dict[str, Any]:
    return {"event": "build_start", "time": time, "about": {"reports": ["one"], "profile": "smoke"}, **more}


def start(time: float, stage: str, **more: Any) -> dict[str, Any]:
    return {"event": "stage_start", "time": time, "stage": stage, **more}


def end(time: float, stage: str, outcome: str = "done", **more: Any) -> dict[str, Any]:
    return {
        "event": "stage_end", "time": time, "stage": stage, "outcome": outcome, "start": 0, "peak_memory_mb": 100.0,
        **more,
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """10 seconds on two workers: a stage that dies once, one that fails, one that is done."""
    write(
        tmp_path,
        begin(1000.0),
        start(1000.0, "data/mnist"),
        start(1001.0, "train/a/seed0", worker=8),
        end(1002.0, "data/mnist"),
        end(1003.0, "train/a/seed0", "died", worker=8, peak_memory_mb=0.0),
        start(1003.0, "train/a/seed0", worker=9, attempt=2),
        end(1009.0, "train/a/seed0", worker=9, peak_memory_mb=300.0),
        start(1004.0, "evaluate/x/a/seed0"),
        end(1006.0, "evaluate/x/a/seed0", "failed"),
        {"event": "build_end", "time": 1010.0, "outcome": "failed"},
    )
    return tmp_path


def test_each_worker_has_a_row_and_each_attempt_a_bar(folder: Path) -> None:
    (build,) = past_builds(Journal(folder / "store" / "journal.jsonl"))
    line = lay_out(build)
    assert line.wall == 10
    assert {
        worker: [(bar.attempt.stage, bar.start, bar.end, bar.again, bar.lost) for bar in bars]
        for worker, bars in line.rows.items()
    } == {
        ("here", 7): [("data/mnist", 0, 2, False, False), ("evaluate/x/a/seed0", 4, 6, False, True)],
        ("here", 8): [("train/a/seed0", 1, 3, True, True)],
        ("here", 9): [("train/a/seed0", 3, 9, False, False)],
    }
    assert [line.share(worker) for worker in line.rows] == [0.4, 0.2, 0.6]
    assert [bar.attempt.peak_memory_mb for bar in longest(line.bars)][:1] == [300.0]
    assert memory_steps(line) == ([0, 1, 2, 3, 4, 6, 9], [100, 100, 0, 300, 400, 300, 0])


def test_the_facts_are_printed(folder: Path) -> None:
    said: list[str] = []
    print_timeline(folder, None, None, None, said.append)
    text = "\n".join(said)
    for fact in (
        "build b1 of ", "one (smoke); failed, 2 stages run",
        "wall time 10 s; 3 stages run, 12 s of work: 1.20 stages at once",
        "worker died: train/a/seed0, attempt 1, after 2.0 s", "failed: evaluate/x/a/seed0, attempt 1, after 2.0 s",
        "worker 7 on here: 2 stages, busy 4.0 s, 40% of the wall time",
        "worker 9 on here: 1 stage, busy 6.0 s, 60% of the wall time",
        "6.0 s     300 MB  train/a/seed0", f"drawn: {folder / 'timeline.svg'}",
    ):  # fmt: skip
        assert fact in text


def test_the_picture_has_every_attempt_and_marks_those_without_a_result(folder: Path) -> None:
    (build,) = past_builds(Journal(folder / "store" / "journal.jsonl"))
    figure = picture(lay_out(build))
    upper, lower = figure.axes
    bars = {patch.get_gid(): patch for patch in upper.patches}
    assert set(bars) == {"data/mnist 1", "evaluate/x/a/seed0 1", "train/a/seed0 1", "train/a/seed0 2"}
    hatched = {name: patch.get_hatch() for name, patch in bars.items()}
    assert hatched == {"data/mnist 1": None, "evaluate/x/a/seed0 1": "xxxx", "train/a/seed0 1": "////",
                       "train/a/seed0 2": None}  # fmt: skip
    assert [label.get_text() for label in upper.get_yticklabels()] == ["7", "8", "9"]
    assert "train/a/seed0  300 MB" in {text.get_text() for text in upper.texts}
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["data", "train", "evaluate", "no result", "no result, repeated"]
    assert len(lower.lines) == 4, "the peaks that are known, and their sum"


@pytest.mark.parametrize(
    ("ending", "begins"), [(".svg", b"<?xml"), (".pdf", b"%PDF"), (".png", b"\x89PNG"), (".PNG", b"\x89PNG")]
)
def test_the_ending_chooses_the_format(folder: Path, ending: str, begins: bytes) -> None:
    target = folder / "new" / f"picture{ending}"
    print_timeline(folder, "one", None, target, [].append)
    assert target.read_bytes().startswith(begins)


def test_a_hundred_stages_have_a_bar_each_and_every_label_stays_inside_the_picture(tmp_path: Path) -> None:
    records = [begin(0.0)]
    for number in range(100):
        kind, worker = KINDS[number % len(KINDS)], {"worker": number % 12, "worker_host": f"node{number % 2}"}
        stage = f"{kind}/experiment_{number}/seed0"
        records += [start(float(number), stage, **worker), end(number + 0.01 + number % 9, stage, **worker)]
    (build,) = past_builds(write(tmp_path, *records, {"event": "build_end", "time": 110.0, "outcome": "done"}))
    figure = picture(lay_out(build))
    upper = figure.axes[0]
    assert len(upper.patches) == 100
    assert len(upper.get_yticklabels()) == 12
    assert "node1 3" in {label.get_text() for label in upper.get_yticklabels()}
    assert len(upper.texts) >= 12, "each row says something"
    renderer, box = figure.canvas.get_renderer(), upper.bbox
    for text in upper.texts:
        extent = text.get_window_extent(renderer)
        assert box.x0 <= extent.x0 < extent.x1 <= box.x1, text.get_text()


def test_a_build_that_has_no_end_is_drawn_until_the_last_that_is_known_of_it(tmp_path: Path) -> None:
    journal = write(tmp_path, begin(0.0), start(1.0, "a"), start(2.0, "b", worker=8), end(5.0, "b", worker=8))
    (build,) = past_builds(journal)
    assert [(bar.attempt.stage, bar.end, bar.lost) for bar in lay_out(build).bars] == [("a", 5, True), ("b", 5, False)]
    assert lay_out(build, now=9.0).wall == 9, "it runs still"
    said: list[str] = []
    print_timeline(tmp_path, None, None, None, said.append)
    assert "not finished: a, attempt 1, after 4.0 s" in said


# --------------------------------------------------------------------------------------------- which build


@pytest.fixture
def several(folder: Path) -> Path:
    """After the first build: one of another report, and one with nothing to do."""
    other = {"build": "c2", "about": {"reports": ["two"]}}
    write(folder, begin(2000.0) | other, start(2001.0, "s", build="c2"), end(2002.0, "s", build="c2"))
    write(folder, begin(3000.0, build="c3"), {"event": "build_end", "time": 3000.1, "outcome": "done", "build": "c3"})
    return folder


@pytest.mark.parametrize(
    ("report", "build_id", "chosen"), [(None, None, "c2"), ("one", None, "b1"), (None, "b", "b1"), ("two", "c2", "c2")]
)
def test_the_last_build_that_ran_stages_is_drawn_or_the_one_that_is_named(
    several: Path, report: str | None, build_id: str | None, chosen: str
) -> None:
    said: list[str] = []
    print_timeline(several, report, build_id, None, said.append)
    assert said[0].startswith(f"build {chosen} of")


def test_builds_can_be_listed(several: Path) -> None:
    said: list[str] = []
    print_timeline(several, None, "list", None, said.append)
    assert [line.split()[1] for line in said] == ["b1", "c2"]
    assert not (several / "timeline.svg").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("on", None, None), 'report "on".*'),
        ((None, "zz", None), 'no build on record with an id that begins with "zz"'),
        ((None, "", None), "2 builds on record"),
        ((None, None, "picture.gif"), "found the ending '.gif', expected .svg, .pdf or .png"),
        ((None, None, "picture"), "found the ending ''"),
    ],
)
def test_what_does_not_exist_is_told(several: Path, arguments: tuple[Any, Any, Any], message: str) -> None:
    report, build_id, output = arguments
    with pytest.raises(UsageError, match=message) as caught:
        print_timeline(several, report, build_id, several / output if output else None, [].append)
    assert caught.value.hint


def test_before_the_first_build_there_is_nothing_to_draw(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has run a stage yet"):
        choose([], None, None, tmp_path)


# ------------------------------------------------------------------------------------------- a real build


def test_a_real_build_can_be_drawn(chain: TinyProject) -> None:
    outcome = chain.build(workers=2)
    said: list[str] = []
    (chain.root / "build").mkdir()
    chain.store.root.rename(chain.root / "build" / "store")
    print_timeline(chain.root / "build", None, None, chain.root / "t.svg", said.append)
    picture = (chain.root / "t.svg").read_text()
    assert all(f'id="{name} 1"' in picture for name in outcome.ran)
    assert sum(line.startswith("worker ") for line in said) >= 1


def test_labels_go_from_long_to_short() -> None:
    (bar,) = lay_out(_one_stage()).bars
    assert labels(bar) == ["train/a/seed0  100 MB", "a/seed0  100 MB", "a  100 MB", "a", "a"]
    assert kind_of(bar.attempt.stage) == "train"


def _one_stage() -> Any:
    from latentpress.engine.history import Attempt, PastBuild

    build = PastBuild("b", "here", 1, 0.0, 2.0, "done")
    build.attempts.append(Attempt("train/a/seed0", "k", 1, 0.0, 1.0, "done", 7, "here", 100.0))
    return build
