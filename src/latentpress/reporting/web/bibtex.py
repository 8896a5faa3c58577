"""BibTeX files: entries with their fields as TeX, and names taken apart as BibTeX does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from latentpress.errors import TemplateError

MONTHS = {
    "jan": "January", "feb": "February", "mar": "March", "apr": "April", "may": "May", "jun": "June", "jul": "July",
    "aug": "August", "sep": "September", "oct": "October", "nov": "November", "dec": "December",
}  # fmt: skip
_HEAD = re.compile(r"@(\w+)\s*([{(])")
_FIELD = re.compile(r"\s*([\w-]+)\s*=\s*")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a bibliography.

    Attributes:
        key: that it is cited by.
        kind: ``article``, ``misc``, …, in small letters.
        fields: name in small letters to TeX.
    """

    key: str
    kind: str
    fields: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


@dataclass(frozen=True, slots=True)
class Name:
    """A person: first names, a small-lettered "von", last names, "junior"; all TeX."""

    first: str
    von: str
    last: str
    junior: str


def entries(text: str) -> dict[str, Entry]:
    """Read a bibliography.

    Raises:
        TemplateError: a brace or a quote is not closed.
    """
    found: dict[str, Entry] = {}
    strings = dict(MONTHS)
    place = 0
    while match := _HEAD.search(text, place):
        kind = match[1].lower()
        inner, place = _closed(text, match.end(), "}" if match[2] == "{" else ")")
        if kind in ("comment", "preamble"):
            continue
        key, _, rest = ("", "", inner) if kind == "string" else inner.partition(",")
        fields = dict(_fields(rest, strings))
        if kind == "string":
            strings.update(fields)
        else:
            found.setdefault(key.strip(), Entry(key.strip(), kind, fields))
    return found


def _fields(text: str, strings: dict[str, str]) -> Iterator[tuple[str, str]]:
    place = 0
    while match := _FIELD.match(text, place):
        parts, place = [], match.end()
        while True:
            value, place = _value(text, place, strings)
            parts.append(value)
            joined = re.compile(r"\s*#\s*").match(text, place)
            if not joined:
                break
            place = joined.end()
        yield match[1].lower(), re.sub(r"\s+", " ", "".join(parts)).strip()
        behind = re.compile(r"\s*,?").match(text, place)
        place = behind.end() if behind else place


def _value(text: str, place: int, strings: dict[str, str]) -> tuple[str, int]:
    if text[place : place + 1] == "{":
        return _closed(text, place + 1, "}")
    if text[place : place + 1] == '"':
        return _closed(text, place + 1, '"')
    word = re.compile(r"[^\s,#}]*").match(text, place)
    assert word is not None
    return strings.get(word[0].lower(), word[0]), word.end()


def _closed(text: str, start: int, closing: str) -> tuple[str, int]:
    """The text up to what closes it outside of braces, and the place behind that."""
    depth = 0
    for place in range(start, len(text)):
        if depth == 0 and text[place] == closing:
            return text[start:place], place + 1
        depth += {"{": 1, "}": -1}.get(text[place], 0)
    line = text.count("\n", 0, start) + 1
    raise TemplateError(f"references.bib:{line}: {closing!r} is missing.", "Close what is opened on that line.")


def outside_braces(text: str, pattern: str) -> list[str]:
    """Split a text where a pattern stands outside of braces."""
    parts, depth, begin, place = [], 0, 0, 0
    separator = re.compile(pattern)
    while place < len(text):
        match = separator.match(text, place) if depth == 0 else None
        if match and match.end() > place:
            parts.append(text[begin:place])
            begin = place = match.end()
            continue
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        place += 1
    return [*parts, text[begin:]]


def names(text: str) -> list[Name | None]:
    """The people of an ``author`` or ``editor`` field; None stands for "and others"."""
    people = [person.strip() for person in outside_braces(text, r"\s+and\s+") if person.strip()]
    return [None if person == "others" else name(person) for person in people]


def name(text: str) -> Name:
    """A person's name in its parts: ``First von Last``, ``von Last, First`` or ``von Last, Jr, First``."""
    commas = [part.strip() for part in outside_braces(text, r",\s*")]
    words = outside_braces(commas[0], r"[\s~]+")
    small = [index for index, word in enumerate(words[:-1]) if _is_small(word)]
    if len(commas) > 1:
        split = small[-1] + 1 if small and small[0] == 0 else 0
        junior = commas[1] if len(commas) > 2 else ""
        return Name(commas[-1], " ".join(words[:split]), " ".join(words[split:]), junior)
    if small:
        return Name(" ".join(words[: small[0]]), " ".join(words[small[0] : small[-1] + 1]),
                    " ".join(words[small[-1] + 1 :]), "")  # fmt: skip
    return Name(" ".join(words[:-1]), "", words[-1], "")


def _is_small(word: str) -> bool:
    letters = re.sub(r"^\{\\[^{}]*\{?|[^A-Za-z]", "", word)
    return bool(letters) and not word.startswith("{") and letters[0].islower()
