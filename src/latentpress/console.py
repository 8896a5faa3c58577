"""The console: what is printed, and how a command's end becomes a message and an exit status."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import typer

from latentpress.errors import LatentPressError


def say(line: str) -> None:
    """Print one line at once; a console that cannot show a character gets a question mark for it."""
    encoding = sys.stdout.encoding or "utf-8"
    print(line.encode(encoding, "replace").decode(encoding), flush=True)


def complain(text: str) -> None:
    """Print an error."""
    print(text, file=sys.stderr, flush=True)


def run(command: Callable[..., Any]) -> NoReturn:
    """Run a command; turn what went wrong into a message and an exit status.

    Args:
        command: the application; it reads the command line itself and returns an exit status or None.

    Raises:
        SystemExit: always, with the exit status.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    # Looking for plugins of pydantic reads the metadata of every installed package; none has a say in settings.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        code = command(standalone_mode=False)
    except LatentPressError as error:
        complain(f"error: {error.message}")
        if error.hint:
            complain(f"  {error.hint}")
        sys.exit(error.exit_status)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        usage = _usage_message(error)
        if usage is not None:
            if usage:
                complain(usage)
            sys.exit(2)
        complain(f"error: LatentPress itself failed: {type(error).__name__}: {error}")
        complain(f"  The traceback is in {_write_traceback(error)}; please report it.")
        sys.exit(1)
    status = code if isinstance(code, int) else 0
    if status in MEANINGS:
        complain(f"exit status {status}: {MEANINGS[status]}")
    sys.exit(status)


def leave(status: int) -> NoReturn:
    """End with an exit status that the command has told of itself; those of a build have words of their own."""
    sys.exit(status)


INTERRUPTED = 130  # what shells give a command that Ctrl-C ended; Typer returns it, too
MEANINGS = {
    1: "a stage failed; the lines above say which, and what was delivered",
    3: "built, but a health check failed; see the box on page one",
    4: "built without a PDF, since TeX is missing",
    INTERRUPTED: "stopped; finished stages are kept, and the same command goes on from here",
}
"""Why a build that ran to its end did not end with 0."""


def _interrupt(number: int, frame: Any) -> None:
    del number, frame
    raise KeyboardInterrupt


def _usage_message(error: Exception) -> str | None:
    """Click's own message for a wrong option, or None for any other fault; empty where the help was printed instead."""
    format_message = getattr(error, "format_message", None)
    if format_message is None:
        return None
    message = str(format_message()).replace("Value error, ", "")  # how pydantic, which some versions use, begins
    if not message:
        return ""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "latentpress"
    return f"error: {message}\n  Try: {command} --help"


def _write_traceback(error: Exception) -> Path:
    import tempfile
    import traceback

    handle, name = tempfile.mkstemp(prefix="latentpress-", suffix=".log", text=True)
    with open(handle, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor, not a path
        stream.writelines(traceback.format_exception(error))
    return Path(name)
