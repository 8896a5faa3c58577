"""``latentpress new`` writes a project that is valid whatever its title, or nothing at all."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress import project, starting
from latentpress.errors import UsageError

ROOT = Path(__file__).parents[1]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


def start(folder, title="A Title", authors=("Ada",)):
    told = []
    starting.start_project(folder, title, authors, told.append)
    return told


def contents(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("profile", project.PROFILES)
def test_a_new_project_is_valid_in_every_profile(tmp_path, profile):
    start(tmp_path / "demo")
    found = project.load(tmp_path / "demo", profile)
    (report,) = found.reports.values()
    own = [entry.declaration for section in report.sections for entry in section.evaluations][-1]
    assert (own.name, own.module) == ("few_labels", "evaluations.few_labels")
    assert [author.name for author in report.settings.authors] == ["Ada"]


def test_the_looks_are_those_of_the_repository():
    files = starting.starter_files("T", ["A"])
    common = ROOT / "report_templates" / "common"
    for path in sorted(file for file in common.rglob("*") if file.is_file()):
        name = f"report_templates/common/{path.relative_to(common).as_posix()}"
        up = "../" * (4 + name.count("/") - 1)
        assert files.get(name) == path.read_bytes(), f"link it: ln -s {up}{name} {starting.STARTER / name}"
    assert files["docs/extending.md"] == (ROOT / "docs" / "extending.md").read_bytes()


@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))
def test_every_title_and_every_author_reads_back_as_it_was_given(title, authors):
    settings = tomllib.loads(starting.starter_files(title, authors)["report_templates/report/report.toml"].decode())
    assert settings["title"] == title
    assert [author["name"] for author in settings["authors"]] == authors


@pytest.mark.parametrize("text", ['"""', "# {authors}", '"{title}"', "\\", "\x7f\x00\x1f", "a\r\nb", "\u2028😀", r"\1"])
def test_texts_that_look_like_toml_or_like_our_gaps_are_only_texts(text):
    settings = tomllib.loads(starting.starter_files(text, [text])["report_templates/report/report.toml"].decode())
    assert (settings["title"], settings["authors"]) == (text, [{"name": text}])


def test_the_next_two_commands_are_told_for_a_name_with_spaces(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert start(Path("my demo"))[-2:] == ["  cd 'my demo'", "  latentpress build"]
    assert start(Path("-n"))[-2:] == ["  cd ./-n", "  latentpress build"]


def test_an_empty_folder_is_filled_and_stays_the_same_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = tmp_path.stat().st_ino
    told = start(Path())
    assert tmp_path.stat().st_ino == before
    assert not any("cd " in line for line in told)
    assert (tmp_path / "experiments" / "plain.toml").is_file()
    assert not list(tmp_path.glob(".latentpress-*"))


def fill(folder):
    folder.mkdir()
    (folder / "mine").write_text("kept")


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (fill, "not empty"),
        (lambda folder: folder.write_text("kept"), "found a file"),
        (lambda folder: folder.symlink_to("nowhere"), "found a file"),
        (lambda folder: folder.parent.rmdir(), "there is no folder"),
    ],
    ids=["full", "a file", "a link to nothing", "no parent"],
)
def test_what_is_in_the_way_is_told_and_left_alone(tmp_path, prepare, message):
    (tmp_path / "in").mkdir()
    folder = tmp_path / "in" / "demo"
    prepare(folder)
    before = contents(tmp_path)
    with pytest.raises(UsageError, match=message) as caught:
        start(folder)
    assert caught.value.hint
    assert contents(tmp_path) == before


@pytest.mark.parametrize("text", ["", " \n", "\udcff"], ids=["empty", "blank", "no UTF-8"])
def test_texts_that_no_title_can_be_are_refused(tmp_path, text):
    for options in ({"title": text}, {"authors": ["Ada", text]}):
        with pytest.raises(UsageError, match=r"--title|--author"):
            start(tmp_path / "demo", **options)
    assert contents(tmp_path) == []


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("fails", ["write_bytes", "rename"])
def test_nothing_is_left_of_a_project_that_could_not_be_written(tmp_path, monkeypatch, exists, fails):
    folder = tmp_path / "demo"
    if exists:
        folder.mkdir()
    before, calls, original = contents(tmp_path), [], getattr(Path, fails)

    def refuse(self, *arguments):
        calls.append(self)
        if len(calls) > (2 if fails == "write_bytes" or exists else 0):
            raise OSError(28, "No space left on device")
        return original(self, *arguments)

    monkeypatch.setattr(Path, fails, refuse)
    with pytest.raises(UsageError, match="No space left"):
        start(folder)
    assert contents(tmp_path) == before


def test_the_command_takes_title_and_authors_and_loads_nothing_heavy(tmp_path):
    code = (
        "import sys; from latentpress.cli import main\n"
        "sys.argv = ['latentpress', 'new', 'demo', '--title', 'R&D_50%', '--author', 'Ada', '--author', 'Ben']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print('LOADED', *sorted(sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *filter(None, sys.path)])}
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert not {"numpy", "tensorflow", "keras", "jinja2"} & set(answer.stdout.split("LOADED")[1].split())
    (report,) = project.load(tmp_path / "demo").reports.values()
    assert report.settings.title == "R&D_50%"
    assert [author.name for author in report.settings.authors] == ["Ada", "Ben"]


def test_a_command_outside_of_a_project_names_the_way_to_one(tmp_path):
    with pytest.raises(UsageError) as caught:
        project.find_root(tmp_path)
    assert "latentpress new" in caught.value.hint


@pytest.mark.parametrize("through", ["wheel", "sdist"])
def test_a_wheel_has_all_that_a_new_project_needs(tmp_path, through):
    """Also what lies outside of the package in the repository."""
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "src", copy / "src", symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("report_templates", "docs"):
        shutil.copytree(ROOT / name, copy / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path), "-t"]
    if through == "sdist":
        subprocess.run([*command, "sdist"], cwd=copy, check=True, capture_output=True, timeout=120)
        with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
            archive.extractall(tmp_path / "unpacked", filter="data")
        (copy,) = (tmp_path / "unpacked").iterdir()
    subprocess.run([*command, "wheel"], cwd=copy, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {
            name.removeprefix("latentpress/starter/"): archive.read(name)
            for name in archive.namelist()
            if name.startswith("latentpress/starter/")
        }
    wanted = starting.starter_files("T", ["A"])
    renamed = {starting.RENAMED.get(name, name) for name in packed}
    assert renamed == wanted.keys() - {"build/.gitkeep"}
    assert all(data == wanted[name] for name, data in packed.items() if name in wanted and name not in starting.FILLED)
