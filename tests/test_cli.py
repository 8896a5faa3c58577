"""The commands as a user meets them: each fault a message, a way out and an exit status, never a traceback."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def root(tmp_path):
    """A copy of the project's settings and templates."""
    for folder in ("experiments", "report_templates"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def latentpress(*arguments, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-m", "latentpress", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "LATENTPRESS_DATA": "", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def assert_told(answer, status, *texts):
    assert answer.returncode == status, answer.stderr
    assert "Traceback" not in answer.stderr + answer.stdout
    for text in texts:
        assert text in answer.stderr


def test_help_names_every_command_and_the_exit_statuses(root):
    answer = latentpress("--help", cwd=root)
    assert answer.returncode == 0
    for text in ("new", "build", "list", "status", "explain", "clean", "timeline", "Exit status", "TeX is missing"):
        assert text in answer.stdout


def test_help_of_build_explains_every_option(root):
    answer = latentpress("build", "--help", cwd=root, COLUMNS="200")
    for option in ("--section", "--retrain", "--data", "--data-dir", "--profile", "--seeds", "--workers", "--backend",
                   "--build-dir", "--no-install-tex", "--strict"):  # fmt: skip
        assert option in answer.stdout


def test_without_a_command_there_is_the_help_and_no_error(root):
    answer = latentpress(cwd=root)
    assert (answer.returncode, answer.stderr.strip()) == (2, "")
    assert "Commands" in answer.stdout


def test_flags_are_shown_without_a_value(root):
    for command in ("build", "explain", "clean", "status"):
        shown = latentpress(command, "--help", cwd=root, COLUMNS="200").stdout
        flags = [line for line in shown.splitlines() if "<bool>" in line]
        assert [line for line in flags if "--help" not in line] == []


def test_version_is_that_of_the_package(root):
    answer = latentpress("--version", cwd=root)
    assert (answer.returncode, answer.stdout) == (0, f"latentpress {version('latentpress')}\n")


@pytest.mark.parametrize("content", ["", '{"reports": ["a"', "[]", "{}"])
def test_a_torn_record_of_the_last_build_counts_as_none(root, content):
    (root / "build").mkdir()
    (root / "build" / "last_run.json").write_text(content)
    for options in ([], ["--json"]):
        answer = latentpress("status", "--data", "embedded", *options, cwd=root)
        assert answer.returncode == 0, answer.stderr
        assert "last build:" not in answer.stdout
    assert json.loads(answer.stdout)["last_run"] is None


def test_list_shows_reports_sections_and_experiments(root):
    answer = latentpress("list", cwd=root)
    assert answer.returncode == 0
    for text in ("report assignment", "assignment/q1b", "experiment contractive"):
        assert text in answer.stdout
    shown = [line[line.rindex("(") + 1 : -1].split(", ") for line in answer.stdout.splitlines() if line[-1] == ")"]
    assert all(len(names) == len(set(names)) for names in shown)
    (untrained,) = [line for line in answer.stdout.splitlines() if line.startswith("experiment untrained")]
    assert untrained.endswith("not trained")


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (["bild"], ["No such command 'bild'", "Did you mean 'build'"]),
        (["build", "asignment"], ['unknown report "asignment"', 'Did you mean "assignment"?']),
        (["build", "assignment", "--section", "q1x"], ['no section "q1x"', "Did you mean"]),
        (["build", "assignment", "--section", "assignment/q1b"], ['Did you mean "q1b"?']),
        (["build", "assignment", "--retrain"], ["--retrain needs --section"]),
        (["build", "--profile", "fast"], ["Invalid value for '--profile': 'fast' is not one of"]),
        (["build", "--mirror", ""], ["found the mirror ''", "file:///"]),
        (["build", "--sektion", "q1b"], ["No such option", "--section"]),
        (["build", "--profile", "quick"], ["'quick'", "smoke"]),
        (["build", "--seeds", "0"], ["--seeds", "found '0'", "at least 1"]),
        (["build", "--workers", "many"], ["--workers", "found 'many'", "at least 1"]),
        (["build", "--backend", "theano"], ["'theano'", "tensorflow"]),
        (["explain", "asignment"], ['unknown report "asignment"', 'Did you mean "assignment"?']),
        (
            ["explain", "assignment", "train/spase"],
            ['unknown stage "train/spase"', 'Did you mean "train/sparse/seed0"?'],
        ),
        (["explain", "assignment", "train/"], ['"train/" begins', "For all of them: 'train/*'"]),
        (["explain", "assignment", "trian/*"], ['no stage matches "trian/*"', 'Did you mean "train/*"?']),
        (["clean"], ["Missing option '--keep-last'", "clean --help"]),
        (["clean", "--keep-last", "-1"], ["--keep-last", "found '-1'", "at least 0"]),
        (["timeline"], ["no build in", "has run a stage yet", "latentpress build"]),
        (["timeline", "--output", "t.gif"], ["found the ending '.gif'", ".svg, .pdf or .png"]),
    ],
)
def test_wrong_usage_says_what_was_found_and_what_was_meant(root, arguments, texts):
    assert_told(latentpress(*arguments, cwd=root), 2, *texts)


def test_misspelt_key_stops_before_anything_runs(root):
    path = root / "experiments" / "vae.toml"
    path.write_text(path.read_text().replace("epochs = 60", "epoch = 60", 1))
    assert_told(latentpress("build", cwd=root), 2, str(path), "training.epoch", 'Did you mean "epochs"?')
    assert not (root / "build").exists()


def test_folder_without_a_project_is_told(tmp_path):
    assert_told(latentpress("build", cwd=tmp_path), 2, "is in no project", "--project")


def test_data_folder_that_does_not_exist_is_told(root):
    answer = latentpress("build", "--data-dir", root / "nowhere", cwd=root)
    assert_told(answer, 1, str(root / "nowhere"))


def test_truncated_data_file_is_named(root):
    folder = root / "data" / "frey"
    folder.mkdir(parents=True)
    (folder / "frey_rawface.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(100))
    assert_told(latentpress("build", "--data-dir", root / "data", cwd=root), 1, "frey_rawface.mat")


def test_real_data_that_cannot_be_had_are_an_error_with_where_they_were_looked_for(root):
    nowhere = {"HOME": str(root), "KERAS_HOME": str(root), "XDG_CACHE_HOME": str(root)}
    answer = latentpress("build", "--data", "real", cwd=root, **nowhere)
    if answer.returncode == 0:
        pytest.skip("this machine has a network")
    assert_told(answer, 1, "were not found", "LATENTPRESS_DATA")


def test_status_before_the_first_build_says_that_all_is_to_run(root):
    answer = latentpress("status", "--json", "--data", "embedded", "--profile", "smoke", cwd=root)
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert told["up_to_date"] == []
    assert "data/mnist" in told["must_run"]
    assert told["last_run"] is None
    assert not (root / "build" / "last_run.json").exists()


def test_status_json_has_every_field_that_the_documentation_names(root):
    """docs/json.md promises them; a field more is no harm, one less is."""
    answer = latentpress("status", "assignment", "--json", "--data", "embedded", "--profile", "smoke", cwd=root)
    told = json.loads(answer.stdout)
    promised = set(re.findall(r"^\| `(\w+)` \|", section_of_json_docs("status"), re.MULTILINE))
    assert promised == set(told)
    assert (told["schema"], told["reports"], told["profile"], told["running"]) == (1, ["assignment"], "smoke", [])
    assert told["last_build"] is None
    assert told["estimated_seconds"] > 0


def section_of_json_docs(command):
    text = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    return text.split(f"## `latentpress {command} --json`")[1].split("\n## ")[0]


def test_explain_before_the_first_build_says_never_run_and_writes_nothing(root):
    options = ["--data", "embedded", "--profile", "smoke"]
    answer = latentpress("explain", "assignment", *options, cwd=root)
    assert answer.returncode == 0, answer.stderr
    assert "to run: data/mnist: never run" in answer.stdout.splitlines()
    assert "may follow: typeset/assignment: never run" in answer.stdout.splitlines()
    assert answer.stdout.splitlines()[-1].startswith("0 stages up to date, ")
    assert not (root / "build").exists()
    one = latentpress("explain", "train/sparse/seed0", *options, cwd=root)
    assert one.stdout.splitlines()[0] == "may follow: train/sparse/seed0: never run"
    some = latentpress("explain", "assignment", "train/*", "--json", *options, cwd=root)
    told = json.loads(some.stdout)
    assert {stage["stage"] for stage in told["stages"]} >= {"train/sparse/seed0", "train/vae/seed0"}
    assert all(stage["stage"].startswith("train/") for stage in told["stages"])
    assert {reason["kind"] for stage in told["stages"] for reason in stage["reasons"]} == {"never_run"}
    fields = set(re.findall(r"^\| `(\w+)` \|", section_of_json_docs("explain"), re.MULTILINE))
    assert fields == set(told["stages"][0]) | set(told["stages"][0]["reasons"][0])


def test_clean_of_a_store_that_does_not_exist_removes_nothing(root):
    answer = latentpress("clean", "--keep-last", "1", cwd=root)
    assert (answer.returncode, answer.stdout) == (0, "nothing to remove\n")
    assert not (root / "build").exists()


def test_fault_of_our_own_goes_to_a_log_file(root, tmp_path):
    """Its traceback is kept out of the console."""
    faulty = "from latentpress import cli, project; project.load = lambda *given: given[9]; cli.main()"
    answer = subprocess.run(
        [sys.executable, "-c", faulty, "status", "--data", "embedded"],
        cwd=root,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert_told(answer, 1, "LatentPress itself failed: IndexError", "traceback is in")
    (log,) = tmp_path.glob("latentpress-*.log")
    assert "Traceback" in log.read_text()


def test_ctrl_c_stops_within_seconds_keeps_finished_stages_and_leaves_no_process(root):
    build = subprocess.Popen(
        [sys.executable, "-m", "latentpress", "build", "--profile", "smoke", "--data", "embedded", "--no-install-tex"],
        cwd=root,
        env={**os.environ, "LATENTPRESS_DATA": "", "LATENTPRESS_TEST_MARK": root.name},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seen = []
    for line in build.stdout:
        seen.append(line)
        if line.startswith("started") and "train/" in line:
            break
    build.send_signal(signal.SIGINT)
    begun = time.monotonic()
    rest = build.stdout.read()
    build.wait(timeout=60)
    assert time.monotonic() - begun < 15
    assert build.returncode == 130
    assert "the same command goes on from here" in rest
    assert "Traceback" not in rest
    assert gone(root.name)
    finished = [line.split()[1] for line in [*seen, *rest.splitlines()] if line.startswith("finished")]
    assert any(name.startswith("data/") for name in finished)
    told = json.loads(latentpress("status", "--json", "--data", "embedded", "--profile", "smoke", cwd=root).stdout)
    assert set(finished) <= set(told["up_to_date"])


def gone(mark, seconds=5.0):
    """Whether no process with the mark is left, after a while for the system to end them."""
    end = time.monotonic() + seconds
    while processes_with(mark) and time.monotonic() < end:
        time.sleep(0.05)
    return not processes_with(mark)


def processes_with(mark):
    """Processes whose environment holds the mark; workers inherit it."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"LATENTPRESS_TEST_MARK={mark}".encode() in environ.read_bytes():
                found.append(environ.parent.name)
        except OSError:
            continue  # the process ended, or is another user's
    return found
