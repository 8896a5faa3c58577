"""A new project, and docs/extending.md followed word by word in it, as its reader would."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pypdf
import pytest

pytestmark = pytest.mark.slow
PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
STEP = re.compile(
    r"(?:^\*\*(?P<what>Write|Change|Add to the end of) `(?P<path>[^`]+)`:\*\*\n\n)?"
    r"^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Reader:
    """Does what the page says, in a folder of its own.

    Args:
        folder: where to begin.
    """

    def __init__(self, folder):
        self.place = folder
        self.told = ""

    def follow(self, page):
        for step in STEP.finditer(page):
            if step["what"] is not None:
                self.edit(step["what"], self.place / step["path"], step["text"])
            elif step["language"] == "sh":
                for command in step["text"].splitlines():
                    self.enter(command)
            else:
                assert step["language"] == "text", f"nobody is told what to do with {step[0]}"
                missing = set(step["text"].splitlines()) - set(self.told.splitlines())
                assert not missing, f"the page says that this is printed: {missing}; it was {self.told}"

    def edit(self, what, path, text):
        if what == "Write":
            assert not path.exists(), path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif what == "Change":
            old, new = ("".join(f"{line[1:]}\n" for line in text.splitlines() if line[0] == sign) for sign in "-+")
            assert path.read_text().count(old) == 1, f"{path} has not once {old!r}"
            path.write_text(path.read_text().replace(old, new))
        else:
            path.write_text(path.read_text() + text)

    def enter(self, command, status=0):
        program, *arguments = shlex.split(command, comments=True)
        if program == "cd":
            self.place = self.place / arguments[0]
            return
        assert program == "latentpress", f"{command} is no command of ours"
        if arguments[0] in ("build", "explain"):  # what has no network, and no time
            arguments += ["--data", "embedded"] + ["--profile", "smoke"] * ("--profile" not in arguments)
        answer = subprocess.run(
            [sys.executable, "-m", "latentpress", *arguments],
            cwd=self.place,
            env={**os.environ, "LATENTPRESS_DATA": ""},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert answer.returncode == status, answer.stdout[-4000:] + answer.stderr[-4000:]
        self.told = answer.stdout

    def to_run(self):
        self.enter("latentpress explain --json")
        return {stage["stage"] for stage in json.loads(self.told)["stages"] if stage["state"] == "must_run"}


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Has followed the whole page."""
    if shutil.which("pdflatex") is None or shutil.which("latexmk") is None:
        pytest.skip("no TeX on this machine")
    reader = Reader(tmp_path_factory.mktemp("projects"))
    reader.follow(PAGE.read_text(encoding="utf-8"))
    return reader


def text_of(reader, name):
    return "\n".join(
        page.extract_text() for page in pypdf.PdfReader(reader.place / "build" / name / "report.pdf").pages
    )


def test_the_reports_show_what_the_page_added(reader):
    text = text_of(reader, "report")
    assert "How much of a code is used" in text
    assert "Sparse autoencoder" in text
    assert "failed" not in text.split("Health checks")[0]
    assert "The cost of a short code" in text_of(reader, "brief")
    assert "Contents" not in text_of(reader, "brief")
    record = json.loads((reader.place / "build" / "report" / "report.json").read_text())
    ids = {metric["id"] for metric in record["metrics"]}
    assert {f"mnist/{name}/test/used_axes" for name in ("plain", "narrow", "sparse")} <= ids
    functions = {stage["stage"]: stage["function"] for stage in record["provenance"]}
    assert functions["evaluate/used_axes/plain/seed0"] == "evaluations.used_axes:measure"
    found = [json.loads(path.read_text()) for path in (reader.place / "build/store/artifacts").glob("*/warnings.json")]
    assert found and not any(found), "no fault of layout"


def test_a_second_report_of_the_same_models_trained_nothing(reader):
    ran = json.loads((reader.place / "build" / "last_run.json").read_text())["stages_run"]
    assert {"section/brief/cost", "assemble/brief", "typeset/brief", "html/brief"} == set(ran)


def test_an_edit_of_an_own_evaluation_runs_it_again_and_no_other(reader):
    assert reader.to_run() == set()
    path = reader.place / "evaluations" / "used_axes.py"
    before = path.read_text()
    path.write_text(before + "\n# A comment changes no result.\n")
    assert reader.to_run() == set()
    path.write_text(before.replace("variances.sum() ** 2", "1.0 * variances.sum() ** 2"))
    assert reader.to_run() == {f"evaluate/used_axes/{name}/seed0" for name in ("narrow", "plain", "sparse")}
    path.write_text(before)


def test_nox_builds_the_project_and_finds_nothing_to_run(reader):
    answer = subprocess.run(
        [sys.executable, "-m", "nox", "-s", "all", "--", "--profile", "smoke", "--data", "embedded"],
        cwd=reader.place,
        env={**os.environ, "LATENTPRESS_DATA": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert json.loads((reader.place / "build" / "last_run.json").read_text())["stages_run"] == []
