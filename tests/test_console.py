"""How a command's end becomes a message and an exit status."""

import io
import signal
import sys

import pytest
import typer

from latentpress import console
from latentpress.errors import LatentPressError, TexMissingError


@pytest.fixture(autouse=True)
def signals_as_before(monkeypatch):
    """`run` takes SIGTERM and sets a variable; what runs the tests keeps its own."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setenv("PYDANTIC_DISABLE_PLUGINS", "__all__")
    yield
    signal.signal(signal.SIGTERM, before)


def ended(what):
    """The exit status of a command that gives back a value or raises."""

    def command(standalone_mode):
        assert standalone_mode is False, "Typer would print and exit itself"
        if isinstance(what, BaseException):
            raise what
        return what

    with pytest.raises(SystemExit) as end:
        console.run(command)
    return end.value.code


@pytest.mark.parametrize(
    ("what", "status", "said"),
    [
        (None, 0, ""),
        (0, 0, ""),
        (1, 1, "exit status 1: a stage failed; the lines above say which, and what was delivered\n"),
        (3, 3, "exit status 3: built, but a health check failed; see the box on page one\n"),
        (4, 4, "exit status 4: built without a PDF, since TeX is missing\n"),
        (KeyboardInterrupt(), 130, console.MEANINGS[130]),
        (typer.Abort(), 130, console.MEANINGS[130]),
        (LatentPressError("the file is short", "Download it again."), 1, "error: the file is short\n  Download it"),
        (TexMissingError("no TeX"), 4, "error: no TeX\n"),
        (
            typer.BadParameter("Value error, 'fast' is"),
            2,
            "error: Invalid value: 'fast' is\n  Try: latentpress --help\n",
        ),
        (typer.BadParameter("found '0'"), 2, "error: Invalid value: found '0'\n  Try: latentpress --help\n"),
    ],
    ids=repr,
)
def test_the_end_of_a_command_is_told_with_its_status(what, status, said, capsys):
    assert ended(what) == status
    assert said in capsys.readouterr().err


def test_a_fault_of_our_own_leaves_its_traceback_in_a_file(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert ended(ZeroDivisionError("no good")) == 1
    [log] = tmp_path.glob("latentpress-*.log")
    told = capsys.readouterr().err
    assert "LatentPress itself failed: ZeroDivisionError: no good" in told
    assert str(log) in told
    assert "Traceback" in log.read_text()
    assert "Traceback" not in told


def test_sigterm_ends_a_command_as_ctrl_c_does():
    def command(standalone_mode):
        signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit) as end:
        console.run(command)
    assert end.value.code == 130


def test_a_character_that_the_console_lacks_becomes_a_question_mark(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    console.say("old → new")
    assert written.getvalue() == b"old ? new\n"
