"""What is looked at before anything runs: faults that would show only after hours are told at once."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from latentpress.builds import Build, Request
from latentpress.datasets.sources import Located
from latentpress.errors import DataError, UsageError
from latentpress.preparing import check_backend, find_data, read_project

ROOT = Path(__file__).parents[1]


@pytest.fixture
def lacking(monkeypatch):
    """Makes some modules look as if they were not installed, and others as if they were."""

    def lack(*names, but=()):
        find = importlib.util.find_spec
        fake = dict.fromkeys(names) | {name: find("sys") for name in but}
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: fake[name] if name in fake else find(name))

    return lack


def prepared(tmp_path, **choices):
    return Build(Request(tmp_path, **choices), lambda line: None)


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
def test_a_backend_that_is_not_installed_is_told_with_the_command_that_installs_it(tmp_path, lacking, backend):
    lacking(backend, "pip")
    with pytest.raises(UsageError, match=f"--backend {backend} needs the package {backend}") as caught:
        check_backend(prepared(tmp_path, backend=backend))
    assert f"uv pip install --python {sys.executable} {backend}" in caught.value.hint


def test_where_there_is_pip_it_is_the_command(tmp_path, lacking):
    lacking("jax", but=["pip"])
    with pytest.raises(UsageError) as caught:
        check_backend(prepared(tmp_path, backend="jax"))
    assert f"{sys.executable} -m pip install jax" in caught.value.hint


def test_a_backend_that_is_there_is_fine_and_not_imported(tmp_path):
    before = set(sys.modules)
    check_backend(prepared(tmp_path))
    assert "tensorflow" not in set(sys.modules) - before


@pytest.fixture
def on_request(tmp_path):
    """A copy of the project's settings, in which one report is built on request."""
    for part in ("experiments", "report_templates"):
        shutil.copytree(ROOT / part, tmp_path / part)
    return tmp_path


def test_a_report_on_request_is_built_only_where_it_is_named(on_request):
    for asked, built in (
        ((), ["assignment"]),
        (("audit",), ["audit"]),
        (("audit", "assignment"), ["assignment", "audit"]),
    ):
        build = prepared(on_request, reports=asked)
        read_project(build)
        assert [report.name for report in build.reports] == built


def test_where_all_reports_are_on_request_they_are_named(on_request):
    shutil.rmtree(on_request / "report_templates" / "assignment")
    with pytest.raises(UsageError, match="holds only reports on request: audit, denoising") as caught:
        read_project(prepared(on_request))
    assert "latentpress build REPORT" in caught.value.hint
    for name in ("audit", "denoising"):
        shutil.rmtree(on_request / "report_templates" / name)
    with pytest.raises(UsageError, match="holds no report"):
        read_project(prepared(on_request))


def located(tmp_path, monkeypatch, locate, names=("frey", "mnist")):
    """A build of some data sets after `find_data`, with what was said; ``locate`` stands for the search."""
    said = []
    build = Build(Request(tmp_path), said.append)
    build.project, build.reports = None, []
    monkeypatch.setattr("latentpress.pipeline.data_sets", lambda project, reports: list(names))
    monkeypatch.setattr("latentpress.datasets.sources.locate", locate)
    find_data(build)
    return build, said


def test_data_made_of_another_s_files_are_looked_for_once_with_them(tmp_path, monkeypatch):
    asked = []

    def locate(name, **_):
        asked.append(name)
        return Located("real", {"train_images": Path(name)})

    build, _ = located(tmp_path, monkeypatch, locate, ("colored_mnist", "frey", "mnist"))
    assert len(asked) == 2
    assert build.located["colored_mnist"] is build.located["mnist"]
    assert build.located["frey"] is not build.located["mnist"]


def test_all_data_sets_that_are_missing_are_told_at_once(tmp_path, monkeypatch):
    def locate(name, **_):
        raise DataError(f"{name} was not found", f"Supply {name}.")

    with pytest.raises(DataError, match="frey was not found\nmnist was not found") as caught:
        located(tmp_path, monkeypatch, locate)
    assert caught.value.hint == "Supply frey.\n  Supply mnist."


def test_a_fault_that_both_data_sets_have_is_told_once(tmp_path, monkeypatch):
    def locate(name, **_):
        raise DataError("--data-dir /nowhere: found nothing there", f"Supply {name}.")

    with pytest.raises(DataError, match=r"^--data-dir /nowhere: found nothing there\n"):
        located(tmp_path, monkeypatch, locate)
