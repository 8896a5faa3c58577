"""The page around the report: its head with the rules on what it may load, the contents, scripts and looks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from latentpress.reporting.web.converting import Converter
from latentpress.reporting.web.images import source_hash
from latentpress.reporting.web.numbering import Place


def render(
    files: Mapping[str, Path],
    *,
    report: Mapping[str, Any],
    content: Markup,
    contents: Markup,
    footnotes: Sequence[Markup],
    data: Mapping[str, Any],
    libraries: Mapping[str, str],
    alone: bool = False,
) -> str:
    """The whole page.

    Args:
        files: label to file: ``page`` the template, ``style…`` looks and ``script…`` scripts, in the order of names.
        report: title, authors, language.
        content: the report.
        contents: the list of its parts.
        footnotes: of the report.
        data: name to JSON values that scripts read.
        libraries: name to source of scripts that are run only where they are needed.
        alone: whether this is a page of one part, without a list of contents.
    """
    styles = Markup("\n".join(_texts(files, "style")))
    script = "\n".join(_texts(files, "script"))
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(files["page"].read_text(encoding="utf-8"))
    hashes = [source_hash(text) for text in (script, *libraries.values())]
    return template.render(
        report=report,
        authors=", ".join(author["name"] for author in report["authors"]),
        language=report.get("language", "en-GB"),
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {' '.join(hashes)}; "
        "base-uri 'none'; form-action 'none'",
        content=content,
        contents=contents,
        alone=alone,
        footnotes=footnotes,
        styles=styles,
        script=Markup(script),
        data={name: embedded(value) for name, value in data.items()},
        libraries={name: Markup(text) for name, text in libraries.items()},
    )


def _texts(files: Mapping[str, Path], prefix: str) -> list[str]:
    return [path.read_text(encoding="utf-8") for label, path in sorted(files.items()) if label.startswith(prefix)]


def embedded(value: Any) -> Markup:
    """JSON that can stand in a script element: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def contents(converter: Converter, headings: Sequence[Place], deepest: int = 2) -> Markup:
    """The headings as nested lists of links, down to a level."""
    return _listed(converter, [place for place in headings if place.level <= deepest])


def _listed(converter: Converter, headings: Sequence[Place]) -> Markup:
    if not headings:
        return Markup("")
    level = min(place.level for place in headings)
    groups: list[list[Place]] = []
    for place in headings:
        if place.level == level or not groups:
            groups.append([])
        groups[-1].append(place)
    items = [
        Markup("<li>{}\n{}</li>\n").format(_entry(converter, first), _listed(converter, rest))
        for first, *rest in groups
    ]
    return Markup("<ol>\n{}</ol>\n").format(Markup("").join(items))


def _entry(converter: Converter, place: Place) -> Markup:
    number = Markup('<span class="number">{}</span> ').format(place.number) if place.number else Markup("")
    title = converter.inline(place.title) if place.title else Markup("References")
    return Markup('<a href="#{}">{}{}</a>').format(place.id, number, title)
