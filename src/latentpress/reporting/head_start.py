"""What LaTeX would need a run of its own to find out, told before its first: references and table of contents.

LaTeX runs until nothing moves any more, so a guess decides how often it runs, not what the pages look like.
"""

from __future__ import annotations

import re
import string
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

_CITED = re.compile(r"\\cite[a-zA-Z]*\*?(?:\[[^\]]*\]){0,2}\{([^}]+)\}")
_HEADING = re.compile(r"\\(section|addsec|unnumberedsection)\b\s*(?:\[[^\]]*\])?\{")


def give_head_start(folder: Path, variables: Mapping[str, str]) -> None:
    """Write ``report.bbl`` and ``report.toc`` beside ``report.tex``, which saves two of five runs.

    What goes wrong here goes wrong again, and is told, when latexmk runs BibTeX and LaTeX.

    Args:
        folder: holds ``report.tex``.
        variables: the environment for BibTeX.
    """
    text = (folder / "report.tex").read_text(encoding="utf-8")
    if "\\bibliography{" in text:
        _make_references(text, folder, variables)
    if "\\tableofcontents" in text:
        (folder / "report.toc").write_text("".join(_contents(text)), encoding="utf-8")


def _make_references(text: str, folder: Path, variables: Mapping[str, str]) -> None:
    keys = [key.strip() for match in _CITED.finditer(text) for key in match[1].split(",")]
    lines = [*(f"\\citation{{{key}}}" for key in dict.fromkeys(keys)), r"\bibstyle{plainnat}", r"\bibdata{references}"]
    stub = folder / "report.aux"
    stub.write_text("\\relax\n" + "\n".join(lines) + "\n", encoding="utf-8")
    run = subprocess.run(
        ["bibtex", "report"],  # noqa: S607 - found on the PATH that is given
        cwd=folder,
        env=dict(variables),
        capture_output=True,
        timeout=60,
        check=False,
    )
    stub.unlink()
    if run.returncode < 0:
        # It was killed: half a list of references would be an error to LaTeX.
        (folder / "report.bbl").unlink(missing_ok=True)


def _contents(text: str) -> Iterator[str]:
    """An entry for every heading of a section, as large as the right one; all on page 1."""
    numbers: Iterator[object] = iter(range(1, len(text)))
    appendix = text.find("\\appendix")
    for match in _HEADING.finditer(text):
        if match.start() > appendix > 0:
            numbers, appendix = iter(string.ascii_uppercase), 0
        title = braced(text, match.end())
        if title is not None:
            number = f"\\numberline {{{next(numbers, '')}}}" if match[1] == "section" else "\\nonumberline "
            yield f"\\contentsline {{section}}{{{number}{title}}}{{1}}{{}}%\n"
    if "\\bibliography{" in text:
        yield "\\contentsline {section}{\\nonumberline References}{1}{}%\n"


def braced(text: str, start: int) -> str | None:
    """The text from ``start``, which is behind an opening brace, to the brace that closes it, if one does."""
    depth = 1
    for place in range(start, len(text)):
        if text[place] in "{}" and text[place - 1] != "\\":
            depth += 1 if text[place] == "{" else -1
            if depth == 0:
                return text[start:place]
    return None
