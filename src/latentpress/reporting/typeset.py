"""The stage that typesets an assembled report: latexmk in a fresh folder, then one pass that fixes the bytes."""

from __future__ import annotations

import errno
import io
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pikepdf

from latentpress.engine.orphans import inherited
from latentpress.engine.stage import Result, Task
from latentpress.errors import LatexError, TexMissingError
from latentpress.reporting import latex_errors
from latentpress.reporting.head_start import give_head_start
from latentpress.reporting.tex import find_tex

if TYPE_CHECKING:
    from latentpress.engine.store import Artifact

TIME_LIMIT = 180.0
"""Seconds; a report of 60 pages takes 5."""

# A moment that never changes; anything would do. 2020-01-01, in seconds since 1970.
SOURCE_DATE = "1577836800"

LATEXMK = [
    "latexmk",
    "-norc",
    "-pdf",
    "-interaction=nonstopmode",
    "-halt-on-error",
    "-file-line-error",
    "-no-shell-escape",
    "-Werror",
    "report.tex",
]
LOG_LINES = 400
# LaTeX leaves some bytes free on a disk that was full for it.
_LITTLE_SPACE = 1_000_000


def typeset(task: Task) -> Result:
    """Typeset the one report among the inputs.

    Returns:
        ``report.pdf``, ``typeset.log`` and ``warnings.json`` (what spoils a page).

    Raises:
        LatexError: with section, template line, cause and remedy; in strict settings also for overfull boxes,
            missing characters and undefined references.
        TexMissingError: TeX is not installed.
    """
    (artifact,) = task.inputs.values()
    source_map = artifact.json("sources")
    # In the scratch folder, which the engine removes also where a kill kept this from being tidied up.
    task.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=task.scratch) as name:
        folder = Path(name)
        lay_out(artifact, folder)
        output = run_latexmk(folder, float(task.settings.get("time_limit", TIME_LIMIT)))
        log = _read(folder / "report.log", output)
        fault = latex_errors.first_fault(log, artifact.text("report.tex"))
        pdf = folder / "report.pdf"
        if fault is not None or not pdf.is_file():
            raise _error(fault, log, source_map, task)
        refuse_cut_off(pdf)
        found = latex_errors.warnings(log, source_map)
        if found and task.settings.get("strict_layout", False):
            raise LatexError(f"report.tex: {'; '.join(found)}.", "Mend the layout, or build without strict layout.")
        report = artifact.json("report")["report"]
        data = finish(pdf.read_bytes(), report)
    return Result(files={"report.pdf": data}, texts={"typeset.log": plain_log(log)}, values={"warnings": found})


def refuse_cut_off(pdf: Path) -> None:
    """Say what is wrong with the disk where LaTeX could not write all of its PDF, on which it keeps silent.

    Raises:
        OSError: the disk is full, or the file-size limit was met.
        LatexError: the PDF is cut off for another reason.
    """
    data = pdf.read_bytes()
    if data.rstrip().endswith(b"%%EOF"):
        return
    if 0 <= resource.getrlimit(resource.RLIMIT_FSIZE)[0] <= len(data):
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), pdf.name)
    if shutil.disk_usage(pdf.parent).free < _LITTLE_SPACE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), pdf.name)
    raise LatexError(
        f"LaTeX wrote only {len(data)} bytes of report.pdf.", "Check the disk and the memory, then run again."
    )


def lay_out(artifact: Artifact, folder: Path) -> None:
    """Write what LaTeX reads; no file of another artifact is in its reach."""
    for name in sorted(artifact.names()):
        if name.endswith((".tex", ".sty", ".bib")) or (name.startswith("figures/") and name.endswith(".pdf")):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(artifact.data(name))


def run_latexmk(folder: Path, time_limit: float) -> str:
    """Run latexmk in a folder, with an environment of its own and the time limited.

    Returns:
        What it printed. Whether it succeeded is for the log to say: warnings count as errors for latexmk.

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
    return output.decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started; nothing is left of one that has ended by itself."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _read(path: Path, otherwise: str) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else otherwise


def _error(fault: latex_errors.LatexFault | None, log: str, source_map: list[dict[str, Any]], task: Task) -> LatexError:
    # The whole log stays in the stage's scratch folder, which outlives the failure.
    kept = task.scratch / "typeset.log"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(log, encoding="utf-8")
    if fault is None:
        tail = " / ".join(line for line in log.splitlines()[-6:] if line.strip())
        return LatexError(f"LaTeX made no PDF: {tail}", f"The whole log: {kept}")
    message, hint = latex_errors.explain(fault, source_map)
    return LatexError(message, f"{hint} (The whole log: {kept})")


def plain_log(log: str) -> str:
    """The log without dates, folders of this machine and statistics of this run's memory."""
    text = log.split("Here is how much of TeX's memory you used:")[0]
    text = re.sub(r"\A.*?\n(?=\*\*)", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r"/[^\s()<>{}]*/latentpress-\w+", ".", text)
    text = re.sub(r"(?<=[(<{])/[^\s()<>{}]*/(?=[^/\s()<>{}]+[)>}\s])", "", text)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def finish(data: bytes, report: Mapping[str, Any]) -> bytes:
    """Title, authors and language as they were typed, no dates, and bytes that depend on the content alone."""
    authors = ", ".join(_whole(author["name"]) for author in report["authors"])
    values = {"/Title": _whole(report["title"]), "/Author": authors, "/Subject": _whole(report.get("subtitle", ""))}
    with pikepdf.open(io.BytesIO(data)) as pdf:
        for key in ("/CreationDate", "/ModDate", "/PTEX.Fullbanner"):
            if key in pdf.docinfo:
                del pdf.docinfo[key]
        for key, value in values.items():
            if value:
                pdf.docinfo[key] = pikepdf.String(value)
        pdf.docinfo["/Creator"] = pikepdf.String("LatentPress")
        pdf.Root.Lang = pikepdf.String(report.get("language", "en-GB"))
        buffer = io.BytesIO()
        pdf.save(
            buffer,
            deterministic_id=True,
            recompress_flate=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
        )
    return buffer.getvalue()


def _whole(text: str) -> str:
    """The text without what no encoding can carry."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
