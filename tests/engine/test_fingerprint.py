from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.engine import file_digests
from latentpress.engine.file_digests import FileDigests
from latentpress.engine.fingerprint import Closure, differences, provenance, stage_key
from latentpress.engine.stage import Failure, Stage
from latentpress.errors import SettingsError

CLOSURE = Closure({"p": "1", "p.m": "2"}, {"p": "a", "p.m": "b"}, {"numpy": "2.0"}, "digest")
STAGE = Stage(
    "train/sparse/seed0",
    "p.m:f",
    {"model": {"code": 128}, "rate": 0.1},
    {"data": "data/mnist"},
    roots=("p.vae",),
    seed=0,
    backend="tensorflow",
)


def key(stage: Stage = STAGE, inputs: Any = None, closure: Closure = CLOSURE, **more: Any) -> str:
    files = more.pop("files", {"template": "f1"})
    return stage_key(stage, inputs or {"data": "d1"}, closure, files, **more).key


@pytest.mark.parametrize(
    "other",
    [
        replace(STAGE, function="p.m:g"),
        replace(STAGE, settings={"model": {"code": 64}, "rate": 0.1}),
        replace(STAGE, settings={"model": {"code": 128}, "rate": 0.1, "more": None}),
        replace(STAGE, seed=1),
        replace(STAGE, seed=None),
        replace(STAGE, threads=2),
        replace(STAGE, backend="jax"),
        replace(STAGE, device="gpu"),
        replace(STAGE, name="train/other/seed0"),
    ],
)
def test_what_changes_a_result_changes_the_key(other: Stage) -> None:
    assert key(other) != key()


@pytest.mark.parametrize(
    "same",
    [
        replace(STAGE, memory_mb=9, seconds=9.0, isolated=True),
        replace(STAGE, inputs={"data": "data/elsewhere"}),
        replace(STAGE, settings={"rate": 0.1, "model": {"code": 128}}),
    ],
)
def test_what_does_not_leaves_it(same: Stage) -> None:
    assert key(same) == key()


def test_contents_of_inputs_files_sources_and_packages_count() -> None:
    keys = {
        key(),
        key(inputs={"data": "d2"}),
        key(files={"template": "f2"}),
        key(files={"other": "f1"}),
        key(closure=replace(CLOSURE, modules={"p": "1", "p.m": "3"})),
        key(closure=replace(CLOSURE, packages={"numpy": "2.1"})),
        key(failures={"data": Failure("a", "ValueError", "why")}),
        key(failures={"data": Failure("a", "ValueError", "another why")}),
        key(lineage={"a": provenance("k", "d", stage_key(STAGE, {}, CLOSURE, {}).components)}),
        key(codec="another"),
    }
    assert len(keys) == 10
    assert key(closure=replace(CLOSURE, contents={"p": "z", "p.m": "z"})) == key(), "comments do not count"


def test_the_device_counts_only_with_a_backend() -> None:
    plain = replace(STAGE, backend=None)
    assert key(plain) == key(replace(plain, device="gpu"))


@pytest.mark.parametrize("value", [object(), float("nan"), {1, 2}])
def test_settings_that_are_no_json_are_refused(value: object) -> None:
    with pytest.raises(SettingsError, match=r"settings of stage train/sparse/seed0"):
        key(replace(STAGE, settings={"x": value}))


VALUES = st.recursive(st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner, max_size=3))


@given(st.dictionaries(st.text(), VALUES, max_size=3), st.dictionaries(st.text(), VALUES, max_size=3))
def test_differences_are_empty_only_between_equals(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = differences(old, new)
    assert bool(found) == (old != new)
    assert [(name, after, before) for name, before, after in found] == differences(new, old)


def test_differences_name_the_path() -> None:
    old = {"settings": {"training": {"epochs": 2}}, "seed": 0}
    new = {"settings": {"training": {"epochs": 3}}, "seed": 0}
    assert differences(old, new) == [("settings.training.epochs", 2, 3)]


def test_a_large_file_is_read_again_only_when_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(b"x" * 2_000_000)
    os.utime(path, ns=(1, 1))
    digests = FileDigests(tmp_path / "files.json")
    first = digests.digest(path)[0]
    digests.save()
    path.write_bytes(b"y" * 2_000_000)
    os.utime(path, ns=(1, 1))
    assert FileDigests(tmp_path / "files.json").digest(path)[0] != first, "the change time tells"


def test_remembered_digests_with_any_byte_altered_are_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_digests, "_SETTLED_NS", -(10**12))
    path, kept = tmp_path / "data.bin", tmp_path / "files.json"
    path.write_bytes(b"x" * 2_000_000)
    digests = FileDigests(kept)
    digests.digest(path)
    digests.save()
    data = kept.read_bytes()
    assert FileDigests(kept)._known == digests._known != {}
    flips = (data[:i] + bytes([data[i] ^ 1 << i % 8]) + data[i + 1 :] for i in range(len(data)))
    for damaged in [*flips, b"", b"null", b"[1]", b'{"a": 5}', data[:-1]]:
        kept.write_bytes(damaged)
        assert FileDigests(kept)._known == {}


def test_a_file_changed_within_the_clock_tick_is_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(b"x" * 2_000_000)
    digests = FileDigests(tmp_path / "files.json")
    digests.digest(path)
    digests.save()
    assert not (tmp_path / "files.json").exists()
