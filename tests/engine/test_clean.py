"""What `clean` removes and what it never does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from latentpress.engine.clean import clean
from latentpress.engine.history import past_builds
from latentpress.engine.presence import alone, in_use
from latentpress.engine.store import Store
from latentpress.errors import StoreError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import TinyProject

SLOW = "import time\ndef f(task):\n    task.scratch.joinpath('epoch').touch()\n    time.sleep(60)\n"
XS = (1, 3, 5)  # no number is another's double
CLEANER = """
import os, sys
from pathlib import Path
from latentpress.engine import clean as module
from latentpress.engine.store import Store

left, remove = int(sys.argv[2]), module._remove

def count_down(store, path):
    global left
    if left == 0:
        os._exit(9)
    left -= 1
    remove(store, path)

module._remove = count_down
module.clean(Store(Path(sys.argv[1])), int(sys.argv[3]))
"""


def contents(store: Store) -> dict[str, list[str]]:
    """What is in each folder of a store."""
    folders = ("artifacts", "keys", "work", "locks", "builds", "running")
    found = {}
    for folder in folders:
        path = store.root / folder
        found[folder] = sorted(inner.name for inner in path.iterdir()) if path.is_dir() else []
    return found


def set_x(project: TinyProject, x: int) -> None:
    """Another setting: number, double and report come out otherwise, aside does not."""
    text = (project.root / "graph.py").read_text()
    start = text.index('"x": ') + 5
    project.graph(text[:start] + str(x) + text[text.index("}", start) :])


@pytest.fixture
def thrice(chain: TinyProject) -> TinyProject:
    """Built with x = 1, 3 and 5: aside is shared by all three."""
    for x in XS:
        set_x(chain, x)
        chain.build()
    return chain


@pytest.mark.parametrize(
    ("keep", "artifacts", "kept"), [(1, 4, [5]), (2, 7, [5, 3]), (3, 10, [5, 3, 1]), (9, 10, [5, 3, 1])]
)
def test_what_the_last_builds_used_stays_up_to_date_and_the_rest_goes(
    thrice: TinyProject, keep: int, artifacts: int, kept: list[int]
) -> None:
    builds = [build.id for build in past_builds(thrice.store.journal)]
    cleaning = clean(thrice.store, keep)
    assert [build.id for build in cleaning.kept] == builds[::-1][:keep]
    left = contents(thrice.store)
    assert (len(left["artifacts"]), len(left["keys"])) == (artifacts, artifacts)
    for x in kept:
        set_x(thrice, x)
        assert thrice.scheduler().plan().to_run == (), "still up to date"
    for x in set(XS) - set(kept):
        set_x(thrice, x)
        assert set(thrice.scheduler().plan().to_run) == {"number", "double", "report"}
    assert (cleaning.size > 0) == (keep < 3)
    assert clean(thrice.store, keep).paths == [], "nothing is left to remove"


def test_builds_that_used_the_same_count_once(thrice: TinyProject) -> None:
    for _ in range(3):
        thrice.build()
    clean(thrice.store, 2)
    set_x(thrice, 3)
    assert thrice.scheduler().plan().to_run == ()


def test_keep_last_0_removes_all_results_and_a_build_starts_anew(thrice: TinyProject) -> None:
    clean(thrice.store, 0)
    left = contents(thrice.store)
    assert left == {folder: [] for folder in left}
    assert len(thrice.build().ran) == 4


def test_a_clean_remembers_what_it_kept(thrice: TinyProject) -> None:
    """A later clean that would keep more builds does not stumble over those that are gone."""
    clean(thrice.store, 1)
    assert [build.cleaned for build in past_builds(thrice.store.journal)] == [True, True, False]
    assert len(clean(thrice.store, 5).kept) == 1
    set_x(thrice, 7)
    thrice.build()
    assert len(clean(thrice.store, 5).kept) == 2


def test_a_dry_run_says_the_same_and_removes_nothing(thrice: TinyProject) -> None:
    before, journal = contents(thrice.store), thrice.store.journal.path.read_bytes()
    said = clean(thrice.store, 1, dry_run=True)
    assert (contents(thrice.store), thrice.store.journal.path.read_bytes()) == (before, journal)
    done = clean(thrice.store, 1)
    assert (said.paths, said.size) == (done.paths, done.size)
    assert not any(path.exists() for path in done.paths)


def test_what_nobody_recorded_goes_too(thrice: TinyProject) -> None:
    """Left by a crash: an artifact without a record, a folder of a stage, a discarded artifact, a lock."""
    root = thrice.store.root
    for path in ("artifacts/abc", "work/def/scratch", "work/discarded-ghi-1", "locks"):
        (root / path).mkdir(parents=True, exist_ok=True)
    (root / "locks" / "def.lock").touch()
    clean(thrice.store, 3)
    left = contents(thrice.store)
    assert (len(left["artifacts"]), left["work"], left["locks"]) == (10, [], [])


def test_a_failed_build_does_not_count_but_its_checkpoints_and_log_stay(thrice: TinyProject) -> None:
    good = (thrice.root / "src/tiny/arithmetic.py").read_text()
    thrice.write("arithmetic", "def double(x):\n    raise ValueError('a typo')\n")
    outcome = thrice.build()
    cleaning = clean(thrice.store, 1)
    assert [build.outcome for build in cleaning.kept] == ["failed", "done"]
    assert outcome.logs["double"].is_file()
    thrice.write("arithmetic", good)
    assert thrice.build().ran == []
    clean(thrice.store, 0)
    assert not outcome.logs["double"].exists()


def test_where_every_build_failed_nothing_is_removed(chain: TinyProject) -> None:
    chain.write("arithmetic", "def double(x):\n    raise ValueError('a typo')\n")
    chain.build()
    before = contents(chain.store)
    with pytest.raises(UsageError, match="without a failure"):
        clean(chain.store, 1)
    assert contents(chain.store) == before


def test_an_interrupted_build_does_not_count_but_its_results_and_checkpoints_stay(thrice: TinyProject) -> None:
    thrice.write("slow", SLOW)
    text = (thrice.root / "graph.py").read_text()
    slow = 'Stage("slow", "tiny.slow:f", inputs={"number": "number"})'
    thrice.graph(text.replace("STAGES = [", f"STAGES = [{slow},"))
    set_x(thrice, 4)
    process = thrice.start()
    while not list((thrice.store.root / "work").glob("*/scratch/epoch")):
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    cleaning = clean(thrice.store, 1)
    assert [build.outcome for build in cleaning.kept] == ["", "done"]
    assert list((thrice.store.root / "work").glob("*/scratch/epoch"))
    assert "number" in thrice.scheduler().plan().up_to_date
    set_x(thrice, 5)
    thrice.graph((thrice.root / "graph.py").read_text().replace(f"{slow},", ""))
    assert thrice.scheduler().plan().to_run == ()


def test_while_a_build_runs_nothing_is_removed(thrice: TinyProject) -> None:
    thrice.write("slow", SLOW)
    thrice.graph(
        (thrice.root / "graph.py").read_text().replace("STAGES = [", 'STAGES = [Stage("slow", "tiny.slow:f"),')
    )
    process = thrice.start()
    assert process.stdout is not None
    while json.loads(process.stdout.readline())[:2] != ["StageStarted", "slow"]:
        pass
    before = contents(thrice.store)
    try:
        with pytest.raises(StoreError, match=f"a build is running.*process {process.pid} on") as caught:
            clean(thrice.store, 0)
        assert "Wait" in caught.value.hint
        assert contents(thrice.store) == before
        assert clean(thrice.store, 0, dry_run=True).paths, "to look is allowed"
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    clean(thrice.store, 0)
    assert contents(thrice.store)["artifacts"] == []


def test_a_build_can_hold_its_store_again_while_it_does(chain: TinyProject) -> None:
    with in_use(chain.store, {}):
        chain.build()
        with pytest.raises(StoreError, match="is running"):
            clean(Store(chain.store.root), 0)
    clean(chain.store, 0)


def test_a_build_that_begins_meanwhile_waits_until_the_clean_has_ended(chain: TinyProject) -> None:
    chain.store.root.mkdir()
    with alone(chain.store):
        process = chain.start()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1.5)
        assert past_builds(chain.store.journal) == []
    assert process.wait(timeout=60) == 0
    assert [build.outcome for build in past_builds(chain.store.journal)] == ["done"]


@pytest.mark.parametrize("left", [0, 1, 3, 4, 6, 7, 8])
def test_killed_at_any_step_the_store_is_whole_and_the_next_clean_goes_on(thrice: TinyProject, left: int) -> None:
    arguments = [sys.executable, "-c", CLEANER, str(thrice.store.root), str(left), "1"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    assert subprocess.run(arguments, env=environment, check=False).returncode == 9
    for path in (thrice.store.root / "artifacts").iterdir():
        thrice.store.artifact(path.name).verify()
    assert thrice.build().ran == [], "what was kept is up to date"
    set_x(thrice, 1)
    outcome = thrice.build()
    assert outcome.artifacts["report"].text("report.txt") == "x = 2"
    assert not outcome.failures
    set_x(thrice, 5)
    thrice.build()
    clean(thrice.store, 1)
    assert len(contents(thrice.store)["artifacts"]) == 4
    assert thrice.scheduler().plan().to_run == ()


# ------------------------------------------------------------------------------------------- when it refuses


def test_a_store_whose_builds_are_not_on_record_is_not_emptied_by_mistake(thrice: TinyProject) -> None:
    thrice.store.journal.path.unlink()
    before = contents(thrice.store)
    with pytest.raises(UsageError, match="nothing would be kept"):
        clean(thrice.store, 1)
    assert contents(thrice.store) == before
    thrice.build()
    clean(thrice.store, 1)
    assert len(contents(thrice.store)["artifacts"]) == 4


def test_a_build_whose_list_of_keys_is_lost_is_not_cleaned_by_guessing(thrice: TinyProject) -> None:
    shutil.rmtree(thrice.store.root / "builds")
    with pytest.raises(UsageError, match="its list is missing") as caught:
        clean(thrice.store, 1)
    assert "Build the reports once more" in caught.value.hint
    thrice.build()
    clean(thrice.store, 1)
    assert len(contents(thrice.store)["artifacts"]) == 4


def test_a_store_that_does_not_exist_has_nothing_to_remove_and_is_not_made(tmp_path: Path) -> None:
    assert clean(Store(tmp_path / "store"), 1).paths == []
    assert not (tmp_path / "store").exists()
