"""The stage that typesets an assembled report: latexmk in a fresh folder, then what it carries, and fixed bytes."""

from __future__ import annotations

import errno
import io
import os
import re
import resource
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pikepdf

from latentpress.engine.stage import Result, Task
from latentpress.errors import LatexError
from latentpress.reporting import latex_errors
from latentpress.reporting.attachments import attach, attachments, saved
from latentpress.reporting.latexmk import run_latexmk

if TYPE_CHECKING:
    from latentpress.engine.store import Artifact

TIME_LIMIT = 180.0
"""Seconds; a report of 60 pages takes 5."""

ATTEMPTS = 3
"""How often LaTeX is run when it is killed; as often as the engine runs a stage whose worker dies."""

# LaTeX leaves some bytes free on a disk that was full for it.
_LITTLE_SPACE = 1_000_000


def typeset(task: Task) -> Result:
    """Typeset the one report among the inputs.

    Returns:
        ``report.pdf``, ``typeset.log`` and ``warnings.json`` (what spoils a page).

    Raises:
        LatexError: with section, template line, cause and remedy; in strict settings also for overfull boxes,
            missing characters and undefined references; or LaTeX was killed, and killed again.
        OSError: the disk is full, or the file-size limit was met.
        TexMissingError: TeX is not installed.
    """
    (artifact,) = task.inputs.values()
    log, pdf = _written(task, artifact)
    found = latex_errors.warnings(log, artifact.json("sources"))
    if found and task.settings.get("strict_layout", False):
        raise LatexError(f"report.tex: {'; '.join(found)}.", "Mend the layout, or build without strict layout.")
    lock = task.files["lock"].read_bytes() if "lock" in task.files else None
    files = {name: artifact.data(name) for name in artifact.names() if name.endswith((".json", ".csv"))}
    data = attach(finish(pdf, artifact.json("report")["report"]), attachments(files, lock))
    return Result(files={"report.pdf": data}, texts={"typeset.log": plain_log(log)}, values={"warnings": found})


def _written(task: Task, artifact: Artifact) -> tuple[str, bytes]:
    """LaTeX's log and its PDF, of the first run in which none of its programs was killed."""
    attempt = 0
    while True:
        attempt += 1
        # In the scratch folder, which the engine removes also where a kill kept this from being tidied up.
        task.scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=task.scratch) as name:
            folder = Path(name)
            lay_out(artifact, folder)
            run = run_latexmk(folder, float(task.settings.get("time_limit", TIME_LIMIT)))
            log = _read(folder / "report.log", run.output)
            fault = latex_errors.first_fault(log, artifact.text("report.tex"))
            path = folder / "report.pdf"
            pdf = path.read_bytes() if path.is_file() else b""
            if fault is None:
                if not run.unfinished and is_whole(pdf):
                    return log, pdf
                refuse_full_disk(pdf, folder)
            if fault is not None or attempt == ATTEMPTS:
                raise _error(fault, f"{log}\n{run.output}", artifact.json("sources"), task)


def is_whole(pdf: bytes) -> bool:
    """Whether LaTeX wrote its PDF to the end."""
    return pdf.rstrip().endswith(b"%%EOF")


def refuse_full_disk(pdf: bytes, folder: Path) -> None:
    """Say that the disk kept LaTeX from writing all of its PDF, on which LaTeX keeps silent.

    Raises:
        OSError: the disk is full, or the file-size limit was met.
    """
    if is_whole(pdf):
        return
    if 0 <= resource.getrlimit(resource.RLIMIT_FSIZE)[0] <= len(pdf):
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), "report.pdf")
    if shutil.disk_usage(folder).free < _LITTLE_SPACE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "report.pdf")


def lay_out(artifact: Artifact, folder: Path) -> None:
    """Write what LaTeX reads; no file of another artifact is in its reach."""
    for name in sorted(artifact.names()):
        if name.endswith((".tex", ".sty", ".bib")) or (name.startswith("figures/") and name.endswith(".pdf")):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(artifact.data(name))


def _read(path: Path, otherwise: str) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else otherwise


def _error(fault: latex_errors.LatexFault | None, log: str, source_map: list[dict[str, Any]], task: Task) -> LatexError:
    # The whole log stays in the stage's scratch folder, which outlives the failure.
    kept = task.scratch / "typeset.log"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(log, encoding="utf-8")
    if fault is None:
        tail = " / ".join(line for line in log.splitlines()[-6:] if line.strip())
        return LatexError(
            f"LaTeX made no whole PDF in {ATTEMPTS} attempts: {tail}",
            f"If it was killed, memory may have run out; free some, and build again. (The whole log: {kept})",
        )
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
        return saved(pdf)


def _whole(text: str) -> str:
    """The text without what no encoding can carry."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
