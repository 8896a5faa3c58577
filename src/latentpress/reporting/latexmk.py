"""One run of latexmk: what it is called with, how it is ended, and whether it came to its end by itself."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from latentpress.engine.orphans import inherited
from latentpress.errors import LatexError, TexMissingError
from latentpress.reporting.head_start import give_head_start
from latentpress.reporting.tex import find_tex

# A moment that never changes; anything would do. 2020-01-01, in seconds since 1970.
SOURCE_DATE = "1577836800"

# Not -Werror: it gives a report with a warning the status of one that was cut short. The log tells the warnings.
LATEXMK = [
    "latexmk",
    "-norc",
    "-pdf",
    "-interaction=nonstopmode",
    "-halt-on-error",
    "-file-line-error",
    "-no-shell-escape",
    "report.tex",
]


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run.

    Attributes:
        output: what latexmk and its programs printed.
        status: its exit status; minus the signal if it was killed.
        bibtex_complained: whether BibTeX came to its end and told of errors, which is a failure to latexmk.
    """

    output: str
    status: int
    bibtex_complained: bool

    @property
    def unfinished(self) -> bool:
        """Whether a program was killed, if LaTeX's log has no error; its PDF is then cut off, or of an early run.

        latexmk tells of a killed program as of one that failed, and of its shell's death by another number.
        """
        return self.status < 0 or (self.status > 0 and not self.bibtex_complained)


def run_latexmk(folder: Path, time_limit: float) -> Run:
    """Run latexmk in a folder with a ``report.tex``, with an environment of its own and the time limited.

    Raises:
        LatexError: the time was up. All that it had started is ended.
        TexMissingError: there is no latexmk.
    """
    installation = find_tex()
    if installation is None:
        raise TexMissingError("LaTeX is not installed.", "Run the build again; it says how to install it.")
    variables = {
        "PATH": installation.path,
        "HOME": str(folder),
        "TEXMFVAR": str(folder / "texmf-var"),
        "openin_any": "p",
        "openout_any": "p",
        "SOURCE_DATE_EPOCH": SOURCE_DATE,
        "FORCE_SOURCE_DATE": "1",
        "max_print_line": "10000",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        **inherited(),
    }
    give_head_start(folder, variables)
    # What BibTeX told of the head start is not to be taken for what it tells latexmk.
    (folder / "report.blg").unlink(missing_ok=True)
    # A session of its own, so that the time limit and an interruption reach pdflatex and bibtex too.
    with subprocess.Popen(
        LATEXMK, cwd=folder, env=variables, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            output, _ = process.communicate(timeout=time_limit)
        except subprocess.TimeoutExpired:
            raise LatexError(
                f"LaTeX was not done after {time_limit:.0f} s and was stopped.",
                "A macro that calls itself, or a \\loop without end, does this; look at what changed last.",
            ) from None
        finally:
            _end(process)
    return Run(output.decode(errors="replace"), process.returncode, _bibtex_complained(folder))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started; nothing is left of one that has ended by itself."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _bibtex_complained(folder: Path) -> bool:
    """By the last line of its log, which one that was killed does not write."""
    log = folder / "report.blg"
    return log.is_file() and "error message" in log.read_text(encoding="utf-8", errors="replace")
