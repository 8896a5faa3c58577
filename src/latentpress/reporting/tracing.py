r"""Where a printed number comes from: ``\traced{origin}{key}{text}`` in the LaTeX of sections and reports.

The key names a value of ``report.json``: a metric's id, ``-`` before it where the negated value is printed and
``,interval`` behind it for its interval; ``setting:<experiment>:<key>``; ``evaluation:<section>:<name>:<key>``;
``published:<kind>:<model>:<quantity>:<alpha>``; ``cell:<table>:<row>:<column>``; ``figure:<file>`` for a picture.

In a section the origin is ``@`` and an artifact's digest or a stage's name; `resolve` puts the number of the row of the
provenance appendix in its place, since only the assembled report knows that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from latentpress.reporting.head_start import braced
from latentpress.reporting.latex import Tex

INTERVAL = ",interval"
_UNSAFE = re.compile(r"[^A-Za-z0-9/=._+:,-]")
_ENCODED = re.compile(r"(?:![0-9A-F]{2})+")
_TRACED = re.compile(r"\\traced\{([^{}]*)\}\{([^{}]*)\}\{")
_ORIGIN = re.compile(r"\\traced\{@([^{}]*)\}")
_MARK = re.compile(r"\\provenancemark\{@([^{}]*)\}")


def traced(text: Tex, key: str, origin: str) -> Tex:
    """A printed value that leads to its origin, an artifact's digest or a stage's name."""
    return Tex(rf"\traced{{@{encode(origin)}}}{{{encode(key)}}}{{{text}}}")


def mark(origins: Iterable[str]) -> Tex:
    """The short mark of a table or figure, which leads to the rows of the provenance appendix that made it."""
    listed = ",@".join(encode(origin) for origin in dict.fromkeys(origins) if origin)
    return Tex(rf" \provenancemark{{@{listed}}}") if listed else Tex("")


FIGURE = "figure:"


def encode(key: str) -> str:
    """A key in characters that TeX, PDF strings and link annotations carry as they are."""
    return _UNSAFE.sub(lambda match: "".join(f"!{byte:02X}" for byte in match[0].encode()), key)


def decode(text: str) -> str:
    """What `encode` was given."""
    return _ENCODED.sub(lambda match: bytes.fromhex(match[0].replace("!", "")).decode("utf-8", "replace"), text)


def occurrences(tex: str) -> Iterator[tuple[str, str, Tex]]:
    """Origin, key and text of every traced value, in the order of the source."""
    for match in _TRACED.finditer(tex):
        text = braced(tex, match.end())
        if text is not None:
            yield match[1], decode(match[2]), Tex(text)


def resolve(tex: str, rows: Mapping[str, int]) -> str:
    """Origins by the numbers of their rows in the provenance appendix; one without a row is left empty.

    Args:
        tex: of a section.
        rows: artifact's digest, or stage, to the number of its row.
    """
    text = _ORIGIN.sub(lambda match: rf"\traced{{{rows.get(decode(match[1]), '')}}}", tex)
    return _MARK.sub(lambda match: _links(match[1], rows), text)


def _links(listed: str, rows: Mapping[str, int]) -> str:
    found = {rows[origin] for origin in map(decode, listed.split(",@")) if origin in rows}
    if not found:
        return ""
    links = (rf"\provenancelink{{{first}}}{{{first if first == last else f'{first}--{last}'}}}" for first, last in
             ranges(sorted(found)))  # fmt: skip
    return rf"\provenancemark{{{', '.join(links)}}}"


def ranges(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each run of numbers that follow one another; the numbers ascend."""
    breaks = [index for index, (one, two) in enumerate(pairwise(numbers), start=1) if two != one + 1]
    edges = [0, *breaks, len(numbers)]
    return [(numbers[start], numbers[stop - 1]) for start, stop in pairwise(edges)] if numbers else []
