"""TeX of a report turned into HTML, without an assembled report around it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest

from latentpress.reporting.web import bibtex, citations, dialect, numbering, plainnat
from latentpress.reporting.web.converting import Converter
from latentpress.reporting.web.floating import ENVIRONMENTS


@pytest.fixture
def converter() -> Callable[..., tuple[Converter, str]]:
    """TeX, and a bibliography, to the converter and its HTML."""

    def convert(tex: str, bibliography: str = "", **fields: Any) -> tuple[Converter, str]:
        nodes = dialect.read(tex)
        works = plainnat.references(bibtex.entries(bibliography), citations.keys_of(nodes))
        found = Converter(numbering.number(nodes), {work.key: work for work in works}, ENVIRONMENTS, **fields)
        return found, str(found.blocks(nodes))

    return convert


@pytest.fixture
def text() -> Callable[[str], str]:
    """HTML to the text that is read."""

    def plain(page: str) -> str:
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", page))).strip()

    return plain
