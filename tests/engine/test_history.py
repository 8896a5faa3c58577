"""What the journal tells of past builds, and of those that run now."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

from latentpress.engine.history import past_builds, read_uses, used_keys, write_uses
from latentpress.engine.presence import forget_dead_builds, running_builds
from latentpress.engine.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import TinyProject


def test_a_build_tells_its_stages_with_times_place_cost_key_and_artifact(chain: TinyProject) -> None:
    outcome = chain.build(about={"profile": "tiny"})
    (build,) = past_builds(chain.store.journal)
    assert (build.outcome, build.about, build.complete) == ("done", {"profile": "tiny"}, True)
    assert {attempt.stage for attempt in build.attempts} == set(outcome.ran)
    for attempt in build.attempts:
        assert build.ended is not None
        assert attempt.ended is not None
        assert build.started <= attempt.started <= attempt.ended <= build.ended
        assert attempt.key == outcome.provenance[attempt.stage].key
        assert attempt.artifact == outcome.artifacts[attempt.stage].digest
        assert attempt.peak_memory_mb > 1
        assert attempt.worker != build.pid
        assert attempt.host == build.host
    assert used_keys(chain.store, build) == {name: entry.key for name, entry in outcome.provenance.items()}


def test_a_build_with_nothing_to_do_adds_two_short_lines_and_no_file(chain: TinyProject) -> None:
    chain.build()
    chain.build()
    files = sorted((chain.store.root / "builds").iterdir())
    size = chain.store.journal.path.stat().st_size
    chain.build()
    assert sorted((chain.store.root / "builds").iterdir()) == files
    assert chain.store.journal.path.stat().st_size - size < 1000
    first, *_, last = past_builds(chain.store.journal)
    assert used_keys(chain.store, last) == used_keys(chain.store, first)


def test_a_failed_build_uses_what_it_finished_and_what_it_reused(chain: TinyProject) -> None:
    keys = used_keys(chain.store, past_builds(chain.store.journal)[-1]) if chain.build() else None
    assert keys is not None
    chain.write("arithmetic", "def double(x):\n    raise ValueError('no')\n")
    chain.build()
    build = past_builds(chain.store.journal)[-1]
    assert build.outcome == "failed"
    assert used_keys(chain.store, build) == {name: keys[name] for name in ("number", "aside")}
    assert [attempt.outcome for attempt in build.attempts if attempt.stage == "double"] == ["failed"]


def test_a_killed_build_uses_what_it_finished_and_what_it_reused(tiny: TinyProject) -> None:
    tiny.write("quick", "def f(task):\n    return Result()\n")
    tiny.write("slow", "import time\ndef f(task):\n    time.sleep(60)\n    return Result()\n")
    tiny.graph(
        """
        STAGES = [
            Stage("old", "tiny.quick:f"),
            Stage("new", "tiny.quick:f", {"x": 1}),
            Stage("slow", "tiny.slow:f", inputs={"new": "new"}),
        ]
        """
    )
    tiny.build(keep={"old"})
    process = tiny.start()
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)[:2] == ["StageStarted", "slow"]:
            break
    (running,) = running_builds(tiny.store)
    assert running["pid"] == process.pid
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert running_builds(tiny.store) == [], "its lock died with it"
    build = past_builds(tiny.store.journal)[-1]
    assert (build.id, build.outcome, build.ended) == (running["build"], "", None)
    assert set(used_keys(tiny.store, build) or ()) == {"old", "new"}
    assert [(one.stage, one.outcome) for one in build.attempts] == [("new", "done"), ("slow", "")]
    assert list((tiny.store.root / "running").iterdir())
    forget_dead_builds(tiny.store)
    assert not list((tiny.store.root / "running").iterdir())


def test_a_worker_that_dies_leaves_an_attempt_with_its_time(tiny: TinyProject) -> None:
    tiny.write(
        "work",
        """
        import os, time

        def f(task):
            if not (task.scratch / "seen").exists():
                (task.scratch / "seen").touch()
                time.sleep(0.2)
                os._exit(1)
            return Result()
        """,
    )
    tiny.graph('STAGES = [Stage("s", "tiny.work:f")]')
    assert tiny.build().ran == ["s"]
    first, second = past_builds(tiny.store.journal)[-1].attempts
    assert (first.outcome, first.number, second.outcome, second.number) == ("died", 1, "done", 2)
    assert first.ended is not None
    assert first.ended - first.started >= 0.2
    ends = [record for record in tiny.store.journal.read() if record["event"] == "stage_end"]
    assert ends[0]["seconds"] >= 0.2


def test_a_list_of_keys_comes_back_and_damage_of_it_is_noticed_and_mended(tmp_path: Path) -> None:
    store = Store(tmp_path)
    digest = write_uses(store, {"b": "2", "a": "1"})
    assert digest == write_uses(store, {"a": "1", "b": "2"})
    assert read_uses(store, digest) == {"a": "1", "b": "2"}
    (path,) = (tmp_path / "builds").iterdir()
    path.write_text("{}")
    assert read_uses(store, digest) is None
    assert write_uses(store, {"a": "1", "b": "2"}) == digest
    assert read_uses(store, digest) == {"a": "1", "b": "2"}
